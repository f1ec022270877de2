//! Passwords, hashed as Better Auth hashes them, so that either reads what the other has written.

use std::net::IpAddr;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use scrypt::{Params, scrypt};
use tokio::task::spawn_blocking;
use unicode_normalization::UnicodeNormalization;

use super::queue::HashQueue;
use super::refusal::Refusal;
use crate::error::ApiError;

/// UTF-16 units a password must have, and may have.
pub(super) const SHORTEST: usize = 8;
pub(super) const LONGEST: usize = 128;

/// Bytes of a hash.
const KEY: usize = 64;

/// Hashes passwords for clients, by whose addresses they queue.
#[derive(Debug)]
pub(super) struct Passwords(HashQueue);

impl Passwords {
    pub(super) fn new(queue: HashQueue) -> Self {
        Self(queue)
    }

    /// `hex(salt):hex(key)`.
    pub(super) async fn hash(&self, client: Option<IpAddr>, password: &str) -> Result<String, Refusal> {
        // What is hashed with it is the salt's hexadecimal text, not its bytes.
        let salt = hex::encode(rand::random::<[u8; 16]>());
        let key = self.key(client, password, &salt).await?;
        Ok(format!("{salt}:{}", hex::encode(key)))
    }

    /// Whether a hash is this password's. What is no hash is nobody's.
    pub(super) async fn verify(
        &self,
        client: Option<IpAddr>,
        password: &str,
        hash: &str,
    ) -> Result<bool, Refusal> {
        let (salt, wanted) = hash.split_once(':').unwrap_or_default();
        let key = self.key(client, password, salt).await?;
        Ok(hex::decode(wanted).is_ok_and(|wanted| verify_slices_are_equal(&key, &wanted).is_ok()))
    }

    async fn key(&self, client: Option<IpAddr>, password: &str, salt: &str) -> Result<[u8; KEY], Refusal> {
        let turn = self.0.turn(client).await?;
        let (password, salt) = (password.nfkc().collect::<String>(), salt.to_owned());
        let hashing = spawn_blocking(move || {
            // Kept in here: a client that goes away ends the waiting, but not the work.
            let _turn = turn;
            // N = 2^14, r = 16, p = 1.
            let parameters = Params::new(14, 16, 1).map_err(|error| error.to_string())?;
            let mut key = [0; KEY];
            scrypt(password.as_bytes(), salt.as_bytes(), &parameters, &mut key)
                .map_err(|error| error.to_string())?;
            Ok::<_, String>(key)
        });
        let hashed = hashing.await.map_err(|panic| panic.to_string()).flatten();
        hashed.map_err(|error| ApiError::Internal(error).into())
    }
}

/// That a password may be one.
pub(super) fn check_length(password: &str) -> Result<(), Refusal> {
    if password.encode_utf16().count() < SHORTEST {
        return Err(Refusal::PasswordTooShort);
    }
    check_not_too_long(password)
}

/// That a password is none that nobody can have.
pub(super) fn check_not_too_long(password: &str) -> Result<(), Refusal> {
    if password.encode_utf16().count() > LONGEST { Err(Refusal::PasswordTooLong) } else { Ok(()) }
}
