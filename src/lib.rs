//! Multi-tenant task API: the server as a library, for its binary and its tests.
//!
//! A request passes through the modules in this order:
//!
//! ```text
//! HTTP → fairings (request id, log, CORS, headers) → auth::AuthUser → route in api → request::Body
//!      → store::Store, bound to the user → store::batch, if other requests wait as well → one SQL statement
//!      → task::Task → JSON in the shape of the dialect
//!
//! HTTP → the same fairings → issuer::protection (rate limit, CSRF) → guard issuer::password_auth → issuer::input (body)
//!      → route in issuer::routes → issuer::password_auth → issuer::store → JSON of Better Auth
//! ```
//!
//! The task API has two dialects, the bare `/api` and the enveloped `/api/v1`, and [`api`] has the routes of both. Each dialect has a
//! [`shape`]: what a frontend sees of a task, which is the paths and the JSON of requests, responses and errors. [`mcp`] serves the same
//! tasks to agents.
//!
//! An error on the way is an [`error::ApiError`], which is recorded on the request. The catcher renders it in the shape of the request. The
//! issuer has errors of its own besides, and a catcher that renders them in the form of Better Auth.

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
pub mod shape;
pub mod store;
pub mod task;
pub mod version;
pub mod welcome;

use rocket::fairing::AdHoc;
use rocket::{Build, Rocket};
use rocket_db_pools::Database;
use utoipa::openapi::OpenApi;

use config::{Config, IssuerConfig};
use ops::StartupBanner;
use shape::Shapes;

/// Builds the complete server. Rocket runs the fairings in this order, for requests as well as for responses. Fairings that a stage or
/// `hints` attaches run after these.
#[must_use]
pub fn rocket(config: &Config) -> Rocket<Build> {
    let issuer = config.issuer.enabled.then(|| config.issuer.clone());
    let shapes = shape::shapes(&config.shapes);
    rocket::custom(&config.figment)
        .attach(ops::stage(&config.server, StartupBanner::new(config)))
        // Finds the shape of the request, and rewrites `/api/{user_id}/tasks…` to `/api/tasks…`. The fairings below ask for it.
        .attach(shape::TaskPaths(shapes.clone()))
        .attach(fairings::RequestLog)
        .attach(hints(config))
        .attach(fairings::shield())
        .attach(fairings::ApiHeaders)
        .attach(fairings::ResponseChunkSize)
        .attach(fairings::RequiredHost)
        .attach(fairings::Cors::new(&config.cors.origins))
        .attach(store::Store::init())
        .attach(store::Migrations::new(
            &config.database,
            schema(&config.issuer),
            config.server.migrate_on_launch,
        ))
        .attach(auth::stage(&config.auth))
        .attach(request::stage(config.server.body_timeout()))
        .attach(api::stage(shapes.clone()))
        .attach(mcp::stage(config))
        // After the stages of the store and of the verifier, which it uses.
        .attach(issuer::stage(config))
        .attach(welcome::stage(config))
        .attach(docs::stage(config.server.docs, move || openapi(&shapes, issuer.as_ref())))
}

/// The hints for developers, in the debug profile.
fn hints(config: &Config) -> AdHoc {
    let is_debug = config.figment.profile() == rocket::Config::DEBUG_PROFILE;
    AdHoc::on_ignite("Hints", move |rocket| async move {
        if is_debug { rocket.attach(shape::FrontendHints) } else { rocket }
    })
}

/// The OpenAPI document of a server with these shapes and, if it is enabled, the embedded issuer.
#[must_use]
pub fn openapi(shapes: &Shapes, issuer: Option<&IssuerConfig>) -> OpenApi {
    let mut document = docs::document(shapes);
    if let Some(settings) = issuer {
        issuer::add_operations(&mut document, settings);
    }
    document
}

/// The database schema that a server with this configuration needs.
#[must_use]
pub fn schema(issuer: &IssuerConfig) -> store::MigrationSet {
    let mut parts = vec![store::TASK_MIGRATIONS];
    parts.extend(issuer.enabled.then_some(issuer::ISSUER_MIGRATIONS));
    parts.extend((issuer.enabled && issuer.usernames).then_some(issuer::USERNAME_MIGRATIONS));
    store::MigrationSet::new(parts)
}
