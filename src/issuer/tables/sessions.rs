//! Sessions: that somebody is signed in.

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::users::User;
use super::{Tables, sql};
use crate::clock;
use crate::error::ApiError;
use crate::issuer::random::random_id;
use crate::store::run::{execute, on, together};

/// How long a session is good for.
pub(in crate::issuer) const SESSION: TimeDelta = TimeDelta::days(7);

/// Sessions of a user at most.
const SESSIONS_MAX: i64 = 100;

/// How long one is that is not to be remembered; and how old one is before it is extended.
const DAY: TimeDelta = TimeDelta::days(1);

/// That somebody is signed in, as Better Auth shows it.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::issuer) struct Session {
    /// Until when, if it is not extended.
    #[serde(serialize_with = "clock::serialize_rfc3339_millis")]
    pub(in crate::issuer) expires_at: DateTime<Utc>,
    /// What its bearer proves it by.
    pub(in crate::issuer) token: String,
    /// When they signed in.
    #[serde(serialize_with = "clock::serialize_rfc3339_millis")]
    pub(in crate::issuer) created_at: DateTime<Utc>,
    /// When it was last extended.
    #[serde(serialize_with = "clock::serialize_rfc3339_millis")]
    pub(in crate::issuer) updated_at: DateTime<Utc>,
    /// From where they signed in.
    #[schema(required)]
    pub(in crate::issuer) ip_address: Option<String>,
    /// By what.
    #[schema(required)]
    pub(in crate::issuer) user_agent: Option<String>,
    /// Who.
    pub(in crate::issuer) user_id: String,
    /// Its name, which proves nothing.
    pub(in crate::issuer) id: String,
}

type SessionRow =
    (DateTime<Utc>, String, DateTime<Utc>, DateTime<Utc>, Option<String>, Option<String>, String, String);

impl From<SessionRow> for Session {
    fn from(row: SessionRow) -> Self {
        let (expires_at, token, created_at, updated_at, ip_address, user_agent, user_id, id) = row;
        Self { expires_at, token, created_at, updated_at, ip_address, user_agent, user_id, id }
    }
}

impl Session {
    /// A new one.
    pub(in crate::issuer) fn new(user: &User, from: Device, remember: bool) -> Self {
        let now = clock::now();
        Self {
            expires_at: now + if remember { SESSION } else { DAY },
            token: random_id(),
            created_at: now,
            updated_at: now,
            ip_address: Some(from.address),
            user_agent: Some(from.agent),
            user_id: user.id.clone(),
            id: random_id(),
        }
    }

    pub(in crate::issuer) fn is_expired(&self) -> bool {
        self.expires_at <= clock::now()
    }

    /// Whether it is to be extended: it is more than a day old, and not one of those that last no longer.
    pub(in crate::issuer) fn is_due(&self) -> bool {
        self.expires_at - self.updated_at > DAY && self.expires_at - SESSION + DAY <= clock::now()
    }

    /// Whether whoever has it has signed in lately.
    pub(in crate::issuer) fn is_fresh(&self) -> bool {
        clock::now() - self.created_at < DAY
    }
}

/// From where and by what somebody signs in.
#[derive(Debug, Clone)]
pub(in crate::issuer) struct Device {
    pub(in crate::issuer) address: String,
    pub(in crate::issuer) agent: String,
}

/// Binds a session to its statement, of whichever engine.
macro_rules! insert_session {
    ($query:ident, $session:ident) => {
        $query
            .bind(&$session.id)
            .bind(&$session.token)
            .bind(&$session.user_id)
            .bind(&$session.ip_address)
            .bind(&$session.user_agent)
            .bind($session.created_at)
            .bind($session.expires_at)
    };
}

pub(super) use insert_session;

impl Tables<'_> {
    /// Adds a session and deletes the user's oldest beyond [`SESSIONS_MAX`]; `false` if there is no such user any more.
    pub(in crate::issuer) async fn insert_session(self, session: &Session) -> Result<bool, ApiError> {
        let pool = self.0;
        together!(pool, {
            sql::LOCK_USER => |query| query.bind(&session.user_id),
            sql::INSERT_SESSION => |query| insert_session!(query, session),
            sql::TRIM_SESSIONS => optional |query| query.bind(&session.user_id).bind(SESSIONS_MAX),
        })
    }

    /// The session that this token proves, and whose it is. It may have expired.
    pub(in crate::issuer) async fn session(self, token: &str) -> Result<Option<(Session, User)>, ApiError> {
        let pool = self.0;
        let row: Option<SessionAndUserRow> =
            on!(pool.reader(), query_as(sql::SESSION), |query, db| query.bind(token).fetch_optional(db))?;
        Ok(row.map(|(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o)| {
            (Session::from((a, b, c, d, e, f, g, h)), User::from((i, j, k, l, m, n, o)))
        }))
    }

    /// Those of a user that have not expired: the newest [`SESSIONS_MAX`], the oldest of them first.
    pub(in crate::issuer) async fn sessions(self, user: &User) -> Result<Vec<Session>, ApiError> {
        let pool = self.0;
        let rows: Vec<SessionRow> = on!(pool.reader(), query_as(sql::SESSIONS), |query, db| {
            query.bind(&user.id).bind(clock::now()).bind(SESSIONS_MAX).fetch_all(db)
        })?;
        Ok(rows.into_iter().rev().map(Session::from).collect())
    }

    /// Makes a session last from now on.
    pub(in crate::issuer) async fn extend(self, session: Session) -> Result<Session, ApiError> {
        let pool = self.0;
        let now = clock::now();
        let session = Session { updated_at: now, expires_at: now + SESSION, ..session };
        execute!(pool, sql::EXTEND_SESSION, |query| {
            query.bind(&session.token).bind(session.updated_at).bind(session.expires_at)
        })?;
        Ok(session)
    }

    pub(in crate::issuer) async fn delete_session(self, token: &str) -> Result<(), ApiError> {
        let pool = self.0;
        execute!(pool, sql::DELETE_SESSION, |query| query.bind(token)).map(drop)
    }

    /// Deletes one of the user's; nobody else's.
    pub(in crate::issuer) async fn revoke(self, user: &User, token: &str) -> Result<(), ApiError> {
        let pool = self.0;
        execute!(pool, sql::REVOKE_SESSION, |query| { query.bind(&user.id).bind(token) }).map(drop)
    }

    pub(in crate::issuer) async fn revoke_all(self, user: &User) -> Result<(), ApiError> {
        let pool = self.0;
        execute!(pool, sql::REVOKE_SESSIONS, |query| query.bind(&user.id)).map(drop)
    }

    /// Deletes all of the user's but this one.
    pub(in crate::issuer) async fn revoke_others(self, session: &Session) -> Result<(), ApiError> {
        let pool = self.0;
        execute!(pool, sql::REVOKE_OTHER_SESSIONS, |query| {
            query.bind(&session.user_id).bind(&session.token)
        })
        .map(drop)
    }
}

/// A row of the two tables joined, in the order of the statement.
type SessionAndUserRow = (
    DateTime<Utc>,
    String,
    DateTime<Utc>,
    DateTime<Utc>,
    Option<String>,
    Option<String>,
    String,
    String,
    String,
    String,
    bool,
    Option<String>,
    DateTime<Utc>,
    DateTime<Utc>,
    String,
);
