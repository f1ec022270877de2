//! Validation of claims: whether a token whose signature is right was issued for this API.
//!
//! A signature proves who signed, not what for. Better Auth's OAuth plugins sign `id_token`s and access tokens of third-party
//! applications with the same published keys as session tokens. Only `iss`, `aud`, `typ`, `azp` and `client_id` tell them apart.

use serde_json::Value;

use super::claims::Claims;
use super::mismatch::{Claim, ClaimMismatch};
use crate::config::{Auth, OneOrMany};

/// The `aud` and the `typ` of the tokens in which Better Auth caches sessions in a cookie. They prove nothing to an API.
const SESSION_CACHE: &str = "better-auth:session-cache";
const SESSION_CACHE_TYP: &str = "better-auth.session-cache+jwt";

/// The role that Neon Auth gives to a token without a user behind it.
const ANONYMOUS: &str = "anonymous";

const SET_ISSUER: &str = "auth.issuer: add it if that is your Better Auth's own base URL (without a path); if it is empty, give Better Auth a baseURL";
const SET_AUDIENCE: &str = "auth.audience: add it if these tokens are for this API; if that is another application's client_id, the refusal is right";
const ALLOW_CLIENTS: &str = "auth.audience: set it to the aud of access tokens for this API, if they are wanted; if that is another application's client_id, the refusal is right";
const NO_SETTING: &str = "no setting changes this";

/// Whose key has signed a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Signer {
    /// `BETTER_AUTH_SECRET`, which applications do not share.
    Secret,
    /// This server's own issuer.
    OwnIssuer,
    /// The issuer whose published keys are fetched.
    Published,
}

/// The rules, by signer.
#[derive(Debug)]
pub(super) struct ClaimsValidation {
    configured: Configured,
    published: PublishedRules,
}

/// What the settings say in so many words. Enough where the key itself is this API's.
#[derive(Debug)]
struct Configured {
    issuers: Option<Vec<String>>,
    audiences: Option<Vec<String>>,
}

/// The rules for published keys, which sign for others, too. `None` is not judged.
#[derive(Debug)]
struct PublishedRules {
    issuers: Option<Vec<String>>,
    audiences: Option<Vec<String>>,
    clients: Clients,
    scopes: Vec<String>,
    allow_anonymous: bool,
}

/// Tokens that name the client they were issued to, by `azp`, `client_id` or `typ: at+jwt`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Clients {
    /// None is accepted: the default, where session tokens are expected.
    Refused,
    /// `azp` is not judged: an issuer without audiences, such as Clerk, has the page's origin there.
    AzpIgnored,
    /// Access tokens are wanted: the operator has configured their audience.
    Accepted,
}

impl ClaimsValidation {
    pub(super) fn new(settings: &Auth) -> Self {
        let list = |it: &Option<OneOrMany>| it.as_ref().map(|it| it.as_slice().to_vec());
        let (issuers, audiences) = (list(&settings.issuer), list(&settings.audience));
        let origin = settings.origin();
        let clients = match (&audiences, &origin) {
            (Some(_), _) => Clients::Accepted,
            (None, Some(_)) => Clients::Refused,
            (None, None) => Clients::AzpIgnored,
        };
        let published = PublishedRules {
            issuers: issuers.clone().or_else(|| Some(vec![origin.clone()?])),
            audiences: audiences.clone().or_else(|| Some(default_audiences(origin?, issuers.as_deref()))),
            clients,
            scopes: settings.scopes(),
            allow_anonymous: settings.allow_anonymous,
        };
        Self { configured: Configured { issuers, audiences }, published }
    }

    /// Whether the token may be used here, whenever it is valid.
    pub(super) fn check(
        &self,
        signer: Signer,
        typ: Option<&Value>,
        claims: &Claims,
    ) -> Result<(), ClaimMismatch> {
        refuse_session_cache(typ, claims)?;
        match signer {
            Signer::Secret => self.configured.check(claims),
            Signer::OwnIssuer => {
                self.configured.check(claims)?;
                self.configured.check_own(typ, claims)
            }
            Signer::Published => self.published.check(typ, claims),
        }
    }
}

impl Configured {
    fn check(&self, claims: &Claims) -> Result<(), ClaimMismatch> {
        if let Some(issuers) = &self.issuers
            && !text(claims.iss.as_ref()).is_some_and(|iss| issuers.iter().any(|it| it == iss))
        {
            return Err(wrong_issuer(claims, issuers));
        }
        match (&self.audiences, claims.audiences()) {
            (None, Some(_)) => Ok(()),
            (Some(wanted), Some(has)) if has.iter().any(|aud| wanted.iter().any(|it| it == aud)) => Ok(()),
            (wanted, _) => Err(wrong_audience(claims, wanted.as_deref().unwrap_or_default())),
        }
    }

    /// A Better Auth that shares the database signs with the same keys for third-party applications.
    fn check_own(&self, typ: Option<&Value>, claims: &Claims) -> Result<(), ClaimMismatch> {
        refuse_cnf(claims)?;
        refuse_typ(typ, Clients::Refused)?;
        refuse_clients(claims, Clients::Refused)?;
        if self.issuers.is_some() || self.audiences.is_some() || names_its_issuer(claims) {
            return Ok(());
        }
        Err(ClaimMismatch::new(Claim::Aud, claims.aud.as_ref(), "the iss of the token", SET_AUDIENCE))
    }
}

