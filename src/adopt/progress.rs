//! Progress of work that takes longer than a second, on stderr: a line that changes on a terminal, and otherwise a line a minute.

use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

/// Work shorter than this shows no progress.
const SILENT: Duration = Duration::from_secs(1);
/// The interval on a terminal.
const TERMINAL_INTERVAL: Duration = Duration::from_millis(200);
/// The interval in a log.
const LOG_INTERVAL: Duration = Duration::from_mins(1);

/// The progress of work on countable parts.
#[derive(Debug)]
pub(super) struct Progress {
    what: &'static str,
    /// What is counted.
    unit: &'static str,
    total: i64,
    began: Instant,
    shown: Option<Instant>,
    is_terminal: bool,
}

impl Progress {
    pub(super) fn new(what: &'static str, unit: &'static str, total: i64) -> Self {
        Self {
            what,
            unit,
            total,
            began: Instant::now(),
            shown: None,
            is_terminal: io::stderr().is_terminal(),
        }
    }

    /// As [`Progress::show`], for work whose extent becomes known meanwhile.
    pub(super) fn show_of(&mut self, done: i64, total: i64) {
        self.total = total;
        self.show(done);
    }

    /// Shows how many parts are done, their rate and the time left, unless it has just done so.
    pub(super) fn show(&mut self, done: i64) {
        let interval = if self.is_terminal { TERMINAL_INTERVAL } else { LOG_INTERVAL };
        let is_due = self.shown.map_or(self.began.elapsed() >= SILENT, |shown| shown.elapsed() >= interval);
        if !is_due || done == 0 {
            return;
        }
        self.shown = Some(Instant::now());
        let milliseconds = i64::try_from(self.began.elapsed().as_millis()).unwrap_or(i64::MAX).max(1);
        let rate = done.saturating_mul(1000) / milliseconds;
        let left = (self.total - done).max(0) / rate.max(1);
        let (begin, end) = if self.is_terminal { ("\r", "\x1b[K") } else { ("", "\n") };
        let line = format!(
            "{}: {done} of {} {}, {rate} per second, {left} s left",
            self.what, self.total, self.unit
        );
        // A closed stderr does not end the work.
        let _ = write!(io::stderr(), "{begin}{line}{end}");
        let _ = io::stderr().flush();
    }

    /// Ends the line on a terminal.
    pub(super) fn finish(&self) {
        if self.is_terminal && self.shown.is_some() {
            let _ = writeln!(io::stderr());
        }
    }
}
