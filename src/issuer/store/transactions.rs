//! Transactions over several of Better Auth's tables.
//!
//! A transaction that replaces or deletes data of a user first locks the row of the user. So such transactions run after each other.

use chrono::{DateTime, Utc};
use sqlx::query::Query;
use sqlx::{Database, Encode, Type};

use super::sessions::{MAX_SESSIONS, Session};
use super::users::User;
use super::verifications::reset_identifier;
use super::{AuthStore, sql};
use crate::clock;
use crate::error::ApiError;
use crate::issuer::ids::random_id;
use crate::issuer::username::Username;
use crate::store::run::transaction;

/// Binds the parameters of [`sql::INSERT_SESSION`].
trait BindSession<'q> {
    fn bind_session(self, session: &'q Session) -> Self;
}

impl<'q, Db> BindSession<'q> for Query<'q, Db, Db::Arguments>
where
    Db: Database,
    String: Encode<'q, Db> + Type<Db>,
    Option<String>: Encode<'q, Db> + Type<Db>,
    DateTime<Utc>: Encode<'q, Db> + Type<Db>,
{
    fn bind_session(self, session: &'q Session) -> Self {
        self.bind(&session.id)
            .bind(&session.token)
            .bind(&session.user_id)
            .bind(&session.ip_address)
            .bind(&session.user_agent)
            .bind(session.created_at)
            .bind(session.expires_at)
    }
}

/// Binds the parameters of [`sql::INSERT_USER`], in a statement of `transaction!`.
trait BindUser<'q> {
    fn bind_user(self, user: &'q User) -> Self;
}

impl<'q, Db> BindUser<'q> for Query<'q, Db, Db::Arguments>
where
    Db: Database,
    String: Encode<'q, Db> + Type<Db>,
    Option<String>: Encode<'q, Db> + Type<Db>,
    DateTime<Utc>: Encode<'q, Db> + Type<Db>,
{
    fn bind_user(self, user: &'q User) -> Self {
        self.bind(&user.id).bind(&user.name).bind(&user.email).bind(&user.image).bind(user.created_at)
    }
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
        transaction!(
            pool,
            [
                required(sql::INSERT_USER).bind_user(user),
                required(sql::INSERT_ACCOUNT)
                    .bind(random_id())
                    .bind(&user.id)
                    .bind(hash)
                    .bind(user.created_at),
                required(sql::INSERT_SESSION).bind_session(session),
            ]
        )
    }

    /// As [`Self::insert_user_with_session`], for a user with a user name. Returns `false` if the email or the name is taken.
    pub(crate) async fn insert_user_with_username(
        self,
        user: &User,
        username: &Username,
        hash: &str,
        session: &Session,
    ) -> Result<bool, ApiError> {
        let pool = self.0;
        transaction!(
            pool,
            [
                required(sql::INSERT_USER).bind_user(user),
                required(sql::INSERT_USERNAME).bind(username.as_str()).bind(&user.id),
                required(sql::INSERT_ACCOUNT)
                    .bind(random_id())
                    .bind(&user.id)
                    .bind(hash)
                    .bind(user.created_at),
                required(sql::INSERT_SESSION).bind_session(session),
            ]
        )
    }

    /// Inserts a session and deletes the user's oldest sessions beyond [`MAX_SESSIONS`]. Returns `false` if the user was deleted.
    pub(crate) async fn insert_session(self, session: &Session) -> Result<bool, ApiError> {
        let pool = self.0;
        transaction!(
            pool,
            [
                required(sql::LOCK_USER).bind(&session.user_id),
                required(sql::INSERT_SESSION).bind_session(session),
                optional(sql::TRIM_SESSIONS).bind(&session.user_id).bind(MAX_SESSIONS),
            ]
        )
    }

    /// Replaces the password, and all sessions of the user by this session. Returns `false` if the user has no password.
    pub(crate) async fn set_password_and_session(
        self,
        hash: &str,
        session: &Session,
    ) -> Result<bool, ApiError> {
        let pool = self.0;
        transaction!(
            pool,
            [
                required(sql::LOCK_USER).bind(&session.user_id),
                required(sql::SET_PASSWORD).bind(&session.user_id).bind(hash).bind(session.created_at),
                optional(sql::REVOKE_SESSIONS).bind(&session.user_id),
                required(sql::INSERT_SESSION).bind_session(session),
            ]
        )
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
        transaction!(
            pool,
            [
                required(sql::LOCK_USER).bind(user_id),
                required(sql::CONSUME_VERIFICATION).bind(reset_identifier(token)).bind(now),
                optional(sql::SET_PASSWORD).bind(user_id).bind(hash).bind(now),
                optional(sql::INSERT_FIRST_ACCOUNT).bind(random_id()).bind(user_id).bind(hash).bind(now),
                optional(sql::REVOKE_RESETS).bind(user_id),
                optional(sql::REVOKE_SESSIONS_IF).bind(user_id).bind(!keep_sessions),
            ]
        )
    }
}
