//! Error responses in Better Auth's format.

use rocket::http::Status;
use rocket::request::Request;
use rocket::{Catcher, catch, catchers};

use super::error::AuthError;
use crate::fairings::{ErrorResponse, respond_with_error};
use crate::request::error_for;

pub(super) fn catchers() -> Vec<Catcher> {
    catchers![error_response]
}

#[catch(default)]
async fn error_response<'r>(status: Status, request: &'r Request<'_>) -> ErrorResponse<'r> {
    let error = error_for(status, request);
    let error = AuthError::recorded(request).cloned().unwrap_or_else(|| error.into());
    respond_with_error(request, error.status(), &error.body(), |response| error.add_headers(response)).await
}
