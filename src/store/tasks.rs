//! The tasks of a user, with a statement for each operation.

use std::ops::ControlFlow;

use chrono::{DateTime, Utc};
use rocket::futures::TryStreamExt;
use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use sqlx::{FromRow, Row};

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
#[derive(Debug)]
pub struct UserTasks<'a> {
    pool: &'a Pool,
    user: &'a str,
}

impl<'a> UserTasks<'a> {
    pub(super) fn new(pool: &'a Pool, user: &'a str) -> Self {
        Self { pool, user }
    }

    /// Visits at most `limit` tasks, from the cursor on or from the start, until `visit` breaks. Returns the cursor of the next batch if there may
    /// be more tasks.
    pub async fn list(
        &self,
        options: ListOptions,
        after: Option<TaskCursor>,
        limit: i64,
        mut visit: impl FnMut(TaskRow<'_>) -> ControlFlow<()>,
    ) -> Result<Option<TaskCursor>, ApiError> {
        let Self { pool, user } = self;
        let list = match options.order {
            Order::Descending => sql::LIST_DESCENDING,
            Order::Ascending => sql::LIST_ASCENDING,
        };
        let TaskCursor { created_at, id } = after.unwrap_or_else(|| TaskCursor::start(options.order));
        run!(pool.reader(), query(list).bind(user).bind(options.completed).bind(&created_at).bind(id).bind(limit) => |rows| {
            let (mut left, mut cursor) = (limit, None);
            while let Some(row) = rows.try_next().await? {
                // The other rows are read, because the connection has to be ready for the next statement.
                if cursor.is_some() {
                    continue;
                }
                let task = TaskRow::from_row(&row)?;
                let id = task.id;
                left -= 1;
                if visit(task).is_break() || left == 0 {
                    cursor = Some(TaskCursor { created_at: row.created_at()?, id });
                }
            }
            Ok(cursor)
        })
    }

    /// Returns a page of the tasks.
    pub async fn page(&self, options: ListOptions, page: PageRequest) -> Result<Vec<Task>, ApiError> {
        let Self { pool, user } = self;
        let list = match options.order {
            Order::Descending => sql::PAGE_DESCENDING,
            Order::Ascending => sql::PAGE_ASCENDING,
        };
        run!(pool.reader(), query_as(list).bind(user).bind(options.completed).bind(page.limit).bind(page.offset) => fetch_all)
    }

    /// Returns the number of tasks.
    pub async fn count(&self, options: ListOptions) -> Result<i64, ApiError> {
        let Self { pool, user } = self;
        run!(pool.reader(), query_scalar(sql::COUNT).bind(user).bind(options.completed) => fetch_one)
    }

    /// Whether a task with this id exists and belongs to another user. Nothing else of such a task can be read.
    pub async fn exists_for_other_user(&self, id: TaskId) -> Result<bool, ApiError> {
        let Self { pool, user } = self;
        run!(pool.reader(), query_scalar(sql::EXISTS_FOR_OTHER_USER).bind(id.0).bind(user) => fetch_one)
    }

    /// Returns a task.
    pub async fn get(&self, id: TaskId) -> Result<Option<Task>, ApiError> {
        let Self { pool, user } = self;
        run!(pool.reader(), query_as(sql::GET).bind(id.0).bind(user) => fetch_optional)
    }

    /// Inserts a task.
    pub async fn create(&self, new: &NewTask) -> Result<Task, ApiError> {
        let Self { pool, user } = self;
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
        let Self { pool, user } = self;
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
        let Self { pool, user } = self;
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
        let Self { pool, user } = self;
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

/// The column `created_at` with the full precision of the database, for a cursor.
trait CursorColumn {
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
                    id: row.try_get(0)?,
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
