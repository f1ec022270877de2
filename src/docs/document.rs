//! The OpenAPI document: the operations of both dialects, with and without the user in the path, and the probes.

use std::collections::{BTreeMap, HashSet};

use rocket::http::Status;
use serde_json::{Value, json};
use utoipa::openapi::example::ExampleBuilder;
use utoipa::openapi::path::{OperationBuilder, ParameterBuilder, ParameterIn};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::response::ResponseBuilder;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::tag::TagBuilder;
use utoipa::openapi::{
    ComponentsBuilder, ContentBuilder, HeaderBuilder, HttpMethod, InfoBuilder, LicenseBuilder, ObjectBuilder,
    OpenApi, OpenApiBuilder, Paths, PathsBuilder, RefOr, Required, Response, ServerBuilder, Type,
};

use super::dialect::Dialect;
use super::operations::{Success, TaskOperation, common_errors, operations};
use crate::config::PathTemplate;
use crate::error::ApiError;
use crate::shape::Shapes;

const ABOUT: &str = "The caller's tasks, in two dialects over the same data: plain objects at `/api`, and `{data, error}` envelopes \
with pages at `/api/v1`. Both are there with the caller's id in the path, too, which is then compared with the token.\n\n\
Every call needs `Authorization: Bearer <JWT>`: a session token of Better Auth's (`authClient.token()`), one of `/api/auth` where this server has \
that (sign up below), or, for trying things out, one that `todo-api token --user me` prints. The token must have been issued for this API: \
`id_token`s and access tokens of other applications are refused, unless the operator has configured the audience of access tokens.";

const JSON: &str = "application/json";

/// The OpenAPI document of the task routes and the probes.
#[must_use]
pub fn document(shapes: &Shapes) -> OpenApi {
    let mut dialects = shapes.all().iter();
    let bare = dialects.next().map(|shape| Dialect::bare(shape));
    let dialects: Vec<Dialect<'_>> =
        bare.into_iter().chain(dialects.map(|shape| Dialect::enveloped(shape))).collect();
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .bearer_format("JWT")
        .description(Some("A session token of Better Auth's, issued for this API; the `access_token` of `/api/auth/signup`, or what `todo-api token --user me` prints."))
        .build();
    let components = dialects
        .iter()
        .flat_map(Dialect::schemas)
        .fold(ComponentsBuilder::new(), |components, (name, schema)| components.schema(name, schema))
        .security_scheme("bearer", SecurityScheme::Http(bearer));
    let license =
        LicenseBuilder::new().name("MIT OR Apache-2.0").identifier(Some("MIT OR Apache-2.0")).build();
    let info = InfoBuilder::new()
        .title("todo-api")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(ABOUT))
        .license(Some(license));
    let mut paths = PathsBuilder::new().build();
    for dialect in &dialects {
        for operation in operations(dialect) {
            let mut suffixes = HashSet::new();
            for path in dialect.shape.config.paths() {
                add(&mut paths, dialect, &operation, &path, &mut suffixes);
            }
        }
    }
    probes(&mut paths);
    OpenApiBuilder::new()
        .info(info.build())
        // Relative: wherever the document was read from.
        .servers(Some([ServerBuilder::new().url("/").build()]))
        .tags(Some(
            dialects
                .iter()
                .map(|dialect| tag(dialect.tag, dialect.tag_description))
                .chain([tag("Probes", "For machines that look after this one; no token")])
                .collect::<Vec<_>>(),
        ))
        .paths(paths)
        .components(Some(components.build()))
        .build()
}

fn tag(name: &str, description: &str) -> utoipa::openapi::Tag {
    TagBuilder::new().name(name).description(Some(description)).build()
}

/// Adds an operation at a path of its dialect. `suffixes` are those of the operation's ids at other paths.
fn add(
    paths: &mut Paths,
    dialect: &Dialect<'_>,
    operation: &TaskOperation,
    path: &PathTemplate,
    suffixes: &mut HashSet<String>,
) {
    let with_user = path.user_position().is_some();
    let mut suffix = if with_user { "OfUser".to_owned() } else { String::new() };
    while !suffixes.insert(suffix.clone()) {
        suffix.push_str("Also");
    }
    let mut errors = common_errors();
    errors.extend(with_user.then_some(ApiError::UserMismatch));
    errors.extend(operation.errors.iter().cloned());

    let mut built = OperationBuilder::new()
        .tag(dialect.tag)
        .operation_id(Some(format!("{}{suffix}{}", operation.name, dialect.suffix)))
        .summary(Some(operation.summary))
        .security(SecurityRequirement::new("bearer", Vec::<String>::new()))
        .response(operation.success.status.to_string(), success(&operation.success));
    if !operation.description.is_empty() {
        built = built.description(Some(operation.description));
    }
    if with_user {
        let schema = ObjectBuilder::new().schema_type(Type::String).min_length(Some(1)).max_length(Some(255));
        let user = ParameterBuilder::new()
            .name("user_id")
            .parameter_in(ParameterIn::Path)
            .required(Required::True)
            .description(Some("The caller's own id"))
            .schema(Some(schema))
            .example(Some(json!("me")));
        built = built.parameter(user);
    }
    for parameter in &operation.parameters {
        built = built.parameter(parameter.clone());
    }
    if let Some((schema, required, example)) = &operation.body {
        let content =
            ContentBuilder::new().schema(Some(schema.clone())).example(Some(example.clone())).build();
        let required = if *required { Required::True } else { Required::False };
        built = built.request_body(Some(
            RequestBodyBuilder::new().content(JSON, content).required(Some(required)).build(),
        ));
    }
    for (status, response) in failures(dialect, &errors) {
        built = built.response(status, response);
    }
    let path = format!("{}{}", path.as_path(), operation.path);
    paths.add_path_operation(path, vec![operation.method.clone()], built.build());
}

