//! Error responses in Better Auth's format.

use rocket::http::Status;
use rocket::request::Request;
use rocket::{Catcher, catch, catchers};

use super::error::AuthError;
use crate::api::catcher::words;
use crate::fairings::{Failure, fail};
use crate::request::behind;

pub(super) fn catchers() -> Vec<Catcher> {
    catchers![error_response]
}

#[catch(default)]
async fn error_response<'r>(status: Status, request: &'r Request<'_>) -> Failure<'r> {
    let problem = behind(status, request);
    // `/api/auth/tasks` is the task list of a user with the id `auth`. Its errors have the bare dialect's format.
    if request.uri().path().segments().get(2) == Some("tasks") {
        let (status, body) = words(&problem);
        return fail(request, status, &body, |response| problem.add_headers(response)).await;
    }
    let error = AuthError::noted(request).cloned().unwrap_or_else(|| problem.into());
    fail(request, error.status(), &error.body(), |response| error.add_headers(response)).await
}
