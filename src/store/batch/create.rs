//! New tasks of several callers.

use chrono::{DateTime, Utc};
use sqlx::FromRow;
use sqlx::postgres::PgRow;

use super::lanes::{BatchError, Served, SharedStatement};
use super::rows::{SharedRow, decode, run_shared};
use crate::clock;
use crate::error::ApiError;
use crate::store::pool::{Pool, Work};
use crate::store::sql;
use crate::task::{Description, NewTask, Task, TaskRef};

/// Inserts a task for each request.
#[derive(Debug)]
pub(in crate::store) struct CreateMany;

/// A task that a user creates.
#[derive(Debug)]
pub(in crate::store) struct CreateRequest {
    user: String,
    new: NewTask,
    now: DateTime<Utc>,
}

impl CreateRequest {
    pub(in crate::store) fn new(user: &str, new: &NewTask) -> Self {
        Self { user: user.to_owned(), new: new.clone(), now: clock::now() }
    }

    fn description(&self) -> Option<&str> {
        self.new.description.as_ref().map(Description::as_str)
    }

    /// Whether the request asks for this task. Such requests of a user are interchangeable.
    fn has_content_of(&self, task: TaskRef<'_>) -> bool {
        self.new.title.as_str() == task.title
            && self.description() == task.description
            && self.new.completed == task.completed
    }
}

impl SharedStatement for CreateMany {
    type Request = CreateRequest;
    type Response = Task;

    const KIND: &'static str = "create";
    const MAX_SIZE: usize = 128;

    async fn run(&self, pool: &Pool, requests: &[CreateRequest]) -> Result<Served<Task>, BatchError> {
        let users: Vec<&str> = requests.iter().map(|request| request.user.as_str()).collect();
        let titles: Vec<&str> = requests.iter().map(|request| request.new.title.as_str()).collect();
        let descriptions: Vec<Option<&str>> = requests.iter().map(CreateRequest::description).collect();
        let completed: Vec<bool> = requests.iter().map(|request| request.new.completed).collect();
        let times: Vec<DateTime<Utc>> = requests.iter().map(|request| request.now).collect();
        let insert = sqlx::query(sql::CREATE_MANY);
        let insert = insert.bind(users).bind(titles).bind(descriptions).bind(completed).bind(times);
        let mut rows = Vec::with_capacity(requests.len());
        run_shared(pool, Work::Write, insert, |row| rows.push(row)).await?;
        Ok(assign(requests, rows))
    }
}

/// Gives each request its row. PostgreSQL does not promise the order of `RETURNING`, so a row is found by its content.
///
/// A trigger of the operator may have changed the content. Such rows go to the remaining requests of their user, in the order of the ids:
/// PostgreSQL inserts the rows of a `SELECT` one after the other.
fn assign(requests: &[CreateRequest], rows: Vec<SharedRow>) -> Served<Task> {
    let mut responses: Vec<CreateResponse> = requests.iter().map(|_| None).collect();
    let has_content = |request: &CreateRequest, row: &PgRow| {
        TaskRef::from_row(row).is_ok_and(|task| request.has_content_of(task))
    };
    let mut changed: Vec<SharedRow> =
        rows.into_iter().filter(|row| !give(row, requests, &mut responses, has_content)).collect();
    changed.sort_by_key(SharedRow::id);
    changed.retain(|row| !give(row, requests, &mut responses, |_, _| true));
    let missing = || Err(sqlx::Error::RowNotFound.into());
    let responses = responses.into_iter().map(|response| response.unwrap_or_else(missing)).collect();
    Served { responses, unclaimed_rows: changed.len() }
}

type CreateResponse = Option<Result<Task, ApiError>>;

/// Gives the row to the first request without a response that it fits. Returns whether there is one.
fn give(
    row: &SharedRow,
    requests: &[CreateRequest],
    responses: &mut [CreateResponse],
    fits: impl Fn(&CreateRequest, &PgRow) -> bool,
) -> bool {
    for (request, response) in requests.iter().zip(responses) {
        if response.is_none()
            && let Some(row) = row.claim(&request.user, None)
            && fits(request, row)
        {
            *response = Some(decode(row));
            return true;
        }
    }
    false
}
