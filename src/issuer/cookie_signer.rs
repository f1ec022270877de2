//! HMAC signatures of cookie values, in Better Auth's format.

use std::fmt;

use aws_lc_rs::hmac::{self, HMAC_SHA256, Key};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rocket::http::RawStr;

use crate::config::Secret;

/// Signs and verifies values with `auth.secret`. A Better Auth server with the same secret accepts the signatures, and vice versa.
pub(super) struct CookieSigner(Key);

impl fmt::Debug for CookieSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CookieSigner(…)")
    }
}

impl CookieSigner {
    pub(super) fn new(secret: &Secret) -> Self {
        Self(Key::new(HMAC_SHA256, secret.expose().as_bytes()))
    }

    /// Returns `value.base64(HMAC-SHA256(secret, value))`.
    pub(super) fn sign(&self, value: &str) -> String {
        let signature = hmac::sign(&self.0, value.as_bytes());
        format!("{value}.{}", STANDARD.encode(signature))
    }

    /// Returns the value if its signature is valid. Accepts a percent-encoded text as well, because cookies are encoded so.
    pub(super) fn verify(&self, signed: &str) -> Option<String> {
        let decoded = RawStr::new(signed).percent_decode().ok()?;
        let (value, signature) = decoded.rsplit_once('.')?;
        let signature = STANDARD.decode(signature).ok()?;
        hmac::verify(&self.0, value.as_bytes(), &signature).ok()?;
        Some(value.to_owned())
    }
}
