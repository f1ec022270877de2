//! Counter and log of connections that could not be accepted, usually because the process has no file descriptors left.
//!
//! Rocket's listener retries four times per second and reports each error to the `log` crate only.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use log::{LevelFilter, Log, Metadata, Record};

/// Minimum time between two log lines while the errors last.
const LOG_INTERVAL: Duration = Duration::from_mins(1);

/// Log target of the Rocket module that accepts connections.
const LISTENER_TARGET: &str = "rocket_http::listener";

/// Counts and logs the errors of the listener.
#[derive(Debug, Clone, Default)]
pub struct AcceptErrors(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    count: AtomicU64,
    last_logged: Mutex<Option<Instant>>,
}

impl AcceptErrors {
    /// Installs itself as the global logger of the `log` crate. Call it once per process, before Rocket is built, because Rocket would
    /// install its own logger.
    #[must_use]
    pub fn install_logger() -> Self {
        let errors = Self::default();
        if log::set_boxed_logger(Box::new(errors.clone())).is_ok() {
            log::set_max_level(LevelFilter::Warn);
        }
        errors
    }

    /// Number of errors since startup.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.0.count.load(Ordering::Relaxed)
    }

    fn is_log_due(&self) -> bool {
        let Ok(mut last) = self.0.last_logged.lock() else { return false };
        let is_due = last.is_none_or(|it| it.elapsed() >= LOG_INTERVAL);
        if is_due {
            *last = Some(Instant::now());
        }
        is_due
    }
}

impl Log for AcceptErrors {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == LISTENER_TARGET
    }

    fn log(&self, record: &Record<'_>) {
        if !self.enabled(record.metadata()) {
            return;
        }
        self.0.count.fetch_add(1, Ordering::Relaxed);
        if self.is_log_due() {
            let (error, count) = (record.args().to_string(), self.count());
            tracing::error!(error, count, "connections cannot be accepted; logged at most once per minute");
        }
    }

    fn flush(&self) {}
}
