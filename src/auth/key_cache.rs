//! Cache of the public keys of a key source, such as a JWKS endpoint.
//!
//! The keys are fetched at startup, then every 5 minutes, and every 10 seconds while fetching fails. A token with an unknown `kid` triggers
//! a fetch as well, because an issuer uses a new key as soon as it is published. While the source is down the cached keys stay valid, for
//! `auth.jwks_max_stale` seconds at most.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};
use std::time::{Duration, Instant};

use chrono::SecondsFormat;
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::Mutex;
use tokio::time::sleep;

use super::jwks_client::KeySource;
use super::key::{Jwk, Key};
use crate::clock;

/// Maximum time between two scheduled fetches after a success.
const REFRESH_INTERVAL: Duration = Duration::from_mins(5);

/// Maximum time between two scheduled fetches after a failure.
const RETRY_INTERVAL: Duration = Duration::from_secs(10);

/// Minimum time between two fetches triggered by unknown `kid`s, because clients can make up any number of them.
const COOLDOWN: Duration = Duration::from_secs(10);

/// Maximum number of usable keys in a set; further keys are ignored. A token without a `kid` is checked against every key, which costs CPU
/// time.
const MAX_KEYS: usize = 64;

/// The cached keys of a source.
#[derive(Debug)]
pub(super) struct KeyCache {
    source: Box<dyn KeySource>,
    /// Age at which the keys are no longer trusted.
    max_stale: Duration,
    set: RwLock<KeySet>,
    created: Instant,
    /// Whether the last fetch failed.
    is_down: AtomicBool,
    /// Held during every fetch, so that concurrent requests share a fetch. Has the time of the last fetch that a token triggered.
    fetching: Mutex<Option<Instant>>,
}

#[derive(Debug, Default)]
struct KeySet {
    /// Keys by their JSON. An unchanged key keeps its `Arc` across fetches, so that cached tokens stay valid.
    keys: HashMap<String, Entry>,
    fetched: Option<Instant>,
}

#[derive(Debug, Clone)]
struct Entry {
    kid: Option<String>,
    key: Arc<Key>,
}

impl KeyCache {
    pub(super) fn new(source: impl KeySource, max_stale: Duration) -> Self {
        Self {
            source: Box::new(source),
            max_stale,
            set: RwLock::default(),
            created: Instant::now(),
            is_down: AtomicBool::default(),
            fetching: Mutex::default(),
        }
    }

    /// Fetches the keys periodically. Never returns.
    pub(super) async fn refresh_loop(self: Arc<Self>) {
        loop {
            let is_fetched = {
                let _fetching = self.fetching.lock().await;
                self.fetch().await
            };
            sleep(clock::jittered(if is_fetched { REFRESH_INTERVAL } else { RETRY_INTERVAL })).await;
        }
    }

    /// Logs a failed fetch. The message depends on whether an earlier fetch succeeded, because without any key every token is rejected.
    fn log_outage(&self, error: &str) {
        let issuer = self.source.name();
        match self.read().fetched {
            None => tracing::warn!(
                issuer,
                error,
                "JWKS fetch failed and no keys are cached; tokens from this issuer are rejected"
            ),
            Some(fetched) => {
                let since = (clock::now() - fetched.elapsed()).to_rfc3339_opts(SecondsFormat::Secs, true);
                tracing::warn!(
                    issuer,
                    error,
                    unavailable_since = since,
                    "JWKS fetch failed; using cached keys"
                );
            }
        }
    }

    /// The keys with this `kid`, or all keys for a token without a `kid`. Empty if the keys are stale.
    pub(super) fn keys_for_kid(&self, kid: Option<&str>) -> Vec<Arc<Key>> {
        let set = self.read();
        if set.is_stale(self.max_stale) {
            return Vec::new();
        }
        let candidates = set.keys.values().filter(|it| kid.is_none() || it.kid.as_deref() == kid);
        candidates.map(|it| it.key.clone()).collect()
    }

    /// Whether the key is in the current set, and the set is not stale.
    pub(super) fn contains(&self, key: &Arc<Key>) -> bool {
        let set = self.read();
        !set.is_stale(self.max_stale) && set.keys.values().any(|it| Arc::ptr_eq(&it.key, key))
    }

    /// Time since the last successful fetch or, if every fetch failed, since startup.
    pub(super) fn age(&self) -> Duration {
        self.read().fetched.unwrap_or(self.created).elapsed()
    }

    fn read(&self) -> RwLockReadGuard<'_, KeySet> {
        self.set.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Fetches the keys for a token with an unknown key, or waits for a fetch in progress. Does nothing within [`COOLDOWN`] of the last fetch
    /// that a token triggered.
    pub(super) async fn refresh_for_unknown_key(&self) {
        let requested = Instant::now();
        let mut last = self.fetching.lock().await;
        let is_fresh = self.read().fetched.is_some_and(|fetched| fetched > requested);
        if !is_fresh && last.is_none_or(|at| at.elapsed() >= COOLDOWN) {
            self.fetch().await;
            *last = Some(Instant::now());
        }
    }

    /// Fetches and replaces the set. Returns whether the fetch succeeded. Logs an outage once at its start and once at its end.
    async fn fetch(&self) -> bool {
        let fetched = self.source.fetch().await.map(|jwks| self.replace(&jwks));
        let was_down = self.is_down.swap(fetched.is_err(), Ordering::Relaxed);
        match &fetched {
            Err(error) if !was_down => self.log_outage(error),
            Ok(count) if was_down => {
                tracing::info!(issuer = self.source.name(), count, "JWKS fetch recovered");
            }
            _ => {}
        }
        fetched.is_ok()
    }

    /// Replaces the set and returns the number of usable keys.
    fn replace(&self, jwks: &[Value]) -> usize {
        let mut set = self.set.write().unwrap_or_else(PoisonError::into_inner);
        let mut keys = HashMap::new();
        for jwk in jwks {
            if keys.len() == MAX_KEYS {
                break;
            }
            let json = jwk.to_string();
            if keys.contains_key(&json) {
                continue;
            }
            // An unusable key is skipped; the other keys remain usable.
            if let Some(entry) = set.keys.remove(&json).or_else(|| parse(jwk)) {
                keys.insert(json, entry);
            }
        }
        *set = KeySet { keys, fetched: Some(Instant::now()) };
        set.keys.len()
    }
}

impl KeySet {
    fn is_stale(&self, max_stale: Duration) -> bool {
        self.fetched.is_none_or(|fetched| fetched.elapsed() > max_stale)
    }
}

fn parse(jwk: &Value) -> Option<Entry> {
    let jwk = Jwk::deserialize(jwk).ok()?;
    let key = Arc::new(Key::from_jwk(&jwk)?);
    Some(Entry { kid: jwk.kid, key })
}
