//! API tokens: JWTs that a session can be exchanged for.

use std::fmt;
use std::time::Duration;

use chrono::{DateTime, SubsecRound, Utc};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde::Serialize;
use serde_json::{Value, json};

use super::request_context::RequestContext;
use super::signing_keys::SigningKeys;
use super::store::User;
use crate::clock;
use crate::config::{AuthConfig, IssuerConfig, OneOrMany, Secret, Template, UserPlaceholder};
use crate::error::ApiError;

/// Issues API tokens.
pub(super) struct TokenIssuer {
    method: SigningMethod,
    lifetime: Duration,
    issuer: Option<String>,
    audience: Option<String>,
    /// The setting `issuer.token_claims`.
    more_claims: Option<Template<UserPlaceholder>>,
}

enum SigningMethod {
    Secret(EncodingKey),
    Keys(SigningKeys),
}

impl fmt::Debug for TokenIssuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenIssuer(…)")
    }
}

/// An API token and its expiry.
#[derive(Debug)]
pub(super) struct IssuedToken {
    pub(super) jwt: String,
    pub(super) lifetime: Duration,
    pub(super) expires_at: DateTime<Utc>,
}

/// Claims of an API token, as Better Auth issues them: all fields of the user, and the registered claims.
#[derive(Serialize)]
struct IssuedClaims<'a> {
    iat: i64,
    #[serde(flatten)]
    user: &'a User,
    sub: &'a str,
    exp: i64,
    iss: &'a str,
    aud: &'a str,
    /// The claims of `issuer.token_claims`.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    more: Option<Value>,
}

impl TokenIssuer {
    /// Signs with the keys if there are any, otherwise with the secret. `iss` and `aud` get the values that `auth.issuer` and `auth.audience`
    /// require, so that this server's verifier accepts the tokens.
    pub(super) fn new(
        secret: &Secret,
        keys: Option<SigningKeys>,
        settings: &IssuerConfig,
        auth: &AuthConfig,
    ) -> Self {
        let method = match keys {
            Some(keys) => SigningMethod::Keys(keys),
            None => SigningMethod::Secret(EncodingKey::from_secret(secret.expose().as_bytes())),
        };
        let audience = auth.audience.as_ref().map(OneOrMany::as_slice).and_then(|all| all.first()).cloned();
        let issuer = auth.issuer.as_ref().and_then(|it| it.first()).map(str::to_owned);
        let (lifetime, more_claims) = (settings.token_lifetime(), settings.token_claims().cloned());
        Self { method, lifetime, issuer, audience, more_claims }
    }

    /// Issues a token for this user. Without configured values, `iss` and `aud` are the server's public origin.
    pub(super) async fn issue(
        &self,
        user: &User,
        context: &RequestContext<'_>,
    ) -> Result<IssuedToken, ApiError> {
        // The claims have whole seconds.
        let now = clock::now().trunc_subsecs(0);
        let expires_at = now + self.lifetime;
        let claims = IssuedClaims {
            iat: now.timestamp(),
            user,
            sub: &user.id,
            exp: expires_at.timestamp(),
            iss: self.issuer.as_deref().unwrap_or(&context.own_origin),
            aud: self.audience.as_deref().unwrap_or(&context.own_origin),
            more: self.more_claims.as_ref().map(|claims| filled(claims, user)),
        };
        let signed = match &self.method {
            SigningMethod::Secret(key) => encode(&header(Algorithm::HS256, None), &claims, key),
            SigningMethod::Keys(keys) => {
                let signing = keys.active_key().await?;
                encode(&header(Algorithm::EdDSA, Some(signing.id)), &claims, &signing.key)
            }
        };
        let jwt = signed.map_err(|error| ApiError::Internal(format!("cannot sign token: {error}")))?;
        Ok(IssuedToken { jwt, lifetime: self.lifetime, expires_at })
    }

    /// The signing keys. `None` if the tokens are signed with the secret.
    pub(super) fn keys(&self) -> Option<&SigningKeys> {
        match &self.method {
            SigningMethod::Secret(_) => None,
            SigningMethod::Keys(keys) => Some(keys),
        }
    }
}

/// Claims with the values of a user.
fn filled(claims: &Template<UserPlaceholder>, user: &User) -> Value {
    let user = json!(user);
    let field = |name| user.get(name).cloned().unwrap_or_default();
    claims.fill(&|placeholder| match placeholder {
        UserPlaceholder::All => user.clone(),
        UserPlaceholder::Id => field("id"),
        UserPlaceholder::Email => field("email"),
        UserPlaceholder::Name => field("name"),
        UserPlaceholder::CreatedAt => field("createdAt"),
        UserPlaceholder::UpdatedAt => field("updatedAt"),
        // The configuration does not allow it.
        UserPlaceholder::Username => Value::Null,
    })
}

/// A JWT header without `typ`, as Better Auth's.
fn header(alg: Algorithm, kid: Option<String>) -> Header {
    Header { typ: None, kid, ..Header::new(alg) }
}
