//! Cache of accepted tokens, bounded in bytes.
//!
//! A hit skips parsing, the signature check and the checks of claims that do not depend on the time. The lifetime is checked on every
//! request, and the entry counts only while its key is in a trusted set.

use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use quick_cache::Weighter;
use quick_cache::sync::Cache;

use super::claims::{Lifetime, UserId};
use super::key::Key;

/// Maximum size of the cache, in bytes: about 20,000 tokens with user ids of 32 characters.
const MAX_BYTES: u64 = 8 * 1024 * 1024;

/// Number of entries that the cache reserves space for.
const EXPECTED_ENTRIES: usize = 10_000;

/// Size of an entry without its [`UserId`], in bytes: the slot in the hash table, whose capacity is up to three times its length, and the overhead
/// of the allocator.
const OVERHEAD_BYTES: u64 = 384;

/// SHA-256 of the complete token, including the signature. The cache holds no tokens, and no other token shares the entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Fingerprint([u8; 32]);

impl Fingerprint {
    pub(super) fn new(token: &str) -> Self {
        Self(digest(&SHA256, token.as_bytes()).as_ref().first_chunk().copied().unwrap_or_default())
    }
}

/// A token that passed every check: the caller, its lifetime and the key that verified it.
#[derive(Debug, Clone)]
pub(super) struct AcceptedToken {
    pub(super) user_id: UserId,
    pub(super) lifetime: Lifetime,
    pub(super) key: Arc<Key>,
}

impl AcceptedToken {
    /// Size of the entry in the cache, in bytes.
    fn size(&self) -> u64 {
        let user_id = u64::try_from(self.user_id.as_str().len()).unwrap_or(u64::MAX);
        user_id.saturating_add(OVERHEAD_BYTES)
    }
}

/// Weighs entries by their size in bytes.
#[derive(Debug, Clone)]
struct BySize;

impl Weighter<Fingerprint, AcceptedToken> for BySize {
    fn weight(&self, _: &Fingerprint, token: &AcceptedToken) -> u64 {
        token.size()
    }
}

/// The cache of accepted tokens. A full cache evicts by `quick_cache`'s S3-FIFO.
#[derive(Debug)]
pub(super) struct TokenCache(Cache<Fingerprint, AcceptedToken, BySize>);

impl TokenCache {
    pub(super) fn new() -> Self {
        Self(Cache::with_weighter(EXPECTED_ENTRIES, MAX_BYTES, BySize))
    }

    pub(super) fn get(&self, token: &Fingerprint) -> Option<AcceptedToken> {
        self.0.get(token)
    }

    pub(super) fn insert(&self, fingerprint: Fingerprint, token: AcceptedToken) {
        self.0.insert(fingerprint, token);
    }
}
