//! Cached database check behind `/readyz`.

use std::time::{Duration, Instant};

use tokio::sync::Mutex;
use tokio::time::timeout;

use crate::store::{MigrationSet, Store};

/// Time for which a success is cached. Probes arrive every few seconds from several sources, and each query would keep a database awake that
/// suspends when idle.
const READY_TTL: Duration = Duration::from_secs(3);

/// Time for which a failure is cached. Shorter, so that the server becomes ready soon after the database recovers.
const NOT_READY_TTL: Duration = Duration::from_secs(1);

/// Timeout of the check, including the wait for a pooled connection. Must be less than the timeout of a probe.
const CHECK_TIMEOUT: Duration = Duration::from_millis(800);

/// Time and result of the last check.
#[derive(Debug, Default)]
pub(super) struct Readiness(Mutex<Option<(Instant, bool)>>);

impl Readiness {
    /// Whether the database responds and its schema is up to date. Returns the cached result while it is fresh. Concurrent probes share one
    /// check.
    pub(super) async fn check(&self, store: &Store, schema: &MigrationSet) -> bool {
        let mut last = self.0.lock().await;
        if let Some((when, ready)) = *last
            && when.elapsed() < if ready { READY_TTL } else { NOT_READY_TTL }
        {
            return ready;
        }
        let ready = matches!(timeout(CHECK_TIMEOUT, store.check(schema)).await, Ok(Ok(())));
        *last = Some((Instant::now(), ready));
        ready
    }
}
