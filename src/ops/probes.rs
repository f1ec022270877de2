//! Health probes: `/health`, `/livez` and `/readyz`.

use rocket::http::Status;
use rocket::response::status::Custom;
use rocket::serde::json::Json;
use rocket::{Route, State, get, routes};
use serde::Serialize;

use super::lifecycle::Lifecycle;
use super::readiness::{DatabaseState, Readiness};
use crate::store::{MigrationSet, Store};
use crate::version;

/// Body of a probe's response.
#[derive(Default, Serialize)]
struct ProbeResponse {
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    database: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    commit: Option<&'static str>,
}

pub(super) fn routes() -> Vec<Route> {
    routes![health, live, ready]
}

/// Status, version and commit of the server. For operators, and for monitors that expect this path.
#[get("/health")]
fn health() -> Json<ProbeResponse> {
    Json(ProbeResponse {
        status: "ok",
        version: Some(version::VERSION),
        commit: version::COMMIT,
        ..ProbeResponse::default()
    })
}

/// Whether the process runs. Does not query the database, because a restart would not fix it.
#[get("/livez")]
fn live() -> Json<ProbeResponse> {
    Json(ProbeResponse { status: "ok", ..ProbeResponse::default() })
}

/// Whether load balancers should send requests to this replica.
#[get("/readyz")]
async fn ready(
    lifecycle: &State<Lifecycle>,
    readiness: &State<Readiness>,
    store: &Store,
    schema: &State<MigrationSet>,
) -> Custom<Json<ProbeResponse>> {
    if lifecycle.is_draining() {
        let response = ProbeResponse { status: "shutting down", ..ProbeResponse::default() };
        return Custom(Status::ServiceUnavailable, Json(response));
    }
    let (is_ready, database) = readiness.check(store, schema).await;
    let (code, status) =
        if is_ready { (Status::Ok, "ready") } else { (Status::ServiceUnavailable, "not ready") };
    let database = match database {
        DatabaseState::Available => "available",
        DatabaseState::NotMigrated => "not migrated",
        DatabaseState::Unavailable => "unavailable",
    };
    Custom(code, Json(ProbeResponse { status, database: Some(database), ..ProbeResponse::default() }))
}
