//! Multi-tenant task API: the server as a library, for its binary and its tests.
//!
//! A request passes through the modules in this order:
//!
//! ```text
//! HTTP → fairings (request id, log, CORS, headers) → auth::AuthUser → route in api or v1 → request::Body
//!      → store::Store, bound to the user → store::batch, if other requests wait as well → one SQL statement
//!      → task::Task → JSON of the dialect
//!
//! HTTP → the same fairings → issuer::protection (rate limit, CSRF) → route in issuer::routes → issuer::input
//!      → issuer::password_auth → issuer::store → JSON of Better Auth
//! ```
//!
//! An API dialect is the JSON shape of requests, responses and errors: [`api`] serves the bare dialect, [`v1`] the enveloped dialect. [`mcp`]
//! serves the same tasks to agents. Every error on the way is an [`error::ApiError`]. It is recorded on the request, and the catcher of the
//! dialect renders it.

pub mod adopt;
pub mod api;
pub mod auth;
pub mod clock;
pub mod config;
pub mod docs;
pub mod doctor;
pub mod error;
pub mod fairings;
pub mod issuer;
pub mod logging;
pub mod mcp;
pub mod ops;
pub mod request;
pub mod serve;
pub mod store;
pub mod task;
pub mod v1;
pub mod version;
pub mod welcome;

use rocket::{Build, Rocket};
use rocket_db_pools::Database;
use utoipa::openapi::OpenApi;

use config::{Config, IssuerConfig};
use ops::StartupBanner;

/// Builds the complete server. Rocket runs the fairings in this order, for requests as well as for responses.
#[must_use]
pub fn rocket(config: &Config) -> Rocket<Build> {
    let has_issuer = config.issuer.enabled;
    rocket::custom(&config.figment)
        .attach(ops::stage(&config.server, StartupBanner::new(config)))
        .attach(fairings::RequestLog)
        .attach(fairings::shield())
        .attach(fairings::ApiHeaders)
        .attach(fairings::ResponseChunkSize)
        .attach(fairings::RequiredHost)
        // Rewrites `/api/{user_id}/tasks…` to `/api/tasks…` before routing.
        .attach(request::UserPath)
        .attach(fairings::Cors::new(&config.cors.origins))
        .attach(store::Store::init())
        .attach(store::Migrations::new(
            &config.database,
            schema(&config.issuer),
            config.server.migrate_on_launch,
        ))
        .attach(auth::stage(&config.auth))
        .attach(request::stage(config.server.body_timeout()))
        .attach(api::stage())
        .attach(v1::stage())
        .attach(mcp::stage(config))
        .attach(issuer::stage(config))
        .attach(welcome::stage(config))
        .attach(docs::stage(config.server.docs, move || openapi(has_issuer)))
}

/// The OpenAPI document of a server with or without the embedded issuer.
#[must_use]
pub fn openapi(has_issuer: bool) -> OpenApi {
    let mut document = docs::document();
    if has_issuer {
        issuer::add_operations(&mut document);
    }
    document
}

/// The database schema that a server with this configuration needs.
#[must_use]
pub fn schema(issuer: &IssuerConfig) -> store::MigrationSet {
    let mut parts = vec![store::TASK_MIGRATIONS];
    parts.extend(issuer.enabled.then_some(issuer::ISSUER_MIGRATIONS));
    store::MigrationSet::new(parts)
}
