//! The tables `user` and `account`.

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::row::row_by_name;
use super::{AuthStore, sql};
use crate::clock;
use crate::error::ApiError;
use crate::issuer::ids::random_id;
use crate::issuer::username::{Username, no_mail_address};
use crate::store::run::run;

/// A row of Better Auth's `user` table, serialized as its API does.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct User {
    /// Display name. May be empty.
    #[schema(example = "Ann")]
    pub(crate) name: String,
    /// Email in lower case. Unique.
    #[schema(example = "ann@example.com")]
    pub(crate) email: String,
    /// `false` for users created here. A Better Auth server on the same database may set it.
    pub(crate) email_verified: bool,
    /// URL of the user's picture.
    #[schema(required)]
    pub(crate) image: Option<String>,
    /// Time of the sign-up.
    #[serde(serialize_with = "clock::serialize_rfc3339_millis")]
    #[schema(example = "2026-11-21T06:18:30.512Z")]
    pub(crate) created_at: DateTime<Utc>,
    /// Time of the last update.
    #[serde(serialize_with = "clock::serialize_rfc3339_millis")]
    #[schema(example = "2026-11-21T06:18:30.512Z")]
    pub(crate) updated_at: DateTime<Utc>,
    /// Primary key: 32 letters and digits.
    #[schema(example = "MiVatLR7bqdaSkZQhT5G2B8WC3cj1MeH")]
    pub(crate) id: String,
}

row_by_name!(User, |row| Self {
    name: row.try_get("name")?,
    email: row.try_get("email")?,
    email_verified: row.try_get("emailVerified")?,
    image: row.try_get("image")?,
    created_at: row.try_get("createdAt")?,
    updated_at: row.try_get("updatedAt")?,
    id: row.try_get("id")?,
});

/// The properties of a user that sign-up takes from the client.
#[derive(Debug)]
pub(crate) struct NewUser {
    pub(crate) name: String,
    /// In lower case. `None` for a user who has only a user name.
    pub(crate) email: Option<String>,
    pub(crate) image: Option<String>,
    pub(crate) username: Option<Username>,
}

impl User {
    /// Creates a user with an unverified email.
    pub(crate) fn new(NewUser { name, email, image, .. }: NewUser) -> Self {
        let now = clock::now();
        let email = email.unwrap_or_else(no_mail_address);
        let id = random_id();
        Self { name, email, email_verified: false, image, created_at: now, updated_at: now, id }
    }
}

/// A change of a nullable column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Patch {
    Unchanged,
    Set(Option<String>),
}

impl Patch {
    fn new_value(&self) -> Option<&str> {
        match self {
            Self::Unchanged => None,
            Self::Set(value) => value.as_deref(),
        }
    }
}

/// A row of Better Auth's `account` table, serialized as its API does: one sign-in method of a user.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_field_names, reason = "the names are Better Auth's")]
pub(crate) struct Account {
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

row_by_name!(Account, |row| Self {
    account_id: row.try_get("accountId")?,
    provider_id: row.try_get("providerId")?,
    user_id: row.try_get("userId")?,
    created_at: row.try_get("createdAt")?,
    updated_at: row.try_get("updatedAt")?,
    id: row.try_get("id")?,
    scopes: scopes(row.try_get("scope")?),
});

/// The scopes of an OAuth account, which Better Auth stores with commas or spaces between them.
fn scopes(column: Option<&str>) -> Vec<String> {
    let scopes = column.unwrap_or_default().split([',', ' ']).filter(|scope| !scope.is_empty());
    scopes.map(str::to_owned).collect()
}

impl AuthStore<'_> {
    /// The user with this email, which must be in lower case.
    pub(crate) async fn user_by_email(self, email: &str) -> Result<Option<User>, ApiError> {
        let pool = self.0;
        run!(pool.reader(), query_as(sql::USER_BY_EMAIL).bind(email) => fetch_optional)
    }

    pub(crate) async fn user_by_id(self, id: &str) -> Result<Option<User>, ApiError> {
        let pool = self.0;
        run!(pool.reader(), query_as(sql::USER_BY_ID).bind(id) => fetch_optional)
    }

    /// Updates name and image. A name of `None` stays unchanged.
    pub(crate) async fn update_user(
        self,
        id: &str,
        name: Option<&str>,
        image: &Patch,
    ) -> Result<(), ApiError> {
        let pool = self.0;
        run!(pool.writer(), query(sql::UPDATE_USER).bind(id).bind(clock::now()).bind(name).bind(*image != Patch::Unchanged).bind(image.new_value()) => execute)
        .map(drop)
    }

    /// Deletes the user. The foreign keys delete the user's accounts and sessions with it.
    pub(crate) async fn delete_user(self, id: &str) -> Result<(), ApiError> {
        let pool = self.0;
        run!(pool.writer(), query(sql::DELETE_USER).bind(id) => execute).map(drop)
    }

    pub(crate) async fn accounts(self, user_id: &str) -> Result<Vec<Account>, ApiError> {
        let pool = self.0;
        run!(pool.reader(), query_as(sql::ACCOUNTS).bind(user_id) => fetch_all)
    }

    /// The hash of the user's password, if the user has a password.
    pub(crate) async fn password_hash(self, user_id: &str) -> Result<Option<String>, ApiError> {
        let pool = self.0;
        let hash: Option<Option<String>> =
            run!(pool.reader(), query_scalar(sql::PASSWORD).bind(user_id) => fetch_optional)?;
        Ok(hash.flatten())
    }

    /// Replaces the password. Returns `false` if the user has no password.
    pub(crate) async fn set_password(self, user_id: &str, hash: &str) -> Result<bool, ApiError> {
        let pool = self.0;
        let changed = run!(pool.writer(), query(sql::SET_PASSWORD).bind(user_id).bind(hash).bind(clock::now()) => execute)?;
        Ok(changed > 0)
    }
}
