//! The reasons for which a token is rejected: a [`TokenError`], or a claim that does not match the configuration of this API.

use serde_json::Value;

use crate::error::TokenError;

/// Maximum length of a claim's value in the log, in characters.
const MAX_VALUE_CHARS: usize = 200;

/// A claim that shows the purpose of a token. `typ` is a header parameter, not a claim.
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

    /// Name of the claim in a token.
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

/// A claim with its value and the accepted values.
#[derive(Debug)]
pub(super) struct ClaimMismatch {
    pub(super) claim: Claim,
    pub(super) value: String,
    pub(super) expected: String,
    pub(super) hint: &'static str,
}

impl ClaimMismatch {
    /// `expected` completes the phrase "expected …". `hint` names the setting that would accept the token.
    pub(super) fn new(
        claim: Claim,
        value: Option<&Value>,
        expected: impl Into<String>,
        hint: &'static str,
    ) -> Self {
        Self { claim, value: display_value(value), expected: expected.into(), hint }
    }
}

/// The reason for which a token is rejected, as the log and the metrics report it.
#[derive(Debug)]
pub(super) enum Rejection {
    Token(TokenError),
    Claim(ClaimMismatch),
}

impl Rejection {
    /// The error for the client. It reports a claim mismatch only as an invalid token.
    pub(super) fn token_error(&self) -> TokenError {
        match self {
            Self::Token(error) => *error,
            Self::Claim(_) => TokenError::Invalid,
        }
    }
}

impl From<TokenError> for Rejection {
    fn from(error: TokenError) -> Self {
        Self::Token(error)
    }
}

impl From<ClaimMismatch> for Rejection {
    fn from(mismatch: ClaimMismatch) -> Self {
        Self::Claim(mismatch)
    }
}

/// Formats a value for the log: truncated, and with control characters escaped, which a terminal would interpret.
fn display_value(value: Option<&Value>) -> String {
    match value {
        None => "absent".to_owned(),
        Some(Value::String(text)) => format!("{:?}", truncate(text)),
        Some(other) => truncate(&other.to_string()).escape_debug().to_string().replace("\\\"", "\""),
    }
}

fn truncate(text: &str) -> String {
    let mut truncated: String = text.chars().take(MAX_VALUE_CHARS).collect();
    if truncated.len() < text.len() {
        truncated.push('…');
    }
    truncated
}