impl PublishedRules {
    fn check(&self, typ: Option<&Value>, claims: &Claims) -> Result<(), ClaimMismatch> {
        refuse_cnf(claims)?;
        refuse_typ(typ, self.clients)?;
        refuse_clients(claims, self.clients)?;
        let issuer = self.issuers.as_ref().filter(|wanted| !is_one_of(claims.iss.as_ref(), wanted));
        let audience = self.audiences.as_ref().filter(|wanted| {
            let has = claims.audiences().unwrap_or_default();
            !has.iter().any(|aud| wanted.iter().any(|it| it == aud))
        });
        // Where both are wrong, `iss` is the cause of a session token's refusal, and `aud` is what is telling of any other.
        match (issuer, audience) {
            (Some(wanted), None) => return Err(wrong_issuer(claims, wanted)),
            (Some(wanted), Some(_)) if names_its_issuer(claims) => return Err(wrong_issuer(claims, wanted)),
            (_, Some(wanted)) => return Err(wrong_audience(claims, wanted)),
            (None, None) => {}
        }
        if self.audiences.is_none() && claims.audiences().is_none() {
            return Err(wrong_audience(claims, &[]));
        }
        let scopes = claims.scopes();
        if let Some(missing) = self.scopes.iter().find(|it| !scopes.contains(&it.as_str())) {
            return Err(ClaimMismatch::new(
                Claim::Scope,
                claims.scope.as_ref(),
                missing,
                "auth.scope: it demands this scope of every token",
            ));
        }
        if !self.allow_anonymous && text(claims.role.as_ref()) == Some(ANONYMOUS) {
            let hint = "auth.allow_anonymous: it accepts tokens that the issuer gives without a sign-in";
            return Err(ClaimMismatch::new(Claim::Role, claims.role.as_ref(), "the role of a user", hint));
        }
        Ok(())
    }
}

/// Better Auth's session tokens have the same `aud` as `iss`, unless one of them is configured there.
fn default_audiences(origin: String, issuers: Option<&[String]>) -> Vec<String> {
    let mut all: Vec<String> =
        issuers.unwrap_or_default().iter().map(|it| without_slash(it).to_owned()).collect();
    if !all.contains(&origin) {
        all.push(origin);
    }
    all
}

fn refuse_session_cache(typ: Option<&Value>, claims: &Claims) -> Result<(), ClaimMismatch> {
    let expected = "a token for an API, not a cached session";
    if text(typ).is_some_and(|it| it.eq_ignore_ascii_case(SESSION_CACHE_TYP)) {
        return Err(ClaimMismatch::new(Claim::Typ, typ, expected, NO_SETTING));
    }
    if claims.audiences().unwrap_or_default().contains(&SESSION_CACHE) {
        return Err(ClaimMismatch::new(Claim::Aud, claims.aud.as_ref(), expected, NO_SETTING));
    }
    Ok(())
}

/// The sender of such a token has to prove that it holds a key (`DPoP`, mTLS), which is not checked here.
fn refuse_cnf(claims: &Claims) -> Result<(), ClaimMismatch> {
    match &claims.cnf {
        None => Ok(()),
        Some(cnf) => Err(ClaimMismatch::new(Claim::Cnf, Some(cnf), "absent", NO_SETTING)),
    }
}

/// Media types are compared without case and may have `application/` before ([RFC 7515, 4.1.9](https://www.rfc-editor.org/rfc/rfc7515#section-4.1.9)).
fn refuse_typ(typ: Option<&Value>, clients: Clients) -> Result<(), ClaimMismatch> {
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

fn refuse_clients(claims: &Claims, clients: Clients) -> Result<(), ClaimMismatch> {
    let azp = claims.azp.as_ref().filter(|_| clients == Clients::Refused);
    let client_id = claims.client_id.as_ref().filter(|_| clients != Clients::Accepted);
    let named = azp.map(|it| (Claim::Azp, it)).or(client_id.map(|it| (Claim::ClientId, it)));
    match named {
        None => Ok(()),
        Some((claim, value)) => Err(ClaimMismatch::new(claim, Some(value), "absent", ALLOW_CLIENTS)),
    }
}

/// Whether `aud` has `iss`, as in session tokens of Better Auth.
fn names_its_issuer(claims: &Claims) -> bool {
    let audiences = claims.audiences().unwrap_or_default();
    text(claims.iss.as_ref()).is_some_and(|iss| audiences.contains(&iss))
}

/// A trailing slash does not matter: Auth0's `iss` has one, and people leave it out.
fn is_one_of(iss: Option<&Value>, wanted: &[String]) -> bool {
    text(iss).is_some_and(|iss| wanted.iter().any(|it| without_slash(it) == without_slash(iss)))
}

fn without_slash(url: &str) -> &str {
    url.strip_suffix('/').unwrap_or(url)
}

fn wrong_issuer(claims: &Claims, wanted: &[String]) -> ClaimMismatch {
    ClaimMismatch::new(Claim::Iss, claims.iss.as_ref(), wanted.join(" or "), SET_ISSUER)
}

fn wrong_audience(claims: &Claims, wanted: &[String]) -> ClaimMismatch {
    let expected =
        if wanted.is_empty() { "a string or a list of them".to_owned() } else { wanted.join(" or ") };
    ClaimMismatch::new(Claim::Aud, claims.aud.as_ref(), expected, SET_AUDIENCE)
}

fn text(value: Option<&Value>) -> Option<&str> {
    value.and_then(Value::as_str)
}
