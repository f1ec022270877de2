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
use super::found::{FoundIds, MAX_FOUND, SortKey};
use super::id_column::IdColumn;
use super::pool::Pool;
use super::run::run;
use super::sql;
use crate::clock;
use crate::error::ApiError;
use crate::task::{
    Attributes, Completion, Description, ListOptions, NewTask, Order, Search, Task, TaskId, TaskPatch,
    TaskRef, Title, Window,
};

/// The tasks of a user. Each statement compares `user_id`.
///
/// An operation that can share a statement with other requests waits for its turn first. If it runs its own statement, it holds the lane in `_lane`
/// until that has ended.
#[derive(Debug)]
pub struct UserTasks<'a> {
    pool: &'a Pool,
    /// `None` on SQLite, and if batching is off.
    batching: Option<&'a Batching>,
    user: &'a str,
}

impl<'a> UserTasks<'a> {
    pub(super) fn new(batched: &'a BatchedPool, user: &'a str) -> Self {
        Self { pool: &batched.pool, batching: batched.batching.as_deref(), user }
    }

    /// Visits at most `limit` tasks from a position on, until `visit` breaks. Returns the cursor of the next batch if there may be more
    /// tasks.
    pub async fn list(
        &self,
        options: ListOptions,
        position: ListPosition,
        limit: i64,
        visit: impl FnMut(TaskRef<'_>) -> ControlFlow<()>,
    ) -> Result<Option<TaskCursor>, ApiError> {
        let Self { pool, user, .. } = self;
        let mut visit = Visit { left: limit, cursor: None, visitor: visit };
        let is_start = matches!(position, ListPosition::Offset(0));
        let _lane = match self.list_turn(options, limit, is_start).await? {
            Turn::Served(rows) => return visit.all(rows),
            Turn::Alone(lane) => lane,
        };
        match position {
            ListPosition::Offset(offset) => {
                let page = match options.order {
                    Order::Descending => sql::PAGE_DESCENDING,
                    Order::Ascending => sql::PAGE_ASCENDING,
                };
                run!(pool.reader(), query(page).bind(user).bind(options.completed).bind(limit).bind(offset) => |rows| {
                    while let Some(row) = rows.try_next().await? {
                        visit.row(&row)?;
                    }
                    Ok(visit.cursor.take())
                })
            }
            ListPosition::After(TaskCursor { created_at, id }) => {
                let list = match options.order {
                    Order::Descending => sql::LIST_DESCENDING,
                    Order::Ascending => sql::LIST_ASCENDING,
                };
                run!(pool.reader(), query(list).bind(user).bind(options.completed).bind(&created_at).bind(id).bind(limit) => |rows| {
                    while let Some(row) = rows.try_next().await? {
                        visit.row(&row)?;
                    }
                    Ok(visit.cursor.take())
                })
            }
        }
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
    pub async fn count(&self, options: ListOptions, search: &Search) -> Result<i64, ApiError> {
        let Self { pool, user, .. } = self;
        if !search.is_filter() {
            return run!(pool.reader(), query_scalar(sql::COUNT).bind(user).bind(options.completed) => fetch_one);
        }
        let filters = search.filters_json();
        run!(
            pool.reader(),
            query_scalar(sql::COUNT_FOUND).bind(user).bind(options.completed).bind(&search.text).bind(&filters) => fetch_one
        )
    }

    /// Returns the ids of the tasks in the window that a search finds.
    ///
    /// The order of a search may change while a client reads a long list. So the list is fixed by its ids first.
    ///
    /// # Errors
    ///
    /// The window has more than [`MAX_FOUND`] tasks.
    pub async fn find(
        &self,
        options: ListOptions,
        search: &Search,
        window: Window,
    ) -> Result<FoundIds, ApiError> {
        let Self { pool, user, .. } = self;
        let find = match options.order {
            Order::Descending => sql::FIND_DESCENDING,
            Order::Ascending => sql::FIND_ASCENDING,
        };
        let filters = search.filters_json();
        let key = SortKey::new(&search.sort);
        let limit = window.limit.unwrap_or(i64::MAX).min(MAX_FOUND + 1);
        let ids: Vec<IdColumn> = run!(
            pool.reader(),
            query_scalar(find)
                .bind(user)
                .bind(options.completed)
                .bind(&search.text)
                .bind(&filters)
                .bind(key.column)
                .bind(&key.attribute)
                .bind(&key.default)
                .bind(&key.values)
                .bind(limit)
                .bind(window.offset) => fetch_all
        )?;
        if i64::try_from(ids.len()).unwrap_or(i64::MAX) > MAX_FOUND {
            let message = format!("The list has more than {MAX_FOUND} tasks: add a limit");
            return Err(ApiError::InvalidQuery(message.into()));
        }
        Ok(FoundIds { ids: ids.into_iter().map(|it| it.0).collect(), read: 0 })
    }

    /// Visits at most `limit` of the found tasks, until `visit` breaks. Returns the remaining ids, if any. Tasks that have been deleted since
    /// are missing.
    pub async fn visit_found(
        &self,
        found: FoundIds,
        limit: i64,
        visit: impl FnMut(TaskRef<'_>) -> ControlFlow<()>,
    ) -> Result<Option<FoundIds>, ApiError> {
        let Self { pool, user, .. } = self;
        let size = usize::try_from(limit).unwrap_or(usize::MAX);
        let ids: Vec<i64> = found.ids.iter().skip(found.read).take(size).copied().collect();
        let json = serde_json::json!(ids).to_string();
        let mut visit = Visit { left: limit, cursor: None, visitor: visit };
        let last = run!(pool.reader(), query(sql::GET_FOUND).bind(user).bind(&json) => |rows| {
            while let Some(row) = rows.try_next().await? {
                visit.row(&row)?;
            }
            Ok(visit.cursor.take())
        })?;
        let position = last.and_then(|last| ids.iter().position(|id| *id == last.id));
        let read = found.read + position.map_or(ids.len(), |position| position + 1);
        Ok((read < found.ids.len()).then_some(FoundIds { read, ..found }))
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
            Turn::Served(task) => return Ok(task),
            Turn::Alone(lane) => lane,
        };
        run!(pool.reader(), query_as(sql::GET).bind(id.0).bind(user) => fetch_optional)
    }

    /// Inserts a task.
    pub async fn create(&self, new: &NewTask) -> Result<Task, ApiError> {
        let Self { pool, user, .. } = self;
        let request = || CreateRequest::new(user, new);
        // A shared statement tells new tasks apart by their content, which attributes would make costly to compare.
        let lanes = self.batching.filter(|_| new.attributes.is_empty()).map(|it| &it.create);
        let _lane = match wait_for_turn(lanes, request).await? {
            Turn::Served(task) => return Ok(task),
            Turn::Alone(lane) => lane,
        };
        let (title, description) = (new.title.as_str(), new.description.as_ref().map(Description::as_str));
        let attributes = json_or_null(&new.attributes);
        run!(
            pool.writer(),
            query_as(sql::CREATE)
                .bind(user)
                .bind(title)
                .bind(description)
                .bind(new.completed)
                .bind(clock::now())
                .bind(&attributes) => fetch_one
        )
    }

    /// Changes the fields that the patch has, and `updated_at`. An empty patch changes nothing and only reads.
    ///
    /// # Errors
    ///
    /// The task does not meet the condition of the patch.
    pub async fn update(&self, id: TaskId, patch: &TaskPatch) -> Result<Option<Task>, ApiError> {
        if patch.is_empty() {
            return self.get(id).await;
        }
        let Self { pool, user, .. } = self;
        let title = patch.title.as_ref().map(Title::as_str);
        let description = patch.description.as_ref().and_then(Option::as_ref).map(Description::as_str);
        let attributes = json_or_null(&patch.attributes);
        if let Some(condition) = &patch.condition {
            let states = serde_json::json!(condition.open_states).to_string();
            let updated: Option<Task> = run!(
                pool.writer(),
                query_as(sql::UPDATE_IN_STATE)
                    .bind(id.0)
                    .bind(user)
                    .bind(clock::now())
                    .bind(title)
                    .bind(patch.description.is_some())
                    .bind(description)
                    .bind(patch.completed == Some(Completion::Toggle))
                    .bind(patch.completed.and_then(Completion::value))
                    .bind(&attributes)
                    .bind(&condition.attribute)
                    .bind(&condition.state)
                    .bind(&states) => fetch_optional
            )?;
            // The statement has decided. This only tells a task in another state from no task.
            return match updated {
                None if self.get(id).await?.is_some() => {
                    Err(ApiError::Validation(vec![condition.error.clone()]))
                }
                updated => Ok(updated),
            };
        }
        run!(
            pool.writer(),
            query_as(sql::UPDATE)
                .bind(id.0)
                .bind(user)
                .bind(clock::now())
                .bind(title)
                .bind(patch.description.is_some())
                .bind(description)
                .bind(patch.completed == Some(Completion::Toggle))
                .bind(patch.completed.and_then(Completion::value))
                .bind(&attributes) => fetch_optional
        )
    }

    /// Deletes a task. Returns the deleted task.
    pub async fn delete(&self, id: TaskId) -> Result<Option<Task>, ApiError> {
        let Self { pool, user, .. } = self;
        run!(pool.writer(), query_as(sql::DELETE).bind(id.0).bind(user) => fetch_optional)
    }
}

fn json_or_null(attributes: &Attributes) -> Option<String> {
    (!attributes.is_empty()).then(|| attributes.to_json())
}

/// A position in a list.
#[derive(Debug)]
pub enum ListPosition {
    /// After this many tasks.
    Offset(i64),
    /// After a task.
    After(TaskCursor),
}

/// A keyset cursor: the position after a task in a list. The task itself may have been deleted since.
#[derive(Debug)]
pub struct TaskCursor {
    /// The time as the database stores it.
    pub(super) created_at: String,
    pub(super) id: i64,
}

/// Visits the rows of a list.
struct Visit<F> {
    left: i64,
    cursor: Option<TaskCursor>,
    visitor: F,
}

impl<F: FnMut(TaskRef<'_>) -> ControlFlow<()>> Visit<F> {
    /// Visits a row. When enough rows have been visited, the others are only read: the connection has to be ready for the next statement.
    fn row<R: CursorColumn>(&mut self, row: &R) -> sqlx::Result<()>
    where
        for<'r> TaskRef<'r>: FromRow<'r, R>,
    {
        if self.cursor.is_none() {
            let task = TaskRef::from_row(row)?;
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
macro_rules! row_by_position {
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
                    attributes: row.try_get(7)?,
                })
            }
        }
    };
}

row_by_position!(Task, PgRow);
row_by_position!(Task, SqliteRow);
row_by_position!(TaskRef<'r>, PgRow);
row_by_position!(TaskRef<'r>, SqliteRow);
