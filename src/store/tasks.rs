//! What can be done with the tasks of one user: a statement each.

use chrono::{DateTime, Utc};
use rocket::futures::TryStreamExt;
use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use sqlx::{FromRow, Row};

use super::pool::Pool;
use super::run::on;
use super::sql;
use crate::clock;
use crate::error::ApiError;
use crate::task::{
    Completion, Description, Filter, NewTask, Order, Page, Task, TaskId, TaskPatch, TaskRow, Title,
};

/// The tasks of one user.
#[derive(Debug)]
pub struct UserTasks<'a> {
    pool: &'a Pool,
    user: &'a str,
}

impl<'a> UserTasks<'a> {
    pub(super) fn new(pool: &'a Pool, user: &'a str) -> Self {
        Self { pool, user }
    }

    /// Shows those the filter lets through, in its order: so many, from a place on or from the beginning. Gives the place where
    /// there may be more.
    pub async fn list(
        &self,
        filter: Filter,
        from: Option<TaskCursor>,
        limit: i64,
        mut show: impl FnMut(TaskRow<'_>),
    ) -> Result<Option<TaskCursor>, ApiError> {
        let Self { pool, user } = self;
        let list = match filter.order {
            Order::Descending => sql::LIST_DESCENDING,
            Order::Ascending => sql::LIST_ASCENDING,
        };
        let TaskCursor { created_at, id } = from.unwrap_or_else(|| TaskCursor::start(filter.order));
        on!(pool.reader(), query(list), |query, db| async {
            let query = query.bind(user).bind(filter.completed).bind(&created_at).bind(id).bind(limit);
            let (mut rows, mut left, mut place) = (query.fetch(db), limit, None);
            while let Some(row) = rows.try_next().await? {
                let task = TaskRow::from_row(&row)?;
                left -= 1;
                if left == 0 {
                    place = Some(TaskCursor { created_at: row.created_at()?, id: task.id });
                }
                show(task);
            }
            Ok::<_, sqlx::Error>(place)
        })
    }

    /// A page of those the filter lets through.
    pub async fn page(&self, filter: Filter, page: Page) -> Result<Vec<Task>, ApiError> {
        let Self { pool, user } = self;
        let list = match filter.order {
            Order::Descending => sql::PAGE_DESCENDING,
            Order::Ascending => sql::PAGE_ASCENDING,
        };
        on!(pool.reader(), query_as(list), |query, db| {
            query.bind(user).bind(filter.completed).bind(page.limit).bind(page.offset).fetch_all(db)
        })
    }

    /// How many the filter lets through.
    pub async fn count(&self, filter: Filter) -> Result<i64, ApiError> {
        let Self { pool, user } = self;
        on!(pool.reader(), query_scalar(sql::COUNT), |query, db| {
            query.bind(user).bind(filter.completed).fetch_one(db)
        })
    }

    /// Whether this is a task, but another user's. That is all that can be learnt of it.
    pub async fn exists_for_other_user(&self, id: TaskId) -> Result<bool, ApiError> {
        let Self { pool, user } = self;
        on!(pool.reader(), query_scalar(sql::EXISTS_FOR_OTHER_USER), |query, db| {
            query.bind(id.0).bind(user).fetch_one(db)
        })
    }

    /// One of them.
    pub async fn show(&self, id: TaskId) -> Result<Task, ApiError> {
        let Self { pool, user } = self;
        let task = on!(pool.reader(), query_as(sql::GET), |query, db| {
            query.bind(id.0).bind(user).fetch_optional(db)
        })?;
        task.ok_or(ApiError::TaskNotFound)
    }

    /// One more.
    pub async fn create(&self, new: &NewTask) -> Result<Task, ApiError> {
        let Self { pool, user } = self;
        on!(pool.writer(), query_as(sql::CREATE), |query, db| {
            query
                .bind(user)
                .bind(new.title.as_str())
                .bind(new.description.as_ref().map(Description::as_str))
                .bind(new.completed)
                .bind(clock::now())
                .fetch_one(db)
        })
    }

    /// One of them, changed. Where there is nothing to change nothing is, its time included.
    pub async fn update(&self, id: TaskId, changes: &TaskPatch) -> Result<Task, ApiError> {
        if changes.is_empty() {
            return self.show(id).await;
        }
        let Self { pool, user } = self;
        let task = on!(pool.writer(), query_as(sql::UPDATE), |query, db| {
            query
                .bind(id.0)
                .bind(user)
                .bind(clock::now())
                .bind(changes.title.as_ref().map(Title::as_str))
                .bind(changes.description.is_some())
                .bind(changes.description.as_ref().and_then(Option::as_ref).map(Description::as_str))
                .bind(changes.completed)
                .fetch_optional(db)
        })?;
        task.ok_or(ApiError::TaskNotFound)
    }

    /// One of them, done or not.
    pub async fn complete(&self, id: TaskId, completion: Completion) -> Result<Task, ApiError> {
        let Self { pool, user } = self;
        let completed = match completion {
            Completion::Toggle => None,
            Completion::Set(completed) => Some(completed),
        };
        let task = on!(pool.writer(), query_as(sql::SET_COMPLETED), |query, db| {
            query.bind(id.0).bind(user).bind(clock::now()).bind(completed).fetch_optional(db)
        })?;
        task.ok_or(ApiError::TaskNotFound)
    }

    /// One less.
    pub async fn delete(&self, id: TaskId) -> Result<(), ApiError> {
        let Self { pool, user } = self;
        let deleted: Option<i64> = on!(pool.writer(), query_scalar(sql::DELETE), |query, db| {
            query.bind(id.0).bind(user).fetch_optional(db)
        })?;
        deleted.map(drop).ok_or(ApiError::TaskNotFound)
    }
}

/// A place in a list: right after some task, which need not be there any more.
#[derive(Debug)]
pub struct TaskCursor {
    /// When it was made, as the database has it.
    created_at: String,
    id: i64,
}

impl TaskCursor {
    /// Before the first task. To PostgreSQL these are times; to SQLite they are texts, one after and one before all digits.
    fn start(order: Order) -> Self {
        let (created_at, id) = match order {
            Order::Descending => ("infinity", i64::MAX),
            Order::Ascending => ("-infinity", i64::MIN),
        };
        Self { created_at: created_at.to_owned(), id }
    }
}

/// When a task was made, as exactly as the database has it.
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

/// By position, in the order of `columns!`: looking columns up by name costs a hash a field a row.
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
