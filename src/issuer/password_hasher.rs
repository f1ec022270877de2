//! Password hashes in Better Auth's format, so that both servers can verify the hashes of a shared database.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use scrypt::{Params, scrypt};
use tokio::task::spawn_blocking;
use unicode_normalization::UnicodeNormalization;

use super::error::AuthError;
use super::hash_queue::HashQueue;
use super::rate_limit::Attempt;
use crate::error::ApiError;

/// Minimum length of a password, in UTF-16 code units.
pub(super) const MIN_PASSWORD_LEN: usize = 8;

/// Maximum length of a password, in UTF-16 code units.
pub(super) const MAX_PASSWORD_LEN: usize = 128;

/// Length of a hash, in bytes.
const HASH_LEN: usize = 64;

/// Hashes passwords with scrypt, a few concurrently. Each call needs the [`Attempt`] of a request that the rate limiter counted.
#[derive(Debug)]
pub(super) struct PasswordHasher(HashQueue);

impl PasswordHasher {
    pub(super) fn new(queue: HashQueue) -> Self {
        Self(queue)
    }

    /// Hashes a password with a new salt, as `hex(salt):hex(hash)`.
    pub(super) async fn hash(&self, attempt: &Attempt, password: &str) -> Result<String, AuthError> {
        // As in Better Auth, the salt is the hexadecimal text, not the bytes it encodes.
        let salt = hex::encode(rand::random::<[u8; 16]>());
        let hash = self.scrypt(attempt, password, &salt).await?;
        Ok(format!("{salt}:{}", hex::encode(hash)))
    }

    /// Whether the stored hash belongs to this password. A malformed hash matches no password.
    pub(super) async fn verify(
        &self,
        attempt: &Attempt,
        password: &str,
        stored: &str,
    ) -> Result<bool, AuthError> {
        let (salt, expected) = stored.split_once(':').unwrap_or_default();
        let hash = self.scrypt(attempt, password, salt).await?;
        Ok(hex::decode(expected).is_ok_and(|expected| verify_slices_are_equal(&hash, &expected).is_ok()))
    }

    async fn scrypt(
        &self,
        attempt: &Attempt,
        password: &str,
        salt: &str,
    ) -> Result<[u8; HASH_LEN], AuthError> {
        let permit = self.0.acquire(attempt.client_ip()).await?;
        // Better Auth normalizes passwords in the same way.
        let (password, salt) = (password.nfkc().collect::<String>(), salt.to_owned());
        let hashing = spawn_blocking(move || {
            // The thread owns the permit: if the client disconnects, the request ends, but the hash runs on.
            let _permit = permit;
            // N = 2^14, r = 16, p = 1.
            let parameters = Params::new(14, 16, 1).map_err(|error| error.to_string())?;
            let mut hash = [0; HASH_LEN];
            scrypt(password.as_bytes(), salt.as_bytes(), &parameters, &mut hash)
                .map_err(|error| error.to_string())?;
            Ok::<_, String>(hash)
        });
        let hashed = hashing.await.map_err(|panic| panic.to_string()).flatten();
        hashed.map_err(|error| ApiError::Internal(error).into())
    }
}

/// Checks the length of a new password.
pub(super) fn check_new_password_length(password: &str) -> Result<(), AuthError> {
    if password.encode_utf16().count() < MIN_PASSWORD_LEN {
        return Err(AuthError::PasswordTooShort);
    }
    check_max_password_length(password)
}

/// Checks only the maximum length, for a password that is compared with a stored hash. No user has a longer password.
pub(super) fn check_max_password_length(password: &str) -> Result<(), AuthError> {
    if password.encode_utf16().count() > MAX_PASSWORD_LEN { Err(AuthError::PasswordTooLong) } else { Ok(()) }
}
