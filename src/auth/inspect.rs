//! What the verifier would use, for the command `todo-api doctor`: the published keys and the claims that tokens must have.

use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::jwks_client::JwksEndpoint;
use super::key::{Jwk, Key};
use super::validation::ClaimsValidation;
use crate::clock;
use crate::config::AuthConfig;

/// A fetched key set.
#[derive(Debug)]
pub struct PublishedKeys {
    /// Host of the key set.
    pub host: String,
    /// Number of keys in the set.
    pub published: usize,
    /// Number of keys that can verify tokens.
    pub usable: usize,
    /// Time of the issuer's server, from its header `Date`.
    pub date: Option<DateTime<Utc>>,
    /// Time of this machine before the request.
    pub requested: DateTime<Utc>,
    /// Time of this machine after the response.
    pub responded: DateTime<Utc>,
}

/// Fetches the configured key set with the verifier's HTTP client. `None` if no issuer is configured.
pub async fn fetch_published_keys(config: &AuthConfig) -> Result<Option<PublishedKeys>, String> {
    let endpoint = JwksEndpoint::new(config.jwks_urls()).map_err(|error| error.to_string())?;
    let Some(endpoint) = endpoint else { return Ok(None) };
    let requested = clock::now();
    let set = endpoint.fetch_set().await?;
    let responded = clock::now();
    let usable = |jwk| Jwk::deserialize(jwk).ok().and_then(|jwk| Key::from_jwk(&jwk)).is_some();
    Ok(Some(PublishedKeys {
        host: endpoint.host().to_owned(),
        published: set.keys.len(),
        usable: set.keys.iter().filter(|jwk| usable(*jwk)).count(),
        date: set.date,
        requested,
        responded,
    }))
}

/// Accepted values of `iss` and `aud`. `None` accepts any value.
#[derive(Debug)]
pub struct ExpectedClaims {
    /// Accepted values of `iss`.
    pub issuers: Option<Vec<String>>,
    /// Accepted values of `aud`.
    pub audiences: Option<Vec<String>>,
}

/// The claims that the issuer's tokens must have or, without an issuer, the tokens signed with the secret.
#[must_use]
pub fn expected_claims(config: &AuthConfig) -> ExpectedClaims {
    ClaimsValidation::new(config).expected(!config.jwks_urls().is_empty())
}
