//! The tasks, where they are kept, and the one way to them: [`Store::for_user`] a caller.

mod error;
mod migrate;
pub(crate) mod pool;
mod pooler;
mod postgres_pool;
pub(crate) mod run;
mod schema;
mod session;
pub mod sql;
mod sqlite_executor;
mod sqlite_pool;
mod tasks;

use rocket_db_pools::Database;

pub use migrate::{MigrationError, Migrations, migrate};
pub use pool::{Pool, Usage};
pub use schema::{Migration, Schema, TASKS};
pub use tasks::{TaskCursor, UserTasks};

use crate::auth::AuthUser;
use crate::error::ApiError;

/// The database. A guard gives it to a route without taking a connection: those are taken by the statement, so that a
/// client who is slow to send its body holds none.
#[derive(Clone, Database)]
#[database("todo")]
pub struct Store(Pool);

impl Store {
    /// The tasks of one user. There is no way to any others.
    #[must_use]
    pub fn for_user<'a>(&'a self, user: &'a AuthUser) -> UserTasks<'a> {
        UserTasks::new(&self.0, user.id())
    }

    /// The connections, for tables that are not of tasks.
    pub(crate) fn pool(&self) -> &Pool {
        &self.0
    }

    /// How busy the connections are.
    #[must_use]
    pub fn usage(&self) -> Usage {
        self.0.usage()
    }

    /// Whether the database answers and has this schema.
    pub async fn check(&self, schema: &Schema) -> Result<(), ApiError> {
        migrate::check(&self.0, schema).await
    }

    /// Closes all connections, each when it is given back.
    pub async fn shut(&self) {
        self.0.shut().await;
    }
}
