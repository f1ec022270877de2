//! A multi-tenant task API: the server as a library, for its binary and its tests.
//!
//! A request passes through the modules in one direction:
//!
//! ```text
//! HTTP → fairings (request id, log, CORS, headers) → auth::AuthUser → a route of its dialect → request::Body
//!      → store::Store, bound to that user → one SQL statement → task::Task → the dialect's JSON
//! ```
//!
//! and whatever fails on the way is a [`error::ApiError`], said where it happens and worded by the catcher of the
//! dialect in which it happened.

pub mod api;
pub mod auth;
pub mod clock;
pub mod config;
pub mod docs;
pub mod error;
pub mod fairings;
pub mod issuer;
pub mod logging;
pub mod ops;
pub mod request;
pub mod serve;
pub mod store;
pub mod task;
pub mod v1;

use rocket::{Build, Rocket};
use rocket_db_pools::Database;
use utoipa::openapi::OpenApi;

/// The whole server. What is not here is not in it.
#[must_use]
pub fn rocket(settings: &config::Settings) -> Rocket<Build> {
    let has_issuer = settings.issuer.enabled;
    rocket::custom(&settings.figment)
        .attach(ops::stage(settings))
        .attach(fairings::RequestLog)
        .attach(fairings::shield())
        .attach(fairings::ApiHeaders)
        .attach(fairings::ResponseChunkSize)
        .attach(fairings::RequiredHost)
        // `/api/{user_id}/tasks…` is `/api/tasks…`, for that user only.
        .attach(request::UserPath)
        .attach(fairings::Cors::new(&settings.cors.origins))
        .attach(store::Store::init())
        .attach(store::Migrations::new(settings, schema(&settings.issuer)))
        .attach(auth::stage(&settings.auth))
        .attach(request::stage(&settings.general))
        .attach(api::stage())
        .attach(v1::stage())
        .attach(issuer::stage(settings))
        .attach(docs::stage(settings, move || document(has_issuer)))
}

/// What a server with an issuer, or without one, says of itself.
#[must_use]
pub fn document(has_issuer: bool) -> OpenApi {
    let mut document = docs::document();
    if has_issuer {
        issuer::add_operations(&mut document);
    }
    document
}

/// The tables that a server with these settings needs.
#[must_use]
pub fn schema(issuer: &config::Issuer) -> store::MigrationSet {
    let mut parts = vec![store::TASK_MIGRATIONS];
    parts.extend(issuer.enabled.then_some(issuer::ISSUER_MIGRATIONS));
    store::MigrationSet::new(parts)
}
