//! The operations on tasks and their responses, for both dialects.

use serde_json::{Value, json};
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{KnownFormat, SchemaFormat};
use utoipa::openapi::{HttpMethod, ObjectBuilder, RefOr, Required, Schema, Type};

use super::dialect::Dialect;
use crate::error::{ApiError, TokenError};
use crate::task::FieldError;

/// An operation on tasks, in the OpenAPI document of a dialect.
pub(super) struct TaskOperation {
    pub(super) method: HttpMethod,
    /// The path below the mount, without the user's id.
    pub(super) path: &'static str,
    pub(super) name: &'static str,
    pub(super) summary: &'static str,
    pub(super) description: &'static str,
    pub(super) parameters: Vec<Parameter>,
    /// The schema of the body, whether the body is required, and an example.
    pub(super) body: Option<(RefOr<Schema>, bool, Value)>,
    pub(super) success: Success,
    /// The errors of this operation, in addition to the common errors.
    pub(super) errors: Vec<ApiError>,
}

/// The successful response.
pub(super) struct Success {
    pub(super) status: u16,
    pub(super) description: &'static str,
    pub(super) body: Option<(RefOr<Schema>, Value)>,
    pub(super) has_location: bool,
}

/// The errors that all operations have in common.
pub(super) fn common_errors() -> Vec<ApiError> {
    vec![
        ApiError::Unauthenticated(TokenError::Missing),
        ApiError::Unauthenticated(TokenError::Expired),
        ApiError::Unauthenticated(TokenError::Signature),
        ApiError::Unauthenticated(TokenError::Invalid),
        ApiError::OriginNotAllowed,
        ApiError::Internal(String::new()),
        ApiError::Unavailable(String::new()),
    ]
}

/// All operations of a dialect.
pub(super) fn operations(dialect: &Dialect) -> Vec<TaskOperation> {
    let mut operations = vec![list(dialect), create(dialect), show(dialect)];
    operations.push(update(dialect, HttpMethod::Put, "replaceTask", "Change a task (as PATCH does)"));
    operations.push(update(dialect, HttpMethod::Patch, "updateTask", "Change a task"));
    operations.push(remove(dialect));
    for (method, path, name) in [
        (HttpMethod::Patch, "/tasks/{id}/complete", "completeTask"),
        (HttpMethod::Post, "/tasks/{id}/complete", "completeTaskByPost"),
        (HttpMethod::Patch, "/tasks/{id}/toggle", "toggleTask"),
        (HttpMethod::Post, "/tasks/{id}/toggle", "toggleTaskByPost"),
    ] {
        operations.push(complete(dialect, method, path, name));
    }
    operations
}

fn list(dialect: &Dialect) -> TaskOperation {
    TaskOperation {
        method: HttpMethod::Get,
        path: "/tasks",
        name: "listTasks",
        summary: "List the caller's tasks",
        description: if dialect.is_enveloped {
            "One page of them, and how many there are."
        } else {
            "All of them: there are no pages."
        },
        parameters: list_parameters(dialect),
        body: None,
        success: Success {
            status: 200,
            description: "The tasks, in order",
            body: Some((dialect.list.clone(), list_example(dialect))),
            has_location: false,
        },
        errors: bad_queries(dialect),
    }
}

fn create(dialect: &Dialect) -> TaskOperation {
    TaskOperation {
        method: HttpMethod::Post,
        path: "/tasks",
        name: "createTask",
        summary: "Create a task",
        description: "Only the title is required; it is trimmed.",
        parameters: Vec::new(),
        body: Some((dialect.new.clone(), true, json!({ "title": "Deploy", "description": "After lunch" }))),
        success: Success { status: 201, has_location: true, ..task(dialect, "The new task") },
        errors: of_a_body("title", "Title is required and cannot be empty"),
    }
}

fn show(dialect: &Dialect) -> TaskOperation {
    TaskOperation {
        method: HttpMethod::Get,
        path: "/tasks/{id}",
        name: "getTask",
        summary: "Show one task",
        description: "",
        parameters: vec![id()],
        body: None,
        success: task(dialect, "The task"),
        errors: of_a_task(dialect, Vec::new()),
    }
}

fn update(dialect: &Dialect, method: HttpMethod, name: &'static str, summary: &'static str) -> TaskOperation {
    TaskOperation {
        method,
        path: "/tasks/{id}",
        name,
        summary,
        description: "Fields that are absent stay as they are; a description of null clears it. Where there is nothing to \
                      change, nothing is, `updated_at` included.",
        parameters: vec![id()],
        body: Some((dialect.patch.clone(), true, json!({ "title": "Deploy on Friday", "completed": true }))),
        success: task(dialect, "The task as it is now"),
        errors: of_a_task(dialect, of_a_body("title", "Title cannot be empty")),
    }
}

