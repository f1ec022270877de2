//! How each field of a task is read from a table of another program, and written to it, as SQL expressions.

use super::constraints::Constraints;
use super::names::{Literal, QualifiedName, QuotedIdentifier};
use crate::store::rejection::{INVALID_MEMBER, Marker, Part, UNKNOWN_ACCOUNT};

/// The shape of the view over a table.
#[derive(Debug, Clone)]
pub(super) struct Mapping {
    pub(super) table: QualifiedName,
    pub(super) id: IdMapping,
    pub(super) user_id: UserMapping,
    pub(super) title: TextMapping,
    pub(super) description: TextMapping,
    pub(super) completed: Completed,
    pub(super) created_at: Option<Time>,
    pub(super) updated_at: Option<Time>,
    pub(super) soft_deletion: Option<SoftDeletion>,
    /// Values of other columns in new rows.
    pub(super) values: Vec<FixedValue>,
    /// Other columns, which are members of `attributes`.
    pub(super) attributes: Vec<Attribute>,
    pub(super) constraints: Constraints,
}

/// The id.
#[derive(Debug, Clone)]
pub(super) struct IdMapping {
    pub(super) column: QuotedIdentifier,
    pub(super) kind: IdKind,
}

#[derive(Debug, Clone)]
pub(super) enum IdKind {
    /// An integer, as it is. New rows get it by their own default.
    Integer,
    /// Another type. A table of pairs has a number for each id. `generate` is the id of a new row if the column has no default.
    Numbered { type_name: String, generate: Option<&'static str> },
}

/// The user id.
#[derive(Debug, Clone)]
pub(super) struct UserMapping {
    pub(super) column: QuotedIdentifier,
    pub(super) kind: UserKind,
    pub(super) max_length: Option<i32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum UserKind {
    Text,
    Uuid,
    /// An integer with this greatest value.
    Integer(i64),
}

/// A text.
#[derive(Debug, Clone)]
pub(super) struct TextMapping {
    pub(super) column: QuotedIdentifier,
    /// Whether null is read as an empty text.
    pub(super) null_is_empty: bool,
    pub(super) is_nullable: bool,
    /// The length of the column, in characters.
    pub(super) max_length: Option<i32>,
}

/// The completion.
#[derive(Debug, Clone)]
pub(super) enum Completed {
    Boolean {
        column: QuotedIdentifier,
        is_nullable: bool,
    },
    Status {
        column: QuotedIdentifier,
        type_name: String,
        done: Vec<String>,
        open: String,
        is_nullable: bool,
    },
    /// A time that is null until the task is completed.
    Moment {
        column: QuotedIdentifier,
        zoned: bool,
    },
}

/// A time. Without a zone it is in UTC.
#[derive(Debug, Clone)]
pub(super) struct Time {
    pub(super) column: QuotedIdentifier,
    pub(super) zoned: bool,
    pub(super) is_nullable: bool,
}

/// A column that hides a row instead of its deletion.
#[derive(Debug, Clone)]
pub(super) struct SoftDeletion {
    pub(super) column: QuotedIdentifier,
    pub(super) kind: SoftDeletionKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SoftDeletionKind {
    Boolean,
    Moment { zoned: bool },
}

/// A value of a column in new rows.
#[derive(Debug, Clone)]
pub(super) struct FixedValue {
    pub(super) column: QuotedIdentifier,
    pub(super) type_name: String,
    pub(super) value: String,
}

/// A column that is a member of `attributes`.
#[derive(Debug, Clone)]
pub(super) struct Attribute {
    pub(super) column: QuotedIdentifier,
    pub(super) is_nullable: bool,
    /// Whether PostgreSQL computes the column, so that nobody can write it.
    pub(super) is_generated: bool,
}

/// The greatest lengths that an operator can allow.
const MAX_TITLE: i32 = 500;
const MAX_DESCRIPTION: i32 = 10_000;

/// The time of a task whose time is not known.
const UNKNOWN_TIME: &str = "'1970-01-01 00:00:00+00'::timestamptz";

impl IdMapping {
    /// The condition for the row of the view's row `OLD`.
    pub(super) fn is_old(&self) -> String {
        match self.kind {
            IdKind::Integer => format!("t.{} = OLD.id", self.column),
            IdKind::Numbered { .. } => format!(
                "t.{} = (SELECT p.key FROM todo_api.task_ids AS p WHERE p.number = OLD.id)",
                self.column
            ),
        }
    }
}

impl UserMapping {
    /// The text. `row` is the prefix of columns.
    pub(super) fn read(&self, row: &str) -> String {
        format!("({row}{}::text)", self.column)
    }

