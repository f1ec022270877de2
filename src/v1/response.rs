//! Successful responses of the enveloped dialect.

use rocket::serde::json::Json;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::{Object, Type};

use crate::error::ApiError;
use crate::task::{PageRequest, Task};

/// `{"data": …, "error": null}`.
#[derive(Serialize, ToSchema)]
pub(crate) struct Envelope<T> {
    data: T,
    /// Always null.
    #[schema(schema_with = null_schema)]
    error: (),
}

/// The schema of null. utoipa has none for the unit type.
pub(super) fn null_schema() -> Object {
    Object::with_type(Type::Null)
}

pub(super) type JsonResult<T> = Result<Json<Envelope<T>>, ApiError>;

pub(super) fn ok<T>(data: T) -> Json<Envelope<T>> {
    Json(Envelope { data, error: () })
}

/// A task with `completed` as a word as well.
#[derive(Serialize, ToSchema)]
pub(crate) struct TaskWithStatus {
    #[serde(flatten)]
    task: Task,
    #[schema(inline)]
    status: TaskStatus,
}

/// `completed` as a word.
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

/// One page of a list, and the length of the list.
#[derive(Serialize, ToSchema)]
pub(crate) struct TaskPage {
    tasks: Vec<TaskWithStatus>,
    /// The number of tasks that match the filter.
    total: i64,
    /// The maximum of tasks on a page.
    limit: i64,
    /// The number of tasks before this page.
    offset: i64,
}

impl TaskPage {
    pub(super) fn new(tasks: Vec<Task>, total: i64, page: PageRequest) -> Self {
        let tasks = tasks.into_iter().map(TaskWithStatus::from).collect();
        Self { tasks, total, limit: page.limit, offset: page.offset }
    }
}
