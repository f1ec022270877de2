//! How often one address may call.

use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use tokio::time::sleep;

use super::refusal::Refusal;

/// Between two times at which those who stayed away are forgotten.
const FORGET: Duration = Duration::from_mins(1);

/// What is counted together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    /// Signing in, in whatever way.
    SignIn,
    /// Signing up, in whatever way.
    SignUp,
    /// Changing a password, which tells whether one is right.
    ChangePassword,
    /// Having somebody mailed.
    Mail,
    /// All else.
    Other,
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
    pub(super) fn check(&self, kind: Kind, address: IpAddr) -> Result<(), Refusal> {
        let address = subscriber(address);
        let counted = match kind {
            Kind::Mail => self.mails.check_key(&address),
            Kind::Other => self.others.check_key(&address),
            guess => self.guesses.check_key(&(guess, address)),
        };
        counted.map_err(|until| {
            let wait = until.wait_time_from(DefaultClock::default().now());
            // Whole seconds, and enough of them.
            Refusal::TooManyRequests(wait.as_secs() + 1)
        })
    }

    /// Forgets who has not called for a while, for ever.
    pub(super) async fn keep_forgetting(self: Arc<Self>) {
        loop {
            sleep(FORGET).await;
            self.guesses.retain_recent();
            self.mails.retain_recent();
            self.others.retain_recent();
        }
    }
}

/// Who has one IPv6 address has at least all of its /64.
fn subscriber(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
    }
}
