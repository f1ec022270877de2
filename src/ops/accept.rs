//! Connections that could not be accepted, most often because the process has no file descriptor left.
//!
//! Rocket's listener tries again four times per second, and reports each error to the `log` crate only.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use log::{LevelFilter, Log, Metadata, Record};

/// The interval at which errors are logged while they last.
const LOG_INTERVAL: Duration = Duration::from_mins(1);

/// The module of Rocket that accepts connections.
const LISTENER: &str = "rocket_http::listener";

/// Counts and logs the errors of the listener.
#[derive(Debug, Clone, Default)]
pub struct AcceptErrors(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    count: AtomicU64,
    last_logged: Mutex<Option<Instant>>,
}

impl AcceptErrors {
    /// Becomes the logger of the `log` crate. That works once in a process, and before Rocket is built, which would take its place.
    #[must_use]
    pub fn install() -> Self {
        let errors = Self::default();
        if log::set_boxed_logger(Box::new(errors.clone())).is_ok() {
            log::set_max_level(LevelFilter::Warn);
        }
        errors
    }

    /// Errors since the start.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.0.count.load(Ordering::Relaxed)
    }

    fn is_time_to_log(&self) -> bool {
        let Ok(mut last) = self.0.last_logged.lock() else { return false };
        let is_time = last.is_none_or(|it| it.elapsed() >= LOG_INTERVAL);
        if is_time {
            *last = Some(Instant::now());
        }
        is_time
    }
}

impl Log for AcceptErrors {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == LISTENER
    }

    fn log(&self, record: &Record<'_>) {
        if !self.enabled(record.metadata()) {
            return;
        }
        self.0.count.fetch_add(1, Ordering::Relaxed);
        if self.is_time_to_log() {
            let (error, count) = (record.args().to_string(), self.count());
            tracing::error!(
                error,
                count,
                "connections cannot be accepted; logged once per minute while it lasts"
            );
        }
    }

    fn flush(&self) {}
}
