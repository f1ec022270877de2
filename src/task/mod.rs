//! Tasks and the validated types of their fields. This module depends on neither HTTP nor SQL.
//!
//! Requests are parsed once into these types, which cannot hold invalid values.

mod attributes;
mod field_error;
mod fields;
mod input;
mod json_text;
mod list;

use chrono::{DateTime, Utc};
use utoipa::ToSchema;

pub(crate) use attributes::too_large;
pub use attributes::{
    AttributeName, AttributeRule, AttributeRules, Attributes, JsonType, MAX_ATTRIBUTES, MAX_ATTRIBUTES_SIZE,
};
pub use field_error::FieldError;
pub(crate) use fields::Invalid;
pub use fields::{Description, TextLimits, Title};
pub use input::{Completion, JsonObject, NewTask, StateCondition, TaskPatch, TaskRules};
pub use list::{AttributeFilter, ListOptions, Order, Search, Sort, Window};

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
    /// The further members as a JSON object, if there are any.
    #[schema(ignore)]
    pub attributes: Option<String>,
}

/// A borrowed task: its texts stay in the row of the database. A list may have thousands of tasks.
#[derive(Debug, Clone, Copy)]
#[expect(missing_docs, reason = "the fields are those of Task")]
pub struct TaskRef<'a> {
    pub id: i64,
    pub user_id: &'a str,
    pub title: &'a str,
    pub description: Option<&'a str>,
    pub completed: bool,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    pub attributes: Option<&'a str>,
}

impl<'a> From<&'a Task> for TaskRef<'a> {
    fn from(task: &'a Task) -> Self {
        let Task { id, user_id, title, description, completed, created_at, updated_at, attributes } = task;
        Self {
            id: *id,
            user_id,
            title,
            description: description.as_deref(),
            completed: *completed,
            created_at: *created_at,
            updated_at: *updated_at,
            attributes: attributes.as_deref(),
        }
    }
}

/// The id of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TaskId(pub i64);
