//! The time, as finely as it is stored and shown.

use chrono::{DateTime, SubsecRound, Utc};

/// Now, truncated to milliseconds: what a client is shown, what is stored and what is compared are then one value.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "this is the one place that asks the clock")]
pub fn now() -> DateTime<Utc> {
    Utc::now().trunc_subsecs(3)
}
