//! `/metrics` for Prometheus. No label contains a user id, and no label has more values than there are routes.

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
use crate::version::VERSION;

/// Buckets of the request duration, in seconds. A typical request takes a millisecond; `query_timeout` is 10 seconds.
const DURATION_BUCKETS: &[f64] =
    &[0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// Metrics that are updated for each response.
#[derive(Debug)]
pub struct Metrics {
    requests: IntCounterVec,
    durations: HistogramVec,
}

impl Metrics {
    /// Creates the request counter and the duration histogram.
    pub fn new() -> Result<Self> {
        let requests = Opts::new("todo_http_requests_total", "HTTP requests that received a response.");
        let durations =
            HistogramOpts::new("todo_http_request_duration_seconds", "Duration of HTTP requests in seconds.");
        Ok(Self {
            requests: IntCounterVec::new(requests, &["method", "route", "status"])?,
            durations: HistogramVec::new(durations.buckets(DURATION_BUCKETS.to_vec()), &["method", "route"])?,
        })
    }

    /// Records a response. `route` is the pattern of the route, because the number of actual paths is unlimited.
    pub(crate) fn record(&self, method: &str, route: Option<&str>, status: u16, elapsed: Duration) {
        let route = route.unwrap_or("none");
        self.requests.with_label_values(&[method, route, &status.to_string()]).inc();
        self.durations.with_label_values(&[method, route]).observe(elapsed.as_secs_f64());
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
    let encoded = collect_gauges(lifecycle, verifier, store).and_then(|gauges| {
        let accepts = counter(
            "todo_accept_errors_total",
            "Failed attempts to accept a connection.",
            &[],
            &[("", accept_errors.count())],
        )?;
        let mut families = [
            metrics.requests.collect(),
            metrics.durations.collect(),
            store.batch_metrics().collect(),
            gauges,
            accepts,
        ]
        .concat();
        // The encoder rejects families without samples, which is their state before the first request.
        families.retain(|family| !family.get_metric().is_empty());
        TextEncoder::new().encode(&families, &mut text)
    });
    encoded.map_err(|error| ApiError::Internal(format!("cannot encode metrics: {error}")))?;
    Ok((TEXT_FORMAT.parse().unwrap_or(ContentType::Plain), text))
}

/// Gauges and counters of other modules, sampled at scrape time.
fn collect_gauges(lifecycle: &Lifecycle, verifier: &Verifier, store: &Store) -> Result<Vec<MetricFamily>> {
    let (pool, results) = (store.pool_status(), verifier.counters().snapshot());
    let mut families = vec![
        gauge(
            "todo_http_requests_in_flight",
            "HTTP requests in flight.",
            &[],
            &[("", lifecycle.in_flight())],
        )?,
        gauge(
            "todo_db_up",
            "Whether the database responded to the last statement: 1 or 0.",
            &[],
            &[("", pool.is_up.into())],
        )?,
        gauge(
            "todo_db_pool_connections",
            "Database connections by state.",
            &["state"],
            &[("idle", pool.idle), ("used", pool.used)],
        )?,
        gauge(
            "todo_db_pool_max_connections",
            "Maximum number of database connections.",
            &[],
            &[("", pool.max)],
        )?,
        counter(
            "todo_db_pool_waits_total",
            "Statements that had to wait for a connection.",
            &[],
            &[("", pool.waits)],
        )?,
        counter(
            "todo_db_pool_timeouts_total",
            "Statements that timed out waiting for a connection.",
            &[],
            &[("", pool.timeouts)],
        )?,
        counter(
            "todo_db_abandoned_statements_total",
            "Statements abandoned because the database did not respond within query_timeout.",
            &[],
            &[("", pool.abandoned)],
        )?,
        counter("todo_token_verifications_total", "Token verifications by result.", &["result"], &results)?,
        counter(
            "todo_token_wrong_claims_total",
            "Correctly signed tokens that were rejected because of a claim, by claim.",
            &["claim"],
            &verifier.counters().wrong_claims(),
        )?,
        gauge("todo_build_info", "Version of the server.", &["version"], &[(VERSION, 1)])?,
    ];
    if let Some(age) = verifier.keys_age() {
        let help = "Seconds since the last successful JWKS fetch.";
        families.push(gauge("todo_jwks_age_seconds", help, &[], &[("", age.as_secs())])?);
    }
    Ok(families.concat())
}

/// A gauge with its current values. It has at most one label; without a label, the name of the value is ignored.
fn gauge(name: &str, help: &str, label: &[&str], values: &[(&str, u64)]) -> Result<Vec<MetricFamily>> {
    let gauge = IntGaugeVec::new(Opts::new(name, help), label)?;
    for (value, now) in values {
        gauge.with_label_values(label_values(label, value)).set(i64::try_from(*now).unwrap_or(i64::MAX));
    }
    Ok(gauge.collect())
}

/// A counter with its current values, otherwise like [`gauge`].
fn counter(name: &str, help: &str, label: &[&str], values: &[(&str, u64)]) -> Result<Vec<MetricFamily>> {
    let counter = IntCounterVec::new(Opts::new(name, help), label)?;
    for (value, now) in values {
        counter.with_label_values(label_values(label, value)).inc_by(*now);
    }
    Ok(counter.collect())
}

/// The label values for a metric: `value` if the metric has a label, none otherwise.
fn label_values<'a>(label: &[&str], value: &'a &'a str) -> &'a [&'a str] {
    if label.is_empty() { &[] } else { std::slice::from_ref(value) }
}
