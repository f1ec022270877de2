//! The `verification` table: tokens that are mailed to a user. Each can be used once, for at most an hour.

use chrono::TimeDelta;

use super::{AuthStore, sql};
use crate::clock;
use crate::error::ApiError;
use crate::issuer::ids::random_id;
use crate::store::run::run;

/// Lifetime of a password reset token.
const RESET_TOKEN_TTL: TimeDelta = TimeDelta::hours(1);

/// The `identifier` of a password reset token, in Better Auth's format.
pub(super) fn reset_identifier(token: &str) -> String {
    format!("reset-password:{token}")
}

impl AuthStore<'_> {
    /// Stores a token that can reset the user's password.
    pub(crate) async fn insert_reset_token(self, user_id: &str, token: &str) -> Result<(), ApiError> {
        let pool = self.0;
        let now = clock::now();
        run!(pool.writer(), query(sql::INSERT_VERIFICATION).bind(random_id()).bind(reset_identifier(token)).bind(user_id).bind(now).bind(now + RESET_TOKEN_TTL) => execute)
        .map(drop)
    }

    /// The id of the user whose password this token can reset.
    pub(crate) async fn find_reset_user(self, token: &str) -> Result<Option<String>, ApiError> {
        let pool = self.0;
        run!(pool.reader(), query_scalar(sql::VERIFICATION).bind(reset_identifier(token)).bind(clock::now()) => fetch_optional)
    }

    pub(crate) async fn delete_expired_verifications(self) -> Result<(), ApiError> {
        let pool = self.0;
        run!(pool.writer(), query(sql::DELETE_EXPIRED_VERIFICATIONS).bind(clock::now()) => execute).map(drop)
    }
}
