//! The probes.

use rocket::http::Status;
use rocket::response::status::Custom;
use rocket::serde::json::Json;
use rocket::{Route, State, get, routes};
use serde::Serialize;

use super::lifecycle::Lifecycle;
use super::readiness::Readiness;
use crate::store::{MigrationSet, Store};

#[derive(Serialize)]
struct Report {
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<&'static str>,
}

pub(super) fn routes() -> Vec<Route> {
    routes![health, live, ready]
}

/// For people and for monitors that know no other path.
#[get("/health")]
fn health() -> Json<Report> {
    Json(Report { status: "ok", version: Some(env!("CARGO_PKG_VERSION")) })
}

/// Whether the process runs. It asks nobody: a restart mends no database.
#[get("/livez")]
fn live() -> Json<Report> {
    Json(Report { status: "ok", version: None })
}

/// Whether requests should be sent here.
#[get("/readyz")]
async fn ready(
    lifecycle: &State<Lifecycle>,
    readiness: &State<Readiness>,
    store: &Store,
    schema: &State<MigrationSet>,
) -> Custom<Json<Report>> {
    let (code, status) = if lifecycle.is_draining() {
        (Status::ServiceUnavailable, "shutting down")
    } else if readiness.check(store, schema).await {
        (Status::Ok, "ready")
    } else {
        (Status::ServiceUnavailable, "database unavailable")
    };
    Custom(code, Json(Report { status, version: None }))
}
