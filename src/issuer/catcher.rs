//! What went wrong, said as Better Auth says it.

use rocket::http::Status;
use rocket::request::Request;
use rocket::{Catcher, catch, catchers};

use super::refusal::Refusal;
use crate::fairings::{Failure, fail};
use crate::request::behind;

pub(super) fn catchers() -> Vec<Catcher> {
    catchers![refusal]
}

#[catch(default)]
async fn refusal<'r>(status: Status, request: &'r Request<'_>) -> Failure<'r> {
    let problem = behind(status, request);
    let refusal = Refusal::noted(request).cloned().unwrap_or_else(|| problem.into());
    fail(request, refusal.status(), &refusal.body(), |response| refusal.add_headers(response)).await
}
