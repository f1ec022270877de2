//! The enveloped dialect's words for what went wrong.

use std::borrow::Cow;

use rocket::http::Status;
use rocket::request::Request;
use rocket::{Catcher, catch, catchers};
use serde::Serialize;
use utoipa::ToSchema;

use super::envelope::null;
use crate::fairings::{Failure, fail};
use crate::problem::{Problem, TokenProblem};
use crate::request::behind;

pub(super) fn catchers() -> Vec<Catcher> {
    catchers![problem]
}

/// `{"data": null, "error": {"message": …, "code": …}}`.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ErrorEnvelope {
    /// Always null.
    #[schema(schema_with = null)]
    data: (),
    #[schema(inline)]
    error: ErrorBody,
}

#[derive(Debug, Serialize, ToSchema)]
struct ErrorBody {
    /// One readable sentence.
    message: Cow<'static, str>,
    /// For programs.
    code: &'static str,
}

#[catch(default)]
async fn problem<'r>(status: Status, request: &'r Request<'_>) -> Failure<'r> {
    let problem = behind(status, request);
    let (status, body) = words(&problem);
    fail(request, status, &body, |response| problem.add_headers(response)).await
}

/// A problem in the words of this dialect.
pub(crate) fn words(problem: &Problem) -> (Status, ErrorEnvelope) {
    let status = match problem {
        Problem::Invalid(_) => Status::BadRequest,
        other => other.status(),
    };
    let error = ErrorBody { message: problem.message(), code: code(problem) };
    (status, ErrorEnvelope { data: (), error })
}

fn code(problem: &Problem) -> &'static str {
    match problem {
        Problem::Malformed | Problem::NotJson(_) | Problem::BadQuery(_) => "BAD_REQUEST",
        Problem::Unauthenticated(TokenProblem::Missing) => "MISSING_TOKEN",
        Problem::Unauthenticated(TokenProblem::Expired) => "TOKEN_EXPIRED",
        Problem::Unauthenticated(TokenProblem::Signature) => "INVALID_SIGNATURE",
        Problem::Unauthenticated(TokenProblem::Invalid) => "INVALID_TOKEN",
        Problem::NotTheCaller | Problem::NotTheOwner | Problem::ForeignOrigin => "FORBIDDEN",
        Problem::NoRoute | Problem::NoTask => "NOT_FOUND",
        Problem::MethodNotAllowed(_) => "METHOD_NOT_ALLOWED",
        Problem::TooSlow => "REQUEST_TIMEOUT",
        Problem::TooLarge => "PAYLOAD_TOO_LARGE",
        Problem::Invalid(_) => "VALIDATION_ERROR",
        Problem::Internal(_) => "INTERNAL_ERROR",
        Problem::Unavailable(_) => "SERVICE_UNAVAILABLE",
    }
}
