//! Random ids and tokens, in Better Auth's formats.

use rand::distr::{Alphanumeric, SampleString};

/// Id of a row, or token of a session: 32 letters and digits (190 bits).
pub(super) fn random_id() -> String {
    Alphanumeric.sample_string(&mut rand::rng(), 32)
}

/// Token in a mailed link: 24 letters and digits (142 bits).
pub(super) fn random_link_token() -> String {
    Alphanumeric.sample_string(&mut rand::rng(), 24)
}
