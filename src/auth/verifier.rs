//! Tokens: from the text of a header to a caller.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use super::claims::{Identity, Policy};
use super::jwks::Jwks;
use super::jws::{Header, Jws};
use super::key::{Key, can_be_published};
use super::outcomes::Outcomes;
use super::source::{KeySource, Published};
use super::verified::{Fingerprint, Verified, VerifiedTokens};
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
    verified: VerifiedTokens,
    policy: Policy,
    outcomes: Outcomes,
}

impl Verifier {
    /// Checks by these settings. The error is the HTTP client's, if it cannot be made.
    pub fn new(settings: &Auth) -> Result<Self, String> {
        let trusted_for = Duration::from_secs(settings.jwks_trusted_for.into());
        let published = settings.jwks().map(|url| {
            let source = Published::at(url).map_err(|error| error.to_string())?;
            Ok::<_, String>(Arc::new(Jwks::new(source, trusted_for)))
        });
        Ok(Self {
            secret: settings.secret.as_ref().map(|it| Arc::new(Key::from_secret(it.expose().as_bytes()))),
            published: published.transpose()?,
            own: OnceLock::new(),
            trusted_for,
            verified: VerifiedTokens::new(),
            policy: Policy::new(settings),
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
        self.issuers().map(|it| it.age()).max()
    }

    /// Who is calling, by the token in a header of `Authorization`.
    pub async fn verify(&self, token: Result<&str, TokenError>) -> Result<Identity, TokenError> {
        let verified = match token {
            Ok(token) => self.identify(token).await,
            Err(problem) => Err(problem),
        };
        self.outcomes.count(&verified);
        verified
    }

    async fn identify(&self, token: &str) -> Result<Identity, TokenError> {
        let fingerprint = Fingerprint::of(token);
        if let Some(known) = self.verified.get(&fingerprint).filter(|it| self.trusts(&it.key)) {
            return self.policy.check(&known.claims, clock::now());
        }
        let verified = self.check_signature(&Jws::parse(token)?).await?;
        let identity = self.policy.check(&verified.claims, clock::now());
        self.verified.insert(fingerprint, verified);
        identity
    }

    fn issuers(&self) -> impl Iterator<Item = &Arc<Jwks>> {
        self.own.get().into_iter().chain(&self.published)
    }

    /// Whether a key that has verified a token still may.
    fn trusts(&self, key: &Arc<Key>) -> bool {
        self.secret.as_ref().is_some_and(|it| Arc::ptr_eq(it, key)) || self.issuers().any(|it| it.has(key))
    }

    async fn check_signature(&self, jws: &Jws<'_>) -> Result<Verified, TokenError> {
        let algorithm = &jws.header.alg;
        if let Some(secret) = self.secret.as_ref().filter(|it| it.is_for(algorithm)) {
            return first_to_verify(vec![secret.clone()], jws);
        }
        let mut verified = Err(TokenError::Invalid);
        if can_be_published(algorithm) {
            for issuer in self.issuers() {
                verified = signed_by(issuer, jws).await;
                if verified.is_ok() {
                    break;
                }
            }
        }
        verified
    }
}

/// What a token says that one of the issuer's keys has signed.
async fn signed_by(issuer: &Jwks, jws: &Jws<'_>) -> Result<Verified, TokenError> {
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
fn first_to_verify(keys: Vec<Arc<Key>>, jws: &Jws<'_>) -> Result<Verified, TokenError> {
    let right = keys.into_iter().find(|key| key.verifies(jws.message, jws.signature));
    let key = right.ok_or(TokenError::Signature)?;
    Ok(Verified { claims: Arc::new(jws.claims()?), key })
}
