//! The fields of a task, and the columns that usually hold them.

use std::str::FromStr;

use super::catalogue::{Column, Kind, Table};

/// A field of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    Id,
    UserId,
    Title,
    Description,
    Completed,
    CreatedAt,
    UpdatedAt,
}

impl Field {
    pub(super) const ALL: [Self; 7] = [
        Self::Id,
        Self::UserId,
        Self::Title,
        Self::Description,
        Self::Completed,
        Self::CreatedAt,
        Self::UpdatedAt,
    ];

    /// The name in the API and in the view.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::UserId => "user_id",
            Self::Title => "title",
            Self::Description => "description",
            Self::Completed => "completed",
            Self::CreatedAt => "created_at",
            Self::UpdatedAt => "updated_at",
        }
    }

    /// Names of its column, the likeliest first. Compared without case and underscores, so `userId` is `user_id`.
    fn column_names(self) -> &'static [&'static str] {
        match self {
            Self::Id => &["id", "task_id", "todo_id"],
            Self::UserId => &["user_id", "owner_id", "author_id", "created_by", "owner"],
            Self::Title => &["title", "name", "summary", "subject"],
            Self::Description => &["description", "details", "notes", "body", "content"],
            Self::Completed => &[
                "completed",
                "is_completed",
                "complete",
                "is_complete",
                "done",
                "is_done",
                "finished",
                "is_finished",
                "status",
                "state",
                "task_status",
                "completed_at",
            ],
            Self::CreatedAt => &["created_at", "created", "created_on", "date_created", "inserted_at"],
            Self::UpdatedAt => &["updated_at", "updated", "updated_on", "date_updated", "modified_at"],
        }
    }

    /// Whether the view can make the field from this column, and write it. PostgreSQL alone writes a generated column.
    pub(super) fn accepts(self, column: &Column) -> bool {
        if column.is_generated {
            return false;
        }
        match self {
            Self::Id => matches!(column.kind, Kind::Integer(_) | Kind::Uuid | Kind::Text),
            Self::UserId => matches!(column.kind, Kind::Text | Kind::Uuid | Kind::Integer(_)),
            Self::Title | Self::Description => column.kind == Kind::Text,
            Self::Completed => {
                matches!(column.kind, Kind::Boolean | Kind::Text | Kind::Enum(_) | Kind::Timestamp { .. })
            }
            Self::CreatedAt | Self::UpdatedAt => matches!(column.kind, Kind::Timestamp { .. }),
        }
    }

    /// The types that [`Field::accepts`], for messages.
    pub(super) fn accepted_types(self) -> &'static str {
        match self {
            Self::Id => "an integer, a uuid or a text",
            Self::UserId => "a text, a uuid or an integer",
            Self::Title | Self::Description => "a text",
            Self::Completed => "a boolean, a text, an enum or a timestamp",
            Self::CreatedAt | Self::UpdatedAt => "a timestamp",
        }
    }

    /// The column that holds this field by its name: the likeliest of a suitable type, or else the likeliest.
    pub(super) fn find(self, table: &Table) -> Option<&Column> {
        let named = |name: &&'static str| {
            table.columns.iter().find(|column| normalized(column.name.plain()) == normalized(name))
        };
        let by_name = || self.column_names().iter().filter_map(named);
        by_name().find(|column| self.accepts(column)).or_else(|| by_name().next())
    }
}

/// The name without case and underscores.
pub(super) fn normalized(name: &str) -> String {
    name.chars().filter(|it| *it != '_').flat_map(char::to_lowercase).collect()
}

impl FromStr for Field {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let names: Vec<&str> = Self::ALL.iter().map(|field| field.name()).collect();
        let found = Self::ALL.into_iter().find(|field| field.name() == text);
        found.ok_or_else(|| format!("'{text}' is no field of a task; the fields are {}", names.join(", ")))
    }
}
