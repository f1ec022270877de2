//! OpenAPI document of the issuer's routes.

mod fields;
mod login;
mod operations;
mod template;

use std::collections::BTreeMap;

use serde_json::{Value, json};
use utoipa::openapi::example::ExampleBuilder;
use utoipa::openapi::path::{OperationBuilder, ParameterBuilder, ParameterIn};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::response::ResponseBuilder;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::tag::TagBuilder;
use utoipa::openapi::{ContentBuilder, OpenApi, Ref, RefOr, Required, Response, Schema};
use utoipa::{PartialSchema, ToSchema};

use operations::AuthOperation;

use super::error::{AuthError, AuthErrorBody};
use super::input::NUL_MESSAGE;
use crate::config::IssuerConfig;
use crate::error::ApiError;

use super::response_bodies::{
    ApiToken, SessionAndUser, SignInResponse, SignUpResponse, StatusResponse, SuccessResponse,
};
use super::store::{Account, Session, User};

const TAG: &str = "Authentication";
const JSON: &str = "application/json";

/// Adds the operations and schemas of the issuer to a document.
pub fn add_operations(document: &mut OpenApi, settings: &IssuerConfig) {
    let tag = TagBuilder::new().name(TAG).description(Some(
        "Sign-up, sign-in and sessions: Better Auth's protocol, and login routes. Browsers hold the session in a cookie.",
    ));
    document.tags.get_or_insert_default().push(tag.build());
    let components = document.components.get_or_insert_default();
    let schemas: [(_, RefOr<Schema>); 10] = [
        (User::name(), User::schema()),
        (Session::name(), Session::schema()),
        (Account::name(), Account::schema()),
        (AuthErrorBody::name(), AuthErrorBody::schema()),
        (SignUpResponse::name(), SignUpResponse::schema()),
        (SignInResponse::name(), SignInResponse::schema()),
        (SessionAndUser::name(), SessionAndUser::schema()),
        (ApiToken::name(), ApiToken::schema()),
        (StatusResponse::name(), StatusResponse::schema()),
        (SuccessResponse::name(), SuccessResponse::schema()),
    ];
    components.schemas.extend([template::login_component(settings)]);
    components.schemas.extend(schemas.map(|(name, schema)| (name.into_owned(), schema)));
    let session = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some(
            "Session token, for clients without cookies. Browsers send the session cookie instead.",
        ))
        .build();
    components.add_security_scheme("session", SecurityScheme::Http(session));
    for operation in operations::better_auth(settings).into_iter().chain(login::operations(settings)) {
        add_operation(document, operation);
    }
}

fn add_operation(document: &mut OpenApi, operation: AuthOperation) {
    let mut built = OperationBuilder::new()
        .tag(TAG)
        .operation_id(Some(operation.name))
        .summary(Some(operation.summary))
        .response(operation.status, success_response(operation.response));
    // An empty requirement marks a public operation.
    built = built.security(if operation.needs_session {
        SecurityRequirement::new("session", Vec::<String>::new())
    } else {
        SecurityRequirement::default()
    });
    if operation.path.contains("{token}") {
        built = built.parameter(parameter(
            "token",
            ParameterIn::Path,
            "Token from the mailed link",
            "5QMevwekhEagdmQVHPDzSuwo",
        ));
        let page = "Page of the frontend to redirect to";
        built = built.parameter(parameter("callbackURL", ParameterIn::Query, page, "/reset-password"));
    }
    let mut errors = operation.errors;
    if let Some((schema, example)) = operation.body {
        errors.extend(body_errors());
        let content = ContentBuilder::new().schema(Some(schema)).example(Some(example)).build();
        let body = RequestBodyBuilder::new().content(JSON, content).required(Some(Required::True));
        built = built.request_body(Some(body.build()));
    }
    errors.extend(operation.needs_session.then_some(AuthError::Unauthorized));
    errors.push(AuthError::Validation(format!("[query] {NUL_MESSAGE}")));
    errors.push(AuthError::TooManyRequests(3));
    errors.push(ApiError::Internal(String::new()).into());
    errors.push(ApiError::Unavailable(String::new()).into());
    for (status, response) in error_responses(&errors, operation.is_login) {
        built = built.response(status, response);
    }
    document.paths.add_path_operation(operation.path, vec![operation.method], built.build());
}

/// Errors of every operation with a body.
fn body_errors() -> [AuthError; 4] {
    [
        AuthError::InvalidJson,
        AuthError::UnsupportedMediaType("text/plain".to_owned(), JSON),
        ApiError::RequestTimeout.into(),
        ApiError::PayloadTooLarge.into(),
    ]
}

fn parameter(
    name: &str,
    location: ParameterIn,
    description: &str,
    example: &str,
) -> utoipa::openapi::path::Parameter {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(location)
        .required(Required::True)
        .description(Some(description))
        .schema(Some(fields::some_text()))
        .example(Some(json!(example)))
        .build()
}

fn success_response(body: Option<(RefOr<Schema>, Value)>) -> Response {
    let Some((schema, example)) = body else {
        return ResponseBuilder::new().description("Redirect to that page").build();
    };
    let content = ContentBuilder::new().schema(Some(schema)).example(Some(example)).build();
    ResponseBuilder::new().description("Success").content(JSON, content).build()
}

/// One response per status, with an example for each error. The examples are the bodies that the catcher sends.
fn error_responses(errors: &[AuthError], is_login: bool) -> Vec<(String, Response)> {
    let mut bodies: BTreeMap<u16, Vec<(String, Value)>> = BTreeMap::new();
    for error in errors {
        let body = json!(if is_login { error.login_body() } else { error.body() });
        let message = body.get("message").and_then(Value::as_str).unwrap_or_default().to_owned();
        bodies.entry(error.status().code).or_default().push((message, body));
    }
    let response = |bodies: Vec<(String, Value)>| {
        let examples = bodies
            .into_iter()
            .map(|(message, body)| (message, RefOr::T(ExampleBuilder::new().value(Some(body)).build())));
        let schema = Ref::from_schema_name(AuthErrorBody::name());
        let content = ContentBuilder::new().schema(Some(schema)).examples_from_iter(examples).build();
        ResponseBuilder::new().description("Error").content(JSON, content).build()
    };
    bodies.into_iter().map(|(status, bodies)| (status.to_string(), response(bodies))).collect()
}
