//! The enveloped dialect's words for what went wrong.

use std::borrow::Cow;

use rocket::http::Status;
use rocket::request::Request;
use rocket::{Catcher, catch, catchers};
use serde::Serialize;
use utoipa::ToSchema;

use super::response::null;
use crate::error::{ApiError, TokenError};
use crate::fairings::{ErrorResponse, respond_with_error};
use crate::request::error_for;

pub(super) fn catchers() -> Vec<Catcher> {
    catchers![error]
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
async fn error<'r>(status: Status, request: &'r Request<'_>) -> ErrorResponse<'r> {
    let problem = error_for(status, request);
    let (status, body) = render(&problem);
    respond_with_error(request, status, &body, |response| problem.add_headers(response)).await
}

/// A problem in the words of this dialect.
pub(crate) fn render(problem: &ApiError) -> (Status, ErrorEnvelope) {
    let status = match problem {
        ApiError::Validation(_) => Status::BadRequest,
        other => other.status(),
    };
    let error = ErrorBody { message: problem.message(), code: code(problem) };
    (status, ErrorEnvelope { data: (), error })
}

fn code(problem: &ApiError) -> &'static str {
    match problem {
        ApiError::MalformedRequest | ApiError::InvalidJson(_) | ApiError::InvalidQuery(_) => "BAD_REQUEST",
        ApiError::Unauthenticated(TokenError::Missing) => "MISSING_TOKEN",
        ApiError::Unauthenticated(TokenError::Expired) => "TOKEN_EXPIRED",
        ApiError::Unauthenticated(TokenError::Signature) => "INVALID_SIGNATURE",
        ApiError::Unauthenticated(TokenError::Invalid) => "INVALID_TOKEN",
        ApiError::UserMismatch | ApiError::NotOwner | ApiError::OriginNotAllowed => "FORBIDDEN",
        ApiError::RouteNotFound | ApiError::TaskNotFound => "NOT_FOUND",
        ApiError::MethodNotAllowed(_) => "METHOD_NOT_ALLOWED",
        ApiError::RequestTimeout => "REQUEST_TIMEOUT",
        ApiError::PayloadTooLarge => "PAYLOAD_TOO_LARGE",
        ApiError::Validation(_) => "VALIDATION_ERROR",
        ApiError::Internal(_) => "INTERNAL_ERROR",
        ApiError::Unavailable(_) => "SERVICE_UNAVAILABLE",
    }
}
