//! Rate limits per client network.

use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, NotUntil, Quota};
use rocket::request::Request;
use tokio::time::sleep;

use super::error::AuthError;

/// Time between two evictions of networks whose limit is full again.
const EVICT_INTERVAL: Duration = Duration::from_mins(1);

/// Prefix length, in bits, of the IPv6 network that counts as one client. Even a client with a single address has such a network.
const CLIENT_PREFIX_LEN: u8 = 64;

/// Routes that share one rate limit.
#[derive(Debug, Clone, Copy)]
pub(super) enum RateLimitGroup {
    /// Routes that verify or hash a password.
    Password(PasswordGroup),
    /// Routes that send an email.
    Email,
    /// All other routes.
    General,
}

impl RateLimitGroup {
    /// Whether the routes of this group sign clients in.
    pub(super) fn signs_in(self) -> bool {
        matches!(self, Self::Password(PasswordGroup::SignIn | PasswordGroup::SignUp))
    }
}

/// Password routes that share one rate limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum PasswordGroup {
    SignIn,
    SignUp,
    /// Routes that change or reset a password, or confirm it.
    Other,
}

/// Token buckets keyed by client network. Counts nothing if `issuer.rate_limit` is off.
#[derive(Debug)]
pub(super) struct RateLimiter(Option<Buckets>);

#[derive(Debug)]
struct Buckets {
    password_attempts: DefaultKeyedRateLimiter<(PasswordGroup, Network)>,
    emails: DefaultKeyedRateLimiter<Network>,
    general: DefaultKeyedRateLimiter<Network>,
}

/// Proof that the current request was counted as a password attempt.
///
/// Only [`RateLimiter`] creates it, and [`super::password_hasher`] requires it. So a route without a rate limit cannot
/// verify or hash a password. It cannot be cloned and lives in the request-local cache, so it proves nothing for a later request.
#[derive(Debug)]
pub(super) struct Attempt {
    client_ip: Option<IpAddr>,
}

impl Attempt {
    /// IP of the client that made the attempt. `None` for a client on a Unix socket.
    pub(super) fn client_ip(&self) -> Option<IpAddr> {
        self.client_ip
    }
}

impl Buckets {
    /// Better Auth's limits: 3 password attempts in 10 seconds, 3 emails per minute, 100 other requests in 10 seconds. The buckets refill evenly:
    /// after a burst of 3, one password attempt is accepted every 3.3 seconds.
    fn new() -> Self {
        let nonzero = |count: u32| NonZeroU32::MIN.saturating_add(count - 1);
        Self {
            password_attempts: governor::RateLimiter::keyed(
                Quota::per_minute(nonzero(18)).allow_burst(nonzero(3)),
            ),
            emails: governor::RateLimiter::keyed(Quota::per_minute(nonzero(3))),
            general: governor::RateLimiter::keyed(Quota::per_second(nonzero(10)).allow_burst(nonzero(100))),
        }
    }
}

impl RateLimiter {
    pub(super) fn new(is_enabled: bool) -> Self {
        Self(is_enabled.then(Buckets::new))
    }

    /// Counts the request in its group.
    pub(super) fn count_request(
        &self,
        request: &Request<'_>,
        group: RateLimitGroup,
        client_ip: Option<IpAddr>,
    ) -> Result<(), AuthError> {
        if let RateLimitGroup::Password(group) = group {
            return self.count_attempt(request, group, client_ip).map(drop);
        }
        let (Some(buckets), Some(ip)) = (&self.0, client_ip) else { return Ok(()) };
        let network = Network::new(ip, CLIENT_PREFIX_LEN);
        let bucket = if matches!(group, RateLimitGroup::Email) { &buckets.emails } else { &buckets.general };
        bucket.check_key(&network).map_err(too_many_requests)
    }

    /// The attempt of this request. Usually [`RateLimiter::count`] has counted it. Otherwise it is counted now, in [`PasswordGroup::Other`].
    pub(super) fn attempt_of<'r>(
        &self,
        request: &'r Request<'_>,
        client_ip: Option<IpAddr>,
    ) -> Result<&'r Attempt, AuthError> {
        self.count_attempt(request, PasswordGroup::Other, client_ip)
    }

    /// Counts the request as a password attempt. A request counts once: a second call returns the result of the first, whatever its group.
    fn count_attempt<'r>(
        &self,
        request: &'r Request<'_>,
        group: PasswordGroup,
        client_ip: Option<IpAddr>,
    ) -> Result<&'r Attempt, AuthError> {
        let counted = request.local_cache(|| {
            if let (Some(buckets), Some(ip)) = (&self.0, client_ip) {
                let key = (group, Network::new(ip, CLIENT_PREFIX_LEN));
                buckets.password_attempts.check_key(&key).map_err(too_many_requests)?;
            }
            Ok(Attempt { client_ip })
        });
        counted.as_ref().map_err(AuthError::clone)
    }

    /// Evicts networks whose limit is full again, in the background, as long as the process runs.
    pub(super) async fn evict_loop(self: Arc<Self>) {
        let Some(buckets) = &self.0 else { return };
        loop {
            sleep(EVICT_INTERVAL).await;
            buckets.password_attempts.retain_recent();
            buckets.emails.retain_recent();
            buckets.general.retain_recent();
        }
    }
}

fn too_many_requests(until: NotUntil<<DefaultClock as Clock>::Instant>) -> AuthError {
    let wait = until.wait_time_from(DefaultClock::default().now());
    // Rounded up to whole seconds, so that the next request is not too early.
    AuthError::TooManyRequests(wait.as_secs() + 1)
}

/// A network, by its first address. An IPv4 address is a network of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Network(IpAddr);

impl Network {
    /// The network of an IP, with this prefix length in bits if it is an IPv6 address.
    pub(super) fn new(ip: IpAddr, prefix_len: u8) -> Self {
        Self(match ip.to_canonical() {
            IpAddr::V4(ip) => ip.into(),
            IpAddr::V6(ip) => {
                let host_len = 128_u32.saturating_sub(prefix_len.into());
                let mask = u128::MAX.checked_shl(host_len).unwrap_or_default();
                Ipv6Addr::from_bits(ip.to_bits() & mask).into()
            }
        })
    }
}
