//! The tasks of a user, with a statement for each operation.

use std::ops::ControlFlow;

use chrono::{DateTime, Utc};
use rocket::futures::TryStreamExt;
use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use sqlx::{FromRow, Row};

use super::batch::{
    Batching, CreateRequest, GetRequest, ListMany, ListRequest, ListRows, Turn, wait_for_turn,
};
use super::batched_pool::BatchedPool;
use super::id_column::IdColumn;
use super::pool::Pool;
use super::run::run;
use super::sql;
use crate::clock;
use crate::error::ApiError;
use crate::task::{
    Completion, Description, ListOptions, NewTask, Order, PageRequest, Task, TaskId, TaskPatch, TaskRow,
    Title,
};

/// The tasks of a user. Each statement compares `user_id`.
///
/// An operation whose statement requests can share waits for its turn first. If it runs its own statement, it holds the lane in `_lane`
/// until that has ended.
#[derive(Debug)]
pub struct UserTasks<'a> {
    pool: &'a Pool,
    /// `None` on SQLite, and if batching is off.
    batching: Option<&'a Batching>,
    user: &'a str,
}

impl<'a> UserTasks<'a> {
    pub(super) fn new(pool: &'a BatchedPool, user: &'a str) -> Self {
        Self { pool: &pool.pool, batching: pool.batching.as_deref(), user }
    }

