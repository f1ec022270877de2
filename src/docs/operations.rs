//! The operations on tasks and their responses, for both dialects.

use serde_json::{Value, json};
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{KnownFormat, SchemaFormat};
use utoipa::openapi::{HttpMethod, ObjectBuilder, RefOr, Required, Schema, Type};

use super::dialect::Dialect;
use crate::config::{Deletion, IdType, ShapeConfig};
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
pub(super) fn operations(dialect: &Dialect<'_>) -> Vec<TaskOperation> {
    let search = TaskOperation { path: "/search", name: "searchTasks", ..list(dialect) };
    let mut operations = vec![list(dialect), search, create(dialect), show(dialect)];
    operations.push(update(dialect, HttpMethod::Put, "replaceTask", "Change a task (as PATCH does)"));
    operations.push(update(dialect, HttpMethod::Patch, "updateTask", "Change a task"));
    operations.push(remove(dialect));
    for (method, path, name) in [
        (HttpMethod::Patch, "/{id}/complete", "completeTask"),
        (HttpMethod::Post, "/{id}/complete", "completeTaskByPost"),
        (HttpMethod::Patch, "/{id}/toggle", "toggleTask"),
        (HttpMethod::Post, "/{id}/toggle", "toggleTaskByPost"),
        (HttpMethod::Patch, "/{id}/toggle-complete", "toggleTaskCompletion"),
        (HttpMethod::Post, "/{id}/toggle-complete", "toggleTaskCompletionByPost"),
        (HttpMethod::Patch, "/{id}/toggle-status", "toggleTaskStatus"),
        (HttpMethod::Post, "/{id}/toggle-status", "toggleTaskStatusByPost"),
    ] {
        operations.push(complete(dialect, method, path, name));
    }
    operations.push(reopen(dialect));
    operations
}

fn list(dialect: &Dialect<'_>) -> TaskOperation {
    TaskOperation {
        method: HttpMethod::Get,
        path: "",
        name: "listTasks",
        summary: "List the caller's tasks",
        description: if dialect.shape.config.page_size.is_some() {
            "One page of them, and how many there are."
        } else {
            "All of them, or a part of them with `limit`."
        },
        parameters: list_parameters(dialect),
        body: None,
        success: Success {
            status: 200,
            description: "The tasks, in order",
            body: Some((dialect.list(), dialect.list_example())),
            has_location: false,
        },
        errors: bad_queries(dialect),
    }
}

fn create(dialect: &Dialect<'_>) -> TaskOperation {
    TaskOperation {
        method: HttpMethod::Post,
        path: "",
        name: "createTask",
        summary: "Create a task",
        description: "Only the title is required; it is trimmed.",
        parameters: Vec::new(),
        body: Some((dialect.new_task(), true, json!({ "title": "Deploy", "description": "After lunch" }))),
        success: Success { status: 201, has_location: true, ..task(dialect, "The new task") },
        errors: of_a_body("title", "Title is required and cannot be empty"),
    }
}

fn show(dialect: &Dialect<'_>) -> TaskOperation {
    TaskOperation {
        method: HttpMethod::Get,
        path: "/{id}",
        name: "getTask",
        summary: "Show one task",
        description: "",
        parameters: vec![id(dialect)],
        body: None,
        success: task(dialect, "The task"),
        errors: of_a_task(dialect, Vec::new()),
    }
}

fn update(
    dialect: &Dialect<'_>,
    method: HttpMethod,
    name: &'static str,
    summary: &'static str,
) -> TaskOperation {
    TaskOperation {
        method,
        path: "/{id}",
        name,
        summary,
        description: "Fields that are absent stay as they are; a description of null clears it. Where there is nothing to \
                      change, nothing is, `updated_at` included.",
        parameters: vec![id(dialect)],
        body: Some((dialect.patch(), true, json!({ "title": "Deploy on Friday", "completed": true }))),
        success: task(dialect, "The task as it is now"),
        errors: of_a_task(dialect, of_a_body("title", "Title cannot be empty")),
    }
}

fn remove(dialect: &Dialect<'_>) -> TaskOperation {
    TaskOperation {
        method: HttpMethod::Delete,
        path: "/{id}",
        name: "deleteTask",
        summary: "Delete a task",
        description: "A second time it is no longer there.",
        parameters: vec![id(dialect)],
        body: None,
        success: deletion(dialect),
        errors: of_a_task(dialect, Vec::new()),
    }
}

/// `PATCH` and `POST`, `complete`, `toggle`, `toggle-complete` and `toggle-status` are one operation.
fn complete(
    dialect: &Dialect<'_>,
    method: HttpMethod,
    path: &'static str,
    name: &'static str,
) -> TaskOperation {
    TaskOperation {
        method,
        path,
        name,
        summary: "Complete a task, or take it back",
        description: "Without a body, or without `completed`, it becomes the opposite of what it is.",
        parameters: vec![id(dialect)],
        body: Some((dialect.completion(), false, json!({ "completed": true }))),
        success: task(dialect, "The task as it is now"),
        errors: of_a_task(dialect, of_a_body("completed", "Completed must be true or false")),
    }
}

