//! Record of a request in flight: id, method, start time and span. Its end is counted, traced and logged.

use std::sync::OnceLock;
use std::time::Instant;

use rocket::http::Header;
use rocket::request::Request;
use rocket::response::Response;
use uuid::Builder;

use super::log_line;
use super::otel::{OtelSpan, OtelTracer};
use crate::ops::{InFlightGuard, Lifecycle, Metrics};

const REQUEST_ID: &str = "X-Request-Id";

/// Maximum length of a request id from the client, in characters.
const MAX_REQUEST_ID_CHARS: usize = 128;

/// The record. Rocket drops it with the request, after the response is written.
pub(super) struct RequestRecord {
    pub(super) id: String,
    pub(super) method: &'static str,
    started_at: Instant,
    /// The called tool of a request to `/mcp`.
    pub(super) tool: OnceLock<&'static str>,
    /// `None` without a collector.
    pub(super) otel_span: Option<OtelSpan>,
    _in_flight: Option<InFlightGuard>,
}

fn record_cell<'r>(request: &'r Request<'_>) -> &'r OnceLock<RequestRecord> {
    request.local_cache(OnceLock::new)
}

/// Whether [`start`] was called for the request.
pub(super) fn is_started(request: &Request<'_>) -> bool {
    record_cell(request).get().is_some()
}

/// Creates the record and starts the span. Takes the request id from the client if it is valid.
pub(super) fn start(request: &Request<'_>, method: &'static str, in_flight: Option<InFlightGuard>) {
    let client_id = request.headers().get_one(REQUEST_ID).filter(|id| is_request_id(id));
    let id = client_id.map_or_else(new_id, str::to_owned);
    let otel_span = request.rocket().state::<OtelTracer>().map(|tracer| tracer.start(request, method));
    let started_at = Instant::now();
    let new =
        RequestRecord { id, method, started_at, tool: OnceLock::new(), otel_span, _in_flight: in_flight };
    let _ = record_cell(request).set(new);
}

/// Records the tool that a request to `/mcp` called, for the log.
pub(crate) fn record_tool(request: &Request<'_>, tool: &'static str) {
    if let Some(record) = record_cell(request).get() {
        let _ = record.tool.set(tool);
    }
}

/// Adds the request id to the response, updates the metrics, ends the span and logs the request.
pub(super) fn finish(request: &Request<'_>, response: &mut Response<'_>) {
    let Some(record) = record_cell(request).get() else { return };
    response.set_header(Header::new(REQUEST_ID, record.id.clone()));
    if request.rocket().state::<Lifecycle>().is_some_and(Lifecycle::is_draining) {
        // Clients with a keep-alive connection must reconnect to another replica.
        response.set_header(Header::new("Connection", "close"));
    }
    let (route, status, elapsed) =
        (request.route().map(|it| it.uri.path()), response.status(), record.started_at.elapsed());
    if let Some(metrics) = request.rocket().state::<Metrics>() {
        metrics.record(record.method, route, status.code, elapsed);
    }
    if let Some(span) = &record.otel_span {
        span.finish(record.method, route, status);
    }
    log_line::write(record, request, route, status, elapsed);
}

/// A random UUID. The generator of the thread is cryptographically secure like the system's, and rarely makes a system call.
fn new_id() -> String {
    Builder::from_random_bytes(rand::random()).into_uuid().to_string()
}

fn is_request_id(id: &str) -> bool {
    (1..=MAX_REQUEST_ID_CHARS).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic())
}
