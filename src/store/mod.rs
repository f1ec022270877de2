//! Data access: connection pools for PostgreSQL and SQLite, SQL statements, migrations. Tasks are reachable only through
//! [`Store::for_user`].

mod adopted;
mod batch;
mod batched_pool;
mod cursor;
mod deadpool_ext;
mod error;
mod found;
mod group_commit;
mod id_column;
mod migrate;
pub(crate) mod pool;
mod pooler;
mod postgres_pool;
pub(crate) mod rejection;
pub(crate) mod run;
mod schema;
mod session;
pub mod sql;
mod sqlite_executor;
mod sqlite_lease;
mod sqlite_pool;
mod tasks;

pub use batch::BatchMetrics;
pub use batched_pool::BatchedPool;
pub use found::{FoundIds, MAX_FOUND};
pub(crate) use migrate::check_not_foreign;
pub use migrate::{MigrationError, MigrationRecord, Migrations, migrate_within, task_migration_records};
pub use pool::{Pool, PoolStatus};
pub use schema::{Migration, MigrationSet, TASK_MIGRATIONS};
pub use tasks::{ListPosition, TaskCursor, UserTasks};

use crate::auth::AuthUser;
use crate::error::ApiError;

/// The database, as managed state: `rocket_db_pools` creates its [`BatchedPool`] from the settings.
///
/// The request guard `&Store` leases no connection: each statement leases its own, so that a client that is slow to send its body holds
/// none.
#[derive(Clone, rocket_db_pools::Database)]
#[database("todo")]
pub struct Store(BatchedPool);

impl Store {
    /// The tasks of the caller. The store has no access to tasks without an [`AuthUser`].
    #[must_use]
    pub fn for_user<'a>(&'a self, user: &'a AuthUser) -> UserTasks<'a> {
        UserTasks::new(&self.0, user.id())
    }

    /// The connections, for the tables of other modules.
    pub(crate) fn pool(&self) -> &Pool {
        &self.0.pool
    }

    /// The status of the connection pool.
    #[must_use]
    pub fn pool_status(&self) -> PoolStatus {
        self.0.pool.status()
    }

    /// The metrics of batching.
    #[must_use]
    pub fn batch_metrics(&self) -> &BatchMetrics {
        &self.0.batch_metrics
    }

    /// Whether the database has these migrations.
    pub async fn is_migrated(&self, schema: &MigrationSet) -> Result<bool, ApiError> {
        migrate::is_migrated(&self.0.pool, schema).await
    }

    /// Closes all connections, each when it is returned.
    pub async fn close(&self) {
        self.0.pool.close_connections().await;
    }
}
