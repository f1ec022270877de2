//! Names nobody can guess.

use rand::distr::{Alphanumeric, SampleString};

/// 32 letters and digits, 190 bits: what Better Auth uses for ids and for the tokens of sessions.
pub(super) fn random_id() -> String {
    Alphanumeric.sample_string(&mut rand::rng(), 32)
}

/// 24 letters and digits, 142 bits: what it uses in links.
pub(super) fn random_link_token() -> String {
    Alphanumeric.sample_string(&mut rand::rng(), 24)
}
