//! How often one address may call.

use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use tokio::time::sleep;

use super::error::AuthError;

/// Between two times at which those who stayed away are forgotten.
const EVICT_INTERVAL: Duration = Duration::from_mins(1);

/// Bits of the IPv6 network that is counted as one client: a client with one address has at least a network of these.
const SUBSCRIBER: u8 = 64;

/// What is counted together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    /// Signing in, in whatever way.
    SignIn,
    /// Signing up, in whatever way.
    SignUp,
    /// All else that takes a password: it tells whether one is right, or has a new one hashed.
    Password,
    /// Having somebody mailed.
    Mail,
    /// All else. No such route can hash a password: see [`super::credentials`].
    Other,
}

impl Kind {
    /// Whether calls are counted as guesses of a password.
    pub(super) fn is_guess(self) -> bool {
        match self {
            Self::SignIn | Self::SignUp | Self::Password => true,
            Self::Mail | Self::Other => false,
        }
    }
}

/// Counts, by address and by kind.
#[derive(Debug)]
pub(super) struct Limits {
    guesses: DefaultKeyedRateLimiter<(Kind, IpAddr)>,
    mails: DefaultKeyedRateLimiter<IpAddr>,
    others: DefaultKeyedRateLimiter<IpAddr>,
}

impl Limits {
    /// Better Auth's: 3 in 10 s, 3 in a minute, 100 in 10 s. Spread: after the first three one is let through every third
    /// of that time.
    pub(super) fn new() -> Self {
        let times = |count: u32| NonZeroU32::MIN.saturating_add(count - 1);
        Self {
            guesses: RateLimiter::keyed(Quota::per_minute(times(18)).allow_burst(times(3))),
            mails: RateLimiter::keyed(Quota::per_minute(times(3))),
            others: RateLimiter::keyed(Quota::per_second(times(10)).allow_burst(times(100))),
        }
    }

    /// Counts a call, if it is not one too many.
    pub(super) fn check(&self, kind: Kind, address: IpAddr) -> Result<(), AuthError> {
        let address = network(address, SUBSCRIBER);
        let counted = match kind {
            Kind::Mail => self.mails.check_key(&address),
            Kind::Other => self.others.check_key(&address),
            guess => self.guesses.check_key(&(guess, address)),
        };
        counted.map_err(|until| {
            let wait = until.wait_time_from(DefaultClock::default().now());
            // Whole seconds, and enough of them.
            AuthError::TooManyRequests(wait.as_secs() + 1)
        })
    }

    /// Forgets who has not called for a while, for ever.
    pub(super) async fn evict_loop(self: Arc<Self>) {
        loop {
            sleep(EVICT_INTERVAL).await;
            self.guesses.retain_recent();
            self.mails.retain_recent();
            self.others.retain_recent();
        }
    }
}

/// The IPv6 network of so many bits that an address is in; an IPv4 address itself.
pub(super) fn network(address: IpAddr, bits: u8) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => {
            let mask = u128::MAX.checked_shl(128_u32.saturating_sub(bits.into())).unwrap_or_default();
            Ipv6Addr::from_bits(address.to_bits() & mask).into()
        }
    }
}
