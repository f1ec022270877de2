//! Tokens: from the text of a header to a caller.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use super::claims::{Claims, Identity};
use super::jwks::Jwks;
use super::jws::{Header, Jws};
use super::key::{Key, can_be_published};
use super::mismatch::Rejection;
use super::mismatch_log::MismatchLog;
use super::outcomes::Outcomes;
use super::source::{JwksEndpoint, KeySource};
use super::token_cache::{AcceptedToken, Fingerprint, TokenCache};
use super::validation::{ClaimsValidation, Signer};
use crate::clock;
use crate::config::Auth;
use crate::error::TokenError;

/// Checks tokens.
#[derive(Debug)]
pub struct Verifier {
    secret: Option<Arc<Key>>,
    published: Option<Arc<Jwks>>,
    /// Those of this server's own issuer, where it has one.
    own: OnceLock<Arc<Jwks>>,
    trusted_for: Duration,
    accepted: TokenCache,
    validation: ClaimsValidation,
    leeway: f64,
    mismatches: MismatchLog,
    outcomes: Outcomes,
}

impl Verifier {
    /// Checks by these settings. The error is the HTTP client's, if it cannot be made.
    pub fn new(settings: &Auth) -> Result<Self, String> {
        let trusted_for = Duration::from_secs(settings.jwks_trusted_for.into());
        let source = JwksEndpoint::at(settings.jwks()).map_err(|error| error.to_string())?;
        Ok(Self {
            secret: settings.secret.as_ref().map(|it| Arc::new(Key::from_secret(it.expose().as_bytes()))),
            published: source.map(|it| Arc::new(Jwks::new(it, trusted_for))),
            own: OnceLock::new(),
            trusted_for,
            accepted: TokenCache::new(),
            validation: ClaimsValidation::new(settings),
            leeway: settings.leeway.into(),
            mismatches: MismatchLog::default(),
            outcomes: Outcomes::default(),
        })
    }

    /// Starts keeping the issuer's keys fresh. Needs a runtime.
    pub fn start(&self) {
        if let Some(published) = &self.published {
            tokio::spawn(published.clone().keep_fresh());
        }
    }

    /// Trusts the keys of this server's own issuer, too, and keeps them fresh. Needs a runtime.
    pub fn trust(&self, source: impl KeySource) {
        let own = self.own.get_or_init(|| Arc::new(Jwks::new(source, self.trusted_for)));
        tokio::spawn(own.clone().keep_fresh());
    }

    /// What became of the tokens so far.
    #[must_use]
    pub fn outcomes(&self) -> &Outcomes {
        &self.outcomes
    }

    /// For how long the keys that are known have not been fetched, of the issuer with the oldest ones; `None` without any issuer.
    #[must_use]
    pub fn keys_age(&self) -> Option<Duration> {
        self.issuers().map(|(_, it)| it.age()).max()
    }

    /// Who is calling, by the token in a header of `Authorization`.
    pub async fn verify(&self, token: Result<&str, TokenError>) -> Result<Identity, TokenError> {
        let identity = match token {
            Ok(token) => self.identify(token).await,
            Err(problem) => Err(problem.into()),
        };
        if let Err(Rejection::Claim(mismatch)) = &identity {
            self.mismatches.write(mismatch);
        }
        self.outcomes.count(&identity);
        identity.map_err(|rejection| rejection.problem())
    }

    async fn identify(&self, token: &str) -> Result<Identity, Rejection> {
        let fingerprint = Fingerprint::of(token);
        if let Some(known) = self.accepted.get(&fingerprint).filter(|it| self.trusts(&it.key)) {
            known.lifetime.check(clock::now(), self.leeway)?;
            return Ok((*known.identity).clone());
        }
        let jws = Jws::parse(token)?;
        let (signer, key) = self.check_signature(&jws).await?;
        let claims: Claims = jws.claims()?;
        let lifetime = claims.lifetime()?;
        lifetime.check(clock::now(), self.leeway)?;
        self.validation.check(signer, jws.header.typ.as_ref(), &claims)?;
        let identity = claims.identity()?;
        self.accepted
            .insert(fingerprint, AcceptedToken { identity: Arc::new(identity.clone()), lifetime, key });
        Ok(identity)
    }

    fn issuers(&self) -> impl Iterator<Item = (Signer, &Arc<Jwks>)> {
        let own = self.own.get().map(|it| (Signer::OwnIssuer, it));
        own.into_iter().chain(self.published.as_ref().map(|it| (Signer::Published, it)))
    }

    /// Whether a key that has verified a token still may.
    fn trusts(&self, key: &Arc<Key>) -> bool {
        self.secret.as_ref().is_some_and(|it| Arc::ptr_eq(it, key))
            || self.issuers().any(|(_, it)| it.has(key))
    }

    /// The key that has signed the token, and whose it is.
    async fn check_signature(&self, jws: &Jws<'_>) -> Result<(Signer, Arc<Key>), TokenError> {
        let algorithm = &jws.header.alg;
        if let Some(secret) = self.secret.as_ref().filter(|it| it.is_for(algorithm)) {
            return Ok((Signer::Secret, first_to_verify(vec![secret.clone()], jws)?));
        }
        let mut verified = Err(TokenError::Invalid);
        if can_be_published(algorithm) {
            for (signer, issuer) in self.issuers() {
                verified = signed_by(issuer, jws).await.map(|key| (signer, key));
                if verified.is_ok() {
                    break;
                }
            }
        }
        verified
    }
}

/// The key of the issuer that has signed the token.
async fn signed_by(issuer: &Jwks, jws: &Jws<'_>) -> Result<Arc<Key>, TokenError> {
    let mut keys = keys_for(issuer, &jws.header)?;
    if keys.is_empty() {
        issuer.fetch_on_demand().await;
        keys = keys_for(issuer, &jws.header)?;
    }
    first_to_verify(keys, jws)
}

/// The keys that a token may be signed with; none, if the one it names is not known. One that is known, but for another
/// algorithm, is a mistake that no fetch would mend.
fn keys_for(issuer: &Jwks, header: &Header) -> Result<Vec<Arc<Key>>, TokenError> {
    let named = issuer.find(header.kid.as_deref());
    let is_known = !named.is_empty();
    let keys: Vec<_> = named.into_iter().filter(|key| key.is_for(&header.alg)).collect();
    let is_mistaken = is_known && keys.is_empty() && header.kid.is_some();
    if is_mistaken { Err(TokenError::Invalid) } else { Ok(keys) }
}

/// Several keys only where a token names none, or where the issuer gives one name to several.
fn first_to_verify(keys: Vec<Arc<Key>>, jws: &Jws<'_>) -> Result<Arc<Key>, TokenError> {
    let right = keys.into_iter().find(|key| key.verifies(jws.message, jws.signature));
    right.ok_or(TokenError::Signature)
}
