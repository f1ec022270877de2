//! A name for every request, and one line about each.
//!
//! What the line never has: tokens, bodies, queries, and ids of users, which it has hashed. The path is the route's
//! pattern, for a real one may hold a user's id.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use aws_lc_rs::digest::{SHA256, digest};
use rocket::fairing::{Fairing, Info, Kind};
use rocket::http::{Header, Status};
use rocket::request::Request;
use rocket::response::Response;
use rocket::{Data, async_trait};
use uuid::Builder;

use super::otel::{OtelSpan, OtelTracer};
use crate::auth::AuthUser;
use crate::error::ApiError;
use crate::ops::{InFlightGuard, Lifecycle, Metrics};

const REQUEST_ID: &str = "X-Request-Id";

/// Characters an id of the client's may have at most.
const REQUEST_ID_MAX: usize = 128;

/// The fairing.
#[derive(Debug)]
pub struct RequestLog;

#[async_trait]
impl Fairing for RequestLog {
    fn info(&self) -> Info {
        Info { name: "Request id and log", kind: Kind::Request | Kind::Response }
    }

    async fn on_request(&self, request: &mut Request<'_>, _: &mut Data<'_>) {
        let lifecycle = request.rocket().state::<Lifecycle>();
        // The method now: Rocket makes HEAD a GET when it routes it.
        begin(request, request.method().as_str(), lifecycle.map(Lifecycle::enter));
    }

    async fn on_response<'r>(&self, request: &'r Request<'_>, response: &mut Response<'r>) {
        end(request, response);
    }
}

/// What is known of a request from its beginning. Dropped with it, when its answer is written.
struct RequestRecord {
    id: String,
    method: &'static str,
    began: Instant,
    /// Where there is a collector.
    traced: Option<OtelSpan>,
    _in_flight: Option<InFlightGuard>,
}

fn span<'r>(request: &'r Request<'_>) -> &'r OnceLock<RequestRecord> {
    request.local_cache(OnceLock::new)
}

pub(super) fn has_begun(request: &Request<'_>) -> bool {
    span(request).get().is_some()
}

pub(super) fn begin(request: &Request<'_>, method: &'static str, in_flight: Option<InFlightGuard>) {
    let given = request.headers().get_one(REQUEST_ID).filter(|id| is_request_id(id));
    let id = given.map_or_else(new_id, str::to_owned);
    let traced = request.rocket().state::<OtelTracer>().map(|spans| spans.start(request, method));
    let began = Instant::now();
    let _ = span(request).set(RequestRecord { id, method, began, traced, _in_flight: in_flight });
}

pub(super) fn end(request: &Request<'_>, response: &mut Response<'_>) {
    let Some(span) = span(request).get() else { return };
    response.set_header(Header::new(REQUEST_ID, span.id.clone()));
    if request.rocket().state::<Lifecycle>().is_some_and(Lifecycle::is_draining) {
        // Clients with a connection kept alive must find another server.
        response.set_header(Header::new("Connection", "close"));
    }
    let (route, status, took) =
        (request.route().map(|it| it.uri.path()), response.status(), span.began.elapsed());
    if let Some(metrics) = request.rocket().state::<Metrics>() {
        metrics.count(span.method, route, status.code, took);
    }
    if let Some(traced) = &span.traced {
        traced.end(span.method, route, status);
    }
    log(span, request, route, status, took);
}

/// A random UUID. The thread's own generator makes it, which is as good as the system's and asks it but now and then.
fn new_id() -> String {
    Builder::from_random_bytes(rand::random()).into_uuid().to_string()
}

fn is_request_id(id: &str) -> bool {
    (1..=REQUEST_ID_MAX).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic())
}

fn log(span: &RequestRecord, request: &Request<'_>, route: Option<&str>, status: Status, took: Duration) {
    let user = AuthUser::cached(request).map(|user| pseudonym(user.id()));
    let milliseconds = took.as_secs_f64() * 1e3;
    let trace = span.traced.as_ref().map(OtelSpan::trace);
    let error = ApiError::recorded(request).and_then(ApiError::log_detail);
    macro_rules! line {
        ($level:ident) => {
            tracing::$level!(
                request_id = span.id,
                trace_id = trace,
                method = span.method,
                route,
                status = status.code,
                ms = (milliseconds * 1e3).round() / 1e3,
                user,
                error,
                "request"
            )
        };
    }
    match status.code {
        500 => line!(error),
        501.. => line!(warn),
        _ => line!(info),
    }
}

/// The first 16 hexadecimal digits of the id's SHA-256: the same for the same user, and found again by whoever knows
/// the id (`printf %s "$id" | sha256sum | cut -c1-16`).
fn pseudonym(user: &str) -> String {
    let hash = digest(&SHA256, user.as_bytes());
    let first = hash.as_ref().first_chunk().copied().unwrap_or_default();
    format!("{:016x}", u64::from_be_bytes(first))
}
