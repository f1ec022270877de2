//! What was behind a request that failed.

use rocket::http::Status;
use rocket::request::Request;

use super::method_fallback::allowed_methods;
use super::task_id::NOT_A_TASK_ID;
use crate::error::ApiError;

/// The problem behind a failed request: the noted one, or what the status that Rocket itself gave must mean.
#[must_use]
pub fn error_for(status: Status, request: &Request<'_>) -> ApiError {
    match (ApiError::recorded(request), status.code) {
        (Some(problem), _) => problem.clone(),
        (None, 400) => error_for_bad_request(request),
        (None, 404) => ApiError::RouteNotFound,
        // The only parameter of any path that can fail.
        (None, 422) => ApiError::Validation(vec![NOT_A_TASK_ID]),
        (None, 500) => ApiError::Internal("a handler panicked".to_owned()),
        (None, code) => ApiError::Internal(format!("nobody said why this is {code}")),
    }
}

/// Rocket gives up on requests of methods that it does not know, and on those without a path, whose path it then makes `/`.
fn error_for_bad_request(request: &Request<'_>) -> ApiError {
    if request.uri().path() == "/" {
        return ApiError::MalformedRequest;
    }
    allowed_methods(request).map_or(ApiError::RouteNotFound, ApiError::MethodNotAllowed)
}
