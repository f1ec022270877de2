//! Whether the database answers, asked seldom.

use std::time::{Duration, Instant};

use tokio::sync::Mutex;
use tokio::time::timeout;

use crate::store::{MigrationSet, Store};

/// How long an answer is believed. Probes ask every few seconds, from several places, and every question that reaches
/// a database that sleeps when idle would keep it awake.
const READY_TTL: Duration = Duration::from_secs(3);

/// How long a database that is away is, so that its return is noticed soon.
const NOT_READY_TTL: Duration = Duration::from_secs(1);

/// How long the question may take: less than a probe waits.
const PATIENCE: Duration = Duration::from_millis(800);

/// The last answer.
#[derive(Debug, Default)]
pub(super) struct Readiness(Mutex<Option<(Instant, bool)>>);

impl Readiness {
    /// Whether the database answers, or did a moment ago. Of several who ask at once one goes, the others wait for it.
    pub(super) async fn check(&self, store: &Store, schema: &MigrationSet) -> bool {
        let mut last = self.0.lock().await;
        if let Some((when, ready)) = *last
            && when.elapsed() < if ready { READY_TTL } else { NOT_READY_TTL }
        {
            return ready;
        }
        let ready = matches!(timeout(PATIENCE, store.check(schema)).await, Ok(Ok(())));
        *last = Some((Instant::now(), ready));
        ready
    }
}
