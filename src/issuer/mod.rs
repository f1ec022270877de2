//! `/api/auth`: an issuer that speaks Better Auth's protocol and keeps its tables, for servers without a Better Auth of their
//! own, or beside one.
//!
//! Nothing else depends on this. Its tokens reach the API as everybody's do, by the `Authorization` header.

mod catcher;
mod cookies;
mod credentials;
mod describe;
mod exposed;
mod gate;
mod guard;
mod input;
mod keys;
mod limits;
mod mail;
mod passwords;
mod queue;
mod random;
mod refusal;
mod reply;
mod routes;
mod signature;
mod site;
mod sweep;
pub mod tables;
mod tokens;
mod views;

use std::sync::Arc;

use rocket::fairing::AdHoc;
use rocket::{Build, Rocket};
use rocket_db_pools::Database;

pub use describe::describe;
pub use tables::TABLES;

use crate::auth::Verifier;
use crate::config::{Config, IssuerAlgorithm, Secret};
use crate::request::with_options;
use crate::store::Store;

/// Mounts the issuer, if the settings say so.
#[must_use]
pub fn stage(settings: &Config) -> AdHoc {
    let settings = settings.clone();
    AdHoc::try_on_ignite("Issuer", |rocket| async move {
        if !settings.issuer.enabled {
            return Ok(rocket);
        }
        match (&settings.auth.secret, Store::fetch(&rocket).cloned()) {
            (Some(secret), Some(store)) => Ok(attach(rocket, &settings, secret, store)),
            _ => Err(rocket),
        }
    })
}

fn attach(rocket: Rocket<Build>, settings: &Config, secret: &Secret, store: Store) -> Rocket<Build> {
    let issuer = &settings.issuer;
    let keys = (issuer.alg == IssuerAlgorithm::EdDSA).then(|| keys::Keys::new(store.clone(), secret, issuer));
    if let (Some(keys), Some(verifier)) = (&keys, rocket.state::<Verifier>()) {
        verifier.add_key_source(keys.clone());
    }
    let queue = queue::HashQueue::new(issuer.max_concurrent_hashes(), issuer.rate_limit);
    tokio::spawn(sweep::keep_sweeping(store));
    let rocket = rocket
        .manage(site::Sites::new(settings))
        .manage(signature::Signer::new(secret))
        .manage(passwords::Passwords::new(queue))
        .manage(tokens::Tokens::new(secret, keys, issuer.token_lifetime(), &settings.auth))
        .manage(mail::Post::new(issuer))
        .manage(routes::ResetPolicy { keep_sessions: issuer.keep_sessions_on_reset })
        .attach(exposed::ExposedHeaders)
        .mount("/api/auth", with_options(routes::all()))
        .register("/api/auth", catcher::catchers());
    if !issuer.rate_limit {
        return rocket;
    }
    let limits = Arc::new(limits::Limits::new());
    tokio::spawn(limits.clone().keep_forgetting());
    rocket.manage(limits)
}
