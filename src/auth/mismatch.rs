//! Claims of a rightly signed token that do not fit this API, and what the operator is told of them.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::problem::TokenProblem;

/// Characters of a claim's value in the log.
const VALUE_MAX: usize = 200;

/// Lines per [`WINDOW`]: a misconfigured integration is one or two claims, and an attacker gets no more.
const LINES_MAX: usize = 5;

const WINDOW: Duration = Duration::from_mins(1);

/// Claims and values kept to log each only once. When there are more, all are forgotten.
const LOGGED_MAX: usize = 256;

/// A claim that tells what a token is for. `typ` and the session cache are read from the header as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Claim {
    Iss,
    Aud,
    Typ,
    Azp,
    ClientId,
    Cnf,
    Scope,
    Role,
}

impl Claim {
    pub(super) const ALL: [Self; 8] =
        [Self::Iss, Self::Aud, Self::Typ, Self::Azp, Self::ClientId, Self::Cnf, Self::Scope, Self::Role];

    /// Its name in a token.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Iss => "iss",
            Self::Aud => "aud",
            Self::Typ => "typ",
            Self::Azp => "azp",
            Self::ClientId => "client_id",
            Self::Cnf => "cnf",
            Self::Scope => "scope",
            Self::Role => "role",
        }
    }
}

/// A claim, its value, and what would have been accepted.
#[derive(Debug)]
pub(super) struct ClaimMismatch {
    pub(super) claim: Claim,
    value: String,
    expected: String,
    hint: &'static str,
}

impl ClaimMismatch {
    /// `expected` completes "expected …"; `hint` names the setting that would change the outcome.
    pub(super) fn new(
        claim: Claim,
        value: Option<&Value>,
        expected: impl Into<String>,
        hint: &'static str,
    ) -> Self {
        Self { claim, value: shown(value), expected: expected.into(), hint }
    }
}

/// Why a token is refused.
#[derive(Debug)]
pub(super) enum Rejection {
    Token(TokenProblem),
    Claim(ClaimMismatch),
}

impl Rejection {
    /// What the client is told: of a claim no more than that the token is invalid.
    pub(super) fn problem(&self) -> TokenProblem {
        match self {
            Self::Token(problem) => *problem,
            Self::Claim(_) => TokenProblem::Invalid,
        }
    }
}

impl From<TokenProblem> for Rejection {
    fn from(problem: TokenProblem) -> Self {
        Self::Token(problem)
    }
}

impl From<ClaimMismatch> for Rejection {
    fn from(mismatch: ClaimMismatch) -> Self {
        Self::Claim(mismatch)
    }
}

/// Logs mismatches: each claim and value once, and few per minute.
#[derive(Debug, Default)]
pub(super) struct MismatchLog(Mutex<Logged>);

#[derive(Debug, Default)]
struct Logged {
    known: HashSet<(Claim, String)>,
    window: Option<Instant>,
    lines: usize,
}

impl MismatchLog {
    pub(super) fn write(&self, mismatch: &ClaimMismatch) {
        let is_new = self.0.lock().unwrap_or_else(PoisonError::into_inner).admit(mismatch, Instant::now());
        if is_new {
            let ClaimMismatch { claim, value, expected, hint } = mismatch;
            tracing::warn!(
                claim = claim.name(),
                value,
                expected,
                hint,
                "a token with a right signature is refused: it was not issued for this API, or a setting is missing"
            );
        }
    }
}

impl Logged {
    /// Whether to log it. What the limit holds back is not remembered, so that it is logged when it comes again.
    fn admit(&mut self, mismatch: &ClaimMismatch, now: Instant) -> bool {
        let key = (mismatch.claim, mismatch.value.clone());
        if self.known.contains(&key) {
            return false;
        }
        if self.window.is_none_or(|began| now.duration_since(began) >= WINDOW) {
            (self.window, self.lines) = (Some(now), 0);
        }
        if self.lines >= LINES_MAX {
            return false;
        }
        if self.known.len() >= LOGGED_MAX {
            self.known.clear();
        }
        self.lines += 1;
        self.known.insert(key)
    }
}

/// A value as the log shows it: cut, and without characters that a terminal would obey.
fn shown(value: Option<&Value>) -> String {
    match value {
        None => "absent".to_owned(),
        Some(Value::String(text)) => format!("{:?}", cut(text)),
        Some(other) => cut(&other.to_string()).escape_debug().to_string().replace("\\\"", "\""),
    }
}

fn cut(text: &str) -> String {
    let mut cut: String = text.chars().take(VALUE_MAX).collect();
    if cut.len() < text.len() {
        cut.push('…');
    }
    cut
}
