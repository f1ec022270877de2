//! Embedded issuer: `/api/auth` implements Better Auth's protocol on Better Auth's tables. Login routes (`issuer.login_paths`) serve frontends
//! without Better Auth's client.
//!
//! Types named `Auth…` are of this module, except [`AuthUser`](crate::auth::AuthUser) and `AuthConfig`, which concern the
//! tokens of any issuer.
//!
//! It replaces a Better Auth server, or shares the database with one. No other module depends on this module. Its tokens reach the API in the
//! `Authorization` header, as the tokens of any other issuer do.

mod catcher;
mod cleanup;
mod cookie_signer;
mod cookies;
mod cors_headers;
mod csrf;
mod error;
mod hash_queue;
mod ids;
mod input;
mod login_response;
mod mail;
mod openapi;
mod password_auth;
mod password_hasher;
mod protection;
mod rate_limit;
mod request_context;
mod response;
mod routes;
mod session_guard;
mod signing_keys;
pub mod store;
mod token_issuer;
mod username;
mod views;

use std::sync::Arc;

use rocket::fairing::AdHoc;
use rocket::{Build, Rocket, Route};
use rocket_db_pools::Database;

pub use openapi::add_operations;
pub use store::{ISSUER_MIGRATIONS, USERNAME_MIGRATIONS};

use crate::auth::Verifier;
use crate::config::{Config, IssuerAlgorithm, LoginPaths, Secret};
use crate::request::with_options;
use crate::store::Store;

/// Mounts the issuer if `issuer.enabled` is set.
#[must_use]
pub fn stage(settings: &Config) -> AdHoc {
    let settings = settings.clone();
    AdHoc::try_on_ignite("Issuer", |rocket| async move {
        if !settings.issuer.enabled {
            return Ok(rocket);
        }
        let login_paths = &settings.issuer.login_paths;
        let routes = match routes::all(&settings.issuer) {
            Ok(routes) => routes,
            Err(error) => {
                tracing::error!(%error, "cannot mount the login routes");
                return Err(rocket);
            }
        };
        match (&settings.auth.secret, Store::fetch(&rocket).cloned()) {
            (Some(secret), Some(store)) => {
                Ok(mount(attach(rocket, &settings, secret, store), routes, login_paths))
            }
            _ => Err(rocket),
        }
    })
}

fn attach(rocket: Rocket<Build>, settings: &Config, secret: &Secret, store: Store) -> Rocket<Build> {
    let issuer = &settings.issuer;
    let keys = (issuer.alg == IssuerAlgorithm::EdDSA)
        .then(|| signing_keys::SigningKeys::new(store.clone(), secret, issuer));
    if let (Some(keys), Some(verifier)) = (&keys, rocket.state::<Verifier>()) {
        verifier.add_key_source(keys.clone());
    }
    let limiter = Arc::new(rate_limit::RateLimiter::new(issuer.rate_limit));
    let queue = hash_queue::HashQueue::new(issuer.max_concurrent_hashes(), issuer.rate_limit);
    tokio::spawn(limiter.clone().evict_loop());
    tokio::spawn(cleanup::cleanup_loop(store));
    let rocket = if issuer.usernames { rocket.manage(input::AcceptsUsernames) } else { rocket };
    rocket
        .manage(request_context::TrustPolicy::new(settings))
        .manage(cookie_signer::CookieSigner::new(secret))
        .manage(limiter)
        .manage(password_hasher::PasswordHasher::new(queue))
        .manage(token_issuer::TokenIssuer::new(secret, keys, issuer, &settings.auth))
        .manage(mail::Mailer::new(issuer))
        .manage(login_response::LoginResponses::new(settings))
        .manage(issuer.login_paths.clone())
        .manage(routes::ResetPolicy { keep_sessions: issuer.keep_sessions_on_reset })
        .attach(cors_headers::ExposeAuthHeaders)
}

/// Mounts the routes and registers the catchers. All routes are mounted together, because `/api/auth/token` is a path of Better Auth and of
/// the login routes, and has one fallback for `OPTIONS`.
fn mount(rocket: Rocket<Build>, routes: Vec<Route>, login_paths: &LoginPaths) -> Rocket<Build> {
    let rocket = rocket.mount("/", with_options(routes));
    let bases = catcher::paths(login_paths).into_iter();
    bases.fold(rocket, |rocket, base| rocket.register(base, catcher::catchers()))
}
