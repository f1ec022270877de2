//! Health probes: `/health`, `/livez` and `/readyz`.

use rocket::http::Status;
use rocket::response::status::Custom;
use rocket::serde::json::Json;
use rocket::{Route, State, get, routes};
use serde::Serialize;

use super::lifecycle::Lifecycle;
use super::readiness::Readiness;
use crate::store::{MigrationSet, Store};

/// Body of a probe's response.
#[derive(Serialize)]
struct ProbeResponse {
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<&'static str>,
}

pub(super) fn routes() -> Vec<Route> {
    routes![health, live, ready]
}

/// Status and version of the server. For operators, and for monitors that expect this path.
#[get("/health")]
fn health() -> Json<ProbeResponse> {
    Json(ProbeResponse { status: "ok", version: Some(env!("CARGO_PKG_VERSION")) })
}

/// Whether the process runs. Does not query the database, because a restart would not fix it.
#[get("/livez")]
fn live() -> Json<ProbeResponse> {
    Json(ProbeResponse { status: "ok", version: None })
}

/// Whether load balancers should send requests to this replica.
#[get("/readyz")]
async fn ready(
    lifecycle: &State<Lifecycle>,
    readiness: &State<Readiness>,
    store: &Store,
    schema: &State<MigrationSet>,
) -> Custom<Json<ProbeResponse>> {
    let (code, status) = if lifecycle.is_draining() {
        (Status::ServiceUnavailable, "shutting down")
    } else if readiness.check(store, schema).await {
        (Status::Ok, "ready")
    } else {
        (Status::ServiceUnavailable, "database unavailable")
    };
    Custom(code, Json(ProbeResponse { status, version: None }))
}