fn remove(dialect: &Dialect) -> TaskOperation {
    TaskOperation {
        method: HttpMethod::Delete,
        path: "/tasks/{id}",
        name: "deleteTask",
        summary: "Delete a task",
        description: "A second time it is no longer there.",
        parameters: vec![id()],
        body: None,
        success: Success { status: 204, description: "It is deleted", body: None, has_location: false },
        errors: of_a_task(dialect, Vec::new()),
    }
}

/// `PATCH` and `POST`, `complete` and `toggle` are one operation.
fn complete(dialect: &Dialect, method: HttpMethod, path: &'static str, name: &'static str) -> TaskOperation {
    TaskOperation {
        method,
        path,
        name,
        summary: "Complete a task, or take it back",
        description: "Without a body, or without `completed`, it becomes the opposite of what it is.",
        parameters: vec![id()],
        body: Some((dialect.completion.clone(), false, json!({ "completed": true }))),
        success: task(dialect, "The task as it is now"),
        errors: of_a_task(dialect, of_a_body("completed", "Completed must be true or false")),
    }
}

fn task(dialect: &Dialect, description: &'static str) -> Success {
    let body = (dialect.task.clone(), (dialect.wrap)(dialect.example.clone()));
    Success { status: 200, description, body: Some(body), has_location: false }
}

fn of_a_task(dialect: &Dialect, mut more: Vec<ApiError>) -> Vec<ApiError> {
    more.extend([invalid("id", "Task id must be a 64-bit integer"), ApiError::TaskNotFound]);
    more.extend(dialect.is_enveloped.then_some(ApiError::NotOwner));
    more
}

fn of_a_body(field: &'static str, message: &'static str) -> Vec<ApiError> {
    let not_json = ApiError::InvalidJson("EOF while parsing a string at line 1 column 12".to_owned());
    vec![not_json, ApiError::RequestTimeout, ApiError::PayloadTooLarge, invalid(field, message)]
}

fn invalid(field: &'static str, message: &'static str) -> ApiError {
    ApiError::Validation(vec![FieldError { field, message }])
}

fn id() -> Parameter {
    let schema = ObjectBuilder::new()
        .schema_type(Type::Integer)
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Int64)));
    ParameterBuilder::new()
        .name("id")
        .parameter_in(ParameterIn::Path)
        .required(Required::True)
        .description(Some("The task's id"))
        .schema(Some(schema))
        .example(Some(json!(42)))
        .build()
}

fn list_parameters(dialect: &Dialect) -> Vec<Parameter> {
    let words: [&str; 3] =
        if dialect.is_enveloped { ["all", "Pending", "Completed"] } else { ["all", "pending", "completed"] };
    let choice = |name, words: &[&str], description| {
        let default = words.first().map(|word| json!(word));
        query(
            name,
            ObjectBuilder::new().schema_type(Type::String).enum_values(Some(words.to_vec())).default(default),
            description,
        )
    };
    let mut parameters = vec![
        choice(
            "status",
            &words,
            "Only tasks that are done, or only those that are not; in any case of letters",
        ),
        choice("sort", &["created_at"], "By what they are in order"),
        choice("order", &["desc", "asc"], "Newest first or oldest first"),
    ];
    if dialect.is_enveloped {
        let number = || {
            ObjectBuilder::new()
                .schema_type(Type::Integer)
                .format(Some(SchemaFormat::KnownFormat(KnownFormat::Int64)))
        };
        let limit = number().minimum(Some(1)).maximum(Some(100)).default(Some(json!(50)));
        let offset = number().minimum(Some(0)).maximum(Some(i64::MAX)).default(Some(json!(0)));
        parameters.push(query("limit", limit, "Tasks at most"));
        parameters.push(query("offset", offset, "Tasks before the first"));
    }
    parameters
}

fn query(name: &str, schema: ObjectBuilder, description: &str) -> Parameter {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Query)
        .required(Required::False)
        .description(Some(description))
        .schema(Some(schema))
        .build()
}

fn list_example(dialect: &Dialect) -> Value {
    let tasks = json!([dialect.example]);
    if dialect.is_enveloped {
        (dialect.wrap)(json!({ "tasks": tasks, "total": 1, "limit": 50, "offset": 0 }))
    } else {
        tasks
    }
}

fn bad_queries(dialect: &Dialect) -> Vec<ApiError> {
    if dialect.is_enveloped {
        vec![
            ApiError::InvalidQuery("Invalid status filter. Allowed values: Pending, Completed"),
            ApiError::InvalidQuery("Invalid limit: must be an integer from 1 to 100"),
        ]
    } else {
        vec![ApiError::InvalidQuery("Invalid status filter: must be 'pending', 'completed', or 'all'")]
    }
}
