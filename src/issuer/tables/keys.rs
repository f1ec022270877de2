//! Keys as they are kept: the private half is encrypted, and that is `issuer::keys`'s business.

use chrono::{DateTime, Utc};

use super::{Tables, sql};
use crate::clock;
use crate::error::ApiError;
use crate::store::run::{execute, on};

/// A key pair.
#[derive(Debug)]
pub(in crate::issuer) struct StoredKey {
    /// The `kid` of what it signs.
    pub(in crate::issuer) id: String,
    /// A JWK.
    pub(in crate::issuer) public: String,
    /// A JWK, encrypted.
    pub(in crate::issuer) private: String,
    /// Until when it signs, if not for ever.
    pub(in crate::issuer) expires_at: Option<DateTime<Utc>>,
    /// What it is for. Those of a Better Auth that did not yet say are for its default.
    pub(in crate::issuer) alg: Option<String>,
}

type KeyRow = (String, String, String, Option<DateTime<Utc>>, Option<String>);

impl Tables<'_> {
    /// Those that sign, and those that did until after this time. The newest first.
    pub(in crate::issuer) async fn keys(self, after: DateTime<Utc>) -> Result<Vec<StoredKey>, ApiError> {
        let pool = self.0;
        let rows: Vec<KeyRow> =
            on!(pool.reader(), query_as(sql::KEYS), |query, db| query.bind(after).fetch_all(db))?;
        let key = |(id, public, private, expires_at, alg)| StoredKey { id, public, private, expires_at, alg };
        Ok(rows.into_iter().map(key).collect())
    }

    pub(in crate::issuer) async fn insert_key(self, key: &StoredKey) -> Result<(), ApiError> {
        let pool = self.0;
        execute!(pool, sql::INSERT_KEY, |query| {
            let query = query.bind(&key.id).bind(&key.public).bind(&key.private);
            query.bind(clock::now()).bind(key.expires_at)
        })
        .map(drop)
    }
}