    /// The value of `NEW.user_id` for the column.
    pub(super) fn write(&self) -> &'static str {
        match self.kind {
            UserKind::Text => "NEW.user_id",
            UserKind::Uuid => "NEW.user_id::uuid",
            UserKind::Integer(_) => "NEW.user_id::bigint",
        }
    }

    /// Statements that refuse an id which the column would store in another form, because it would be the id of another user, or cannot hold.
    pub(super) fn check(&self) -> String {
        let refuse = format!(
            "RAISE EXCEPTION 'the user id does not fit the adopted column' USING ERRCODE = '{UNKNOWN_ACCOUNT}'"
        );
        match (self.kind, self.max_length) {
            (UserKind::Text, None) => String::new(),
            (UserKind::Text, Some(max)) => {
                format!("  IF char_length(NEW.user_id) > {max} THEN\n    {refuse};\n  END IF;\n")
            }
            (UserKind::Uuid, _) => format!(
                "  IF NEW.user_id !~ '^[0-9a-f]{{8}}(-[0-9a-f]{{4}}){{3}}-[0-9a-f]{{12}}$' THEN\n    {refuse};\n  END IF;\n"
            ),
            (UserKind::Integer(max), _) => format!(
                "  IF NEW.user_id !~ '^(0|[1-9][0-9]{{0,17}})$' THEN\n    {refuse};\n  ELSIF NEW.user_id::bigint > {max} THEN\n    {refuse};\n  END IF;\n"
            ),
        }
    }
}

impl TextMapping {
    pub(super) fn read(&self, row: &str) -> String {
        let text = format!("{row}{}::text", self.column);
        if self.null_is_empty { format!("coalesce({text}, '')") } else { text }
    }

    /// The value of the column for this member of `NEW`. A column that cannot be null has an empty text instead.
    pub(super) fn write(&self, member: &str) -> String {
        if self.is_nullable { format!("NEW.{member}") } else { format!("coalesce(NEW.{member}, '')") }
    }

    /// Statements that refuse a text which is too long for the column. Lengths that no client can exceed are not checked.
    pub(super) fn check(&self, member: &str, limit: i32) -> String {
        let Some(max) = self.max_length.filter(|it| *it < limit) else { return String::new() };
        let (first, rest) = member.split_at(1);
        let message = format!("{}{rest} must be at most {max} characters", first.to_uppercase());
        let refuse =
            format!("RAISE EXCEPTION '{message}' USING ERRCODE = '{INVALID_MEMBER}', COLUMN = '{member}'");
        format!("  IF char_length(NEW.{member}) > {max} THEN\n    {refuse};\n  END IF;\n")
    }
}

impl Completed {
    pub(super) fn column(&self) -> &QuotedIdentifier {
        match self {
            Self::Boolean { column, .. } | Self::Status { column, .. } | Self::Moment { column, .. } => {
                column
            }
        }
    }

    pub(super) fn read(&self, row: &str) -> String {
        match self {
            Self::Boolean { column, is_nullable: false } => format!("{row}{column}"),
            Self::Boolean { column, is_nullable: true } => format!("coalesce({row}{column}, false)"),
            Self::Status { column, type_name, done, is_nullable, .. } => {
                let done: Vec<String> =
                    done.iter().map(|it| format!("{}::{type_name}", Literal(it))).collect();
                let is_done = format!("{row}{column} IN ({})", done.join(", "));
                if *is_nullable { format!("coalesce({is_done}, false)") } else { format!("({is_done})") }
            }
            Self::Moment { column, .. } => format!("({row}{column} IS NOT NULL)"),
        }
    }

