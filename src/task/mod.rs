//! Tasks and the validated types of their fields. This module depends on neither HTTP nor SQL.
//!
//! Requests are parsed once into these types, which cannot hold invalid values.

mod field_error;
mod fields;
mod input;

use chrono::{DateTime, Utc};
use serde::{Serialize, Serializer};
use utoipa::ToSchema;

pub use field_error::FieldError;
pub use fields::{Description, Title};
pub(crate) use input::FieldReader;
pub use input::{Completion, FromJsonObject, JsonObject, NewTask, TaskPatch};

use crate::clock;

/// A task.
#[derive(Debug, Clone, PartialEq, Eq, ToSchema)]
pub struct Task {
    /// Assigned by the database, and never assigned again.
    #[schema(example = 42)]
    pub id: i64,
    /// The owner: the user id of the token.
    #[schema(min_length = 1, max_length = 255, example = "user_abc123")]
    pub user_id: String,
    /// 1 to 200 characters (Unicode scalar values), trimmed.
    #[schema(min_length = 1, max_length = 200, example = "Deploy")]
    pub title: String,
    /// At most 1,000 characters, as sent.
    #[schema(required, max_length = 1000)]
    pub description: Option<String>,
    /// Whether the task is completed.
    pub completed: bool,
    /// The time of creation. Never changes.
    #[schema(example = "2026-11-21T06:18:30.512Z")]
    pub created_at: DateTime<Utc>,
    /// The time of the last change. Increases with each change.
    #[schema(example = "2026-11-21T06:18:30.512Z")]
    pub updated_at: DateTime<Utc>,
}

/// A borrowed task: its texts stay in the row of the database. A list may have thousands of tasks.
#[derive(Debug, Clone, Copy, Serialize)]
#[expect(missing_docs, reason = "the fields are those of Task")]
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
        TaskRow::from(self).serialize(serializer)
    }
}

impl<'a> From<&'a Task> for TaskRow<'a> {
    fn from(task: &'a Task) -> Self {
        let Task { id, user_id, title, description, completed, created_at, updated_at } = task;
        Self {
            id: *id,
            user_id,
            title,
            description: description.as_deref(),
            completed: *completed,
            created_at: *created_at,
            updated_at: *updated_at,
        }
    }
}

/// The id of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TaskId(pub i64);

/// The filter and the order of a list.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ListOptions {
    /// The value of `completed` that listed tasks must have, if any.
    pub completed: Option<bool>,
    /// The order by `created_at`, then by id.
    pub order: Order,
}

/// The limit and offset of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageRequest {
    /// The maximum of tasks.
    pub limit: i64,
    /// The number of tasks before the page.
    pub offset: i64,
}

impl PageRequest {
    /// The length of the whole list, if a page with this many tasks shows it: the page is not full, and it has tasks or starts the list.
    /// That is so for most lists, and to count a list costs as much as to read it.
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
