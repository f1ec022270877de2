//! Tokens for the API: what a session is worth to it.

use std::fmt;
use std::time::Duration;

use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde::Serialize;

use super::keys::Keys;
use super::site::Site;
use super::tables::User;
use crate::clock;
use crate::config::{AuthConfig, OneOrMany, Secret};
use crate::error::ApiError;

/// Signs tokens.
pub(super) struct Tokens {
    signs: Signs,
    lifetime: Duration,
    issuer: Option<String>,
    audience: Option<String>,
}

enum Signs {
    Secret(EncodingKey),
    Keys(Keys),
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tokens(…)")
    }
}

/// Better Auth's: the whole user, and what every token has.
#[derive(Serialize)]
struct Claims<'a> {
    iat: i64,
    #[serde(flatten)]
    user: &'a User,
    sub: &'a str,
    exp: i64,
    iss: &'a str,
    aud: &'a str,
}

impl Tokens {
    /// By the secret, or by the keys where there are some. What the verifier asks for besides a signature they have.
    pub(super) fn new(secret: &Secret, keys: Option<Keys>, lifetime: Duration, auth: &AuthConfig) -> Self {
        let signs = match keys {
            Some(keys) => Signs::Keys(keys),
            None => Signs::Secret(EncodingKey::from_secret(secret.expose().as_bytes())),
        };
        let audience = auth.audience.as_ref().map(OneOrMany::as_slice).and_then(|all| all.first()).cloned();
        Self {
            signs,
            lifetime,
            issuer: auth.issuer.as_ref().and_then(|it| it.first()).map(str::to_owned),
            audience,
        }
    }

    /// A token for this user, from this site.
    pub(super) async fn issue(&self, user: &User, site: &Site<'_>) -> Result<String, ApiError> {
        let now = clock::now().timestamp();
        let claims = Claims {
            iat: now,
            user,
            sub: &user.id,
            exp: now.saturating_add_unsigned(self.lifetime.as_secs()),
            iss: self.issuer.as_deref().unwrap_or(&site.origin),
            aud: self.audience.as_deref().unwrap_or(&site.origin),
        };
        let signed = match &self.signs {
            Signs::Secret(key) => encode(&header(Algorithm::HS256, None), &claims, key),
            Signs::Keys(keys) => {
                let signing = keys.signing().await?;
                encode(&header(Algorithm::EdDSA, Some(signing.id)), &claims, &signing.key)
            }
        };
        signed.map_err(|error| ApiError::Internal(format!("a token cannot be signed: {error}")))
    }

    /// The keys by which others can check them.
    pub(super) fn keys(&self) -> Option<&Keys> {
        match &self.signs {
            Signs::Secret(_) => None,
            Signs::Keys(keys) => Some(keys),
        }
    }
}

/// Without `typ`, as Better Auth's.
fn header(alg: Algorithm, kid: Option<String>) -> Header {
    Header { typ: None, kid, ..Header::new(alg) }
}
