//! Who is calling: known from the token alone, and the only way to a user's tasks.

mod claims;
mod guard;
mod mint;
mod verifier;

use rocket::fairing::AdHoc;

pub use guard::{AuthUser, PathUser};
pub use mint::mint;
pub use verifier::Verifier;

use crate::config::Auth;

/// Lets the guards check tokens by these settings.
#[must_use]
pub fn stage(settings: &Auth) -> AdHoc {
    let verifier = Verifier::new(settings);
    AdHoc::on_ignite("Tokens", |rocket| async { rocket.manage(verifier) })
}
