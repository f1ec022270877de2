//! Tokens for trying the API by hand.

use std::time::Duration;

use jsonwebtoken::{EncodingKey, Header, encode};
use serde::Serialize;

use crate::clock;
use crate::config::{Auth, ConfigError, OneOrMany};

#[derive(Serialize)]
struct Claims<'a> {
    sub: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<&'a str>,
    iat: i64,
    exp: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    iss: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    aud: Option<&'a str>,
}

/// A token, signed with the configured secret, that a server with these settings accepts for `ttl` from now.
pub fn mint(settings: &Auth, user: &str, email: Option<&str>, ttl: Duration) -> Result<String, ConfigError> {
    let secret = settings.secret.as_ref().ok_or_else(|| {
        ConfigError::new("auth.secret", "is not set", "only the owner of the other keys can sign with them")
    })?;
    let now = clock::now().timestamp();
    let claims = Claims {
        sub: user,
        email,
        iat: now,
        exp: now.saturating_add_unsigned(ttl.as_secs()),
        iss: settings.issuer.as_ref().and_then(OneOrMany::first),
        aud: settings.audience.as_ref().and_then(OneOrMany::first),
    };
    encode(&Header::default(), &claims, &EncodingKey::from_secret(secret.expose().as_bytes()))
        .map_err(|error| ConfigError::new("auth.secret", format!("cannot sign ({error})"), "use another"))
}
