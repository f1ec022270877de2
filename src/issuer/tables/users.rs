//! Users and their passwords.

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::sessions::{Session, insert_session};
use super::{Tables, sql};
use crate::clock;
use crate::error::ApiError;
use crate::issuer::random::random_id;
use crate::store::run::{execute, on, together};

/// Somebody who signed up, as Better Auth shows them.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::issuer) struct User {
    /// What they are to be called.
    #[schema(example = "Ann")]
    pub(in crate::issuer) name: String,
    /// In lower case.
    #[schema(example = "ann@example.com")]
    pub(in crate::issuer) email: String,
    /// Whether it is known to be theirs.
    pub(in crate::issuer) email_verified: bool,
    /// The URL of a picture.
    #[schema(required)]
    pub(in crate::issuer) image: Option<String>,
    /// When they signed up.
    #[serde(serialize_with = "clock::serialize_rfc3339_millis")]
    #[schema(example = "2026-11-21T06:18:30.512Z")]
    pub(in crate::issuer) created_at: DateTime<Utc>,
    /// When any of this last changed.
    #[serde(serialize_with = "clock::serialize_rfc3339_millis")]
    #[schema(example = "2026-11-21T06:18:30.512Z")]
    pub(in crate::issuer) updated_at: DateTime<Utc>,
    /// 32 letters and digits.
    #[schema(example = "MiVatLR7bqdaSkZQhT5G2B8WC3cj1MeH")]
    pub(in crate::issuer) id: String,
}

type UserRow = (String, String, bool, Option<String>, DateTime<Utc>, DateTime<Utc>, String);

impl From<UserRow> for User {
    fn from((name, email, email_verified, image, created_at, updated_at, id): UserRow) -> Self {
        Self { name, email, email_verified, image, created_at, updated_at, id }
    }
}

impl User {
    /// Somebody new. The address is in lower case.
    pub(in crate::issuer) fn new(name: String, email: String, image: Option<String>) -> Self {
        let now = clock::now();
        let id = random_id();
        Self { name, email, email_verified: false, image, created_at: now, updated_at: now, id }
    }
}

/// What is to become of something that may be absent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::issuer) enum Change {
    Keep,
    To(Option<String>),
}

impl Change {
    fn new_value(&self) -> Option<&str> {
        match self {
            Self::Keep => None,
            Self::To(value) => value.as_deref(),
        }
    }
}

/// A way to sign in, as Better Auth shows it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_field_names, reason = "the names are Better Auth's")]
pub(in crate::issuer) struct Account {
    account_id: String,
    provider_id: String,
    user_id: String,
    #[serde(serialize_with = "clock::serialize_rfc3339_millis")]
    created_at: DateTime<Utc>,
    #[serde(serialize_with = "clock::serialize_rfc3339_millis")]
    updated_at: DateTime<Utc>,
    id: String,
    scopes: Vec<String>,
}

type AccountRow = (String, String, String, DateTime<Utc>, DateTime<Utc>, String, Option<String>);

impl From<AccountRow> for Account {
    fn from(row: AccountRow) -> Self {
        let (account_id, provider_id, user_id, created_at, updated_at, id, scope) = row;
        let scopes = scope.as_deref().unwrap_or_default().split([',', ' ']).filter(|it| !it.is_empty());
        let scopes = scopes.map(str::to_owned).collect();
        Self { account_id, provider_id, user_id, created_at, updated_at, id, scopes }
    }
}

impl Tables<'_> {
    /// A new user, signed in; `false` if the address is taken.
    pub(in crate::issuer) async fn sign_up(
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
            sql::INSERT_SESSION => |query| insert_session!(query, session),
        })
    }

    /// The user with this address, which is in lower case.
    pub(in crate::issuer) async fn by_email(self, email: &str) -> Result<Option<User>, ApiError> {
        let pool = self.0;
        let row: Option<UserRow> = on!(pool.reader(), query_as(sql::USER_BY_EMAIL), |query, db| {
            query.bind(email).fetch_optional(db)
        })?;
        Ok(row.map(User::from))
    }

    pub(in crate::issuer) async fn by_id(self, id: &str) -> Result<Option<User>, ApiError> {
        let pool = self.0;
        let row: Option<UserRow> =
            on!(pool.reader(), query_as(sql::USER_BY_ID), |query, db| query.bind(id).fetch_optional(db))?;
        Ok(row.map(User::from))
    }

    /// A name that is `None` stays as it is.
    pub(in crate::issuer) async fn update(
        self,
        user: &User,
        name: Option<&str>,
        image: &Change,
    ) -> Result<(), ApiError> {
        let pool = self.0;
        execute!(pool, sql::UPDATE_USER, |query| {
            query
                .bind(&user.id)
                .bind(clock::now())
                .bind(name)
                .bind(*image != Change::Keep)
                .bind(image.new_value())
        })
        .map(drop)
    }

    /// The user, and with them whatever is theirs in these tables.
    pub(in crate::issuer) async fn delete(self, user: &User) -> Result<(), ApiError> {
        let pool = self.0;
        execute!(pool, sql::DELETE_USER, |query| query.bind(&user.id)).map(drop)
    }

    pub(in crate::issuer) async fn accounts(self, user: &User) -> Result<Vec<Account>, ApiError> {
        let pool = self.0;
        let rows: Vec<AccountRow> =
            on!(pool.reader(), query_as(sql::ACCOUNTS), |query, db| query.bind(&user.id).fetch_all(db))?;
        Ok(rows.into_iter().map(Account::from).collect())
    }

    /// The hash of a user's password, if they have one.
    pub(in crate::issuer) async fn password(self, user: &User) -> Result<Option<String>, ApiError> {
        let pool = self.0;
        let hash: Option<Option<String>> = on!(pool.reader(), query_scalar(sql::PASSWORD), |query, db| {
            query.bind(&user.id).fetch_optional(db)
        })?;
        Ok(hash.flatten())
    }

    /// Another password; `false` if there is none any more.
    pub(in crate::issuer) async fn set_password(self, user: &User, hash: &str) -> Result<bool, ApiError> {
        let pool = self.0;
        execute!(pool, sql::SET_PASSWORD, |query| { query.bind(&user.id).bind(hash).bind(clock::now()) })
            .map(|changed| changed > 0)
    }

    /// Another password, and one session in the place of all there were; `false` if there is no password any more.
    pub(in crate::issuer) async fn set_password_and_session(
        self,
        user: &User,
        hash: &str,
        session: &Session,
    ) -> Result<bool, ApiError> {
        let pool = self.0;
        together!(pool, {
            sql::LOCK_USER => |query| query.bind(&user.id),
            sql::SET_PASSWORD => |query| query.bind(&user.id).bind(hash).bind(session.created_at),
            sql::REVOKE_SESSIONS => optional |query| query.bind(&user.id),
            sql::INSERT_SESSION => |query| insert_session!(query, session),
        })
    }
}
