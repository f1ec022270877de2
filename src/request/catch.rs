//! The error of a failed request, for the catchers.

use rocket::http::Status;
use rocket::request::Request;

use super::method_fallback::allowed_methods;
use super::origin::check_origin;
use super::task_id::NOT_A_TASK_ID;
use crate::error::ApiError;

/// The recorded error of a request, or the error that Rocket's own status stands for.
#[must_use]
pub fn error_for(status: Status, request: &Request<'_>) -> ApiError {
    match (ApiError::recorded(request), status.code) {
        (Some(error), _) => error.clone(),
        (None, 400) => error_for_bad_request(request),
        (None, 404) => check_origin(request).err().unwrap_or(ApiError::RouteNotFound),
        // No other path parameter can fail.
        (None, 422) => ApiError::Validation(vec![NOT_A_TASK_ID]),
        (None, 500) => ApiError::Internal("a handler panicked".to_owned()),
        (None, code) => ApiError::Internal(format!("status {code} without a recorded error")),
    }
}

/// Rocket responds with 400 to a method that it does not know, and to a request without a path, whose path it then sets to `/`.
fn error_for_bad_request(request: &Request<'_>) -> ApiError {
    if request.uri().path() == "/" {
        return ApiError::MalformedRequest;
    }
    allowed_methods(request).map_or(ApiError::RouteNotFound, ApiError::MethodNotAllowed)
}
