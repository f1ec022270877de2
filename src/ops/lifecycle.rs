//! Whether the server is going away, and whether anybody still waits for an answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::sleep;

/// Between two looks at whether requests are still in flight, while shutting down.
const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// Looks without any request in flight before none are believed to come: one may be read just now, and the last
/// answer be on its way from a buffer to its socket.
const IDLE_POLLS: u32 = 5;

/// The state of the process.
#[derive(Debug, Clone, Default)]
pub struct Lifecycle(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    draining: AtomicBool,
    in_flight: AtomicU64,
}

/// A request that is being answered, until it is dropped.
#[derive(Debug)]
pub struct InFlightGuard(Lifecycle);

impl Lifecycle {
    /// One more request in flight.
    #[must_use]
    pub fn enter(&self) -> InFlightGuard {
        self.0.in_flight.fetch_add(1, Ordering::Relaxed);
        InFlightGuard(self.clone())
    }

    /// From now on the server is going away.
    pub fn drain(&self) {
        self.0.draining.store(true, Ordering::Relaxed);
    }

    /// Whether the server is going away.
    #[must_use]
    pub fn is_draining(&self) -> bool {
        self.0.draining.load(Ordering::Relaxed)
    }

    /// Requests being answered.
    #[must_use]
    pub fn in_flight(&self) -> u64 {
        self.0.in_flight.load(Ordering::Relaxed)
    }

    /// Waits until no request is in flight.
    pub async fn idle(&self) {
        let mut idle_polls = 0;
        while idle_polls < IDLE_POLLS {
            idle_polls = if self.in_flight() == 0 { idle_polls + 1 } else { 0 };
            sleep(POLL_INTERVAL).await;
        }
    }
}

impl Drop for InFlightGuard {
    fn drop(&mut self) {
        self.0.0.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}
