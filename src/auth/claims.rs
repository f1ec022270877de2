//! The claims of a token ([RFC 7519, 4.1](https://www.rfc-editor.org/rfc/rfc7519#section-4.1)), whose signature was checked before, and what
//! they say of the user.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::error::TokenError;

/// Characters a user id may have at most.
const USER_ID_MAX: usize = 255;

/// The claims that are read. The names under which Better Auth gives a user's id are three; `userId` is none of them, because the links in
/// its mails carry a token with that.
#[derive(Debug, Deserialize)]
pub(super) struct Claims {
    exp: Option<Value>,
    nbf: Option<Value>,
    pub(super) iss: Option<Value>,
    pub(super) aud: Option<Value>,
    sub: Option<Value>,
    user_id: Option<Value>,
    id: Option<Value>,
    email: Option<Value>,
    pub(super) role: Option<Value>,
    pub(super) scope: Option<Value>,
    /// The client that an access token was issued to. Present also where it is null, as are the next two.
    #[serde(default, deserialize_with = "present")]
    pub(super) azp: Option<Value>,
    #[serde(default, deserialize_with = "present")]
    pub(super) client_id: Option<Value>,
    /// The key that the sender has to prove possession of ([RFC 7800](https://www.rfc-editor.org/rfc/rfc7800)).
    #[serde(default, deserialize_with = "present")]
    pub(super) cnf: Option<Value>,
}

/// Keeps null apart from absence, which `Option` alone does not.
pub(super) fn present<'de, D: Deserializer<'de>>(value: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(value).map(Some)
}

/// The caller, as a good token names them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// 1 to 255 characters, opaque.
    pub user_id: String,
    /// The caller's address, if the token has it.
    pub email: Option<String>,
}

/// The time in which a token is valid, in seconds since 1970. `NumericDate` may have a fraction.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lifetime {
    expires: f64,
    begins: Option<f64>,
}

impl Claims {
    /// The first of the three names that is there counts. That it is no usable id is no reason to look at the next.
    pub(super) fn identity(&self) -> Result<Identity, TokenError> {
        let id = self.sub.as_ref().or(self.user_id.as_ref()).or(self.id.as_ref());
        let user_id = string(id).filter(|it| is_user_id(it)).ok_or(TokenError::Invalid)?;
        Ok(Identity { user_id: user_id.to_owned(), email: string(self.email.as_ref()).map(str::to_owned) })
    }

    /// `exp`, which is required, and `nbf`, which is not.
    pub(super) fn lifetime(&self) -> Result<Lifetime, TokenError> {
        let seconds = |date: &Value| date.as_f64().ok_or(TokenError::Invalid);
        let expires = self.exp.as_ref().ok_or(TokenError::Invalid).and_then(seconds)?;
        // An expired token is told so whatever its `nbf` is.
        Ok(Lifetime { expires, begins: self.nbf.as_ref().map(|it| it.as_f64().unwrap_or(f64::INFINITY)) })
    }

    /// The audiences: `aud` is a string or a list of them. `None` is anything else.
    pub(super) fn audiences(&self) -> Option<Vec<&str>> {
        match &self.aud {
            None => Some(Vec::new()),
            Some(Value::String(one)) => Some(vec![one]),
            Some(Value::Array(many)) => many.iter().map(Value::as_str).collect(),
            Some(_) => None,
        }
    }

    /// The scopes: one string with spaces between ([RFC 9068, 2.2.3](https://www.rfc-editor.org/rfc/rfc9068#section-2.2.3)), or a list.
    pub(super) fn scopes(&self) -> Vec<&str> {
        match &self.scope {
            Some(Value::String(all)) => all.split(' ').collect(),
            Some(Value::Array(many)) => many.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        }
    }
}

impl Lifetime {
    /// Whether the token is valid at this time, with clocks that differ by `leeway` seconds at most.
    pub(super) fn check(&self, now: DateTime<Utc>, leeway: f64) -> Result<(), TokenError> {
        let now = TimeDelta::milliseconds(now.timestamp_millis()).as_seconds_f64();
        if self.expires + leeway <= now {
            return Err(TokenError::Expired);
        }
        match self.begins {
            Some(begins) if begins - leeway > now => Err(TokenError::Invalid),
            _ => Ok(()),
        }
    }
}

fn string(value: Option<&Value>) -> Option<&str> {
    value.and_then(Value::as_str)
}

fn is_user_id(id: &str) -> bool {
    !id.is_empty() && id.chars().nth(USER_ID_MAX).is_none() && !id.chars().any(char::is_control)
}
