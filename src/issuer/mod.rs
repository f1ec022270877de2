//! Embedded issuer: `/api/auth` implements Better Auth's protocol on Better Auth's tables. Login routes (`issuer.login_paths`) serve frontends
//! without Better Auth's client.
//!
//! It replaces a Better Auth server, or shares the database with one. Only `lib.rs` depends on this module. Its tokens reach the API as those of
//! any other issuer do, and [`AuthUser`](crate::auth::AuthUser) verifies them.
//!
//! `AuthStore`, `AuthError` and `AuthResponse` have their names from the path `/api/auth`.

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
mod response_bodies;
mod routes;
mod session_guard;
mod signing_keys;
pub mod store;
mod token_issuer;
mod username;

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
pub fn stage(config: &Config) -> AdHoc {
    let config = config.clone();
    AdHoc::try_on_ignite("Issuer", |rocket| async move {
        if !config.issuer.enabled {
            return Ok(rocket);
        }
        let login_paths = &config.issuer.login_paths;
        let routes = match routes::all(&config.issuer) {
            Ok(routes) => routes,
            Err(error) => {
                tracing::error!(%error, "cannot mount the login routes");
                return Err(rocket);
            }
        };
        let (Some(secret), Some(store)) = (&config.auth.secret, Store::fetch(&rocket).cloned()) else {
            tracing::error!("the issuer needs auth.secret and the database");
            return Err(rocket);
        };
        Ok(mount(attach(rocket, &config, secret, store), routes, login_paths))
    })
}

fn attach(rocket: Rocket<Build>, config: &Config, secret: &Secret, store: Store) -> Rocket<Build> {
    let issuer = &config.issuer;
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
        .manage(request_context::TrustPolicy::new(config))
        .manage(cookie_signer::CookieSigner::new(secret))
        .manage(limiter)
        .manage(password_hasher::PasswordHasher::new(queue))
        .manage(token_issuer::TokenIssuer::new(secret, keys, issuer, &config.auth))
        .manage(mail::Mailer::new(issuer))
        .manage(login_response::LoginResponses::new(config))
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
