//! Transactions over several of Better Auth's tables.
//!
//! Those that replace or delete what a user has lock the user's row first, so that they run after each other.

use chrono::{DateTime, Utc};
use sqlx::query::Query;
use sqlx::{Database, Encode, Type};

use super::sessions::{MAX_SESSIONS, Session};
use super::users::User;
use super::verifications::reset_identifier;
use super::{AuthStore, sql};
use crate::clock;
use crate::issuer::ids::random_id;
use crate::error::ApiError;
use crate::store::run::together;

/// Binds the parameters of [`sql::INSERT_SESSION`].
fn bind_session<'q, Db>(
    query: Query<'q, Db, Db::Arguments>,
    session: &'q Session,
) -> Query<'q, Db, Db::Arguments>
where
    Db: Database,
    String: Encode<'q, Db> + Type<Db>,
    Option<String>: Encode<'q, Db> + Type<Db>,
    DateTime<Utc>: Encode<'q, Db> + Type<Db>,
{
    query
        .bind(&session.id)
        .bind(&session.token)
        .bind(&session.user_id)
        .bind(&session.ip_address)
        .bind(&session.user_agent)
        .bind(session.created_at)
        .bind(session.expires_at)
}

impl AuthStore<'_> {
    /// Inserts a user with a password and a first session. Returns `false` if the email is taken.
    pub(crate) async fn insert_user_with_session(
        self,
        user: &User,
        hash: &str,
        session: &Session,
    ) -> Result<bool, ApiError> {
        let pool = self.0;
        together!(pool, {
            sql::INSERT_USER => |query| {
                query.bind(&user.id).bind(&user.name).bind(&user.email).bind(&user.image).bind(user.created_at)
            },
            sql::INSERT_ACCOUNT => |query| {
                query.bind(random_id()).bind(&user.id).bind(hash).bind(user.created_at)
            },
            sql::INSERT_SESSION => |query| bind_session(query, session),
        })
    }

    /// Inserts a session and deletes the user's oldest sessions beyond [`MAX_SESSIONS`]. Returns `false` if the user was deleted.
    pub(crate) async fn insert_session(self, session: &Session) -> Result<bool, ApiError> {
        let pool = self.0;
        together!(pool, {
            sql::LOCK_USER => |query| query.bind(&session.user_id),
            sql::INSERT_SESSION => |query| bind_session(query, session),
            sql::TRIM_SESSIONS => optional |query| query.bind(&session.user_id).bind(MAX_SESSIONS),
        })
    }

    /// Replaces the password, and all sessions of the user by this session. Returns `false` if the user has no password.
    pub(crate) async fn set_password_and_session(
        self,
        hash: &str,
        session: &Session,
    ) -> Result<bool, ApiError> {
        let pool = self.0;
        together!(pool, {
            sql::LOCK_USER => |query| query.bind(&session.user_id),
            sql::SET_PASSWORD => |query| query.bind(&session.user_id).bind(hash).bind(session.created_at),
            sql::REVOKE_SESSIONS => optional |query| query.bind(&session.user_id),
            sql::INSERT_SESSION => |query| bind_session(query, session),
        })
    }

    /// Consumes a reset token and sets the user's password, or creates the first password. Deletes the user's other reset tokens and, unless
    /// `keep_sessions`, the user's sessions. Returns `false` if another request consumed the token first.
    pub(crate) async fn reset_password(
        self,
        token: &str,
        user_id: &str,
        hash: &str,
        keep_sessions: bool,
    ) -> Result<bool, ApiError> {
        let pool = self.0;
        let now = clock::now();
        together!(pool, {
            sql::LOCK_USER => |query| query.bind(user_id),
            sql::CONSUME_VERIFICATION => |query| query.bind(reset_identifier(token)).bind(now),
            sql::SET_PASSWORD => optional |query| query.bind(user_id).bind(hash).bind(now),
            sql::INSERT_FIRST_ACCOUNT => optional |query| {
                query.bind(random_id()).bind(user_id).bind(hash).bind(now)
            },
            sql::REVOKE_RESETS => optional |query| query.bind(user_id),
            sql::REVOKE_SESSIONS_IF => optional |query| query.bind(user_id).bind(!keep_sessions),
        })
    }
}
