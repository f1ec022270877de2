//! The issuer's part of the OpenAPI document.

mod fields;
mod operations;

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

use operations::Operation;

use super::input::NUL;
use super::refusal::{Refusal, RefusalBody};
use crate::error::ApiError;

use super::tables::{Account, Session, User};
use super::views::{ApiToken, Done, LoggedIn, SessionAndUser, SignedInView, Succeeded, TokenAndUser};

const TAG: &str = "Sign up and in";
const JSON: &str = "application/json";

/// Adds what `/api/auth` can do to a document.
pub fn describe(document: &mut OpenApi) {
    let tag = TagBuilder::new().name(TAG).description(Some(
        "As Better Auth's client does it, and by plain login forms. In a browser the session is a cookie.",
    ));
    document.tags.get_or_insert_default().push(tag.build());
    let components = document.components.get_or_insert_default();
    let schemas: [(_, RefOr<Schema>); 11] = [
        (User::name(), User::schema()),
        (Session::name(), Session::schema()),
        (Account::name(), Account::schema()),
        (RefusalBody::name(), RefusalBody::schema()),
        (TokenAndUser::name(), TokenAndUser::schema()),
        (SignedInView::name(), SignedInView::schema()),
        (SessionAndUser::name(), SessionAndUser::schema()),
        (ApiToken::name(), ApiToken::schema()),
        (LoggedIn::name(), LoggedIn::schema()),
        (Done::name(), Done::schema()),
        (Succeeded::name(), Succeeded::schema()),
    ];
    components.schemas.extend(schemas.map(|(name, schema)| (name.into_owned(), schema)));
    let session = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some(
            "A session's token, for clients without cookies: in a browser the cookie does the same.",
        ))
        .build();
    components.add_security_scheme("session", SecurityScheme::Http(session));
    for operation in operations::all() {
        add(document, operation);
    }
}

fn add(document: &mut OpenApi, operation: Operation) {
    let mut built = OperationBuilder::new()
        .tag(TAG)
        .operation_id(Some(operation.name))
        .summary(Some(operation.summary))
        .response(operation.status, answer(operation.answer));
    // The empty one is none.
    built = built.security(if operation.needs_session {
        SecurityRequirement::new("session", Vec::<String>::new())
    } else {
        SecurityRequirement::default()
    });
    if operation.path.contains("{token}") {
        built = built.parameter(parameter(
            "token",
            ParameterIn::Path,
            "What the mail's link has",
            "5QMevwekhEagdmQVHPDzSuwo",
        ));
        let page = "The page to go on to";
        built = built.parameter(parameter("callbackURL", ParameterIn::Query, page, "/reset-password"));
    }
    let mut refusals = operation.refusals;
    if let Some((schema, example)) = operation.body {
        refusals.extend(of_any_body());
        let content = ContentBuilder::new().schema(Some(schema)).example(Some(example)).build();
        let body = RequestBodyBuilder::new().content(JSON, content).required(Some(Required::True));
        built = built.request_body(Some(body.build()));
    }
    refusals.extend(operation.needs_session.then_some(Refusal::Unauthorized));
    refusals.push(Refusal::Validation(format!("[query] {NUL}")));
    refusals.push(Refusal::TooManyRequests(3));
    refusals.push(ApiError::Internal(String::new()).into());
    refusals.push(ApiError::Unavailable(String::new()).into());
    for (status, response) in refused(&refusals) {
        built = built.response(status, response);
    }
    let path = format!("/api/auth{}", operation.path);
    document.paths.add_path_operation(path, vec![operation.method], built.build());
}

/// What can be wrong with any body.
fn of_any_body() -> [Refusal; 4] {
    [
        Refusal::NotJson,
        Refusal::MediaType("text/plain".to_owned(), JSON),
        ApiError::RequestTimeout.into(),
        ApiError::PayloadTooLarge.into(),
    ]
}

fn parameter(name: &str, place: ParameterIn, about: &str, example: &str) -> utoipa::openapi::path::Parameter {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(place)
        .required(Required::True)
        .description(Some(about))
        .schema(Some(fields::some_text()))
        .example(Some(json!(example)))
        .build()
}

fn answer(body: Option<(RefOr<Schema>, Value)>) -> Response {
    let Some((schema, example)) = body else {
        return ResponseBuilder::new().description("On to that page").build();
    };
    let content = ContentBuilder::new().schema(Some(schema)).example(Some(example)).build();
    ResponseBuilder::new().description("It is done").content(JSON, content).build()
}

/// One response a status, with an example for each refusal, in the catcher's own words.
fn refused(refusals: &[Refusal]) -> Vec<(String, Response)> {
    let mut bodies: BTreeMap<u16, Vec<(String, Value)>> = BTreeMap::new();
    for refusal in refusals {
        let body = json!(refusal.body());
        let message = body.get("message").and_then(Value::as_str).unwrap_or_default().to_owned();
        bodies.entry(refusal.status().code).or_default().push((message, body));
    }
    let response = |bodies: Vec<(String, Value)>| {
        let examples = bodies
            .into_iter()
            .map(|(message, body)| (message, RefOr::T(ExampleBuilder::new().value(Some(body)).build())));
        let schema = Ref::from_schema_name(RefusalBody::name());
        let content = ContentBuilder::new().schema(Some(schema)).examples_from_iter(examples).build();
        ResponseBuilder::new().description("It is not, and why").content(JSON, content).build()
    };
    bodies.into_iter().map(|(status, bodies)| (status.to_string(), response(bodies))).collect()
}
