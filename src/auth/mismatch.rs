//! Claims of a rightly signed token that do not fit this API.

use serde_json::Value;

use crate::error::TokenError;

/// Characters of a claim's value in the log.
const VALUE_MAX: usize = 200;

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
    pub(super) value: String,
    pub(super) expected: String,
    pub(super) hint: &'static str,
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
    Token(TokenError),
    Claim(ClaimMismatch),
}

impl Rejection {
    /// What the client is told: of a claim no more than that the token is invalid.
    pub(super) fn problem(&self) -> TokenError {
        match self {
            Self::Token(problem) => *problem,
            Self::Claim(_) => TokenError::Invalid,
        }
    }
}

impl From<TokenError> for Rejection {
    fn from(problem: TokenError) -> Self {
        Self::Token(problem)
    }
}

impl From<ClaimMismatch> for Rejection {
    fn from(mismatch: ClaimMismatch) -> Self {
        Self::Claim(mismatch)
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
