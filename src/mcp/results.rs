//! Results of the tools.

use std::ops::ControlFlow;

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::clock;
use crate::store::TaskCursor;
use crate::task::TaskRef;

/// The size of titles and descriptions at which a page is full, in bytes. A page must not fill a model's context.
const PAGE_BYTES: usize = 32 * 1024;

/// A task without its owner, who is the caller.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TaskResult<'a> {
    /// The id, for the other tools.
    id: i64,
    /// What is to be done.
    #[schema(min_length = 1, max_length = 200)]
    title: &'a str,
    /// Details, or null.
    #[schema(required, max_length = 1000)]
    description: Option<&'a str>,
    /// Whether the task is completed.
    completed: bool,
    /// The time of creation.
    #[serde(serialize_with = "clock::serialize_rfc3339_millis")]
    created_at: DateTime<Utc>,
    /// The time of the last change.
    #[serde(serialize_with = "clock::serialize_rfc3339_millis")]
    updated_at: DateTime<Utc>,
}

impl<'a> From<TaskRef<'a>> for TaskResult<'a> {
    fn from(task: TaskRef<'a>) -> Self {
        let TaskRef { id, title, description, completed, created_at, updated_at, .. } = task;
        Self { id, title, description, completed, created_at, updated_at }
    }
}

/// A page of a list.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(super) struct ListResult {
    /// The tasks of the page.
    #[schema(value_type = Vec<TaskResult<'static>>)]
    tasks: Vec<Value>,
    /// The `cursor` of the next page, or null at the end of the list. The last page may be empty.
    #[schema(required)]
    next_cursor: Option<String>,
    #[serde(skip)]
    #[schema(ignore)]
    bytes: usize,
}

impl ListResult {
    /// Adds a task. Breaks when the page is full.
    pub(super) fn push(&mut self, task: TaskRef<'_>) -> ControlFlow<()> {
        self.bytes += task.title.len() + task.description.unwrap_or_default().len();
        self.tasks.push(json!(TaskResult::from(task)));
        if self.bytes >= PAGE_BYTES { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    pub(super) fn finish(self, next: Option<&TaskCursor>) -> Self {
        Self { next_cursor: next.map(TaskCursor::encode), ..self }
    }
}

/// The result of `delete_task`.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DeleteResult {
    /// The id of the deleted task. No task gets it again.
    pub(super) id: i64,
    /// Always true.
    pub(super) deleted: bool,
}
