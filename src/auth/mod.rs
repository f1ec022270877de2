//! Who is calling: known from the token alone, and the only way to a user's tasks.

mod claims;
mod ed25519;
mod guard;
mod jwks;
mod jws;
mod key;
mod mint;
mod mismatch;
mod mismatch_log;
mod outcomes;
mod source;
mod token_cache;
mod validation;
mod verifier;

use rocket::fairing::AdHoc;

pub use claims::Identity;
pub use guard::AuthUser;
pub use mint::mint;
pub use outcomes::Outcomes;
pub use source::KeySource;
pub use verifier::Verifier;

use crate::config::Auth;

/// Lets the guards check tokens by these settings, and keeps the issuer's keys fresh.
#[must_use]
pub fn stage(settings: &Auth) -> AdHoc {
    let verifier = Verifier::new(settings);
    AdHoc::try_on_ignite("Tokens", |rocket| async {
        match verifier {
            Ok(verifier) => {
                verifier.start();
                Ok(rocket.manage(verifier))
            }
            Err(error) => {
                tracing::error!(error, "the issuer's keys cannot be fetched from here");
                Err(rocket)
            }
        }
    })
}