    /// Visits at most `limit` tasks, from the cursor on or from the start, until `visit` breaks. Returns the cursor of the next batch if there may
    /// be more tasks.
    pub async fn list(
        &self,
        options: ListOptions,
        after: Option<TaskCursor>,
        limit: i64,
        visit: impl FnMut(TaskRow<'_>) -> ControlFlow<()>,
    ) -> Result<Option<TaskCursor>, ApiError> {
        let Self { pool, user, .. } = self;
        let mut visit = Visit { left: limit, cursor: None, visitor: visit };
        let _lane = match self.list_turn(options, limit, after.is_none()).await? {
            Turn::Shared(rows) => return visit.all(rows?),
            Turn::Alone(lane) => lane,
        };
        let list = match options.order {
            Order::Descending => sql::LIST_DESCENDING,
            Order::Ascending => sql::LIST_ASCENDING,
        };
        let TaskCursor { created_at, id } = after.unwrap_or_else(|| TaskCursor::start(options.order));
        run!(pool.reader(), query(list).bind(user).bind(options.completed).bind(&created_at).bind(id).bind(limit) => |rows| {
            while let Some(row) = rows.try_next().await? {
                visit.row(&row)?;
            }
            Ok(visit.cursor.take())
        })
    }

    /// Returns a page of the tasks.
    pub async fn page(&self, options: ListOptions, page: PageRequest) -> Result<Vec<Task>, ApiError> {
        let Self { pool, user, .. } = self;
        let _lane = match self.list_turn(options, page.limit, page.offset == 0).await? {
            Turn::Shared(Ok(list)) if list.is_cut => None,
            Turn::Shared(list) => return list?.tasks(),
            Turn::Alone(lane) => lane,
        };
        let list = match options.order {
            Order::Descending => sql::PAGE_DESCENDING,
            Order::Ascending => sql::PAGE_ASCENDING,
        };
        run!(pool.reader(), query_as(list).bind(user).bind(options.completed).bind(page.limit).bind(page.offset) => fetch_all)
    }

    /// The turn of a list. Only starts of lists are shared.
    async fn list_turn(
        &self,
        options: ListOptions,
        limit: i64,
        is_start: bool,
    ) -> Result<Turn<ListMany>, ApiError> {
        let lanes = self.batching.filter(|_| is_start).map(|batching| batching.list(options.order));
        let request = || ListRequest { user: self.user.to_owned(), completed: options.completed, limit };
        wait_for_turn(lanes, request).await
    }

    /// Returns the number of tasks.
    pub async fn count(&self, options: ListOptions) -> Result<i64, ApiError> {
        let Self { pool, user, .. } = self;
        run!(pool.reader(), query_scalar(sql::COUNT).bind(user).bind(options.completed) => fetch_one)
    }

    /// Whether a task with this id exists and belongs to another user. Nothing else of such a task can be read.
    pub async fn exists_for_other_user(&self, id: TaskId) -> Result<bool, ApiError> {
        let Self { pool, user, .. } = self;
        run!(pool.reader(), query_scalar(sql::EXISTS_FOR_OTHER_USER).bind(id.0).bind(user) => fetch_one)
    }

    /// Returns a task.
    pub async fn get(&self, id: TaskId) -> Result<Option<Task>, ApiError> {
        let Self { pool, user, .. } = self;
        let request = || GetRequest { user: (*user).to_owned(), id: id.0 };
        let _lane = match wait_for_turn(self.batching.map(|it| &it.get), request).await? {
            Turn::Shared(task) => return task,
            Turn::Alone(lane) => lane,
        };
        run!(pool.reader(), query_as(sql::GET).bind(id.0).bind(user) => fetch_optional)
    }

    /// Inserts a task.
    pub async fn create(&self, new: &NewTask) -> Result<Task, ApiError> {
        let Self { pool, user, .. } = self;
        let request = || CreateRequest::new(user, new);
        let _lane = match wait_for_turn(self.batching.map(|it| &it.create), request).await? {
            Turn::Shared(task) => return task,
            Turn::Alone(lane) => lane,
        };
        let (title, description) = (new.title.as_str(), new.description.as_ref().map(Description::as_str));
        run!(
            pool.writer(),
            query_as(sql::CREATE).bind(user).bind(title).bind(description).bind(new.completed).bind(clock::now()) => fetch_one
        )
    }

    /// Changes the fields that the patch has, and `updated_at`. An empty patch changes nothing and only reads.
    pub async fn update(&self, id: TaskId, patch: &TaskPatch) -> Result<Option<Task>, ApiError> {
        if patch.is_empty() {
            return self.get(id).await;
        }
        let Self { pool, user, .. } = self;
        let title = patch.title.as_ref().map(Title::as_str);
        let description = patch.description.as_ref().and_then(Option::as_ref).map(Description::as_str);
        run!(
            pool.writer(),
            query_as(sql::UPDATE)
                .bind(id.0)
                .bind(user)
                .bind(clock::now())
                .bind(title)
                .bind(patch.description.is_some())
                .bind(description)
                .bind(patch.completed) => fetch_optional
        )
    }

    /// Sets or toggles `completed` in a single statement.
    pub async fn complete(&self, id: TaskId, completion: Completion) -> Result<Option<Task>, ApiError> {
        let Self { pool, user, .. } = self;
        let completed = match completion {
            Completion::Toggle => None,
            Completion::Set(completed) => Some(completed),
        };
        run!(
            pool.writer(),
            query_as(sql::SET_COMPLETED).bind(id.0).bind(user).bind(clock::now()).bind(completed) => fetch_optional
        )
    }

    /// Deletes a task. Returns whether it existed.
    pub async fn delete(&self, id: TaskId) -> Result<bool, ApiError> {
        let Self { pool, user, .. } = self;
        let deleted = run!(pool.writer(), query(sql::DELETE).bind(id.0).bind(user) => execute)?;
        Ok(deleted > 0)
    }
}

/// A keyset cursor: the position after a task in a list. The task itself may have been deleted since.
#[derive(Debug)]
pub struct TaskCursor {
    /// The time as the database stores it.
    pub(super) created_at: String,
    pub(super) id: i64,
}

impl TaskCursor {
    /// The position before the first task. For PostgreSQL these are timestamps; for SQLite they are texts that sort after and before
    /// all digits.
    fn start(order: Order) -> Self {
        let (created_at, id) = match order {
            Order::Descending => ("infinity", i64::MAX),
            Order::Ascending => ("-infinity", i64::MIN),
        };
        Self { created_at: created_at.to_owned(), id }
    }
}

/// Visits the rows of a list.
struct Visit<F> {
    left: i64,
    cursor: Option<TaskCursor>,
    visitor: F,
}

impl<F: FnMut(TaskRow<'_>) -> ControlFlow<()>> Visit<F> {
    /// Visits a row. When enough rows have been visited, the others are only read: the connection has to be ready for the next statement.
    fn row<R: CursorColumn>(&mut self, row: &R) -> sqlx::Result<()>
    where
        for<'r> TaskRow<'r>: FromRow<'r, R>,
    {
        if self.cursor.is_none() {
            let task = TaskRow::from_row(row)?;
            let id = task.id;
            self.left -= 1;
            if (self.visitor)(task).is_break() || self.left == 0 {
                self.cursor = Some(TaskCursor { created_at: row.created_at()?, id });
            }
        }
        Ok(())
    }

    /// Visits the rows of a shared statement.
    fn all(mut self, list: ListRows) -> Result<Option<TaskCursor>, ApiError> {
        if list.is_cut {
            self.left = i64::try_from(list.rows.len()).unwrap_or(i64::MAX);
        }
        list.rows.iter().try_for_each(|row| self.row(row))?;
        Ok(self.cursor)
    }
}

impl ListRows {
    fn tasks(&self) -> Result<Vec<Task>, ApiError> {
        let tasks: sqlx::Result<Vec<Task>> = self.rows.iter().map(Task::from_row).collect();
        Ok(tasks?)
    }
}

/// The column `created_at` with the full precision of the database, for a cursor.
trait CursorColumn: Row {
    fn created_at(&self) -> sqlx::Result<String>;
}

impl CursorColumn for PgRow {
    fn created_at(&self) -> sqlx::Result<String> {
        Ok(self.try_get::<DateTime<Utc>, _>(5)?.to_rfc3339())
    }
}

impl CursorColumn for SqliteRow {
    fn created_at(&self) -> sqlx::Result<String> {
        self.try_get(5)
    }
}

/// Decodes a row by position, in the order of `columns!`. A lookup by name would hash each field of each row.
macro_rules! from_row {
    ($task:ty, $row:ty) => {
        impl<'r> FromRow<'r, $row> for $task {
            fn from_row(row: &'r $row) -> sqlx::Result<Self> {
                Ok(Self {
                    id: row.try_get::<IdColumn, _>(0)?.0,
                    user_id: row.try_get(1)?,
                    title: row.try_get(2)?,
                    description: row.try_get(3)?,
                    completed: row.try_get(4)?,
                    created_at: row.try_get(5)?,
                    updated_at: row.try_get(6)?,
                })
            }
        }
    };
}

from_row!(Task, PgRow);
from_row!(Task, SqliteRow);
from_row!(TaskRow<'r>, PgRow);
from_row!(TaskRow<'r>, SqliteRow);
