//! Claims validation: checks that a token with a valid signature was issued for this API.
//!
//! A signature proves the signer of a token, not its purpose. Better Auth's OAuth plugins sign `id_token`s and access tokens of third-party
//! applications with the same JWKS keys as session tokens. Only `iss`, `aud`, `typ`, `azp` and `client_id` distinguish them.

use serde_json::Value;

use super::claims::Claims;
use super::inspect::ExpectedClaims;
use super::rejection::{Claim, ClaimMismatch};
use crate::config::{AuthConfig, OneOrMany};

/// `aud` and `typ` of the tokens in which Better Auth caches a session in a cookie. They are not meant for an API.
const SESSION_CACHE_AUDIENCE: &str = "better-auth:session-cache";
const SESSION_CACHE_TYP: &str = "better-auth.session-cache+jwt";

/// Role of the tokens that Neon Auth issues without a sign-in.
const ANONYMOUS_ROLE: &str = "anonymous";

const SET_ISSUER: &str = "auth.issuer: add it if that is your Better Auth's own base URL (without a path); if it is empty, give Better Auth a baseURL";
const SET_AUDIENCE: &str = "auth.audience: add it if these tokens are for this API; if that is another application's client_id, the refusal is right";
const ALLOW_CLIENTS: &str = "auth.audience: set it to the aud of access tokens for this API, if they are wanted; if that is another application's client_id, the refusal is right";
const NO_SETTING: &str = "no setting changes this";

/// The owner of the key that signed a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum KeyOwner {
    /// The secret `BETTER_AUTH_SECRET`, which third-party applications do not have.
    Secret,
    /// The embedded issuer of this server.
    EmbeddedIssuer,
    /// The issuer behind the configured JWKS endpoint.
    JwksIssuer,
}

/// Claims validation with separate rules for each owner of a key.
#[derive(Debug)]
pub(super) struct ClaimsValidation {
    configured: ConfiguredRules,
    jwks: JwksRules,
}

/// The explicitly configured issuers and audiences. They suffice for tokens that are signed with the secret, which only this API and its
/// Better Auth have.
#[derive(Debug)]
struct ConfiguredRules {
    issuers: Option<Vec<String>>,
    audiences: Option<Vec<String>>,
}

/// The rules for JWKS keys, which also sign tokens for other applications. `None` disables a check.
#[derive(Debug)]
struct JwksRules {
    issuers: Option<Vec<String>>,
    audiences: Option<Vec<String>>,
    clients: Clients,
    scopes: Vec<String>,
    allow_anonymous: bool,
}

/// Treatment of tokens that were issued to an OAuth client: tokens with `azp`, `client_id` or `typ: at+jwt`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Clients {
    /// Rejects them. The default, because session tokens are expected.
    Rejected,
    /// Ignores `azp`, because issuers without audiences, such as Clerk, put the browser's origin there.
    AzpIgnored,
    /// Accepts them, because the operator configured the audience of access tokens.
    Accepted,
}

impl ClaimsValidation {
    pub(super) fn new(config: &AuthConfig) -> Self {
        let list = |it: &Option<OneOrMany>| it.as_ref().map(|it| it.as_slice().to_vec());
        let (issuers, audiences) = (list(&config.issuer), list(&config.audience));
        // Without the URL of a Better Auth the keys are those of another issuer, such as Clerk.
        let better_auth = config.origin();
        let clients = match (&audiences, &better_auth) {
            (Some(_), _) => Clients::Accepted,
            (None, Some(_)) => Clients::Rejected,
            (None, None) => Clients::AzpIgnored,
        };
        let jwks = JwksRules {
            issuers: issuers.clone().or_else(|| Some(vec![better_auth.clone()?])),
            audiences: audiences
                .clone()
                .or_else(|| Some(default_audiences(better_auth?, issuers.as_deref()))),
            clients,
            scopes: config.scopes(),
            allow_anonymous: config.allow_anonymous,
        };
        Self { configured: ConfiguredRules { issuers, audiences }, jwks }
    }

    /// The accepted `iss` and `aud` of tokens signed with published keys, or with the secret.
    pub(super) fn expected(self, by_jwks: bool) -> ExpectedClaims {
        let (issuers, audiences) = if by_jwks {
            (self.jwks.issuers, self.jwks.audiences)
        } else {
            (self.configured.issuers, self.configured.audiences)
        };
        ExpectedClaims { issuers, audiences }
    }

