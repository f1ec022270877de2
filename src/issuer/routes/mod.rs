//! The routes, by what they are about.

mod account;
mod login;
mod reset;
mod session;
mod sign_in;

use rocket::{Route, get, routes};
use serde_json::json;

pub(super) use reset::ResetPolicy;

use super::protection::GatedRoutes;
use super::rate_limit::Kind;
use super::response::AuthResponse;

pub(super) fn all() -> Vec<Route> {
    let own = vec![GatedRoutes::new(Kind::Other, routes![ok])];
    [own, sign_in::routes(), session::routes(), account::routes(), reset::routes(), login::routes()]
        .into_iter()
        .flatten()
        .flat_map(GatedRoutes::into_routes)
        .collect()
}

#[get("/ok")]
fn ok() -> AuthResponse {
    AuthResponse::json(&json!({ "ok": true }))
}
