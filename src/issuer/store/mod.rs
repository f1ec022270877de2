//! Data access for Better Auth's tables.
//!
//! `users` has the single statements on users and their accounts, and each other table has a file of its own. Transactions over several
//! tables are in `transactions`, which alone depends on the others.

mod keys;
mod row;
mod sessions;
pub mod sql;
mod transactions;
mod usernames;
mod users;
mod verifications;

use rocket::async_trait;
use rocket::http::Status;
use rocket::outcome::Outcome;
use rocket::request::{self, FromRequest, Request};
use rocket_db_pools::Database;

pub(super) use keys::StoredKey;
pub(super) use sessions::{SESSION_TTL, Session, SessionWithUser};
pub(super) use users::{Account, NewUser, Patch, User};

use crate::store::pool::Pool;
use crate::store::{Migration, Store};

/// Migrations of Better Auth's tables. Their versions start at 1001, so that they never collide with the versions of the `tasks` table.
pub const ISSUER_MIGRATIONS: &[Migration] = &[Migration {
    version: 1001,
    name: "better auth",
    postgres: include_str!("../../../migrations/postgres/issuer/1001_better_auth.sql"),
    sqlite: include_str!("../../../migrations/sqlite/issuer/1001_better_auth.sql"),
}];

/// The migration of the table of user names, for servers with `issuer.usernames`.
pub const USERNAME_MIGRATIONS: &[Migration] = &[Migration {
    version: 1002,
    name: "usernames",
    postgres: include_str!("../../../migrations/postgres/issuer/1002_usernames.sql"),
    sqlite: include_str!("../../../migrations/sqlite/issuer/1002_usernames.sql"),
}];

/// Access to Better Auth's tables: users, accounts, sessions, verifications and signing keys. Each method takes the pool into a variable,
/// which `run!` requires.
#[derive(Debug, Clone, Copy)]
pub(super) struct AuthStore<'a>(&'a Pool);

impl<'a> AuthStore<'a> {
    pub(super) fn new(store: &'a Store) -> Self {
        Self(store.pool())
    }
}

#[async_trait]
impl<'r> FromRequest<'r> for AuthStore<'r> {
    type Error = &'static str;

    async fn from_request(request: &'r Request<'_>) -> request::Outcome<Self, &'static str> {
        match Store::fetch(request.rocket()) {
            Some(store) => Outcome::Success(Self::new(store)),
            None => Outcome::Error((Status::InternalServerError, "missing managed state: Store")),
        }
    }
}