    /// Checks that the token was issued for this API. Its lifetime is checked separately.
    pub(super) fn validate(
        &self,
        owner: KeyOwner,
        typ: Option<&Value>,
        claims: &Claims,
    ) -> Result<(), ClaimMismatch> {
        reject_session_cache(typ, claims)?;
        match owner {
            KeyOwner::Secret => self.configured.check(claims),
            KeyOwner::EmbeddedIssuer => {
                self.configured.check(claims)?;
                self.configured.check_embedded(typ, claims)
            }
            KeyOwner::JwksIssuer => self.jwks.check(typ, claims),
        }
    }
}

impl ConfiguredRules {
    fn check(&self, claims: &Claims) -> Result<(), ClaimMismatch> {
        if let Some(issuers) = &self.issuers
            && !text(claims.iss.as_ref()).is_some_and(|iss| issuers.iter().any(|it| it == iss))
        {
            return Err(wrong_issuer(claims, issuers));
        }
        match (&self.audiences, claims.audiences()) {
            (None, Ok(_)) => Ok(()),
            (Some(expected), Ok(actual)) if intersects(&actual, expected) => Ok(()),
            (expected, _) => Err(wrong_audience(claims, expected.as_deref().unwrap_or_default())),
        }
    }

    /// Additional checks for the embedded issuer's keys. A Better Auth server that shares the database signs tokens for third-party
    /// applications with the same keys. A configured issuer or audience already excludes those; otherwise `aud` must contain `iss`, as in
    /// every session token.
    fn check_embedded(&self, typ: Option<&Value>, claims: &Claims) -> Result<(), ClaimMismatch> {
        reject_cnf(claims)?;
        reject_typ(typ, Clients::Rejected)?;
        reject_clients(claims, Clients::Rejected)?;
        if self.issuers.is_some() || self.audiences.is_some() || audience_contains_issuer(claims) {
            return Ok(());
        }
        Err(ClaimMismatch::new(Claim::Aud, claims.aud.as_ref(), "the iss of the token", SET_AUDIENCE))
    }
}

impl JwksRules {
    fn check(&self, typ: Option<&Value>, claims: &Claims) -> Result<(), ClaimMismatch> {
        reject_cnf(claims)?;
        reject_typ(typ, self.clients)?;
        reject_clients(claims, self.clients)?;
        let failed_issuers = self.issuers.as_ref().filter(|it| !matches_issuer(claims.iss.as_ref(), it));
        let failed_audiences =
            self.audiences.as_ref().filter(|it| !intersects(&claims.audiences().unwrap_or_default(), it));
        // If both are wrong, the cause is `iss` for a session token, whose `aud` contains its `iss`, and `aud` for any other token.
        match (failed_issuers, failed_audiences) {
            (Some(expected), None) => return Err(wrong_issuer(claims, expected)),
            (Some(expected), Some(_)) if audience_contains_issuer(claims) => {
                return Err(wrong_issuer(claims, expected));
            }
            (_, Some(expected)) => return Err(wrong_audience(claims, expected)),
            (None, None) => {}
        }
        if self.audiences.is_none() && claims.audiences().is_err() {
            return Err(wrong_audience(claims, &[]));
        }
        let scopes = claims.scopes();
        if let Some(missing) = self.scopes.iter().find(|it| !scopes.contains(&it.as_str())) {
            return Err(ClaimMismatch::new(
                Claim::Scope,
                claims.scope.as_ref(),
                missing,
                "auth.scope: it requires this scope of every token",
            ));
        }
        if !self.allow_anonymous && text(claims.role.as_ref()) == Some(ANONYMOUS_ROLE) {
            let hint = "auth.allow_anonymous: it accepts tokens that the issuer issues without a sign-in";
            return Err(ClaimMismatch::new(Claim::Role, claims.role.as_ref(), "the role of a user", hint));
        }
        Ok(())
    }
}

/// The accepted audiences if `auth.audience` is not set. Better Auth's session tokens have the same `aud` and `iss` unless its
/// configuration changes either.
fn default_audiences(origin: String, issuers: Option<&[String]>) -> Vec<String> {
    let mut audiences: Vec<String> =
        issuers.unwrap_or_default().iter().map(|it| without_slash(it).to_owned()).collect();
    if !audiences.contains(&origin) {
        audiences.push(origin);
    }
    audiences
}

