//! Current time and its RFC 3339 format, both with millisecond precision.

use std::time::Duration;

use chrono::{DateTime, Datelike, SecondsFormat, SubsecRound, Timelike, Utc};
use serde::Serializer;
use serde::ser::Error as _;

/// Current time, truncated to milliseconds. Responses, the database and comparisons therefore use the same value.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "the only place that reads the clock")]
pub fn now() -> DateTime<Utc> {
    Utc::now().trunc_subsecs(3)
}

/// Appends a time as a JSON string: RFC 3339 with exactly three fractional digits and `Z`, like JavaScript's `Date.prototype.toISOString`.
pub fn write_rfc3339_millis(json: &mut Vec<u8>, time: DateTime<Utc>) {
    json.push(b'"');
    match rfc3339_millis(time) {
        Some(text) => json.extend_from_slice(&text),
        None => json.extend(time.to_rfc3339_opts(SecondsFormat::Millis, true).into_bytes()),
    }
    json.push(b'"');
}

/// Serializes a time for serde, in the format of [`write_rfc3339_millis`].
pub fn serialize_rfc3339_millis<S: Serializer>(
    time: &DateTime<Utc>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match rfc3339_millis(*time) {
        Some(text) => serializer.serialize_str(std::str::from_utf8(&text).map_err(S::Error::custom)?),
        None => serializer.serialize_str(&time.to_rfc3339_opts(SecondsFormat::Millis, true)),
    }
}

/// The text of a time. `None` for a year that has not four digits.
///
/// Hand-written, because chrono's formatter takes ten times as long, and every task in a list has two times.
fn rfc3339_millis(time: DateTime<Utc>) -> Option<[u8; 24]> {
    let (date, clock) = (time.date_naive(), time.time());
    let year = u32::try_from(date.year()).ok().filter(|year| *year <= 9999)?;
    let mut text = *b"0000-00-00T00:00:00.000Z";
    #[rustfmt::skip]
    let [y3, y2, y1, y0, _, o1, o0, _, d1, d0, _, h1, h0, _, m1, m0, _, s1, s0, _, f2, f1, f0, _] = &mut text;
    write_digits([y3, y2, y1, y0], year);
    write_digits([o1, o0], date.month());
    write_digits([d1, d0], date.day());
    write_digits([h1, h0], clock.hour());
    write_digits([m1, m0], clock.minute());
    write_digits([s1, s0], clock.second());
    write_digits([f2, f1, f0], clock.nanosecond() / 1_000_000 % 1000);
    Some(text)
}

/// Writes the last `N` decimal digits of the number into the template, whose digits are all `0`.
fn write_digits<const N: usize>(template: [&mut u8; N], mut number: u32) {
    for digit in template.into_iter().rev() {
        *digit += u8::try_from(number % 10).unwrap_or_default();
        number /= 10;
    }
}

/// A random duration of 80% to 100% of the interval. Replicas that start together would otherwise repeat their periodic work together.
#[must_use]
pub fn jittered(interval: Duration) -> Duration {
    interval.mul_f64(rand::random_range(0.8..=1.0))
}
