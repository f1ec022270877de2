//! Log warnings for claim mismatches, which show operators why an integration is rejected.
//!
//! Every client with a token from the JWKS issuer can trigger a warning, so their rate and the memory for deduplication are limited.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::rejection::{Claim, ClaimMismatch};

/// Maximum number of warnings per [`WINDOW`]. A misconfigured integration causes one or two, and an attacker cannot flood the log.
const MAX_LINES: usize = 5;

/// Period of the rate limit.
const WINDOW: Duration = Duration::from_mins(1);

/// Maximum number of pairs of claim and value that are remembered, so that each is logged once. The set is cleared when it is full.
const MAX_LOGGED: usize = 256;

/// Logs each pair of claim and value once, and at most [`MAX_LINES`] per minute.
#[derive(Debug, Default)]
pub(super) struct MismatchLog(Mutex<Logged>);

#[derive(Debug, Default)]
struct Logged {
    seen: HashSet<(Claim, String)>,
    window_start: Option<Instant>,
    lines: usize,
}

impl MismatchLog {
    pub(super) fn write(&self, mismatch: &ClaimMismatch) {
        let is_new = self.0.lock().unwrap_or_else(PoisonError::into_inner).admit(mismatch, Instant::now());
        if is_new {
            let ClaimMismatch { claim, value, expected, hint } = mismatch;
            tracing::warn!(
                claim = claim.name(),
                value,
                expected,
                hint,
                "token rejected although its signature is valid: it was not issued for this API, or a setting is missing"
            );
        }
    }
}

impl Logged {
    /// Whether to log the mismatch. A mismatch over the rate limit is not remembered, so it can be logged later.
    fn admit(&mut self, mismatch: &ClaimMismatch, now: Instant) -> bool {
        let key = (mismatch.claim, mismatch.value.clone());
        if self.seen.contains(&key) {
            return false;
        }
        if self.window_start.is_none_or(|start| now.duration_since(start) >= WINDOW) {
            (self.window_start, self.lines) = (Some(now), 0);
        }
        if self.lines >= MAX_LINES {
            return false;
        }
        if self.seen.len() >= MAX_LOGGED {
            self.seen.clear();
        }
        self.lines += 1;
        self.seen.insert(key)
    }
}