fn reject_session_cache(typ: Option<&Value>, claims: &Claims) -> Result<(), ClaimMismatch> {
    let expected = "a token for an API, not a cached session";
    if text(typ).is_some_and(|it| it.eq_ignore_ascii_case(SESSION_CACHE_TYP)) {
        return Err(ClaimMismatch::new(Claim::Typ, typ, expected, NO_SETTING));
    }
    if claims.audiences().unwrap_or_default().contains(&SESSION_CACHE_AUDIENCE) {
        return Err(ClaimMismatch::new(Claim::Aud, claims.aud.as_ref(), expected, NO_SETTING));
    }
    Ok(())
}

/// Rejects sender-constrained tokens. Their sender must prove possession of a key (`DPoP`, mTLS), which this server cannot check.
fn reject_cnf(claims: &Claims) -> Result<(), ClaimMismatch> {
    match &claims.cnf {
        None => Ok(()),
        Some(cnf) => Err(ClaimMismatch::new(Claim::Cnf, Some(cnf), "absent", NO_SETTING)),
    }
}

/// Rejects tokens of another media type. The comparison ignores case and the optional prefix `application/`
/// ([RFC 7515, 4.1.9](https://www.rfc-editor.org/rfc/rfc7515#section-4.1.9)).
fn reject_typ(typ: Option<&Value>, clients: Clients) -> Result<(), ClaimMismatch> {
    let Some(typ) = typ else { return Ok(()) };
    let is = |name: &str| {
        let typ = text(Some(typ)).unwrap_or_default().to_ascii_lowercase();
        typ.strip_prefix("application/").unwrap_or(&typ) == name
    };
    let is_access_token = is("at+jwt");
    if is("jwt") || (is_access_token && clients == Clients::Accepted) {
        return Ok(());
    }
    let hint = if is_access_token { ALLOW_CLIENTS } else { NO_SETTING };
    Err(ClaimMismatch::new(Claim::Typ, Some(typ), "absent or \"JWT\"", hint))
}

fn reject_clients(claims: &Claims, clients: Clients) -> Result<(), ClaimMismatch> {
    let azp = claims.azp.as_ref().filter(|_| clients == Clients::Rejected);
    let client_id = claims.client_id.as_ref().filter(|_| clients != Clients::Accepted);
    let named = azp.map(|it| (Claim::Azp, it)).or(client_id.map(|it| (Claim::ClientId, it)));
    match named {
        None => Ok(()),
        Some((claim, value)) => Err(ClaimMismatch::new(claim, Some(value), "absent", ALLOW_CLIENTS)),
    }
}

/// Whether `aud` contains `iss`, as in session tokens of Better Auth.
fn audience_contains_issuer(claims: &Claims) -> bool {
    let audiences = claims.audiences().unwrap_or_default();
    text(claims.iss.as_ref()).is_some_and(|iss| audiences.contains(&iss))
}

/// Whether `iss` is an expected issuer. Ignores a trailing slash, which Auth0 sends and operators often omit.
fn matches_issuer(iss: Option<&Value>, expected: &[String]) -> bool {
    text(iss).is_some_and(|iss| expected.iter().any(|it| without_slash(it) == without_slash(iss)))
}

fn intersects(actual: &[&str], expected: &[String]) -> bool {
    actual.iter().any(|it| expected.iter().any(|other| other == it))
}

fn without_slash(url: &str) -> &str {
    url.strip_suffix('/').unwrap_or(url)
}

fn wrong_issuer(claims: &Claims, expected: &[String]) -> ClaimMismatch {
    ClaimMismatch::new(Claim::Iss, claims.iss.as_ref(), expected.join(" or "), SET_ISSUER)
}

fn wrong_audience(claims: &Claims, expected: &[String]) -> ClaimMismatch {
    let expected =
        if expected.is_empty() { "a string or a list of strings".to_owned() } else { expected.join(" or ") };
    ClaimMismatch::new(Claim::Aud, claims.aud.as_ref(), expected, SET_AUDIENCE)
}

fn text(value: Option<&Value>) -> Option<&str> {
    value.and_then(Value::as_str)
}
