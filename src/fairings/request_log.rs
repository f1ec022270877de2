//! Request ids and the access log: one line per request.
//!
//! The line never contains tokens, bodies, queries or user ids. It has a hash of the user id, and the pattern of the route instead of the
//! path, because an actual path may contain a user id.

use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use rocket::fairing::{Fairing, Info, Kind};
use rocket::http::Status;
use rocket::request::Request;
use rocket::response::Response;
use rocket::{Data, async_trait};

use super::otel::OtelSpan;
use super::request_record::{self, RequestRecord};
use crate::auth::AuthUser;
use crate::error::ApiError;
use crate::ops::Lifecycle;

/// Assigns the request id; counts, traces and logs the response.
#[derive(Debug)]
pub struct RequestLog;

#[async_trait]
impl Fairing for RequestLog {
    fn info(&self) -> Info {
        Info { name: "Request id and log", kind: Kind::Request | Kind::Response }
    }

    async fn on_request(&self, request: &mut Request<'_>, _: &mut Data<'_>) {
        let in_flight = request.rocket().state::<Lifecycle>().map(Lifecycle::track_request);
        // The method is stored now, because Rocket changes HEAD to GET when it routes the request.
        request_record::start(request, request.method().as_str(), in_flight);
    }

    async fn on_response<'r>(&self, request: &'r Request<'_>, response: &mut Response<'r>) {
        request_record::finish(request, response);
    }
}

/// Writes the line. The level is `error` for status 500, `warn` for other 5xx, and `info` otherwise. The response to a failed MCP tool has status
/// 200, so the level is the higher of those of the status and of the recorded error.
pub(super) fn write(
    record: &RequestRecord,
    request: &Request<'_>,
    route: Option<&str>,
    status: Status,
    elapsed: Duration,
) {
    let user_hash = AuthUser::cached(request).map(|user| pseudonym(user.id()));
    let duration_ms = (elapsed.as_secs_f64() * 1e6).round() / 1e3;
    let trace_id = record.otel_span.as_ref().map(OtelSpan::trace_id);
    let tool = record.tool.get();
    let recorded = ApiError::recorded(request);
    let error = recorded.and_then(ApiError::log_detail);
    macro_rules! line {
        ($level:ident) => {
            tracing::$level!(
                request_id = record.id,
                trace_id,
                method = record.method,
                route,
                tool,
                status = status.code,
                duration_ms,
                user_hash,
                error,
                "request completed"
            )
        };
    }
    match recorded.map_or(status, ApiError::status).code.max(status.code) {
        500 => line!(error),
        501.. => line!(warn),
        _ => line!(info),
    }
}

/// The first 16 hexadecimal digits of the SHA-256 of the user id. Operators who have the id can search for it
/// (`printf %s "$id" | sha256sum | cut -c1-16`).
fn pseudonym(user: &str) -> String {
    let hash = digest(&SHA256, user.as_bytes());
    let first = hash.as_ref().first_chunk().copied().unwrap_or_default();
    format!("{:016x}", u64::from_be_bytes(first))
}
