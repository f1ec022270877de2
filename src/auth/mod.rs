//! Authentication: verifies tokens and provides the request guard [`AuthUser`].
//!
//! The caller's identity comes from the token alone. The store hands out tasks only for an [`AuthUser`].

mod claims;
mod ed25519;
mod guard;
mod inspect;
mod issue;
mod jwks_client;
mod jws;
mod key;
mod key_cache;
mod metrics;
mod mismatch_log;
mod rejection;
mod token_cache;
mod token_source;
mod validation;
mod verifier;

use rocket::fairing::AdHoc;

pub use claims::UserId;
pub use guard::AuthUser;
pub use inspect::{ExpectedClaims, PublishedKeys, expected_claims, fetch_published_keys};
pub use issue::issue_token;
pub use jwks_client::KeySource;
pub use metrics::VerificationCounters;
pub(crate) use token_source::has_cookie_token;
pub use verifier::Verifier;

use crate::config::AuthConfig;

/// Manages the [`Verifier`] that the guard uses, and starts the refresh of its key caches.
#[must_use]
pub fn stage(config: &AuthConfig) -> AdHoc {
    let verifier = Verifier::new(config);
    let cookie = config.cookie.clone().map(token_source::TokenCookie);
    AdHoc::try_on_ignite("Token verification", |rocket| async {
        match verifier {
            Ok(verifier) => {
                verifier.start();
                let rocket = rocket.manage(verifier);
                Ok(match cookie {
                    Some(cookie) => rocket.manage(cookie),
                    None => rocket,
                })
            }
            Err(error) => {
                tracing::error!(error, "cannot create the JWKS HTTP client");
                Err(rocket)
            }
        }
    })
}
