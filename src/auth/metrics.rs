//! Counters of token verifications by result, exported by `/metrics` as `todo_token_verifications_total`.

use std::sync::atomic::{AtomicU64, Ordering};

use super::rejection::{Claim, Rejection};
use crate::error::TokenError;

/// Numbers of token verifications since startup, by result.
#[derive(Debug, Default)]
pub struct VerificationCounters {
    accepted: AtomicU64,
    missing: AtomicU64,
    expired: AtomicU64,
    signature: AtomicU64,
    invalid: AtomicU64,
    /// In the order of [`Claim::ALL`].
    claims: [AtomicU64; Claim::ALL.len()],
}

impl VerificationCounters {
    pub(super) fn count<T>(&self, result: &Result<T, Rejection>) {
        let counter = match result {
            Ok(_) => Some(&self.accepted),
            Err(Rejection::Token(TokenError::Missing)) => Some(&self.missing),
            Err(Rejection::Token(TokenError::Expired)) => Some(&self.expired),
            Err(Rejection::Token(TokenError::Signature)) => Some(&self.signature),
            Err(Rejection::Token(TokenError::Invalid)) => Some(&self.invalid),
            Err(Rejection::Claim(mismatch)) => {
                let mut counters = Claim::ALL.iter().zip(&self.claims);
                counters.find(|(claim, _)| **claim == mismatch.claim).map(|(_, counter)| counter)
            }
        };
        if let Some(counter) = counter {
            counter.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// The current counts, by value of the metric's label. `wrong_claim` is the sum of [`VerificationCounters::wrong_claims`].
    #[must_use]
    pub fn snapshot(&self) -> [(&'static str, u64); 6] {
        [
            ("accepted", read(&self.accepted)),
            ("missing", read(&self.missing)),
            ("expired", read(&self.expired)),
            ("invalid_signature", read(&self.signature)),
            ("invalid", read(&self.invalid)),
            ("wrong_claim", self.claims.iter().map(read).sum()),
        ]
    }

    /// Numbers of correctly signed tokens that were rejected because of a claim, by claim.
    #[must_use]
    pub fn wrong_claims(&self) -> Vec<(&'static str, u64)> {
        Claim::ALL.iter().zip(&self.claims).map(|(claim, counter)| (claim.name(), read(counter))).collect()
    }
}

fn read(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::Relaxed)
}
