//! The time, as finely as it is stored and shown.

use chrono::{DateTime, SecondsFormat, SubsecRound, Utc};
use serde::Serializer;

/// Now, truncated to milliseconds: what a client is shown, what is stored and what is compared are then one value.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "this is the one place that asks the clock")]
pub fn now() -> DateTime<Utc> {
    Utc::now().trunc_subsecs(3)
}

/// For serde: RFC 3339 with exactly three fractional digits and `Z`, which is what `Date.prototype.toISOString` writes.
pub fn milliseconds<S: Serializer>(time: &DateTime<Utc>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&time.to_rfc3339_opts(SecondsFormat::Millis, true))
}
