//! Cache of accepted tokens, bounded in bytes.
//!
//! A hit saves the signature and the claims that do not change with time. The lifetime is checked against the clock each time, and the key
//! must still be trusted.

use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use quick_cache::Weighter;
use quick_cache::sync::Cache;

use super::claims::{Identity, Lifetime};
use super::key::Key;

/// Bytes the cache may use. Some 18,000 ordinary tokens.
const BYTES_MAX: u64 = 8 * 1024 * 1024;

/// Bytes of what is kept of one token, at most. Larger ones are verified each time instead of evicting many others.
const TOKEN_BYTES_MAX: u64 = 8 * 1024;

/// Tokens to reserve space for.
const TOKENS_EXPECTED: usize = 10_000;

/// Bytes of a token besides its strings: the entry in the hash table, whose capacity is up to three times its length, the shared
/// [`Identity`], and what the allocator adds.
const OVERHEAD: u64 = 384;

/// The SHA-256 of a whole token, signature included: a hit for one token says nothing of any other, and tokens themselves are not kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Fingerprint([u8; 32]);

impl Fingerprint {
    pub(super) fn of(token: &str) -> Self {
        Self(digest(&SHA256, token.as_bytes()).as_ref().first_chunk().copied().unwrap_or_default())
    }
}

/// What is kept of an accepted token.
#[derive(Debug, Clone)]
pub(super) struct AcceptedToken {
    pub(super) identity: Arc<Identity>,
    pub(super) lifetime: Lifetime,
    pub(super) key: Arc<Key>,
}

impl AcceptedToken {
    /// Bytes it takes in the cache.
    fn weight(&self) -> u64 {
        let email = self.identity.email.as_ref().map_or(0, String::capacity);
        let strings = self.identity.user_id.capacity().saturating_add(email);
        u64::try_from(strings).unwrap_or(u64::MAX).saturating_add(OVERHEAD)
    }
}

/// Counts the bytes of an entry.
#[derive(Debug, Clone)]
struct Bytes;

impl Weighter<Fingerprint, AcceptedToken> for Bytes {
    fn weight(&self, _: &Fingerprint, token: &AcceptedToken) -> u64 {
        token.weight()
    }
}

/// The cache. When it is full, the tokens used least go.
#[derive(Debug)]
pub(super) struct TokenCache(Cache<Fingerprint, AcceptedToken, Bytes>);

impl TokenCache {
    pub(super) fn new() -> Self {
        Self(Cache::with_weighter(TOKENS_EXPECTED, BYTES_MAX, Bytes))
    }

    pub(super) fn get(&self, token: &Fingerprint) -> Option<AcceptedToken> {
        self.0.get(token)
    }

    pub(super) fn insert(&self, fingerprint: Fingerprint, token: AcceptedToken) {
        if token.weight() <= TOKEN_BYTES_MAX {
            self.0.insert(fingerprint, token);
        }
    }
}
