//! Token verification: from the bearer token to the caller's [`UserId`].

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use rocket::futures::future::join_all;

use super::claims::{Claims, UserId};
use super::jwks_client::{JwksEndpoint, KeySource};
use super::jws::{Header, Jws};
use super::key::{Key, is_jwks_algorithm};
use super::key_cache::KeyCache;
use super::metrics::VerificationCounters;
use super::mismatch_log::MismatchLog;
use super::rejection::Rejection;
use super::token_cache::{AcceptedToken, Fingerprint, TokenCache};
use super::validation::{ClaimsValidation, KeyOwner};
use crate::clock;
use crate::config::AuthConfig;
use crate::error::TokenError;

/// Verifies bearer tokens: signature, lifetime and claims. Caches accepted tokens.
#[derive(Debug)]
pub struct Verifier {
    /// The HS256 key from `auth.secret`.
    secret: Option<Arc<Key>>,
    /// Key cache of the configured JWKS endpoint.
    jwks: Option<Arc<KeyCache>>,
    /// Key cache of the embedded issuer.
    embedded: OnceLock<Arc<KeyCache>>,
    max_stale: Duration,
    accepted_tokens: TokenCache,
    validation: ClaimsValidation,
    leeway: f64,
    mismatches: MismatchLog,
    counters: VerificationCounters,
}

impl Verifier {
    /// Creates a verifier. Fails if the HTTP client of the JWKS endpoint cannot be created.
    pub fn new(config: &AuthConfig) -> Result<Self, String> {
        let max_stale = Duration::from_secs(config.jwks_max_stale.into());
        let endpoint = JwksEndpoint::new(config.jwks_urls()).map_err(|error| error.to_string())?;
        Ok(Self {
            secret: config.secret.as_ref().map(|it| Arc::new(Key::from_secret(it.expose().as_bytes()))),
            jwks: endpoint.map(|it| Arc::new(KeyCache::new(it, max_stale))),
            embedded: OnceLock::new(),
            max_stale,
            accepted_tokens: TokenCache::new(),
            validation: ClaimsValidation::new(config),
            leeway: config.leeway.into(),
            mismatches: MismatchLog::default(),
            counters: VerificationCounters::default(),
        })
    }

    /// Starts the periodic fetch of the JWKS. Call it within a tokio runtime.
    pub fn start(&self) {
        if let Some(jwks) = &self.jwks {
            tokio::spawn(jwks.clone().refresh_loop());
        }
    }

    /// Adds the keys of the embedded issuer and starts their refresh. Call it within a tokio runtime.
    pub fn add_key_source(&self, source: impl KeySource) {
        let embedded = self.embedded.get_or_init(|| Arc::new(KeyCache::new(source, self.max_stale)));
        tokio::spawn(embedded.clone().refresh_loop());
    }

    /// Numbers of verifications since startup, by result.
    #[must_use]
    pub fn counters(&self) -> &VerificationCounters {
        &self.counters
    }

    /// Age of the key cache that was fetched the longest time ago. `None` without a key cache.
    #[must_use]
    pub fn keys_age(&self) -> Option<Duration> {
        self.key_caches().map(|(_, cache)| cache.age()).max()
    }

    /// Verifies the bearer token and counts the result. Takes the guard's `Result`, so that missing tokens are counted as well.
    pub async fn verify(&self, token: Result<&str, TokenError>) -> Result<UserId, TokenError> {
        let result = match token {
            Ok(token) => self.verify_through_cache(token).await,
            Err(error) => Err(error.into()),
        };
        if let Err(Rejection::Claim(mismatch)) = &result {
            self.mismatches.write(mismatch);
        }
        self.counters.count(&result);
        result.map_err(|rejection| rejection.token_error())
    }

