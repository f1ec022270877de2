//! What went wrong, said as Better Auth says it.

use rocket::http::Status;
use rocket::request::Request;
use rocket::{Catcher, catch, catchers};

use super::error::AuthError;
use crate::api::catcher::words;
use crate::fairings::{Failure, fail};
use crate::request::behind;

pub(super) fn catchers() -> Vec<Catcher> {
    catchers![refusal]
}

#[catch(default)]
async fn refusal<'r>(status: Status, request: &'r Request<'_>) -> Failure<'r> {
    let problem = behind(status, request);
    // `/api/auth/tasks` is the list of a user called `auth`, in the bare dialect.
    if request.uri().path().segments().get(2) == Some("tasks") {
        let (status, body) = words(&problem);
        return fail(request, status, &body, |response| problem.add_headers(response)).await;
    }
    let refusal = AuthError::noted(request).cloned().unwrap_or_else(|| problem.into());
    fail(request, refusal.status(), &refusal.body(), |response| refusal.add_headers(response)).await
}
