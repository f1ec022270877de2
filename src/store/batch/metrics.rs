//! Metrics of batching.

use std::time::Duration;

use prometheus::core::Collector;
use prometheus::proto::MetricFamily;
use prometheus::{Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, Opts, Result};

/// Buckets of the number of requests in a statement.
const SIZE_BUCKETS: &[f64] = &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0];

/// Buckets of the time that a request waits for its turn, in seconds.
const WAIT_BUCKETS: &[f64] = &[0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 1.0];

/// The metrics of all kinds of statements that requests can share.
#[derive(Debug, Clone)]
pub struct BatchMetrics {
    sizes: HistogramVec,
    waits: HistogramVec,
    unclaimed: IntCounterVec,
}

/// The metrics of a kind.
#[derive(Debug)]
pub(in crate::store) struct KindMetrics {
    sizes: Histogram,
    waits: Histogram,
    unclaimed: IntCounter,
}

impl BatchMetrics {
    pub(in crate::store) fn new() -> Result<Self> {
        let sizes = HistogramOpts::new("todo_db_batch_size", "Requests that a statement serves.");
        let waits = HistogramOpts::new(
            "todo_db_batch_wait_seconds",
            "Time that requests wait for a lane, in seconds.",
        );
        let unclaimed = Opts::new(
            "todo_db_batch_unclaimed_rows_total",
            "Rows of shared statements that belong to no request and are dropped.",
        );
        Ok(Self {
            sizes: HistogramVec::new(sizes.buckets(SIZE_BUCKETS.to_vec()), &["kind"])?,
            waits: HistogramVec::new(waits.buckets(WAIT_BUCKETS.to_vec()), &["kind"])?,
            unclaimed: IntCounterVec::new(unclaimed, &["kind"])?,
        })
    }

    pub(in crate::store) fn kind(&self, kind: &str) -> KindMetrics {
        KindMetrics {
            sizes: self.sizes.with_label_values(&[kind]),
            waits: self.waits.with_label_values(&[kind]),
            unclaimed: self.unclaimed.with_label_values(&[kind]),
        }
    }

    /// All metrics, for `/metrics`.
    #[must_use]
    pub fn collect(&self) -> Vec<MetricFamily> {
        [self.sizes.collect(), self.waits.collect(), self.unclaimed.collect()].concat()
    }
}

impl KindMetrics {
    /// Records a statement that serves `size` requests.
    pub(in crate::store) fn record_size(&self, size: usize) {
        self.sizes.observe(u32::try_from(size).unwrap_or(u32::MAX).into());
    }

    /// Records the wait of a request.
    pub(super) fn record_wait(&self, wait: Duration) {
        self.waits.observe(wait.as_secs_f64());
    }

    /// Records rows that belong to no request. Not one is expected: the statement compares what the claim compares.
    pub(super) fn record_unclaimed(&self, rows: usize) {
        if rows > 0 {
            tracing::error!(rows, "a shared statement has returned rows of no request; they are dropped");
        }
        self.unclaimed.inc_by(u64::try_from(rows).unwrap_or(u64::MAX));
    }
}
