//! The queue of password hashes.
//!
//! A hash takes 32 MiB and all of a core for 0.1 s, so only a few run at once and the others wait. Each client network has a small share
//! of the queue, so that no client delays the others for long.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::limits::network;
use super::refusal::Refusal;
use crate::error::ApiError;

/// How long a hash waits for its turn before its request fails.
const TURN_TIMEOUT: Duration = Duration::from_secs(30);

/// Hashes in the queue at most, for each that runs at once: as many as end within [`TURN_TIMEOUT`].
const LENGTH: usize = 300;

/// Hashes in the queue, waiting or running, that one client network may have.
const SHARE: usize = 8;

/// Bits of an IPv6 client network: what a provider gives to a customer at most. The rate limiter, which counts networks of 64 bits one by
/// one, does not hold such a customer back.
const CUSTOMER: u8 = 48;

/// Seconds after which a request over its share may come again.
const RETRY_AFTER: u64 = 1;

/// The queue.
#[derive(Debug)]
pub(super) struct HashQueue {
    running: Arc<Semaphore>,
    entries: Arc<Mutex<Entries>>,
    length: usize,
    has_shares: bool,
}

/// What is in the queue. `by_network` holds at most as many networks as there are hashes.
#[derive(Debug, Default)]
struct Entries {
    total: usize,
    by_network: HashMap<IpAddr, usize>,
}

impl HashQueue {
    /// A queue from which so many hashes run at once. Without shares any client may fill it.
    pub(super) fn new(running: usize, has_shares: bool) -> Self {
        let length = running.saturating_mul(LENGTH);
        Self { running: Arc::new(Semaphore::new(running)), entries: Arc::default(), length, has_shares }
    }

    /// Waits until a hash for this client may run. It counts as running until the turn is dropped.
    pub(super) async fn turn(&self, client: Option<IpAddr>) -> Result<Turn, Refusal> {
        let client = client.filter(|_| self.has_shares).map(|it| network(it, CUSTOMER));
        let entry = self.enter(client)?;
        match timeout(TURN_TIMEOUT, self.running.clone().acquire_owned()).await {
            Ok(Ok(permit)) => Ok(Turn { _permit: permit, _entry: entry }),
            _ => Err(too_busy()),
        }
    }

    fn enter(&self, client: Option<IpAddr>) -> Result<Entry, Refusal> {
        let mut entries = lock(&self.entries);
        if entries.total >= self.length {
            return Err(too_busy());
        }
        if let Some(client) = client {
            let count = entries.by_network.entry(client).or_default();
            if *count >= SHARE {
                return Err(Refusal::TooManyRequests(RETRY_AFTER));
            }
            *count += 1;
        }
        entries.total += 1;
        Ok(Entry { entries: self.entries.clone(), client })
    }
}

/// The right to run a hash.
#[derive(Debug)]
pub(super) struct Turn {
    _permit: OwnedSemaphorePermit,
    _entry: Entry,
}

/// A hash in the queue, which it leaves when this is dropped.
#[derive(Debug)]
struct Entry {
    entries: Arc<Mutex<Entries>>,
    client: Option<IpAddr>,
}

impl Drop for Entry {
    fn drop(&mut self) {
        let mut entries = lock(&self.entries);
        entries.total = entries.total.saturating_sub(1);
        let Some(client) = self.client else { return };
        let left = entries.by_network.get(&client).map_or(0, |count| count.saturating_sub(1));
        if left == 0 {
            entries.by_network.remove(&client);
        } else {
            entries.by_network.insert(client, left);
        }
    }
}

/// No code that holds the lock can panic.
fn lock(entries: &Mutex<Entries>) -> MutexGuard<'_, Entries> {
    entries.lock().unwrap_or_else(PoisonError::into_inner)
}

fn too_busy() -> Refusal {
    ApiError::Unavailable("too many passwords are being hashed".to_owned()).into()
}
