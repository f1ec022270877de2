//! Issues tokens for the command `todo-api token`.

use std::time::Duration;

use jsonwebtoken::{EncodingKey, Header, encode};
use serde::Serialize;

use crate::clock;
use crate::config::{AuthConfig, ConfigError, OneOrMany};

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

/// Issues a token for the user, signed with `auth.secret`. A server with the same configuration accepts it for `ttl`.
pub fn issue_token(
    config: &AuthConfig,
    user: &str,
    email: Option<&str>,
    ttl: Duration,
) -> Result<String, ConfigError> {
    let secret = config.secret.as_ref().ok_or_else(|| {
        ConfigError::new("auth.secret", "is not set", "set it, because the command `token` signs with it")
    })?;
    let now = clock::now().timestamp();
    let claims = Claims {
        sub: user,
        email,
        iat: now,
        exp: now.saturating_add_unsigned(ttl.as_secs()),
        iss: config.issuer.as_ref().and_then(OneOrMany::first),
        aud: config.audience.as_ref().and_then(OneOrMany::first),
    };
    encode(&Header::default(), &claims, &EncodingKey::from_secret(secret.expose().as_bytes()))
        .map_err(|error| ConfigError::new("auth.secret", format!("cannot sign ({error})"), "use another"))
}
