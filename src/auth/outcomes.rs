//! How many tokens were good, and what was wrong with the others.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::error::TokenError;

/// Counts since the start.
#[derive(Debug, Default)]
pub struct Outcomes {
    accepted: AtomicU64,
    missing: AtomicU64,
    expired: AtomicU64,
    signature: AtomicU64,
    invalid: AtomicU64,
}

impl Outcomes {
    pub(super) fn count<T>(&self, outcome: &Result<T, TokenError>) {
        let counter = match outcome {
            Ok(_) => &self.accepted,
            Err(TokenError::Missing) => &self.missing,
            Err(TokenError::Expired) => &self.expired,
            Err(TokenError::Signature) => &self.signature,
            Err(TokenError::Invalid) => &self.invalid,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    /// Each count with its name, as a metric's label would have it.
    #[must_use]
    pub fn read(&self) -> [(&'static str, u64); 5] {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        [
            ("accepted", read(&self.accepted)),
            ("missing", read(&self.missing)),
            ("expired", read(&self.expired)),
            ("invalid_signature", read(&self.signature)),
            ("invalid", read(&self.invalid)),
        ]
    }
}
