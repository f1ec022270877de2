//! The keys an issuer publishes, kept at hand.
//!
//! They are fetched in the background, at the start and every few minutes, and when a token names a key that is not known: a
//! new key is in use as soon as it is published. While the issuer is down the last good set serves.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};
use std::time::{Duration, Instant};

use chrono::SecondsFormat;
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::Mutex;
use tokio::time::sleep;

use super::key::{Jwk, Key};
use super::source::KeySource;
use crate::clock;

/// Between two fetches while all is well.
const REFRESH: Duration = Duration::from_mins(5);

/// Between two fetches while the issuer does not answer as it should.
const RETRY: Duration = Duration::from_secs(10);

/// Between two fetches for tokens with unknown keys: anybody can make such tokens.
const ON_DEMAND: Duration = Duration::from_secs(10);

/// Usable keys a set may have; the rest of a larger one is ignored. A token without a `kid` is checked against each of them, so they cost
/// processor time.
const KEYS_MAX: usize = 64;

/// The keys of one issuer.
#[derive(Debug)]
pub(super) struct Jwks {
    source: Box<dyn KeySource>,
    /// After how long without a fetch that succeeds the keys are no longer trusted.
    trusted_for: Duration,
    set: RwLock<KeySet>,
    began: Instant,
    /// Whether the last fetch failed.
    is_down: AtomicBool,
    /// When a token last made us fetch. Held by whoever fetches: others wait for that fetch instead of starting theirs.
    on_demand: Mutex<Option<Instant>>,
}

#[derive(Debug, Default)]
struct KeySet {
    /// By the JSON they came as: a key that is still the same is kept as it is, and what was verified with it stays so.
    keys: HashMap<String, Entry>,
    fetched: Option<Instant>,
}

#[derive(Debug, Clone)]
struct Entry {
    kid: Option<String>,
    key: Arc<Key>,
}

impl Jwks {
    pub(super) fn new(source: impl KeySource, trusted_for: Duration) -> Self {
        Self {
            source: Box::new(source),
            trusted_for,
            set: RwLock::default(),
            began: Instant::now(),
            is_down: AtomicBool::default(),
            on_demand: Mutex::default(),
        }
    }

    /// Keeps the keys fresh, for ever.
    pub(super) async fn keep_fresh(self: Arc<Self>) {
        loop {
            let is_fetched = {
                let _others_wait = self.on_demand.lock().await;
                self.fetch().await
            };
            sleep(if is_fetched { REFRESH } else { RETRY }).await;
        }
    }

    /// Says whether there are keys of an earlier fetch: without them every token of this issuer is refused.
    fn log_outage(&self, error: &str) {
        let issuer = self.source.name();
        match self.read().fetched {
            None => tracing::warn!(
                issuer,
                error,
                "the issuer's keys cannot be fetched, and never were since the start: its tokens are refused"
            ),
            Some(at) => {
                let since = (clock::now() - at.elapsed()).to_rfc3339_opts(SecondsFormat::Secs, true);
                tracing::warn!(
                    issuer,
                    error,
                    unavailable_since = since,
                    "the issuer's keys cannot be fetched; the last known ones serve"
                );
            }
        }
    }

    /// The keys that a token with this header can be signed with: those of its `kid`, or all where it has none.
    pub(super) fn find(&self, kid: Option<&str>) -> Vec<Arc<Key>> {
        let set = self.read();
        if !set.is_trusted(self.trusted_for) {
            return Vec::new();
        }
        let meant = set.keys.values().filter(|it| kid.is_none() || it.kid.as_deref() == kid);
        meant.map(|it| it.key.clone()).collect()
    }

    /// Whether a key is still one that the issuer vouches for.
    pub(super) fn has(&self, key: &Arc<Key>) -> bool {
        let set = self.read();
        set.is_trusted(self.trusted_for) && set.keys.values().any(|it| Arc::ptr_eq(&it.key, key))
    }

    /// How long ago they were fetched; or how long that has been tried in vain.
    pub(super) fn age(&self) -> Duration {
        self.read().fetched.unwrap_or(self.began).elapsed()
    }

    fn read(&self) -> RwLockReadGuard<'_, KeySet> {
        self.set.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Fetches for a token whose key is not known, or waits for the fetch that somebody else has begun. Does nothing if the
    /// last one was a moment ago.
    pub(super) async fn fetch_on_demand(&self) {
        let asked = Instant::now();
        let mut last = self.on_demand.lock().await;
        let is_fresh = self.read().fetched.is_some_and(|at| at > asked);
        if !is_fresh && last.is_none_or(|at| at.elapsed() >= ON_DEMAND) {
            self.fetch().await;
            *last = Some(Instant::now());
        }
    }

    /// Replaces the set, and says whether there is a new one. Logs one line for an outage and one for its end, however long it takes.
    async fn fetch(&self) -> bool {
        let fetched = self.source.fetch().await.map(|published| self.replace(&published));
        let was_down = self.is_down.swap(fetched.is_err(), Ordering::Relaxed);
        match &fetched {
            Err(error) if !was_down => self.log_outage(error),
            Ok(count) if was_down => {
                tracing::info!(issuer = self.source.name(), count, "the issuer's keys are fetched again");
            }
            _ => {}
        }
        fetched.is_ok()
    }

    /// The number of keys that can be used.
    fn replace(&self, published: &[Value]) -> usize {
        let mut set = self.set.write().unwrap_or_else(PoisonError::into_inner);
        let mut keys = HashMap::new();
        for jwk in published {
            if keys.len() == KEYS_MAX {
                break;
            }
            let json = jwk.to_string();
            if keys.contains_key(&json) {
                continue;
            }
            // One that cannot be used spoils only itself.
            if let Some(entry) = set.keys.remove(&json).or_else(|| parse(jwk)) {
                keys.insert(json, entry);
            }
        }
        *set = KeySet { keys, fetched: Some(Instant::now()) };
        set.keys.len()
    }
}

impl KeySet {
    fn is_trusted(&self, trusted_for: Duration) -> bool {
        self.fetched.is_some_and(|at| at.elapsed() <= trusted_for)
    }
}

fn parse(jwk: &Value) -> Option<Entry> {
    let jwk = Jwk::deserialize(jwk).ok()?;
    let key = Arc::new(Key::from_jwk(&jwk)?);
    Some(Entry { kid: jwk.kid, key })
}
