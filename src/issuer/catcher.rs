//! What went wrong, said as Better Auth says it.

use rocket::http::Status;
use rocket::request::Request;
use rocket::{Catcher, catch, catchers};

use super::refusal::Refusal;
use crate::fairings::{ErrorResponse, respond_with_error};
use crate::request::error_for;

pub(super) fn catchers() -> Vec<Catcher> {
    catchers![refusal]
}

#[catch(default)]
async fn refusal<'r>(status: Status, request: &'r Request<'_>) -> ErrorResponse<'r> {
    let problem = error_for(status, request);
    let refusal = Refusal::recorded(request).cloned().unwrap_or_else(|| problem.into());
    respond_with_error(request, refusal.status(), &refusal.body(), |response| refusal.add_headers(response))
        .await
}
