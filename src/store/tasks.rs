//! What can be done with the tasks of one user: a statement each.

use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use sqlx::{FromRow, Row};

use super::pool::{Pool, on};
use super::sql;
use crate::clock;
use crate::problem::Problem;
use crate::task::{Changes, Completion, Description, Filter, NewTask, Order, Task, TaskId, Title};

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

    /// Those the filter lets through, in its order.
    pub async fn list(&self, filter: Filter) -> Result<Vec<Task>, Problem> {
        let Self { pool, user } = self;
        let list = match filter.order {
            Order::Descending => sql::LIST_DESCENDING,
            Order::Ascending => sql::LIST_ASCENDING,
        };
        on!(pool.reader(), query_as(list), |query, db| query.bind(user).bind(filter.completed).fetch_all(db))
    }

    /// One of them.
    pub async fn show(&self, id: TaskId) -> Result<Task, Problem> {
        let Self { pool, user } = self;
        let task = on!(pool.reader(), query_as(sql::SHOW), |query, db| {
            query.bind(id.0).bind(user).fetch_optional(db)
        })?;
        task.ok_or(Problem::NoTask)
    }

    /// One more.
    pub async fn create(&self, new: &NewTask) -> Result<Task, Problem> {
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
    pub async fn update(&self, id: TaskId, changes: &Changes) -> Result<Task, Problem> {
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
        task.ok_or(Problem::NoTask)
    }

    /// One of them, done or not.
    pub async fn complete(&self, id: TaskId, completion: Completion) -> Result<Task, Problem> {
        let Self { pool, user } = self;
        let completed = match completion {
            Completion::Flip => None,
            Completion::Set(completed) => Some(completed),
        };
        let task = on!(pool.writer(), query_as(sql::COMPLETE), |query, db| {
            query.bind(id.0).bind(user).bind(clock::now()).bind(completed).fetch_optional(db)
        })?;
        task.ok_or(Problem::NoTask)
    }

    /// One less.
    pub async fn delete(&self, id: TaskId) -> Result<(), Problem> {
        let Self { pool, user } = self;
        let deleted: Option<i64> = on!(pool.writer(), query_scalar(sql::DELETE), |query, db| {
            query.bind(id.0).bind(user).fetch_optional(db)
        })?;
        deleted.map(drop).ok_or(Problem::NoTask)
    }
}

/// By position, in the order of `columns!`: looking columns up by name costs a hash a field a row.
macro_rules! task_from {
    ($row:ty) => {
        impl FromRow<'_, $row> for Task {
            fn from_row(row: &$row) -> sqlx::Result<Self> {
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

task_from!(PgRow);
task_from!(SqliteRow);
