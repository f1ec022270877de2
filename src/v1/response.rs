//! What a success looks like.

use rocket::serde::json::Json;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::{Object, Type};

use crate::error::ApiError;
use crate::task::{Page, Task};

/// `{"data": …, "error": null}`.
#[derive(Serialize, ToSchema)]
pub(crate) struct Envelope<T> {
    data: T,
    /// Always null.
    #[schema(schema_with = null)]
    error: (),
}

/// Null and nothing else, which has no type in Rust that the documentation would know.
pub(super) fn null() -> Object {
    Object::with_type(Type::Null)
}

pub(super) type Answer<T> = Result<Json<Envelope<T>>, ApiError>;

pub(super) fn data<T>(data: T) -> Json<Envelope<T>> {
    Json(Envelope { data, error: () })
}

/// A task, which in this dialect has its status in words, too.
#[derive(Serialize, ToSchema)]
#[schema(as = TaskWithStatus)]
pub(crate) struct TaskWithStatus {
    #[serde(flatten)]
    task: Task,
    #[schema(inline)]
    status: TaskStatus,
}

/// `completed` in words.
#[derive(Clone, Copy, Serialize, ToSchema)]
pub(crate) enum TaskStatus {
    Pending,
    Completed,
}

impl From<Task> for TaskWithStatus {
    fn from(task: Task) -> Self {
        Self { status: if task.completed { TaskStatus::Completed } else { TaskStatus::Pending }, task }
    }
}

/// One page of a list, and how long the list is.
#[derive(Serialize, ToSchema)]
#[schema(as = TaskPage)]
pub(crate) struct TaskPage {
    tasks: Vec<TaskWithStatus>,
    /// How many tasks the filter lets through.
    total: i64,
    /// How many a page has at most.
    limit: i64,
    /// How many come before this page.
    offset: i64,
}

impl TaskPage {
    pub(super) fn new(tasks: Vec<Task>, total: i64, page: Page) -> Self {
        let tasks = tasks.into_iter().map(TaskWithStatus::from).collect();
        Self { tasks, total, limit: page.limit, offset: page.offset }
    }
}
