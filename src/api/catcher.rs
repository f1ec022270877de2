//! The bare dialect's words for what went wrong.

use std::borrow::Cow;

use rocket::http::Status;
use rocket::request::Request;
use rocket::{Catcher, catch, catchers};
use serde::Serialize;
use utoipa::ToSchema;

use crate::fairings::{Failure, fail};
use crate::problem::{Invalid, Problem};
use crate::request::behind;

pub(super) fn catchers() -> Vec<Catcher> {
    catchers![problem]
}

/// `{detail, error_code}`, and for a 422 what is wrong with which field.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Error)]
pub(crate) struct ErrorBody {
    /// One readable sentence.
    detail: Cow<'static, str>,
    /// For programs.
    error_code: &'static str,
    /// With 422 only: everything that is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    errors: Option<Vec<Invalid>>,
}

#[catch(default)]
async fn problem<'r>(status: Status, request: &'r Request<'_>) -> Failure<'r> {
    let problem = behind(status, request);
    let (status, body) = words(&problem);
    fail(request, status, &body, |response| problem.add_headers(response)).await
}

/// A problem in the words of this dialect.
pub(crate) fn words(problem: &Problem) -> (Status, ErrorBody) {
    let errors = match problem {
        Problem::Invalid(fields) => Some(fields.clone()),
        _ => None,
    };
    (problem.status(), ErrorBody { detail: problem.message(), error_code: code(problem), errors })
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
