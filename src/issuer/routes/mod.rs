//! Routes of `/api/auth`, by subject.

mod account;
mod login_paths;
mod reset;
mod session;
mod sign_in;

use rocket::http::uri;
use rocket::{Route, get, routes};
use serde_json::json;

pub(super) use reset::ResetPolicy;

use super::protection::ProtectedRoutes;
use super::rate_limit::RateLimitGroup;
use super::response::AuthResponse;
use crate::config::IssuerConfig;

/// The base of Better Auth's routes.
pub(super) const BETTER_AUTH: &str = "/api/auth";

/// All routes with their complete paths.
pub(super) fn all(settings: &IssuerConfig) -> Result<Vec<Route>, uri::Error<'static>> {
    let status = vec![ProtectedRoutes::new(RateLimitGroup::General, routes![ok])];
    let sign_in = sign_in::routes(settings.email_login);
    let better_auth = [status, sign_in, session::routes(), account::routes(), reset::routes()];
    let better_auth = better_auth.into_iter().flatten().map(|it| it.at(BETTER_AUTH));
    let all = better_auth.chain(login_paths::routes(&settings.login_paths)?.into_iter().map(Ok));
    let all: Vec<ProtectedRoutes> = all.collect::<Result<_, _>>()?;
    Ok(all.into_iter().flat_map(ProtectedRoutes::into_routes).collect())
}

#[get("/ok")]
fn ok() -> AuthResponse {
    AuthResponse::json(&json!({ "ok": true }))
}
