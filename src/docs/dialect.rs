//! The differences between the two dialects in the OpenAPI document.

use rocket::http::Status;
use serde_json::{Value, json};
use utoipa::openapi::schema::AllOfBuilder;
use utoipa::openapi::{Object, ObjectBuilder, Ref, RefOr, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

use crate::api::errors as bare;
use crate::error::ApiError;
use crate::task::{Description, FieldError, NewTask, Task, TaskPatch, Title};
use crate::v1::errors as enveloped;
use crate::v1::response::{TaskPage, TaskStatus, TaskWithStatus};

/// A dialect in the OpenAPI document.
pub(super) struct Dialect {
    pub(super) tag: &'static str,
    pub(super) mount: &'static str,
    /// The suffix of operation ids.
    pub(super) suffix: &'static str,
    /// Renders an error, as the catcher does.
    pub(super) render: fn(&ApiError) -> (Status, Value),
    pub(super) error: &'static str,
    pub(super) task: RefOr<Schema>,
    pub(super) list: RefOr<Schema>,
    pub(super) new: RefOr<Schema>,
    pub(super) patch: RefOr<Schema>,
    pub(super) completion: RefOr<Schema>,
    /// Wraps the data of a successful response.
    pub(super) wrap: fn(Value) -> Value,
    /// An example task.
    pub(super) example: Value,
    pub(super) is_enveloped: bool,
}

/// The schemas that operations share.
pub(super) fn schemas() -> Vec<(String, RefOr<Schema>)> {
    vec![
        (Task::name().into(), Task::schema()),
        (Title::name().into(), Title::schema()),
        (Description::name().into(), Description::schema()),
        (NewTask::name().into(), NewTask::schema()),
        (TaskPatch::name().into(), TaskPatch::schema()),
        (FieldError::name().into(), FieldError::schema()),
        (bare::ErrorBody::name().into(), bare::ErrorBody::schema()),
        (TaskWithStatus::name().into(), TaskWithStatus::schema()),
        (TaskPage::name().into(), TaskPage::schema()),
        (enveloped::ErrorEnvelope::name().into(), enveloped::ErrorEnvelope::schema()),
    ]
}

/// The bare dialect.
pub(super) fn bare() -> Dialect {
    let example = json!({
        "id": 42, "user_id": "user_abc123", "title": "Deploy", "description": null, "completed": false,
        "created_at": "2026-11-21T06:18:30.512Z", "updated_at": "2026-11-21T06:18:30.512Z",
    });
    Dialect {
        tag: "Tasks",
        mount: "/api",
        suffix: "",
        render: |error| {
            let (status, body) = bare::render(error);
            (status, json!(body))
        },
        error: "Error",
        task: reference("Task"),
        list: utoipa::openapi::ArrayBuilder::new().items(reference("Task")).build().into(),
        new: reference("NewTask"),
        patch: reference("TaskPatch"),
        completion: completion().into(),
        wrap: |value| value,
        example,
        is_enveloped: false,
    }
}

/// The enveloped dialect.
pub(super) fn enveloped() -> Dialect {
    let mut example = bare().example;
    if let Value::Object(task) = &mut example {
        task.insert("status".to_owned(), json!("Pending"));
    }
    let with_status = |body: RefOr<Schema>| -> RefOr<Schema> {
        let status = ObjectBuilder::new().property("status", TaskStatus::schema());
        RefOr::T(Schema::AllOf(AllOfBuilder::new().item(body).item(status).build()))
    };
    Dialect {
        tag: "Tasks, enveloped",
        mount: "/api/v1",
        suffix: "V1",
        render: |error| {
            let (status, body) = enveloped::render(error);
            (status, json!(body))
        },
        error: "ErrorEnvelope",
        task: envelope(reference("TaskWithStatus")),
        list: envelope(reference("TaskPage")),
        new: with_status(reference("NewTask")),
        patch: with_status(reference("TaskPatch")),
        completion: with_status(completion().into()),
        wrap: |value| json!({ "data": value, "error": null }),
        example,
        is_enveloped: true,
    }
}

pub(super) fn reference(name: &str) -> RefOr<Schema> {
    Ref::from_schema_name(name).into()
}

fn envelope(data: RefOr<Schema>) -> RefOr<Schema> {
    ObjectBuilder::new()
        .property("data", data)
        .required("data")
        .property("error", Object::with_type(Type::Null))
        .required("error")
        .build()
        .into()
}

fn completion() -> Object {
    let completed = ObjectBuilder::new()
        .schema_type(Type::Boolean)
        .description(Some("The new value. Without it, the value is toggled."));
    ObjectBuilder::new().property("completed", completed).build()
}
