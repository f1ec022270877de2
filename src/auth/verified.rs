//! Tokens whose signature was found right, so that it need not be checked again.
//!
//! A hit saves the signature and nothing else: its claims are checked against the clock each time, and its key must still be
//! one that is trusted.

use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use quick_cache::sync::Cache;

use super::claims::Claims;
use super::key::Key;

/// Tokens remembered; beyond that those used least go. Some hundreds of bytes each.
const CAPACITY: usize = 10_000;

/// The SHA-256 of a whole token, signature included: what is remembered of one token says nothing of any other, and the
/// tokens themselves are not kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Fingerprint([u8; 32]);

impl Fingerprint {
    pub(super) fn of(token: &str) -> Self {
        Self(digest(&SHA256, token.as_bytes()).as_ref().first_chunk().copied().unwrap_or_default())
    }
}

/// What is known of a token.
#[derive(Debug, Clone)]
pub(super) struct Verified {
    pub(super) claims: Arc<Claims>,
    pub(super) key: Arc<Key>,
}

#[derive(Debug)]
pub(super) struct VerifiedTokens(Cache<Fingerprint, Verified>);

impl VerifiedTokens {
    pub(super) fn new() -> Self {
        Self(Cache::new(CAPACITY))
    }

    pub(super) fn get(&self, token: &Fingerprint) -> Option<Verified> {
        self.0.get(token)
    }

    pub(super) fn insert(&self, token: Fingerprint, verified: Verified) {
        self.0.insert(token, verified);
    }
}
