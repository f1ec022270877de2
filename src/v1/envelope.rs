//! What a success looks like.

use rocket::serde::json::Json;
use serde::Serialize;

use crate::problem::Problem;
use crate::task::{Page, Task};

/// `{"data": …, "error": null}`.
#[derive(Serialize)]
pub(super) struct Envelope<T> {
    data: T,
    error: (),
}

pub(super) type Answer<T> = Result<Json<Envelope<T>>, Problem>;

pub(super) fn data<T>(data: T) -> Json<Envelope<T>> {
    Json(Envelope { data, error: () })
}

/// A task, which in this dialect has its status in words, too.
#[derive(Serialize)]
pub(super) struct TaskView {
    #[serde(flatten)]
    task: Task,
    status: &'static str,
}

impl From<Task> for TaskView {
    fn from(task: Task) -> Self {
        Self { status: if task.completed { "Completed" } else { "Pending" }, task }
    }
}

/// One page of a list, and how long the list is.
#[derive(Serialize)]
pub(super) struct PageView {
    tasks: Vec<TaskView>,
    total: i64,
    limit: i64,
    offset: i64,
}

impl PageView {
    pub(super) fn new(tasks: Vec<Task>, total: i64, page: Page) -> Self {
        let tasks = tasks.into_iter().map(TaskView::from).collect();
        Self { tasks, total, limit: page.limit, offset: page.offset }
    }
}