fn reopen(dialect: &Dialect<'_>) -> TaskOperation {
    TaskOperation {
        method: HttpMethod::Delete,
        path: "/{id}/complete",
        name: "reopenTask",
        summary: "Take the completion of a task back",
        description: "",
        parameters: vec![id(dialect)],
        body: None,
        success: task(dialect, "The task as it is now"),
        errors: of_a_task(dialect, Vec::new()),
    }
}

fn task(dialect: &Dialect<'_>, description: &'static str) -> Success {
    let body = (dialect.task(), dialect.task_example());
    Success { status: 200, description, body: Some(body), has_location: false }
}

fn of_a_task(dialect: &Dialect<'_>, mut more: Vec<ApiError>) -> Vec<ApiError> {
    more.extend([invalid("id", "Task id must be a 64-bit integer"), ApiError::TaskNotFound]);
    more.extend(dialect.shape.config.forbid_other_users.then_some(ApiError::NotOwner));
    more
}

fn of_a_body(field: &'static str, message: &'static str) -> Vec<ApiError> {
    let not_json = ApiError::InvalidJson("EOF while parsing a string at line 1 column 12".to_owned());
    vec![not_json, ApiError::RequestTimeout, ApiError::PayloadTooLarge, invalid(field, message)]
}

fn invalid(field: &'static str, message: &'static str) -> ApiError {
    ApiError::Validation(vec![FieldError::new(field, message)])
}

/// The id in a path, of the type that responses have: a typed client sends it back as it came.
fn id(dialect: &Dialect<'_>) -> Parameter {
    let (schema, example) = match dialect.shape.config.ids {
        IdType::Number => {
            let format = SchemaFormat::KnownFormat(KnownFormat::Int64);
            (ObjectBuilder::new().schema_type(Type::Integer).format(Some(format)), json!(42))
        }
        IdType::String => {
            (ObjectBuilder::new().schema_type(Type::String).pattern(Some("^[0-9]{1,18}$")), json!("42"))
        }
    };
    ParameterBuilder::new()
        .name("id")
        .parameter_in(ParameterIn::Path)
        .required(Required::True)
        .description(Some("The task's id"))
        .schema(Some(schema))
        .example(Some(example))
        .build()
}

fn list_parameters(dialect: &Dialect<'_>) -> Vec<Parameter> {
    let text = || ObjectBuilder::new().schema_type(Type::String);
    let choice = |name, words: &[String], description| {
        let default = words.first().filter(|_| name != "order").map(|word| json!(word));
        query(name, text().enum_values(Some(words.to_vec())).default(default), description)
    };
    let attributes = || dialect.attributes().iter().map(|rule| rule.name.as_str().to_owned());
    let sort_keys: Vec<String> = ["created_at", "updated_at", "title", "completed"]
        .map(str::to_owned)
        .into_iter()
        .chain(attributes())
        .collect();
    let mut parameters = vec![
        choice(
            "status",
            &dialect.status_filter(),
            "Only tasks that are done, or only those that are not; in any case of letters",
        ),
        query("search", text(), "Only tasks whose title or description has this text"),
        choice("sort", &sort_keys, "By what they are in order, `created_at` by default; or `sort_by`"),
        choice(
            "order",
            &["desc", "asc"].map(str::to_owned),
            "The newest or largest first, or the oldest or smallest; or `sort_order`",
        ),
    ];
    let number = || {
        ObjectBuilder::new()
            .schema_type(Type::Integer)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Int64)))
    };
    let ShapeConfig { page_size, max_page_size, .. } = &dialect.shape.config;
    let maximum = max_page_size.map_or(i64::MAX, i64::from);
    let limit = number().minimum(Some(1)).maximum(Some(maximum)).default(page_size.map(|size| json!(size)));
    let offset = number().minimum(Some(0)).maximum(Some(i64::MAX)).default(Some(json!(0)));
    parameters.push(query("limit", limit, "Tasks at most"));
    parameters.push(query("offset", offset, "Tasks before the first"));
    parameters.extend(attributes().map(|name| query(&name, text(), "Only tasks with this value")));
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

/// The response to a deletion.
fn deletion(dialect: &Dialect<'_>) -> Success {
    match &dialect.shape.config.deletion {
        Deletion::None => {
            Success { status: 204, description: "It is deleted", body: None, has_location: false }
        }
        Deletion::Task => task(dialect, "The deleted task"),
        Deletion::Message(message) => {
            let body = (dialect.message(), dialect.wrap_example(&json!({ "message": message })));
            Success { status: 200, description: "It is deleted", body: Some(body), has_location: false }
        }
    }
}

/// Errors of the list's parameters, as the parser has them.
fn bad_queries(dialect: &Dialect<'_>) -> Vec<ApiError> {
    let status = match &dialect.shape.config.status {
        Some(status) => format!("Invalid status filter. Allowed values: {}", status.words.join(", ")),
        None => "Invalid status filter: must be 'pending', 'completed', or 'all'".to_owned(),
    };
    let limit = match dialect.shape.config.max_page_size {
        Some(max) => format!("Invalid limit: must be an integer from 1 to {max}"),
        None => "Invalid limit: must be an integer, 1 or more".to_owned(),
    };
    [status, limit].map(|message| ApiError::InvalidQuery(message.into())).into()
}