    async fn verify_through_cache(&self, token: &str) -> Result<UserId, Rejection> {
        let fingerprint = Fingerprint::new(token);
        if let Some(cached) = self.accepted_tokens.get(&fingerprint).filter(|it| self.is_current(&it.key)) {
            cached.lifetime.check(clock::now(), self.leeway)?;
            return Ok(cached.user_id);
        }
        let jws = Jws::parse(token)?;
        let (owner, key) = self.check_signature(&jws).await?;
        let claims: Claims = jws.claims()?;
        let lifetime = claims.lifetime()?;
        lifetime.check(clock::now(), self.leeway)?;
        self.validation.validate(owner, jws.header.typ.as_ref(), &claims)?;
        let user_id = claims.user_id()?;
        self.accepted_tokens.insert(fingerprint, AcceptedToken { user_id: user_id.clone(), lifetime, key });
        Ok(user_id)
    }

    fn key_caches(&self) -> impl Iterator<Item = (KeyOwner, &Arc<KeyCache>)> {
        let embedded = self.embedded.get().map(|cache| (KeyOwner::EmbeddedIssuer, cache));
        embedded.into_iter().chain(self.jwks.as_ref().map(|cache| (KeyOwner::JwksIssuer, cache)))
    }

    /// Whether the key is still in a trusted set. Cached tokens whose key was removed must be verified again.
    fn is_current(&self, key: &Arc<Key>) -> bool {
        self.secret.as_ref().is_some_and(|it| Arc::ptr_eq(it, key))
            || self.key_caches().any(|(_, cache)| cache.contains(key))
    }

    /// Verifies the signature. Returns the key that verifies it and the owner to which the key belongs.
    ///
    /// A token whose key is cached waits for no refresh. So a key source that does not respond holds up only the tokens that need it. If no
    /// source has a key for the token, the error of the last source counts.
    async fn check_signature(&self, jws: &Jws<'_>) -> Result<(KeyOwner, Arc<Key>), TokenError> {
        let alg = &jws.header.alg;
        if let Some(secret) = self.secret.as_ref().filter(|it| it.supports(alg)) {
            return Ok((KeyOwner::Secret, first_matching_key(vec![secret.clone()], jws)?));
        }
        if !is_jwks_algorithm(alg) {
            return Err(TokenError::Invalid);
        }
        let verify = |owner, keys: Result<_, _>| Ok((owner, first_matching_key(keys?, jws)?));
        let mut result = Err(TokenError::Invalid);
        let mut without_key = Vec::new();
        for (owner, cache) in self.key_caches() {
            let keys = candidate_keys(cache, &jws.header);
            if keys.as_ref().is_ok_and(Vec::is_empty) {
                without_key.push((owner, cache));
            }
            result = verify(owner, keys);
            if result.is_ok() {
                return result;
            }
        }
        join_all(without_key.iter().map(|(_, cache)| cache.refresh_for_unknown_key())).await;
        for (owner, cache) in without_key {
            result = verify(owner, candidate_keys(cache, &jws.header));
            if result.is_ok() {
                break;
            }
        }
        result
    }
}

/// The keys that may have signed the token. Empty if its `kid` is unknown. A known `kid` with another algorithm is an error, because a
/// refresh would not change it.
fn candidate_keys(cache: &KeyCache, header: &Header) -> Result<Vec<Arc<Key>>, TokenError> {
    let named = cache.keys_for_kid(header.kid.as_deref());
    let kid_known = header.kid.is_some() && !named.is_empty();
    let keys: Vec<_> = named.into_iter().filter(|key| key.supports(&header.alg)).collect();
    let wrong_algorithm = kid_known && keys.is_empty();
    if wrong_algorithm { Err(TokenError::Invalid) } else { Ok(keys) }
}

/// The first key that verifies the signature. There are several candidates if the token has no `kid` or if keys share a `kid`.
fn first_matching_key(keys: Vec<Arc<Key>>, jws: &Jws<'_>) -> Result<Arc<Key>, TokenError> {
    let verified = keys.into_iter().find(|key| key.verify(jws.message, jws.signature));
    verified.ok_or(TokenError::Signature)
}
