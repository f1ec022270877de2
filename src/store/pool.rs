//! The connection pool, with the same interface for both engines.
//!
//! From a request to the connection of sqlx:
//!
//! ```text
//! Connection            for one statement or transaction; `release` returns it and decides whether the statement runs again
//! └ PgLease or SqliteLease   begins and ends the transaction
//!   └ deadpool::Object       returns the connection to its pool when it is dropped
//!     └ PooledConnection     what the pool remembers of the connection
//!       └ PgSession (PostgreSQL)    how statements run on it
//!         └ PgConnection or SqliteConnection, of sqlx
//! ```
//!
//! A statement calls, in this order: [`Pool::acquire`], `time_limit` of the lease, and `enforce` of that limit on the following:
//! `begin_if_needed` of the lease, `executor` for the statement itself, and `end_transaction` with its result. Then it calls
//! [`Connection::release`] with the outcome. `store::run` does this for single statements and
//! transactions, and `store::batch` for shared statements.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::error::Elapsed;

use super::batch::BatchMetrics;
use super::error::is_serialization_failure;
use super::postgres_pool::{PgLease, PgPool};
use super::sqlite_lease::SqliteLease;
use super::sqlite_pool::{self, DatabaseFile, SqlitePool};
use crate::config::{ConfigError, DatabaseConfig, DatabaseUrl};
use crate::error::ApiError;

/// SQLite connections that read, next to the connection that writes. Each has a thread.
const SQLITE_READERS: usize = 4;

/// The page cache of a SQLite connection that reads, in KiB, which the sign means. The operating system caches the file as well, and SQLite's
/// default of 2 MB for each connection would be a quarter of the memory of the process.
const SQLITE_READER_CACHE: &str = "-400";

/// The connections. Opened when they are needed: an unavailable database does not keep the process from starting.
#[derive(Debug, Clone)]
pub struct Pool {
    engine: Engine,
    query_timeout: Duration,
    counts: Arc<PoolCounters>,
}

#[derive(Debug, Default)]
struct PoolCounters {
    is_up: AtomicBool,
    waits: AtomicU64,
    timeouts: AtomicU64,
    abandoned: AtomicU64,
}

/// The status of the connection pool.
#[derive(Debug, Clone, Copy)]
pub struct PoolStatus {
    /// Whether the last statement did not fail as unavailable. False until the first response.
    pub is_up: bool,
    /// Idle connections.
    pub idle: u64,
    /// Leased connections.
    pub used: u64,
    /// The maximum of connections.
    pub max: u64,
    /// Statements that had to wait until a connection was returned, since the start.
    pub waits: u64,
    /// Statements that got no connection in time, since the start.
    pub timeouts: u64,
    /// Statements without a response in time, since the start. PostgreSQL may still run them.
    pub abandoned: u64,
}

#[derive(Debug, Clone)]
enum Engine {
    Postgres(PgPool),
    /// One writer: SQLite has one write lock, and waiting for it here is fair and cannot fail, while waiting for it in
    /// SQLite is neither.
    Sqlite {
        writer: SqlitePool,
        readers: SqlitePool,
    },
}

/// A leased connection to either engine, for one statement or transaction. Only the store can run SQL on it.
#[derive(Debug)]
pub struct Connection {
    pub(crate) lease: EngineLease,
    /// What the connection was leased for.
    pub(crate) work: Work,
    counts: Arc<PoolCounters>,
}

/// The lease of the configured engine. Both have the same methods, which the macros of `store::run` call.
#[derive(Debug)]
pub(crate) enum EngineLease {
    Postgres(PgLease),
    Sqlite(SqliteLease),
}

/// What runs on a connection. It decides which connection that is, and whether a transaction begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Work {
    /// A statement that changes nothing.
    Read,
    /// A single statement, which may change something.
    Write,
    /// Several statements, which succeed together.
    Transaction,
}

/// Whether a statement runs a second time if it fails through no fault of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Retry {
    /// [`Connection::release`] may ask for a second run. So on SQLite a write can share its commit with the writes that wait at the same
    /// time (`store::group_commit`): if the commit fails because of another write, this one runs again.
    Allowed,
    /// A failure is final. On SQLite, a write is committed by itself.
    Never,
}

/// The end of a statement or transaction.
#[derive(Debug)]
pub(crate) enum Released<T> {
    /// It has this result.
    Done(Result<T, ApiError>),
    /// It has changed nothing and must run again, as [`Retry::Never`]. On SQLite another write of its group has made the commit fail. On PostgreSQL a concurrent
    /// write has made the statement fail (`40001`), which changed nothing.
    RunAgain,
}

