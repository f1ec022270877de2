//! The `session` table.

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::row::row_by_name;
use super::users::User;
use super::{AuthStore, sql};
use crate::clock;
use crate::error::ApiError;
use crate::issuer::ids::random_id;
use crate::issuer::request_context::ClientInfo;
use crate::store::run::run;

/// Lifetime of a session since its last refresh (Better Auth: `expiresIn`).
pub(crate) const SESSION_TTL: TimeDelta = TimeDelta::days(7);

/// Lifetime of a session without "remember me". Such a session is never refreshed.
const SHORT_SESSION_TTL: TimeDelta = TimeDelta::days(1);

/// Age at which a used session is refreshed (Better Auth: `updateAge`).
const UPDATE_AGE: TimeDelta = TimeDelta::days(1);

/// Age below which a session may list sessions, and delete its user without the password (Better Auth: `freshAge`).
const FRESH_AGE: TimeDelta = TimeDelta::days(1);

/// Maximum number of sessions of a user.
pub(super) const MAX_SESSIONS: i64 = 100;

/// A row of Better Auth's `session` table, serialized as its API does.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Session {
    /// Expiry. `get-session` moves it, at most once a day.
    #[serde(serialize_with = "clock::serialize_rfc3339_millis")]
    pub(crate) expires_at: DateTime<Utc>,
    /// Bearer credential: 32 random letters and digits, stored in clear as Better Auth does.
    pub(crate) token: String,
    /// Time of the sign-in.
    #[serde(serialize_with = "clock::serialize_rfc3339_millis")]
    pub(crate) created_at: DateTime<Utc>,
    /// Time of the last refresh.
    #[serde(serialize_with = "clock::serialize_rfc3339_millis")]
    pub(crate) updated_at: DateTime<Utc>,
    /// Client IP at sign-in.
    #[schema(required)]
    pub(crate) ip_address: Option<String>,
    /// `User-Agent` at sign-in.
    #[schema(required)]
    pub(crate) user_agent: Option<String>,
    /// Id of the session's user.
    pub(crate) user_id: String,
    /// Primary key. Not a credential.
    pub(crate) id: String,
}

row_by_name!(Session, |row| Self {
    expires_at: row.try_get("expiresAt")?,
    token: row.try_get("token")?,
    created_at: row.try_get("createdAt")?,
    updated_at: row.try_get("updatedAt")?,
    ip_address: row.try_get("ipAddress")?,
    user_agent: row.try_get("userAgent")?,
    user_id: row.try_get("userId")?,
    id: row.try_get("id")?,
});

/// A session joined with its user.
#[derive(Debug)]
pub(crate) struct SessionWithUser {
    pub(crate) session: Session,
    pub(crate) user: User,
}

// The user's columns have aliases, because both tables have an `id`, a `createdAt` and an `updatedAt`.
row_by_name!(SessionWithUser, |row| Self {
    session: Session::from_row(row)?,
    user: User {
        name: row.try_get("userName")?,
        email: row.try_get("userEmail")?,
        email_verified: row.try_get("userEmailVerified")?,
        image: row.try_get("userImage")?,
        created_at: row.try_get("userCreatedAt")?,
        updated_at: row.try_get("userUpdatedAt")?,
        id: row.try_get("userId")?,
    },
});

impl Session {
    /// Creates a session that expires in 7 days, or in 1 day without "remember me".
    pub(crate) fn new(user_id: &str, client: ClientInfo, remember_me: bool) -> Self {
        let now = clock::now();
        Self {
            expires_at: now + if remember_me { SESSION_TTL } else { SHORT_SESSION_TTL },
            token: random_id(),
            created_at: now,
            updated_at: now,
            ip_address: Some(client.ip),
            user_agent: Some(client.user_agent),
            user_id: user_id.to_owned(),
            id: random_id(),
        }
    }

    pub(crate) fn is_expired(&self) -> bool {
        self.expires_at <= clock::now()
    }

    /// Whether the last refresh is older than [`UPDATE_AGE`]. Never true for a session of [`SHORT_SESSION_TTL`].
    pub(crate) fn should_refresh(&self) -> bool {
        let is_long = self.expires_at - self.updated_at > SHORT_SESSION_TTL;
        is_long && self.expires_at - SESSION_TTL + UPDATE_AGE <= clock::now()
    }

    /// Whether the sign-in is younger than [`FRESH_AGE`].
    pub(crate) fn is_fresh(&self) -> bool {
        clock::now() - self.created_at < FRESH_AGE
    }
}

impl AuthStore<'_> {
    /// The session with this token, and its user. The session may have expired.
    pub(crate) async fn session_with_user(self, token: &str) -> Result<Option<SessionWithUser>, ApiError> {
        let pool = self.0;
        run!(pool.reader(), query_as(sql::SESSION_WITH_USER).bind(token) => fetch_optional)
    }

    /// The user's unexpired sessions: the newest [`MAX_SESSIONS`], in ascending order of creation.
    pub(crate) async fn sessions(self, user_id: &str) -> Result<Vec<Session>, ApiError> {
        let pool = self.0;
        let newest_first: Vec<Session> = run!(pool.reader(), query_as(sql::SESSIONS).bind(user_id).bind(clock::now()).bind(MAX_SESSIONS) => fetch_all)?;
        Ok(newest_first.into_iter().rev().collect())
    }

    /// Refreshes a session: it expires [`SESSION_TTL`] from now.
    pub(crate) async fn refresh(self, session: Session) -> Result<Session, ApiError> {
        let pool = self.0;
        let now = clock::now();
        let session = Session { updated_at: now, expires_at: now + SESSION_TTL, ..session };
        run!(pool.writer(), query(sql::REFRESH_SESSION).bind(&session.token).bind(session.updated_at).bind(session.expires_at) => execute)?;
        Ok(session)
    }

    pub(crate) async fn delete_session(self, token: &str) -> Result<(), ApiError> {
        let pool = self.0;
        run!(pool.writer(), query(sql::DELETE_SESSION).bind(token) => execute).map(drop)
    }

    /// Deletes a session of this user. A token of another user's session has no effect.
    pub(crate) async fn revoke(self, user_id: &str, token: &str) -> Result<(), ApiError> {
        let pool = self.0;
        run!(pool.writer(), query(sql::REVOKE_SESSION).bind(user_id).bind(token) => execute).map(drop)
    }

    pub(crate) async fn revoke_all(self, user_id: &str) -> Result<(), ApiError> {
        let pool = self.0;
        run!(pool.writer(), query(sql::REVOKE_SESSIONS).bind(user_id) => execute).map(drop)
    }

    /// Deletes all sessions of the user except the session with this token.
    pub(crate) async fn revoke_others(self, user_id: &str, token: &str) -> Result<(), ApiError> {
        let pool = self.0;
        run!(pool.writer(), query(sql::REVOKE_OTHER_SESSIONS).bind(user_id).bind(token) => execute).map(drop)
    }

    pub(crate) async fn delete_expired_sessions(self) -> Result<(), ApiError> {
        let pool = self.0;
        run!(pool.writer(), query(sql::DELETE_EXPIRED_SESSIONS).bind(clock::now()) => execute).map(drop)
    }
}
