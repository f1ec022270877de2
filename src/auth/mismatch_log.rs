//! Warnings about claims that do not fit this API, so that an integration that breaks says why.
//!
//! Every client to which the issuer gives tokens can cause them, so they are limited in rate and in memory.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::mismatch::{Claim, ClaimMismatch};

/// Lines per [`WINDOW`]: a misconfigured integration is one or two claims, and an attacker gets no more.
const LINES_MAX: usize = 5;

const WINDOW: Duration = Duration::from_mins(1);

/// Claims and values kept to log each only once. When there are more, all are forgotten.
const LOGGED_MAX: usize = 256;

/// Logs mismatches: each claim and value once, and few per minute.
#[derive(Debug, Default)]
pub(super) struct MismatchLog(Mutex<Logged>);

#[derive(Debug, Default)]
struct Logged {
    known: HashSet<(Claim, String)>,
    window: Option<Instant>,
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
                "a token with a right signature is refused: it was not issued for this API, or a setting is missing"
            );
        }
    }
}

impl Logged {
    /// Whether to log it. What the limit holds back is not remembered, so that it is logged when it comes again.
    fn admit(&mut self, mismatch: &ClaimMismatch, now: Instant) -> bool {
        let key = (mismatch.claim, mismatch.value.clone());
        if self.known.contains(&key) {
            return false;
        }
        if self.window.is_none_or(|began| now.duration_since(began) >= WINDOW) {
            (self.window, self.lines) = (Some(now), 0);
        }
        if self.lines >= LINES_MAX {
            return false;
        }
        if self.known.len() >= LOGGED_MAX {
            self.known.clear();
        }
        self.lines += 1;
        self.known.insert(key)
    }
}
