//! What was behind a request that failed.

use rocket::http::Status;
use rocket::request::Request;

use super::methods::allowed;
use super::task_id::NOT_A_TASK_ID;
use crate::problem::Problem;

/// The problem behind a failed request: the noted one, or what the status that Rocket itself gave must mean.
#[must_use]
pub fn behind(status: Status, request: &Request<'_>) -> Problem {
    match (Problem::noted(request), status.code) {
        (Some(problem), _) => problem.clone(),
        (None, 400) => unreadable(request),
        (None, 404) => Problem::NoRoute,
        // The only parameter of any path that can fail.
        (None, 422) => Problem::Invalid(vec![NOT_A_TASK_ID]),
        (None, 500) => Problem::Internal("a handler panicked".to_owned()),
        (None, code) => Problem::Internal(format!("nobody said why this is {code}")),
    }
}

/// Rocket gives up on requests of methods that it does not know, and on those without a path, whose path it then makes `/`.
fn unreadable(request: &Request<'_>) -> Problem {
    if request.uri().path() == "/" {
        return Problem::Malformed;
    }
    allowed(request).map_or(Problem::NoRoute, Problem::MethodNotAllowed)
}