fn success(success: &Success) -> Response {
    let mut response = ResponseBuilder::new().description(success.description);
    if let Some((schema, example)) = &success.body {
        let content = ContentBuilder::new().schema(Some(schema.clone())).example(Some(example.clone()));
        response = response.content(JSON, content.build());
    }
    if success.has_location {
        response = response.header("Location", header("Where the task is"));
    }
    response.build()
}

/// A response for each status, with an example for each error that has it. The dialect's own catcher renders the examples.
fn failures(dialect: &Dialect<'_>, errors: &[ApiError]) -> Vec<(String, Response)> {
    let mut bodies: BTreeMap<u16, Vec<(String, Value)>> = BTreeMap::new();
    for error in errors {
        let (status, body) = dialect.render(error);
        bodies.entry(status.code).or_default().push((error.message().into_owned(), body));
    }
    bodies
        .into_iter()
        .map(|(status, bodies)| (status.to_string(), failure(dialect, status, bodies)))
        .collect()
}

fn failure(dialect: &Dialect<'_>, status: u16, bodies: Vec<(String, Value)>) -> Response {
    let examples = bodies
        .into_iter()
        .map(|(message, body)| (message, RefOr::T(ExampleBuilder::new().value(Some(body)).build())));
    let content = ContentBuilder::new().schema(Some(dialect.error())).examples_from_iter(examples).build();
    let response =
        ResponseBuilder::new().description(Status::new(status).reason_lossy()).content(JSON, content);
    let challenge = "`Bearer`, with `error=\"invalid_token\"` where a token was sent";
    match status {
        401 => response.header("WWW-Authenticate", header(challenge)).build(),
        503 => response.header("Retry-After", header("Seconds after which to try again")).build(),
        _ => response.build(),
    }
}

fn header(description: &str) -> utoipa::openapi::Header {
    let schema = ObjectBuilder::new().schema_type(Type::String);
    HeaderBuilder::new().schema(Some(schema)).description(Some(description)).build()
}

fn probes(paths: &mut Paths) {
    let probe = |name: &str, summary: &str, answers: &[(&str, &str, Value)]| {
        let schema = ObjectBuilder::new()
            .property("status", ObjectBuilder::new().schema_type(Type::String))
            .required("status")
            .property("database", ObjectBuilder::new().schema_type(Type::String))
            .property("version", ObjectBuilder::new().schema_type(Type::String))
            .property("commit", ObjectBuilder::new().schema_type(Type::String))
            .build();
        answers.iter().fold(
            OperationBuilder::new().tag("Probes").operation_id(Some(name)).summary(Some(summary)),
            |operation, (status, description, example)| {
                let content =
                    ContentBuilder::new().schema(Some(schema.clone())).example(Some(example.clone()));
                let response =
                    ResponseBuilder::new().description(*description).content(JSON, content.build());
                operation.response(*status, response.build())
            },
        )
    };
    let version = env!("CARGO_PKG_VERSION");
    let text = ContentBuilder::new()
        .schema(Some(ObjectBuilder::new().schema_type(Type::String)))
        .example(Some(json!(
            "todo_http_requests_total{method=\"GET\",route=\"/api/tasks\",status=\"200\"} 1\n"
        )))
        .build();
    let metrics = OperationBuilder::new()
        .tag("Probes")
        .operation_id(Some("metrics"))
        .summary(Some("What there is to count, for Prometheus"))
        .response(
            "200",
            ResponseBuilder::new().description("Its text format").content("text/plain", text).build(),
        )
        .build();
    paths.add_path_operation("/metrics", vec![HttpMethod::Get], metrics);
    for (path, operation) in [
        (
            "/health",
            probe(
                "health",
                "Whether the process runs, and which",
                &[("200", "It does", json!({ "status": "ok", "version": version }))],
            ),
        ),
        (
            "/livez",
            probe("livez", "Whether the process runs", &[("200", "It does", json!({ "status": "ok" }))]),
        ),
        (
            "/readyz",
            probe(
                "readyz",
                "Whether requests should be sent here",
                &[
                    ("200", "They should", json!({ "status": "ready", "database": "available" })),
                    (
                        "503",
                        "The server has not reached its database yet, or it is shutting down",
                        json!({ "status": "not ready", "database": "unavailable" }),
                    ),
                ],
            ),
        ),
    ] {
        paths.add_path_operation(path, vec![HttpMethod::Get], operation.build());
    }
}
