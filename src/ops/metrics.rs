//! `/metrics`, for Prometheus. No label has a user's id, and none has more values than this program has routes.

use std::time::Duration;

use prometheus::core::Collector;
use prometheus::proto::MetricFamily;
use prometheus::{
    Encoder, HistogramOpts, HistogramVec, IntCounterVec, IntGaugeVec, Opts, Result, TEXT_FORMAT, TextEncoder,
};
use rocket::http::ContentType;
use rocket::{Route, State, get, routes};

use super::accept::AcceptErrors;
use super::lifecycle::Lifecycle;
use crate::auth::Verifier;
use crate::error::ApiError;
use crate::store::Store;

/// Seconds: a millisecond is a usual request, ten seconds the most a statement may take.
const BUCKETS: &[f64] =
    &[0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// What is counted as it happens.
#[derive(Debug)]
pub struct Metrics {
    requests: IntCounterVec,
    durations: HistogramVec,
}

impl Metrics {
    /// Nothing counted yet.
    pub fn new() -> Result<Self> {
        let requests = Opts::new("todo_http_requests_total", "Requests answered.");
        let durations = HistogramOpts::new("todo_http_request_duration_seconds", "How long requests took.");
        Ok(Self {
            requests: IntCounterVec::new(requests, &["method", "route", "status"])?,
            durations: HistogramVec::new(durations.buckets(BUCKETS.to_vec()), &["method", "route"])?,
        })
    }

    /// One more request. `route` is its pattern: real paths are as many as there are tasks.
    pub(crate) fn count(&self, method: &str, route: Option<&str>, status: u16, took: Duration) {
        let route = route.unwrap_or("none");
        self.requests.with_label_values(&[method, route, &status.to_string()]).inc();
        self.durations.with_label_values(&[method, route]).observe(took.as_secs_f64());
    }
}

pub(super) fn routes() -> Vec<Route> {
    routes![metrics]
}

#[get("/metrics")]
fn metrics(
    metrics: &State<Metrics>,
    lifecycle: &State<Lifecycle>,
    verifier: &State<Verifier>,
    store: &Store,
    accept_errors: &State<AcceptErrors>,
) -> std::result::Result<(ContentType, Vec<u8>), ApiError> {
    let mut text = Vec::new();
    let written = known(lifecycle, verifier, store).and_then(|known| {
        let accepts = counter(
            "todo_accept_errors_total",
            "Failed attempts to accept a connection.",
            &[],
            &[("", accept_errors.count())],
        )?;
        let mut families = [metrics.requests.collect(), metrics.durations.collect(), known, accepts].concat();
        // Before the first request there are none of those, which the encoder takes for a mistake.
        families.retain(|family| !family.get_metric().is_empty());
        TextEncoder::new().encode(&families, &mut text)
    });
    written.map_err(|error| ApiError::Internal(format!("the metrics cannot be written: {error}")))?;
    Ok((TEXT_FORMAT.parse().unwrap_or(ContentType::Plain), text))
}

/// What others know, at this moment.
fn known(lifecycle: &Lifecycle, verifier: &Verifier, store: &Store) -> Result<Vec<MetricFamily>> {
    let (pool, outcomes) = (store.pool_status(), verifier.outcomes().read());
    let mut families = vec![
        gauge(
            "todo_http_requests_in_flight",
            "Requests being answered.",
            &[],
            &[("", lifecycle.in_flight())],
        )?,
        gauge(
            "todo_db_pool_connections",
            "Connections to the database.",
            &["state"],
            &[("idle", pool.idle), ("used", pool.used)],
        )?,
        gauge("todo_db_pool_max_connections", "Connections there may be.", &[], &[("", pool.max)])?,
        counter(
            "todo_db_pool_waits_total",
            "Statements that found no connection free.",
            &[],
            &[("", pool.waits)],
        )?,
        counter(
            "todo_db_pool_timeouts_total",
            "Statements that got none in time.",
            &[],
            &[("", pool.timeouts)],
        )?,
        counter(
            "todo_db_abandoned_statements_total",
            "Statements without a response in time.",
            &[],
            &[("", pool.abandoned)],
        )?,
        counter(
            "todo_token_outcomes_total",
            "Tokens, by what was wrong with them.",
            &["outcome"],
            &outcomes,
        )?,
        counter(
            "todo_token_wrong_claims_total",
            "Rightly signed tokens that were refused for a claim, by the claim.",
            &["claim"],
            &verifier.outcomes().wrong_claims(),
        )?,
        gauge("todo_build_info", "Which release this is.", &["version"], &[(env!("CARGO_PKG_VERSION"), 1)])?,
    ];
    if let Some(age) = verifier.keys_age() {
        let help = "For how long the issuer's keys have not been fetched.";
        families.push(gauge("todo_jwks_age_seconds", help, &[], &[("", age.as_secs())])?);
    }
    Ok(families.concat())
}

/// A gauge with one label, or with none, as it is now.
fn gauge(name: &str, help: &str, label: &[&str], values: &[(&str, u64)]) -> Result<Vec<MetricFamily>> {
    let gauge = IntGaugeVec::new(Opts::new(name, help), label)?;
    for (value, now) in values {
        gauge.with_label_values(own(label, value)).set(i64::try_from(*now).unwrap_or(i64::MAX));
    }
    Ok(gauge.collect())
}

/// The same of a counter.
fn counter(name: &str, help: &str, label: &[&str], values: &[(&str, u64)]) -> Result<Vec<MetricFamily>> {
    let counter = IntCounterVec::new(Opts::new(name, help), label)?;
    for (value, now) in values {
        counter.with_label_values(own(label, value)).inc_by(*now);
    }
    Ok(counter.collect())
}

/// The value of the label, if there is one.
fn own<'a>(label: &[&str], value: &'a &'a str) -> &'a [&'a str] {
    if label.is_empty() { &[] } else { std::slice::from_ref(value) }
}