    /// The value of the column for `NEW.completed`, or for null in its place.
    pub(super) fn write(&self) -> String {
        match self {
            Self::Boolean { .. } => "coalesce(NEW.completed, false)".to_owned(),
            Self::Status { type_name, done, open, .. } => {
                let first = done.first().map(String::as_str).unwrap_or_default();
                let (done, open) = (Literal(first), Literal(open));
                format!("CASE WHEN NEW.completed THEN {done}::{type_name} ELSE {open}::{type_name} END")
            }
            Self::Moment { zoned, .. } => format!("CASE WHEN NEW.completed THEN {} END", now(*zoned)),
        }
    }
}

impl Time {
    pub(super) fn read(&self, row: &str, if_null: &str) -> String {
        let time = if self.zoned {
            format!("{row}{}", self.column)
        } else {
            format!("({row}{} AT TIME ZONE 'UTC')", self.column)
        };
        if self.is_nullable { format!("coalesce({time}, {if_null})") } else { time }
    }

    /// The value of the column for a `timestamptz`.
    pub(super) fn write(&self, value: &str) -> String {
        if self.zoned { value.to_owned() } else { format!("({value} AT TIME ZONE 'UTC')") }
    }
}

impl SoftDeletion {
    /// The condition of rows that are not deleted.
    pub(super) fn is_present(&self, row: &str) -> String {
        match self.kind {
            SoftDeletionKind::Boolean => format!("{row}{} IS NOT TRUE", self.column),
            SoftDeletionKind::Moment { .. } => format!("{row}{} IS NULL", self.column),
        }
    }

    /// The value of the column in a deleted row.
    pub(super) fn deleted(&self) -> &'static str {
        match self.kind {
            SoftDeletionKind::Boolean => "true",
            SoftDeletionKind::Moment { zoned } => now(zoned),
        }
    }
}

/// The present, for a column with or without a zone.
fn now(zoned: bool) -> &'static str {
    if zoned { "now()" } else { "(now() AT TIME ZONE 'UTC')" }
}

impl Mapping {
    /// The comment by which the server knows a failed statement of a trigger.
    pub(super) fn marker(&self, part: Part) -> Marker<'_> {
        Marker { part, names: &self.constraints.names }
    }

    /// Statements that refuse texts which are too long for their columns.
    pub(super) fn check_texts(&self) -> String {
        self.title.check("title", MAX_TITLE) + &self.description.check("description", MAX_DESCRIPTION)
    }

    /// Statements that check the constraints which PostgreSQL would check at the commit, where an error names no statement.
    pub(super) fn check_deferred(&self) -> String {
        if self.constraints.are_deferred {
            format!("  SET {} CONSTRAINTS ALL IMMEDIATE;\n", self.marker(Part::Deferred))
        } else {
            String::new()
        }
    }

    pub(super) fn created_at(&self, row: &str) -> String {
        match &self.created_at {
            Some(time) => time.read(row, UNKNOWN_TIME),
            None => UNKNOWN_TIME.to_owned(),
        }
    }

    /// Without a time of its own, a task was last changed when it was created.
    pub(super) fn updated_at(&self, row: &str) -> String {
        let created_at = self.created_at(row);
        match &self.updated_at {
            Some(time) => time.read(row, &created_at),
            None => created_at,
        }
    }

    /// The columns of the view with their expressions, without the id.
    pub(super) fn fields(&self, row: &str) -> [(&'static str, String); 7] {
        [
            ("user_id", self.user_id.read(row)),
            ("title", self.title.read(row)),
            ("description", self.description.read(row)),
            ("completed", self.completed.read(row)),
            ("created_at", self.created_at(row)),
            ("updated_at", self.updated_at(row)),
            ("attributes", self.attributes(row)),
        ]
    }

    /// The other columns as a JSON object. PostgreSQL's functions have at most 100 arguments, so it is made of parts.
    fn attributes(&self, row: &str) -> String {
        let parts = self.attributes.chunks(ATTRIBUTES_PER_PART).map(|part| {
            let members: Vec<String> =
                part.iter().map(|it| format!("{}, {row}{}", Literal(it.column.plain()), it.column)).collect();
            format!("jsonb_build_object({})", members.join(", "))
        });
        let parts: Vec<String> = parts.collect();
        if parts.is_empty() { "'{}'::jsonb".to_owned() } else { parts.join(" || ") }
    }
}

const ATTRIBUTES_PER_PART: usize = 40;
