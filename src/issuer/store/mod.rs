//! Better Auth's tables, and what is done with them: a statement each, or a few that hold together.

mod keys;
mod sessions;
pub mod sql;
mod users;
mod verifications;

use rocket::async_trait;
use rocket::outcome::Outcome;
use rocket::request::{self, FromRequest, Request};
use rocket_db_pools::Database;

pub(super) use keys::StoredKey;
pub(super) use sessions::{Device, SESSION, Session};
pub(super) use users::{Account, Patch, User};

use crate::store::pool::Pool;
use crate::store::{Migration, Store};

/// What they come from. The versions are far from those of the tasks, which have their own.
pub const TABLES: &[Migration] = &[Migration {
    version: 1001,
    name: "better auth",
    postgres: include_str!("../../../migrations/postgres/issuer/1001_better_auth.sql"),
    sqlite: include_str!("../../../migrations/sqlite/issuer/1001_better_auth.sql"),
}];

/// The tables.
#[derive(Debug, Clone, Copy)]
pub(super) struct AuthStore<'a>(&'a Pool);

impl<'a> AuthStore<'a> {
    pub(super) fn of(store: &'a Store) -> Self {
        Self(store.pool())
    }
}

#[async_trait]
impl<'r> FromRequest<'r> for AuthStore<'r> {
    type Error = &'r str;

    async fn from_request(request: &'r Request<'_>) -> request::Outcome<Self, &'r str> {
        match Store::fetch(request.rocket()) {
            Some(store) => Outcome::Success(Self::of(store)),
            None => Outcome::Error((rocket::http::Status::InternalServerError, "there is no store")),
        }
    }
}
