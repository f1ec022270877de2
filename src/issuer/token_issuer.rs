//! TokenIssuer for the API: what a session is worth to it.

use std::fmt;
use std::time::Duration;

use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde::Serialize;

use super::request_context::RequestContext;
use super::signing_keys::Keys;
use super::store::User;
use crate::clock;
use crate::config::{Auth, OneOrMany, Secret};
use crate::problem::Problem;

/// SigningMethod tokens.
pub(super) struct TokenIssuer {
    signs: SigningMethod,
    lifetime: Duration,
    issuer: Option<String>,
    audience: Option<String>,
}

enum SigningMethod {
    Secret(EncodingKey),
    Keys(Keys),
}

impl fmt::Debug for TokenIssuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenIssuer(…)")
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

impl TokenIssuer {
    /// By the secret, or by the keys where there are some. What the verifier asks for besides a signature they have.
    pub(super) fn new(secret: &Secret, keys: Option<Keys>, lifetime: Duration, auth: &Auth) -> Self {
        let signs = match keys {
            Some(keys) => SigningMethod::Keys(keys),
            None => SigningMethod::Secret(EncodingKey::from_secret(secret.expose().as_bytes())),
        };
        let audience = auth.audience.as_ref().map(OneOrMany::as_slice).and_then(|all| all.first()).cloned();
        Self { signs, lifetime, issuer: auth.issuer.clone(), audience }
    }

    /// A token for this user, from this context.
    pub(super) async fn issue(&self, user: &User, context: &RequestContext<'_>) -> Result<String, Problem> {
        let now = clock::now().timestamp();
        let claims = Claims {
            iat: now,
            user,
            sub: &user.id,
            exp: now.saturating_add_unsigned(self.lifetime.as_secs()),
            iss: self.issuer.as_deref().unwrap_or(&context.origin),
            aud: self.audience.as_deref().unwrap_or(&context.origin),
        };
        let signed = match &self.signs {
            SigningMethod::Secret(key) => encode(&header(Algorithm::HS256, None), &claims, key),
            SigningMethod::Keys(keys) => {
                let signing = keys.signing().await?;
                encode(&header(Algorithm::EdDSA, Some(signing.id)), &claims, &signing.key)
            }
        };
        signed.map_err(|error| Problem::Internal(format!("a token cannot be signed: {error}")))
    }

    /// The keys by which others can check them.
    pub(super) fn keys(&self) -> Option<&Keys> {
        match &self.signs {
            SigningMethod::Secret(_) => None,
            SigningMethod::Keys(keys) => Some(keys),
        }
    }
}

/// Without `typ`, as Better Auth's.
fn header(alg: Algorithm, kid: Option<String>) -> Header {
    Header { typ: None, kid, ..Header::new(alg) }
}
