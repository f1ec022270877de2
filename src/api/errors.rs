//! Error responses of the bare dialect.

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
    catchers![error_response]
}

/// The body of an error response.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Error)]
pub(crate) struct ErrorBody {
    /// One readable sentence.
    detail: Cow<'static, str>,
    /// The code for programs.
    error_code: &'static str,
    /// With status 422 only: all invalid fields.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    errors: Option<Vec<FieldError>>,
}

#[catch(default)]
async fn error_response<'r>(status: Status, request: &'r Request<'_>) -> ErrorResponse<'r> {
    let error = error_for(status, request);
    let (status, body) = render(&error);
    respond_with_error(request, status, &body, |response| error.add_headers(response)).await
}

/// Renders an error in this dialect.
pub(crate) fn render(error: &ApiError) -> (Status, ErrorBody) {
    let errors = match error {
        ApiError::Validation(fields) => Some(fields.clone()),
        _ => None,
    };
    (error.status(), ErrorBody { detail: error.message(), error_code: code(error), errors })
}

fn code(error: &ApiError) -> &'static str {
    match error {
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
