//! Counters of verified tokens, which `/metrics` reads.

use std::sync::atomic::{AtomicU64, Ordering};

use super::mismatch::{Claim, Rejection};
use crate::error::TokenError;

/// Counts since the start.
#[derive(Debug, Default)]
pub struct Outcomes {
    accepted: AtomicU64,
    missing: AtomicU64,
    expired: AtomicU64,
    signature: AtomicU64,
    invalid: AtomicU64,
    /// In the order of [`Claim::ALL`].
    claims: [AtomicU64; Claim::ALL.len()],
}

impl Outcomes {
    pub(super) fn count<T>(&self, outcome: &Result<T, Rejection>) {
        let counter = match outcome {
            Ok(_) => Some(&self.accepted),
            Err(Rejection::Token(TokenError::Missing)) => Some(&self.missing),
            Err(Rejection::Token(TokenError::Expired)) => Some(&self.expired),
            Err(Rejection::Token(TokenError::Signature)) => Some(&self.signature),
            Err(Rejection::Token(TokenError::Invalid)) => Some(&self.invalid),
            Err(Rejection::Claim(mismatch)) => {
                let mut all = Claim::ALL.iter().zip(&self.claims);
                all.find(|(claim, _)| **claim == mismatch.claim).map(|(_, counter)| counter)
            }
        };
        if let Some(counter) = counter {
            counter.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Each count with its name, as a metric's label has it. `wrong_claim` is the sum of [`Outcomes::wrong_claims`].
    #[must_use]
    pub fn read(&self) -> [(&'static str, u64); 6] {
        [
            ("accepted", read(&self.accepted)),
            ("missing", read(&self.missing)),
            ("expired", read(&self.expired)),
            ("invalid_signature", read(&self.signature)),
            ("invalid", read(&self.invalid)),
            ("wrong_claim", self.claims.iter().map(read).sum()),
        ]
    }

    /// Rightly signed tokens that were refused for a claim, by that claim.
    #[must_use]
    pub fn wrong_claims(&self) -> Vec<(&'static str, u64)> {
        Claim::ALL.iter().zip(&self.claims).map(|(claim, counter)| (claim.name(), read(counter))).collect()
    }
}

fn read(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::Relaxed)
}
