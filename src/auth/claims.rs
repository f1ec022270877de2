//! What a token says, and whether that is enough. The signature was checked before.

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::Value;

use crate::config::Auth;
use crate::error::TokenError;

/// The audience of the tokens in which Better Auth caches sessions in a cookie. They are signed with the same secret and are no
/// proof of anything to an API.
const SESSION_CACHE: &str = "better-auth:session-cache";

/// Characters a user id may have at most.
const USER_ID_MAX: usize = 255;

/// The claims that matter here ([RFC 7519, 4.1](https://www.rfc-editor.org/rfc/rfc7519#section-4.1)), and the names under which Better Auth also
/// gives a user's id.
#[derive(Debug, Deserialize)]
pub(super) struct Claims {
    exp: Option<Value>,
    nbf: Option<Value>,
    iss: Option<Value>,
    aud: Option<Value>,
    sub: Option<Value>,
    user_id: Option<Value>,
    id: Option<Value>,
    email: Option<Value>,
}

/// What claims are checked against.
#[derive(Debug)]
pub(super) struct Policy {
    issuer: Option<String>,
    audience: Vec<String>,
    leeway: f64,
}

/// The caller, as a good token names them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// 1 to 255 characters, opaque.
    pub user_id: String,
    /// The caller's address, if the token has it.
    pub email: Option<String>,
}

impl Policy {
    pub(super) fn new(settings: &Auth) -> Self {
        Self {
            issuer: settings.issuer.clone(),
            audience: settings.audience.as_ref().map_or_else(Vec::new, |it| it.as_slice().to_vec()),
            leeway: settings.leeway.into(),
        }
    }

    /// Who is meant, if the claims hold now.
    pub(super) fn check(&self, claims: &Claims, now: DateTime<Utc>) -> Result<Identity, TokenError> {
        self.check_time(claims, now)?;
        self.check_origin(claims)?;
        // The first of the three that is there counts. That it is no usable id is no reason to look at the next.
        let id = claims.sub.as_ref().or(claims.user_id.as_ref()).or(claims.id.as_ref());
        let user_id = string(id).filter(|it| is_user_id(it)).ok_or(TokenError::Invalid)?;
        Ok(Identity { user_id: user_id.to_owned(), email: string(claims.email.as_ref()).map(str::to_owned) })
    }

    fn check_time(&self, claims: &Claims, now: DateTime<Utc>) -> Result<(), TokenError> {
        // `NumericDate` is in seconds and may have a fraction.
        let now = chrono::TimeDelta::milliseconds(now.timestamp_millis()).as_seconds_f64();
        let exp = claims.exp.as_ref().and_then(Value::as_f64).ok_or(TokenError::Invalid)?;
        if exp + self.leeway <= now {
            return Err(TokenError::Expired);
        }
        match &claims.nbf {
            None => Ok(()),
            Some(nbf) => match nbf.as_f64() {
                Some(nbf) if nbf - self.leeway <= now => Ok(()),
                _ => Err(TokenError::Invalid),
            },
        }
    }

    fn check_origin(&self, claims: &Claims) -> Result<(), TokenError> {
        let issued = match &self.issuer {
            Some(wanted) => claims.iss.as_ref().and_then(Value::as_str) == Some(wanted),
            None => true,
        };
        let audience = strings(claims.aud.as_ref()).ok_or(TokenError::Invalid)?;
        let meant =
            self.audience.is_empty() || audience.iter().any(|it| self.audience.iter().any(|w| w == it));
        if issued && meant && !audience.contains(&SESSION_CACHE) {
            Ok(())
        } else {
            Err(TokenError::Invalid)
        }
    }
}

/// An `aud` is a string or a list of them; `None` is anything else.
fn strings(value: Option<&Value>) -> Option<Vec<&str>> {
    match value {
        None => Some(Vec::new()),
        Some(Value::String(one)) => Some(vec![one]),
        Some(Value::Array(many)) => many.iter().map(Value::as_str).collect(),
        Some(_) => None,
    }
}

fn string(value: Option<&Value>) -> Option<&str> {
    value.and_then(Value::as_str)
}

fn is_user_id(id: &str) -> bool {
    !id.is_empty() && id.chars().nth(USER_ID_MAX).is_none() && !id.chars().any(char::is_control)
}
