//! Tasks and what may be said about them: parsed once, at the edge, into types that cannot hold anything else.
//!
//! Nothing here knows of HTTP or SQL.

mod field_error;
mod fields;
mod input;

use chrono::{DateTime, Utc};
use serde::{Serialize, Serializer};
use utoipa::ToSchema;

pub use field_error::FieldError;
pub use fields::{Description, Title};
pub use input::{Completion, NewTask, Object, Parse, TaskPatch};

use crate::clock;

/// A task as its owner sees it.
#[derive(Debug, Clone, PartialEq, Eq, ToSchema)]
pub struct Task {
    /// Given by the database, never given twice.
    #[schema(example = 42)]
    pub id: i64,
    /// Whose it is.
    #[schema(min_length = 1, max_length = 255, example = "user_abc123")]
    pub user_id: String,
    /// 1 to 200 characters (Unicode scalar values), trimmed.
    #[schema(min_length = 1, max_length = 200, example = "Deploy")]
    pub title: String,
    /// Up to 1,000 characters, as they were sent.
    #[schema(required, max_length = 1000)]
    pub description: Option<String>,
    /// Whether it is done.
    pub completed: bool,
    /// When it was made. Never moves.
    #[schema(example = "2026-11-21T06:18:30.512Z")]
    pub created_at: DateTime<Utc>,
    /// When it last changed. Moves on every change, never backwards.
    #[schema(example = "2026-11-21T06:18:30.512Z")]
    pub updated_at: DateTime<Utc>,
}

/// The same, where its texts are: in a row of the database, of which a list may have thousands.
#[derive(Debug, Clone, Copy, Serialize)]
#[expect(missing_docs, reason = "they are those of a task")]
pub struct TaskRow<'a> {
    pub id: i64,
    pub user_id: &'a str,
    pub title: &'a str,
    pub description: Option<&'a str>,
    pub completed: bool,
    #[serde(serialize_with = "clock::serialize_rfc3339_millis")]
    pub created_at: DateTime<Utc>,
    #[serde(serialize_with = "clock::serialize_rfc3339_millis")]
    pub updated_at: DateTime<Utc>,
}

impl Serialize for Task {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { id, user_id, title, description, completed, created_at, updated_at } = self;
        let shown = TaskRow {
            id: *id,
            user_id,
            title,
            description: description.as_deref(),
            completed: *completed,
            created_at: *created_at,
            updated_at: *updated_at,
        };
        shown.serialize(serializer)
    }
}

/// Which task is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TaskId(pub i64);

/// Which of a user's tasks are listed, and in which order.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Filter {
    /// Only those that are done, or only those that are not.
    pub completed: Option<bool>,
    /// By the time they were made, and by id where that is the same.
    pub order: Order,
}

/// A part of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// Tasks at most.
    pub limit: i64,
    /// Tasks before the first.
    pub offset: i64,
}

impl Page {
    /// How long the whole list is, where a page with so many tasks tells: if it has some and room for more, or would have
    /// begun with the first. That is most lists, and counting them would cost as much again as reading them.
    #[must_use]
    pub fn total_if_last_page(self, tasks: usize) -> Option<i64> {
        let tasks = i64::try_from(tasks).ok()?;
        let is_last = tasks < self.limit && (tasks > 0 || self.offset == 0);
        is_last.then(|| self.offset.saturating_add(tasks))
    }
}

/// The order of a list.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Order {
    /// Newest first.
    #[default]
    Descending,
    /// Oldest first.
    Ascending,
}
