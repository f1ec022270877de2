//! Claims of a token whose signature is verified ([RFC 7519, 4.1](https://www.rfc-editor.org/rfc/rfc7519#section-4.1)).
//!
//! The claims name the caller ([`UserId`]) and the period in which the token is valid ([`Lifetime`]).

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::error::TokenError;

/// Maximum length of a user id, in characters.
const MAX_USER_ID_CHARS: usize = 255;

/// The claims that this server reads. Better Auth's tokens carry the user id as `sub`, `user_id` or `id`. `userId` is not read, because
/// Better Auth puts it into the tokens of its email links.
#[derive(Debug, Deserialize)]
pub(super) struct Claims {
    exp: Option<Value>,
    nbf: Option<Value>,
    pub(super) iss: Option<Value>,
    pub(super) aud: Option<Value>,
    sub: Option<Value>,
    user_id: Option<Value>,
    id: Option<Value>,
    pub(super) role: Option<Value>,
    pub(super) scope: Option<Value>,
    /// Id of the client that the access token was issued to. `Some` also for null, like the next two.
    #[serde(default, deserialize_with = "null_as_some")]
    pub(super) azp: Option<Value>,
    #[serde(default, deserialize_with = "null_as_some")]
    pub(super) client_id: Option<Value>,
    /// Key whose possession the sender must prove ([RFC 7800](https://www.rfc-editor.org/rfc/rfc7800)).
    #[serde(default, deserialize_with = "null_as_some")]
    pub(super) cnf: Option<Value>,
}

/// Deserializes null as `Some(Value::Null)`, so that only an absent field is `None`. Serde's `Option` does not tell the two apart.
pub(super) fn null_as_some<'de, D: Deserializer<'de>>(value: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(value).map(Some)
}

/// `aud` is neither a string nor a list of strings.
#[derive(Debug)]
pub(super) struct MalformedAudience;

/// The user id of a token: 1 to 255 characters without control characters, opaque. The token cache shares it with the requests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserId(Arc<str>);

impl UserId {
    /// The user id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Validity period of a token, in seconds since 1970. A `NumericDate` may have a fraction.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lifetime {
    expires_at: f64,
    not_before: Option<f64>,
}

impl Claims {
    /// The caller: the first of `sub`, `user_id` and `id` that is present. If that value is invalid, so is the token.
    pub(super) fn user_id(&self) -> Result<UserId, TokenError> {
        let id = self.sub.as_ref().or(self.user_id.as_ref()).or(self.id.as_ref());
        let id = id.and_then(Value::as_str).filter(|it| is_user_id(it));
        id.map(|it| UserId(it.into())).ok_or(TokenError::Invalid)
    }

    /// The validity period: `exp`, which is required, and `nbf`, which is optional.
    pub(super) fn lifetime(&self) -> Result<Lifetime, TokenError> {
        let seconds = |date: &Value| date.as_f64().ok_or(TokenError::Invalid);
        let expires_at = self.exp.as_ref().ok_or(TokenError::Invalid).and_then(seconds)?;
        // An invalid `nbf` becomes infinity, so that an expired token with an invalid `nbf` is still reported as expired.
        let not_before = self.nbf.as_ref().map(|it| it.as_f64().unwrap_or(f64::INFINITY));
        Ok(Lifetime { expires_at, not_before })
    }

    /// The audiences: `aud` is a string or a list of strings. Empty without `aud`.
    pub(super) fn audiences(&self) -> Result<Vec<&str>, MalformedAudience> {
        match &self.aud {
            None => Ok(Vec::new()),
            Some(Value::String(audience)) => Ok(vec![audience]),
            Some(Value::Array(audiences)) => {
                let texts: Option<_> = audiences.iter().map(Value::as_str).collect();
                texts.ok_or(MalformedAudience)
            }
            Some(_) => Err(MalformedAudience),
        }
    }

    /// The scopes: a space-separated string ([RFC 9068, 2.2.3](https://www.rfc-editor.org/rfc/rfc9068#section-2.2.3)) or a list.
    pub(super) fn scopes(&self) -> Vec<&str> {
        match &self.scope {
            Some(Value::String(scopes)) => scopes.split(' ').collect(),
            Some(Value::Array(scopes)) => scopes.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        }
    }
}

impl Lifetime {
    /// Checks that the token is valid at this time. Tolerates a clock difference of up to `leeway` seconds.
    pub(super) fn check(&self, now: DateTime<Utc>, leeway: f64) -> Result<(), TokenError> {
        let now = TimeDelta::milliseconds(now.timestamp_millis()).as_seconds_f64();
        if self.expires_at + leeway <= now {
            return Err(TokenError::Expired);
        }
        match self.not_before {
            Some(not_before) if not_before - leeway > now => Err(TokenError::Invalid),
            _ => Ok(()),
        }
    }
}

fn is_user_id(id: &str) -> bool {
    !id.is_empty() && id.chars().nth(MAX_USER_ID_CHARS).is_none() && !id.chars().any(char::is_control)
}
