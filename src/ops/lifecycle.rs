//! Lifecycle of the process: whether the server is draining, and the number of requests in flight.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::sleep;

/// Time between two checks for requests in flight during the shutdown.
const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// Number of consecutive checks without a request in flight before the server counts as idle. In between, the server may still be parsing
/// a request or flushing the last response to its socket.
const IDLE_POLLS: u32 = 5;

/// Shared state of the process.
#[derive(Debug, Clone, Default)]
pub struct Lifecycle(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    draining: AtomicBool,
    in_flight: AtomicU64,
}

/// Guard that counts a request as in flight until it is dropped.
#[derive(Debug)]
pub struct InFlightGuard(Lifecycle);

impl Lifecycle {
    /// Counts a request as in flight until the guard is dropped.
    #[must_use]
    pub fn track_request(&self) -> InFlightGuard {
        self.0.in_flight.fetch_add(1, Ordering::Relaxed);
        InFlightGuard(self.clone())
    }

    /// Marks the server as draining. `/readyz` fails from now on.
    pub fn start_drain(&self) {
        self.0.draining.store(true, Ordering::Relaxed);
    }

    /// Whether the server is draining.
    #[must_use]
    pub fn is_draining(&self) -> bool {
        self.0.draining.load(Ordering::Relaxed)
    }

    /// Number of requests in flight.
    #[must_use]
    pub fn in_flight(&self) -> u64 {
        self.0.in_flight.load(Ordering::Relaxed)
    }

    /// Waits until no request has been in flight for 100 milliseconds.
    pub async fn wait_until_idle(&self) {
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
