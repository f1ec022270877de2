//! The bare dialect's words for what went wrong.

use rocket::http::Status;
use rocket::request::Request;
use rocket::{Catcher, catch, catchers};
use serde::Serialize;

use crate::fairings::{Failure, fail};
use crate::problem::{Invalid, Problem};

pub(super) fn catchers() -> Vec<Catcher> {
    catchers![problem]
}

#[derive(Serialize)]
struct ErrorBody<'a> {
    detail: &'a str,
    error_code: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    errors: Option<&'a [Invalid]>,
}

#[catch(default)]
async fn problem<'r>(status: Status, request: &'r Request<'_>) -> Failure<'r> {
    let problem = Problem::behind(status, request);
    let errors = match &problem {
        Problem::Invalid(fields) => Some(fields.as_slice()),
        _ => None,
    };
    let body = ErrorBody { detail: &problem.message(), error_code: code(&problem), errors };
    fail(request, &problem, problem.status(), &body).await
}

fn code(problem: &Problem) -> &'static str {
    match problem {
        Problem::Malformed | Problem::NotJson(_) | Problem::BadQuery(_) => "BAD_REQUEST",
        Problem::Unauthenticated(_) => "AUTHENTICATION_REQUIRED",
        Problem::NotTheCaller | Problem::NotTheOwner | Problem::ForeignOrigin => "FORBIDDEN",
        Problem::NoRoute | Problem::NoTask => "RESOURCE_NOT_FOUND",
        Problem::MethodNotAllowed(_) => "METHOD_NOT_ALLOWED",
        Problem::TooSlow => "REQUEST_TIMEOUT",
        Problem::TooLarge => "PAYLOAD_TOO_LARGE",
        Problem::Invalid(_) => "VALIDATION_ERROR",
        Problem::Internal(_) => "INTERNAL_ERROR",
        Problem::Unavailable(_) => "SERVICE_UNAVAILABLE",
    }
}
