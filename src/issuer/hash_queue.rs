//! Queue of password hashes.
//!
//! A hash takes 32 MiB and one core for 0.1 s, so only a few run concurrently and the others wait. Each client network has a small share
//! of the queue, so that no client delays the others for long.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::error::AuthError;
use super::rate_limit::network;
use crate::error::ApiError;

/// Maximum time that a hash waits for a permit. Then its request fails with 503.
const PERMIT_TIMEOUT: Duration = Duration::from_secs(30);

/// Maximum number of queued hashes per concurrent hash: as many as end within [`PERMIT_TIMEOUT`].
const QUEUE_LEN: usize = 300;

/// Maximum number of hashes of one client network in the queue, waiting or running.
const MAX_SHARE: usize = 8;

/// Prefix length, in bits, of an IPv6 client network in the queue: the largest network that a provider assigns to a customer. The rate
/// limiter counts networks of 64 bits separately, so it does not limit such a customer.
const CUSTOMER_PREFIX_LEN: u8 = 48;

/// `Retry-After`, in seconds, of a request beyond its network's share.
const RETRY_AFTER: u64 = 1;

/// Limits concurrent hashes, waiting hashes, and hashes per client network.
#[derive(Debug)]
pub(super) struct HashQueue {
    permits: Arc<Semaphore>,
    entries: Arc<Mutex<Entries>>,
    max_len: usize,
    has_shares: bool,
}

/// Number of hashes in the queue. `by_network` has at most as many networks as there are hashes.
#[derive(Debug, Default)]
struct Entries {
    total: usize,
    by_network: HashMap<IpAddr, usize>,
}

impl HashQueue {
    /// Creates a queue for this many concurrent hashes. Without shares a single client can fill it.
    pub(super) fn new(max_concurrent: usize, has_shares: bool) -> Self {
        let max_len = max_concurrent.saturating_mul(QUEUE_LEN);
        Self {
            permits: Arc::new(Semaphore::new(max_concurrent)),
            entries: Arc::default(),
            max_len,
            has_shares,
        }
    }

    /// Waits until a hash of this client may run. The hash counts as running until the permit is dropped.
    pub(super) async fn acquire(&self, client_ip: Option<IpAddr>) -> Result<HashPermit, AuthError> {
        let client = client_ip.filter(|_| self.has_shares).map(|ip| network(ip, CUSTOMER_PREFIX_LEN));
        let entry = self.enter(client)?;
        match timeout(PERMIT_TIMEOUT, self.permits.clone().acquire_owned()).await {
            Ok(Ok(permit)) => Ok(HashPermit { _permit: permit, _entry: entry }),
            _ => Err(unavailable()),
        }
    }

    fn enter(&self, client: Option<IpAddr>) -> Result<Entry, AuthError> {
        let mut entries = lock(&self.entries);
        if entries.total >= self.max_len {
            return Err(unavailable());
        }
        if let Some(client) = client {
            let count = entries.by_network.entry(client).or_default();
            if *count >= MAX_SHARE {
                return Err(AuthError::TooManyRequests(RETRY_AFTER));
            }
            *count += 1;
        }
        entries.total += 1;
        Ok(Entry { entries: self.entries.clone(), client })
    }
}

/// Permission to run a hash.
#[derive(Debug)]
pub(super) struct HashPermit {
    _permit: OwnedSemaphorePermit,
    _entry: Entry,
}

/// A hash in the queue. Dropping it removes the hash.
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

/// Locks the entries. The lock cannot be poisoned, because no code that holds it panics.
fn lock(entries: &Mutex<Entries>) -> MutexGuard<'_, Entries> {
    entries.lock().unwrap_or_else(PoisonError::into_inner)
}

fn unavailable() -> AuthError {
    ApiError::Unavailable("the queue of password hashes is full or too slow".to_owned()).into()
}
