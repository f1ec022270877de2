//! Queue of password hashes.
//!
//! A hash takes 32 MiB and one core for 0.1 s, so only a few run concurrently and the others wait. Each customer network has a small share
//! of the queue, so that no client delays the others for long.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::error::AuthError;
use super::rate_limit::Network;
use crate::error::ApiError;

/// Maximum time that a hash waits for a permit. Then its request fails with 503.
const PERMIT_TIMEOUT: Duration = Duration::from_secs(30);

/// Maximum number of queued hashes per concurrent hash: as many as end within [`PERMIT_TIMEOUT`].
const QUEUED_PER_CONCURRENT: usize = 300;

/// Maximum number of hashes of one customer network in the queue, waiting or running.
const MAX_SHARE: usize = 8;

/// Prefix length, in bits, of an IPv6 customer network: the largest network that a provider assigns to a customer. The rate
/// limiter counts networks of 64 bits separately, so it does not limit such a customer.
const CUSTOMER_PREFIX_LEN: u8 = 48;

/// `Retry-After`, in seconds, of a request beyond its network's share.
const RETRY_AFTER: u64 = 1;

/// Limits concurrent hashes, waiting hashes, and hashes per customer network.
#[derive(Debug)]
pub(super) struct HashQueue {
    /// A permit for each concurrent hash.
    permits: Arc<Semaphore>,
    counts: Arc<Mutex<QueueCounts>>,
    max_len: usize,
    /// Whether a network has at most [`MAX_SHARE`] hashes.
    has_shares: bool,
}

/// Numbers of hashes in the queue, waiting or running. `by_network` has at most as many networks as there are hashes.
#[derive(Debug, Default)]
struct QueueCounts {
    total: usize,
    by_network: HashMap<Network, usize>,
}

impl HashQueue {
    /// Creates a queue for this many concurrent hashes. Without shares a single client can fill it: they are off if `issuer.rate_limit` is
    /// false, as every limit of a client is.
    pub(super) fn new(max_concurrent: usize, has_shares: bool) -> Self {
        let max_len = max_concurrent.saturating_mul(QUEUED_PER_CONCURRENT);
        Self {
            permits: Arc::new(Semaphore::new(max_concurrent)),
            counts: Arc::default(),
            max_len,
            has_shares,
        }
    }

    /// Waits until a hash of this customer network may run. The hash counts as running until the permit is dropped.
    pub(super) async fn acquire(&self, client_ip: Option<IpAddr>) -> Result<HashPermit, AuthError> {
        let network = client_ip.map(|ip| Network::new(ip, CUSTOMER_PREFIX_LEN));
        let counted = self.count(network.filter(|_| self.has_shares))?;
        match timeout(PERMIT_TIMEOUT, self.permits.clone().acquire_owned()).await {
            Ok(Ok(permit)) => Ok(HashPermit { _permit: permit, _counted: counted }),
            _ => Err(unavailable()),
        }
    }

    /// Counts a hash, if neither the queue nor the share of its customer network is full.
    fn count(&self, network: Option<Network>) -> Result<CountedHash, AuthError> {
        let mut counts = lock(&self.counts);
        if counts.total >= self.max_len {
            return Err(unavailable());
        }
        if let Some(network) = network {
            let count = counts.by_network.entry(network).or_default();
            if *count >= MAX_SHARE {
                return Err(AuthError::TooManyRequests(RETRY_AFTER));
            }
            *count += 1;
        }
        counts.total += 1;
        Ok(CountedHash { counts: self.counts.clone(), network })
    }
}

/// Permission to run a hash. Dropping it lets the next hash run.
#[derive(Debug)]
pub(super) struct HashPermit {
    _permit: OwnedSemaphorePermit,
    _counted: CountedHash,
}

/// A hash that the queue counts until this is dropped.
#[derive(Debug)]
struct CountedHash {
    counts: Arc<Mutex<QueueCounts>>,
    /// `None` if shares are off or the client has no IP.
    network: Option<Network>,
}

impl Drop for CountedHash {
    fn drop(&mut self) {
        let mut counts = lock(&self.counts);
        counts.total = counts.total.saturating_sub(1);
        let Some(network) = self.network else { return };
        let left = counts.by_network.get(&network).map_or(0, |count| count.saturating_sub(1));
        if left == 0 {
            counts.by_network.remove(&network);
        } else {
            counts.by_network.insert(network, left);
        }
    }
}

/// Locks the counts. The lock cannot be poisoned, because no code that holds it panics.
fn lock(counts: &Mutex<QueueCounts>) -> MutexGuard<'_, QueueCounts> {
    counts.lock().unwrap_or_else(PoisonError::into_inner)
}

fn unavailable() -> AuthError {
    ApiError::Unavailable("the queue of password hashes is full or too slow".to_owned()).into()
}
