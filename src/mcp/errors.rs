//! Error responses of `/mcp`: JSON-RPC errors without an id, because the message was not read.

use rmcp::model::{ErrorCode, ErrorData, JsonRpcError};
use rocket::http::{Header, Status};
use rocket::request::Request;
use rocket::{Catcher, catch, catchers};

use super::metadata::ProtectedResource;
use crate::error::{ApiError, TokenError};
use crate::fairings::{ErrorResponse, respond_with_error};
use crate::request::error_for;

pub(super) fn catchers() -> Vec<Catcher> {
    catchers![error_response]
}

#[catch(default)]
async fn error_response<'r>(status: Status, request: &'r Request<'_>) -> ErrorResponse<'r> {
    let error = error_for(status, request);
    let (status, code) = match &error {
        ApiError::InvalidJson(_) => (Status::BadRequest, ErrorCode::PARSE_ERROR),
        ApiError::Validation(_) => (Status::BadRequest, ErrorCode::INVALID_REQUEST),
        ApiError::Internal(_) | ApiError::Unavailable(_) => (error.status(), ErrorCode::INTERNAL_ERROR),
        other => (other.status(), ErrorCode::INVALID_REQUEST),
    };
    let body = JsonRpcError::new(None, ErrorData::new(code, error.message(), None));
    respond_with_error(request, status, &body, |response| {
        error.add_headers(response);
        if let (ApiError::Unauthenticated(token), Some(resource)) =
            (&error, request.rocket().state::<ProtectedResource>())
        {
            let is_missing = *token == TokenError::Missing;
            response.set_header(Header::new("WWW-Authenticate", resource.challenge(request, is_missing)));
        }
    })
    .await
}

/// The body for an error of the library that has a text only.
pub(super) fn protocol_error(message: String) -> Vec<u8> {
    let error = JsonRpcError::new(None, ErrorData::invalid_request(message, None));
    serde_json::to_vec(&error).unwrap_or_default()
}
