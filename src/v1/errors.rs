//! Error responses of the enveloped dialect.

use std::borrow::Cow;

use rocket::http::Status;
use rocket::request::Request;
use rocket::{Catcher, catch, catchers};
use serde::Serialize;
use utoipa::ToSchema;

use super::response::null_schema;
use crate::error::{ApiError, TokenError};
use crate::fairings::{ErrorResponse, respond_with_error};
use crate::request::error_for;

pub(super) fn catchers() -> Vec<Catcher> {
    catchers![error_response]
}

/// `{"data": null, "error": {"message": …, "code": …}}`.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ErrorEnvelope {
    /// Always null.
    #[schema(schema_with = null_schema)]
    data: (),
    #[schema(inline)]
    error: ErrorBody,
}

#[derive(Debug, Serialize, ToSchema)]
struct ErrorBody {
    /// One readable sentence.
    message: Cow<'static, str>,
    /// The code for programs.
    code: &'static str,
}

#[catch(default)]
async fn error_response<'r>(status: Status, request: &'r Request<'_>) -> ErrorResponse<'r> {
    let error = error_for(status, request);
    let (status, body) = render(&error);
    respond_with_error(request, status, &body, |response| error.add_headers(response)).await
}

/// Renders an error in this dialect.
pub(crate) fn render(error: &ApiError) -> (Status, ErrorEnvelope) {
    let status = match error {
        ApiError::Validation(_) => Status::BadRequest,
        other => other.status(),
    };
    let body = ErrorBody { message: error.message(), code: code(error) };
    (status, ErrorEnvelope { data: (), error: body })
}

fn code(error: &ApiError) -> &'static str {
    match error {
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
