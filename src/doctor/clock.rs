//! Check of the clock against two others: the database's and that of the issuer's server.
//!
//! The lifetime of tokens is judged by this machine's clock, without a tolerance by default. A clock that is ahead rejects fresh tokens.

use chrono::{DateTime, TimeDelta, Utc};

use super::database::{self, Opened};
use super::identity::Fetched;
use super::report::{Fault, Finding, Found};
use crate::clock;

/// Largest accepted difference, in seconds. Synchronized clocks differ by less than one, and the header `Date` is rounded to one.
const MAX_DIFFERENCE: f64 = 5.0;

pub(super) async fn check(opened: Option<&Opened>, fetched: Option<&Fetched>) -> Finding {
    let mut differences = Vec::new();
    if let Some(opened) = opened {
        let began = clock::now();
        if let Ok(theirs) = database::now(&opened.store).await {
            differences.push(("the database", seconds(midpoint(began, clock::now())) - theirs));
        }
    }
    if let Some(keys) = fetched.and_then(|it| it.keys.as_ref())
        && let Some(date) = keys.date
    {
        differences.push(("the issuer", seconds(midpoint(keys.requested, keys.responded)) - seconds(date)));
    }
    let widest = differences.into_iter().max_by(|(_, a), (_, b)| a.abs().total_cmp(&b.abs()));
    match widest {
        None => Ok(Found::Skipped("needs the database or the issuer")),
        Some((whose, difference)) => {
            let direction = if difference < 0.0 { "behind" } else { "ahead of" };
            let text = format!("{:.1} seconds {direction} {whose}", difference.abs());
            if difference.abs() <= MAX_DIFFERENCE {
                return Ok(Found::Good(text));
            }
            Err(Fault::new(
                text,
                "synchronize the clocks of both machines (NTP), because tokens expire by them",
            ))
        }
    }
}

fn midpoint(began: DateTime<Utc>, ended: DateTime<Utc>) -> DateTime<Utc> {
    began + (ended - began) / 2
}

fn seconds(time: DateTime<Utc>) -> f64 {
    TimeDelta::milliseconds(time.timestamp_millis()).as_seconds_f64()
}
