//! What somebody was mailed to prove that the mail is theirs. Each serves once and for an hour.

use chrono::TimeDelta;

use super::users::User;
use super::{Tables, sql};
use crate::clock;
use crate::error::ApiError;
use crate::issuer::random::random_id;
use crate::store::run::{execute, on, together};

/// How long a link serves.
const HOUR: TimeDelta = TimeDelta::hours(1);

/// The name under which a token to reset a password is kept, which is Better Auth's.
fn identifier(token: &str) -> String {
    format!("reset-password:{token}")
}

impl Tables<'_> {
    /// Lets a token reset the password of this user.
    pub(in crate::issuer) async fn allow_reset(self, user: &User, token: &str) -> Result<(), ApiError> {
        let pool = self.0;
        let now = clock::now();
        execute!(pool, sql::INSERT_VERIFICATION, |query| {
            let query = query.bind(random_id()).bind(identifier(token)).bind(&user.id);
            query.bind(now).bind(now + HOUR)
        })
        .map(drop)
    }

    /// The id of the user whose password this token may reset.
    pub(in crate::issuer) async fn who_may_reset(self, token: &str) -> Result<Option<String>, ApiError> {
        let pool = self.0;
        on!(pool.reader(), query_scalar(sql::VERIFICATION), |query, db| {
            query.bind(identifier(token)).bind(clock::now()).fetch_optional(db)
        })
    }

    /// Uses the token up, changes the password, or makes the first one, and ends the user's other resets and, unless they are to be kept,
    /// sessions. `false` if another request was faster.
    pub(in crate::issuer) async fn reset(
        self,
        token: &str,
        user: &User,
        hash: &str,
        keep_sessions: bool,
    ) -> Result<bool, ApiError> {
        let pool = self.0;
        let now = clock::now();
        together!(pool, {
            sql::LOCK_USER => |query| query.bind(&user.id),
            sql::USE_VERIFICATION => |query| query.bind(identifier(token)).bind(now),
            sql::SET_PASSWORD => optional |query| query.bind(&user.id).bind(hash).bind(now),
            sql::INSERT_FIRST_ACCOUNT => optional |query| {
                query.bind(random_id()).bind(&user.id).bind(hash).bind(now)
            },
            sql::REVOKE_RESETS => optional |query| query.bind(&user.id),
            sql::REVOKE_SESSIONS_IF => optional |query| query.bind(&user.id).bind(!keep_sessions),
        })
    }

    /// Deletes what has expired.
    pub(in crate::issuer) async fn sweep(self) -> Result<(), ApiError> {
        let pool = self.0;
        let now = clock::now();
        for sweep in [sql::SWEEP_SESSIONS, sql::SWEEP_VERIFICATIONS] {
            execute!(pool, sweep, |query| query.bind(now))?;
        }
        Ok(())
    }
}
