//! The bare dialect's words for what went wrong.

use std::borrow::Cow;

use rocket::http::Status;
use rocket::request::Request;
use rocket::{Catcher, catch, catchers};
use serde::Serialize;
use utoipa::ToSchema;

use crate::error::ApiError;
use crate::fairings::{ErrorResponse, respond_with_error};
use crate::request::error_for;
use crate::task::FieldError;

pub(super) fn catchers() -> Vec<Catcher> {
    catchers![error]
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
    errors: Option<Vec<FieldError>>,
}

#[catch(default)]
async fn error<'r>(status: Status, request: &'r Request<'_>) -> ErrorResponse<'r> {
    let problem = error_for(status, request);
    let (status, body) = render(&problem);
    respond_with_error(request, status, &body, |response| problem.add_headers(response)).await
}

/// A problem in the words of this dialect.
pub(crate) fn render(problem: &ApiError) -> (Status, ErrorBody) {
    let errors = match problem {
        ApiError::Validation(fields) => Some(fields.clone()),
        _ => None,
    };
    (problem.status(), ErrorBody { detail: problem.message(), error_code: code(problem), errors })
}

fn code(problem: &ApiError) -> &'static str {
    match problem {
        ApiError::MalformedRequest | ApiError::InvalidJson(_) | ApiError::InvalidQuery(_) => "BAD_REQUEST",
        ApiError::Unauthenticated(_) => "AUTHENTICATION_REQUIRED",
        ApiError::UserMismatch | ApiError::NotOwner | ApiError::OriginNotAllowed => "FORBIDDEN",
        ApiError::RouteNotFound | ApiError::TaskNotFound => "RESOURCE_NOT_FOUND",
        ApiError::MethodNotAllowed(_) => "METHOD_NOT_ALLOWED",
        ApiError::RequestTimeout => "REQUEST_TIMEOUT",
        ApiError::PayloadTooLarge => "PAYLOAD_TOO_LARGE",
        ApiError::Validation(_) => "VALIDATION_ERROR",
        ApiError::Internal(_) => "INTERNAL_ERROR",
        ApiError::Unavailable(_) => "SERVICE_UNAVAILABLE",
    }
}
