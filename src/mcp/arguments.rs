//! Arguments of the tools. `add_task` takes the fields of [`NewTask`](crate::task::NewTask), and `update_task` those of [`TaskPatch`].

use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::shape::decode::{BodyObject, Decoder, FieldReader, FromBody};
use crate::store::TaskCursor;
use crate::task::{FieldError, Invalid, ListOptions, Order, TaskId, TaskPatch};

/// The tasks of a page if `limit` is absent.
const DEFAULT_LIMIT: i64 = 50;

/// The maximum of `limit`.
const MAX_LIMIT: i64 = 100;

/// A task of the caller, by its id.
#[derive(Debug, ToSchema)]
pub(super) struct TaskReference {
    /// The id of the task. `list_tasks` shows the ids.
    #[schema(value_type = i64)]
    pub(super) task_id: TaskId,
}

impl FromBody for TaskReference {
    fn from_body(body: &BodyObject, _: &Decoder) -> Result<Self, Vec<FieldError>> {
        let mut fields = FieldReader::new(body);
        let task_id = fields.required("task_id", |it| {
            it.as_i64().map(TaskId).ok_or("task_id is required and must be a 64-bit integer".into())
        });
        fields.finish(task_id.map(|task_id| Self { task_id }))
    }
}

/// A task and its changes.
#[derive(Debug)]
pub(super) struct UpdateTask {
    pub(super) task_id: TaskId,
    pub(super) patch: TaskPatch,
}

impl FromBody for UpdateTask {
    fn from_body(body: &BodyObject, decoder: &Decoder) -> Result<Self, Vec<FieldError>> {
        match (TaskReference::from_body(body, decoder), TaskPatch::from_body(body, decoder)) {
            (Ok(_), Ok(patch)) if patch.is_empty() => {
                Err(vec![FieldError::new("title", "update_task needs title, description or completed")])
            }
            (Ok(TaskReference { task_id }), Ok(patch)) => Ok(Self { task_id, patch }),
            (reference, patch) => {
                let errors = [reference.err(), patch.err()].into_iter().flatten().flatten();
                Err(errors.collect())
            }
        }
    }
}

/// A page of a list.
#[derive(Debug, ToSchema)]
pub(super) struct ListTasks {
    /// Which tasks to list, all by default.
    #[schema(required = false)]
    pub(super) status: StatusFilter,
    /// The order by time of creation: `desc` is the newest first and the default, `asc` the oldest first.
    #[schema(required = false)]
    pub(super) order: ListOrder,
    /// How many tasks to list at most.
    #[schema(required = false, minimum = 1, maximum = 100, default = 50)]
    pub(super) limit: i64,
    /// The `next_cursor` of the previous page. Without it the list starts from the beginning.
    #[schema(value_type = Option<String>)]
    pub(super) cursor: Option<TaskCursor>,
}

impl ListTasks {
    pub(super) fn options(&self) -> ListOptions {
        let completed = match self.status {
            StatusFilter::All => None,
            StatusFilter::Pending => Some(false),
            StatusFilter::Completed => Some(true),
        };
        let order = match self.order {
            ListOrder::Desc => Order::Descending,
            ListOrder::Asc => Order::Ascending,
        };
        ListOptions { completed, order }
    }
}

/// Which tasks a list has.
#[derive(Debug, Default, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum StatusFilter {
    #[default]
    All,
    Pending,
    Completed,
}

/// The order of a list.
#[derive(Debug, Default, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum ListOrder {
    #[default]
    Desc,
    Asc,
}

impl FromBody for ListTasks {
    fn from_body(body: &BodyObject, _: &Decoder) -> Result<Self, Vec<FieldError>> {
        let mut fields = FieldReader::new(body);
        let status = fields.optional("status", |it| {
            StatusFilter::deserialize(it).map_err(|_| "status must be all, pending or completed".into())
        });
        let order = fields.optional("order", |it| {
            ListOrder::deserialize(it).map_err(|_| "order must be desc or asc".into())
        });
        let limit = fields.optional("limit", limit);
        let cursor = fields.optional("cursor", cursor);
        fields.finish(Some(Self {
            status: status.unwrap_or_default(),
            order: order.unwrap_or_default(),
            limit: limit.unwrap_or(DEFAULT_LIMIT),
            cursor: cursor.flatten(),
        }))
    }
}

fn limit(value: &Value) -> Result<i64, Invalid> {
    value
        .as_i64()
        .filter(|it| (1..=MAX_LIMIT).contains(it))
        .ok_or("limit must be an integer from 1 to 100".into())
}

/// Parses a cursor. Null means no cursor, because it is the `next_cursor` of the last page.
fn cursor(value: &Value) -> Result<Option<TaskCursor>, Invalid> {
    match value {
        Value::Null => Ok(None),
        Value::String(text) => TaskCursor::decode(text).map(Some).ok_or(INVALID_CURSOR.into()),
        _ => Err(INVALID_CURSOR.into()),
    }
}

const INVALID_CURSOR: &str = "cursor must be the next_cursor of an earlier list_tasks; omit it to start over";