impl Pool {
    /// A pool for this database. Needs a runtime. SQLite's shared commits are counted in `metrics`.
    pub(super) fn new(settings: &DatabaseConfig, metrics: &BatchMetrics) -> Result<Self, ConfigError> {
        let fails = |error| {
            let key = "databases.todo.max_connections";
            ConfigError::new(key, format!("makes no pool ({error})"), "use another number")
        };
        let engine = match &settings.url {
            DatabaseUrl::Postgres { options, .. } => {
                Engine::Postgres(PgPool::new(options, settings).map_err(fails)?)
            }
            DatabaseUrl::Sqlite(path) => {
                let file = Arc::new(DatabaseFile::new(path));
                let options = sqlite_pool::writer_options(path, settings);
                let mut writer =
                    SqlitePool::new(options.clone(), file.clone(), 1, settings).map_err(fails)?;
                if settings.batch {
                    writer = writer.with_group_commit(metrics.kind("commit"));
                }
                let options = options.pragma("query_only", "ON").pragma("cache_size", SQLITE_READER_CACHE);
                let readers = SqlitePool::new(options, file, SQLITE_READERS, settings).map_err(fails)?;
                Engine::Sqlite { writer, readers }
            }
        };
        Ok(Self { engine, query_timeout: settings.query_timeout(), counts: Arc::default() })
    }

    /// A connection for a statement that changes nothing.
    pub(crate) async fn reader(&self) -> Result<Connection, ApiError> {
        self.acquire(Work::Read).await
    }

    /// A connection for any single statement.
    pub(crate) async fn writer(&self) -> Result<Connection, ApiError> {
        self.acquire(Work::Write).await
    }

    /// Leases a connection for this work.
    pub(crate) async fn acquire(&self, work: Work) -> Result<Connection, ApiError> {
        let lease = match &self.engine {
            Engine::Postgres(pool) => {
                self.record_wait(pool.is_exhausted());
                pool.acquire().await.map(EngineLease::Postgres)
            }
            Engine::Sqlite { writer, readers } => {
                let pool = if work == Work::Read { readers } else { writer };
                self.record_wait(pool.is_exhausted());
                pool.acquire().await.map(EngineLease::Sqlite)
            }
        };
        let lease = lease.map_err(|error| self.record_no_connection(error))?;
        Ok(Connection { lease, work, counts: self.counts.clone() })
    }

    fn record_wait(&self, is_exhausted: bool) {
        self.counts.waits.fetch_add(is_exhausted.into(), Ordering::Relaxed);
    }

    /// Records that a statement got no connection, or that a request waited too long in the queue of a batch.
    pub(super) fn record_no_connection(&self, error: sqlx::Error) -> sqlx::Error {
        self.counts.is_up.store(false, Ordering::Relaxed);
        let is_timeout = matches!(error, sqlx::Error::PoolTimedOut);
        self.counts.timeouts.fetch_add(is_timeout.into(), Ordering::Relaxed);
        error
    }

    /// The status at this moment.
    pub(super) fn status(&self) -> PoolStatus {
        let (size, idle, max) = match &self.engine {
            Engine::Postgres(pool) => pool.status(),
            Engine::Sqlite { writer, readers } => {
                let (writer, readers) = (writer.status(), readers.status());
                (writer.0 + readers.0, writer.1 + readers.1, writer.2 + readers.2)
            }
        };
        PoolStatus {
            is_up: self.counts.is_up.load(Ordering::Relaxed),
            idle: to_u64(idle),
            used: to_u64(size.saturating_sub(idle)),
            max: to_u64(max),
            waits: self.counts.waits.load(Ordering::Relaxed),
            timeouts: self.counts.timeouts.load(Ordering::Relaxed),
            abandoned: self.counts.abandoned.load(Ordering::Relaxed),
        }
    }

    /// The time that a statement may take.
    pub(crate) fn query_timeout(&self) -> Duration {
        self.query_timeout
    }

    pub(super) async fn close_connections(&self) {
        match &self.engine {
            Engine::Postgres(pool) => pool.close().await,
            Engine::Sqlite { writer, readers } => {
                readers.close().await;
                // Last: closing the last connection writes the log back into the database.
                writer.close().await;
            }
        }
    }
}

fn to_u64(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

impl Connection {
    /// Returns the connection to the pool, or discards it if the statement did not end in time.
    pub(crate) async fn release<T>(
        self,
        outcome: Result<sqlx::Result<T>, Elapsed>,
        retry: Retry,
    ) -> Released<T> {
        let Ok(result) = outcome else {
            self.counts.is_up.store(false, Ordering::Relaxed);
            self.counts.abandoned.fetch_add(1, Ordering::Relaxed);
            if let EngineLease::Postgres(lease) = self.lease {
                lease.discard();
            }
            return Released::Done(Err(ApiError::Unavailable("the statement took too long".to_owned())));
        };
        match self.lease {
            EngineLease::Postgres(mut lease) => {
                lease.record_outcome(result.as_ref().err());
                if retry == Retry::Allowed && result.as_ref().is_err_and(is_serialization_failure) {
                    return Released::RunAgain;
                }
            }
            EngineLease::Sqlite(lease) => {
                if !lease.commit_group().await && result.is_ok() {
                    return Released::RunAgain;
                }
            }
        }
        let result = result.map_err(ApiError::from);
        let is_up = !matches!(result, Err(ApiError::Unavailable(_)));
        self.counts.is_up.store(is_up, Ordering::Relaxed);
        Released::Done(result)
    }
}
