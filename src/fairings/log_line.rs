//! The log line of a request.
//!
//! The line never contains tokens, bodies, queries or user ids. It has a hash of the user id, and the pattern of the route instead of the
//! path, because an actual path may contain a user id.

use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use rocket::http::Status;
use rocket::request::Request;

use super::otel::OtelSpan;
use super::request_record::RequestRecord;
use crate::auth::AuthUser;
use crate::error::ApiError;

/// Writes the line. The level is `error` for status 500, `warn` for other 5xx, and `info` otherwise. The response to a failed MCP tool has status
/// 200. So the status of the recorded error counts if it is higher than that of the response.
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
    let api_error = ApiError::recorded(request);
    let error = api_error.and_then(ApiError::log_detail);
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
    match api_error.map_or(status, ApiError::status).code.max(status.code) {
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
