//! Routes of `/api/auth`, by subject.

mod account;
mod login;
mod reset;
mod session;
mod sign_in;

use rocket::{Route, get, routes};
use serde_json::json;

pub(super) use reset::ResetPolicy;

use super::protection::ProtectedRoutes;
use super::rate_limit::RateLimitGroup;
use super::response::AuthResponse;

pub(super) fn all() -> Vec<Route> {
    let status = vec![ProtectedRoutes::new(RateLimitGroup::General, routes![ok])];
    [status, sign_in::routes(), session::routes(), account::routes(), reset::routes(), login::routes()]
        .into_iter()
        .flatten()
        .flat_map(ProtectedRoutes::into_routes)
        .collect()
}

#[get("/ok")]
fn ok() -> AuthResponse {
    AuthResponse::json(&json!({ "ok": true }))
}
