//! Readiness of the server, behind `/readyz`.

use std::time::{Duration, Instant};

use tokio::sync::Mutex;
use tokio::time::timeout;

use crate::config::ReadinessMode;
use crate::store::{MigrationSet, Store};

/// Time for which [`ReadinessMode::Always`] caches a success. Probes arrive every few seconds from several sources.
const READY_TTL: Duration = Duration::from_secs(3);

/// Time for which a failure is cached. Shorter, so that the server becomes ready soon after the database recovers.
const NOT_READY_TTL: Duration = Duration::from_secs(1);

/// Timeout of the check, including the wait for a pooled connection. Must be less than the timeout of a probe.
const CHECK_TIMEOUT: Duration = Duration::from_millis(800);

/// What the last check found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DatabaseState {
    /// It responds and has this release's migrations.
    Available,
    /// It responds and lacks migrations.
    NotMigrated,
    /// It does not respond in time, or it refuses connections.
    Unavailable,
}

/// Checks the database as often as [`ReadinessMode`] says.
#[derive(Debug)]
pub(super) struct Readiness {
    mode: ReadinessMode,
    last: Mutex<Last>,
}

#[derive(Debug, Default)]
struct Last {
    check: Option<(Instant, DatabaseState)>,
    /// Whether a check has succeeded since the start.
    was_available: bool,
}

impl Readiness {
    pub(super) fn new(mode: ReadinessMode) -> Self {
        Self { mode, last: Mutex::default() }
    }

    /// Whether the server is ready, and the state of the database. Concurrent probes share one check.
    pub(super) async fn check(&self, store: &Store, schema: &MigrationSet) -> (bool, DatabaseState) {
        let mut last = self.last.lock().await;
        let state = match last.check {
            Some((when, state)) if self.is_fresh(state, when, store) => state,
            _ => {
                let state = query(store, schema).await;
                last.check = Some((Instant::now(), state));
                state
            }
        };
        last.was_available |= state == DatabaseState::Available;
        let is_sticky = self.mode == ReadinessMode::Once && last.was_available;
        (is_sticky || state == DatabaseState::Available, state)
    }

    /// Whether the result of the last check still counts. A failed statement refutes a success. Otherwise, with [`ReadinessMode::Once`], a
    /// success does not expire, so that an idle database can suspend.
    fn is_fresh(&self, state: DatabaseState, when: Instant, store: &Store) -> bool {
        if state != DatabaseState::Available {
            return when.elapsed() < NOT_READY_TTL;
        }
        store.pool_status().is_up && (self.mode == ReadinessMode::Once || when.elapsed() < READY_TTL)
    }
}

async fn query(store: &Store, schema: &MigrationSet) -> DatabaseState {
    match timeout(CHECK_TIMEOUT, store.is_migrated(schema)).await {
        Ok(Ok(true)) => DatabaseState::Available,
        Ok(Ok(false)) => DatabaseState::NotMigrated,
        Ok(Err(_)) | Err(_) => DatabaseState::Unavailable,
    }
}
