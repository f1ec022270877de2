//! Error responses in Better Auth's format.

use rocket::http::Status;
use rocket::request::Request;
use rocket::{Catcher, catch, catchers};

use super::error::AuthError;
use crate::api::errors::render;
use crate::fairings::{ErrorResponse, respond_with_error};
use crate::request::error_for;

pub(super) fn catchers() -> Vec<Catcher> {
    catchers![error_response]
}

#[catch(default)]
async fn error_response<'r>(status: Status, request: &'r Request<'_>) -> ErrorResponse<'r> {
    let problem = error_for(status, request);
    // `/api/auth/tasks` is the task list of a user with the id `auth`. Its errors have the bare dialect's format.
    if request.uri().path().segments().get(2) == Some("tasks") {
        let (status, body) = render(&problem);
        return respond_with_error(request, status, &body, |response| problem.add_headers(response)).await;
    }
    let error = AuthError::recorded(request).cloned().unwrap_or_else(|| problem.into());
    respond_with_error(request, error.status(), &error.body(), |response| error.add_headers(response)).await
}
