//! Tokens: from the text of a header to a caller.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use super::claims::{Claims, Identity, Policy};
use super::jwks::Jwks;
use super::jws::{Header, Jws};
use super::key::{Key, can_be_published};
use super::outcomes::Outcomes;
use super::source::{self, KeySource};
use super::verified::{Fingerprint, Verified, VerifiedTokens};
use crate::clock;
use crate::config::Auth;
use crate::problem::TokenProblem;

/// Checks tokens.
#[derive(Debug)]
pub struct Verifier {
    secret: Option<Key>,
    published: Option<Published>,
    /// Those of this server's own issuer, where it has one.
    own: OnceLock<Published>,
    trusted_for: Duration,
    policy: Policy,
    outcomes: Outcomes,
}

/// The keys of an issuer, and the tokens found to be signed with them.
#[derive(Debug)]
struct Published {
    jwks: Arc<Jwks>,
    verified: VerifiedTokens,
}

impl Verifier {
    /// Checks by these settings. The error is the HTTP client's, if it cannot be made.
    pub fn new(settings: &Auth) -> Result<Self, String> {
        let trusted_for = Duration::from_secs(settings.jwks_trusted_for.into());
        let published = settings.jwks().map(|url| {
            let source = source::Published::at(url).map_err(|error| error.to_string())?;
            Ok::<_, String>(Published::from(source, trusted_for))
        });
        Ok(Self {
            secret: settings.secret.as_ref().map(|it| Key::from_secret(it.expose().as_bytes())),
            published: published.transpose()?,
            own: OnceLock::new(),
            trusted_for,
            policy: Policy::new(settings),
            outcomes: Outcomes::default(),
        })
    }

    /// Starts keeping the issuer's keys fresh. Needs a runtime.
    pub fn start(&self) {
        if let Some(published) = &self.published {
            published.start();
        }
    }

    /// Trusts the keys of this server's own issuer, too, and keeps them fresh. Needs a runtime.
    pub fn trust(&self, source: impl KeySource) {
        self.own.get_or_init(|| Published::from(source, self.trusted_for)).start();
    }

    /// What became of the tokens so far.
    #[must_use]
    pub fn outcomes(&self) -> &Outcomes {
        &self.outcomes
    }

    /// For how long the keys that are known have not been fetched, of the issuer with the oldest ones; `None` without any issuer.
    #[must_use]
    pub fn keys_age(&self) -> Option<Duration> {
        self.own.get().into_iter().chain(&self.published).map(|it| it.jwks.age()).max()
    }

    /// Who is calling, by the token in a header of `Authorization`.
    pub async fn verify(&self, token: Result<&str, TokenProblem>) -> Result<Identity, TokenProblem> {
        let verified = match token {
            Ok(token) => self.identify(token).await,
            Err(problem) => Err(problem),
        };
        self.outcomes.count(&verified);
        verified
    }

    async fn identify(&self, token: &str) -> Result<Identity, TokenProblem> {
        let jws = Jws::parse(token)?;
        match &self.secret {
            Some(secret) if secret.is_for(&jws.header.alg) => {
                let claims = signed_by(secret, &jws)?;
                self.policy.check(&claims, clock::now())
            }
            _ if can_be_published(&jws.header.alg) => {
                let mut claims: Result<Arc<Claims>, _> = Err(TokenProblem::Invalid);
                for published in self.own.get().into_iter().chain(&self.published) {
                    claims = published.claims(token, &jws).await;
                    if claims.is_ok() {
                        break;
                    }
                }
                self.policy.check(&*claims?, clock::now())
            }
            _ => Err(TokenProblem::Invalid),
        }
    }
}

impl Published {
    fn from(source: impl KeySource, trusted_for: Duration) -> Self {
        Self { jwks: Arc::new(Jwks::new(source, trusted_for)), verified: VerifiedTokens::new() }
    }

    fn start(&self) {
        tokio::spawn(self.jwks.clone().keep_fresh());
    }

    /// The claims of a token that one of the issuer's keys has signed.
    async fn claims(&self, token: &str, jws: &Jws<'_>) -> Result<Arc<Claims>, TokenProblem> {
        let fingerprint = Fingerprint::of(token);
        if let Some(known) = self.verified.get(&fingerprint) {
            if self.jwks.has(&known.key) {
                return Ok(known.claims);
            }
            self.verified.remove(&fingerprint);
        }
        let (claims, key) = self.verify(jws).await?;
        let claims = Arc::new(claims);
        self.verified.insert(fingerprint, Verified { claims: claims.clone(), key });
        Ok(claims)
    }

    async fn verify(&self, jws: &Jws<'_>) -> Result<(Claims, Arc<Key>), TokenProblem> {
        let mut keys = self.keys_for(&jws.header)?;
        if keys.is_empty() {
            self.jwks.fetch_on_demand().await;
            keys = self.keys_for(&jws.header)?;
        }
        // Several only where a token names none, or where the issuer gives one name to several.
        for key in keys {
            if key.verifies(jws.message, jws.signature) {
                return Ok((jws.claims()?, key));
            }
        }
        Err(TokenProblem::Signature)
    }

    /// The keys that a token may be signed with; none, if the one it names is not known. One that is known, but for another
    /// algorithm, is a mistake that no fetch would mend.
    fn keys_for(&self, header: &Header) -> Result<Vec<Arc<Key>>, TokenProblem> {
        let named = self.jwks.find(header.kid.as_deref());
        let is_known = !named.is_empty();
        let keys: Vec<_> = named.into_iter().filter(|key| key.is_for(&header.alg)).collect();
        let is_mistaken = is_known && keys.is_empty() && header.kid.is_some();
        if is_mistaken { Err(TokenProblem::Invalid) } else { Ok(keys) }
    }
}

fn signed_by(key: &Key, jws: &Jws<'_>) -> Result<Claims, TokenProblem> {
    if key.verifies(jws.message, jws.signature) { jws.claims() } else { Err(TokenProblem::Signature) }
}
