//! The `jwks` table. `issuer::signing_keys` encrypts the private keys; this module stores them as they are.

use chrono::{DateTime, Utc};

use super::row::row_by_name;
use super::{AuthStore, sql};
use crate::clock;
use crate::error::ApiError;
use crate::store::run::run;

/// A row of the `jwks` table: one key pair.
#[derive(Debug)]
pub(crate) struct StoredKey {
    /// Primary key, and the `kid` of tokens signed with the key.
    pub(crate) id: String,
    /// Public key as a JWK.
    pub(crate) public_key: String,
    /// Private key as an encrypted JWK.
    pub(crate) private_key: String,
    /// End of the time in which the key signs. `None`: the key never expires.
    pub(crate) expires_at: Option<DateTime<Utc>>,
    /// Signature algorithm. Old versions of Better Auth leave it empty and mean their default.
    pub(crate) alg: Option<String>,
}

row_by_name!(StoredKey, |row| Self {
    id: row.try_get("id")?,
    public_key: row.try_get("publicKey")?,
    private_key: row.try_get("privateKey")?,
    expires_at: row.try_get("expiresAt")?,
    alg: row.try_get("alg")?,
});

impl AuthStore<'_> {
    /// Keys that expire after this time or never, the newest first.
    pub(crate) async fn keys_expiring_after(self, time: DateTime<Utc>) -> Result<Vec<StoredKey>, ApiError> {
        let pool = self.0;
        run!(pool.reader(), query_as(sql::KEYS).bind(time) => fetch_all)
    }

    pub(crate) async fn insert_key(self, key: &StoredKey) -> Result<(), ApiError> {
        let pool = self.0;
        run!(pool.writer(), query(sql::INSERT_KEY).bind(&key.id).bind(&key.public_key).bind(&key.private_key).bind(clock::now()).bind(key.expires_at) => execute)
        .map(drop)
    }
}
