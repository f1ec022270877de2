//! SQLite connection pool, built on deadpool.
//!
//! A statement that runs out of time is interrupted and then awaited: SQLite works in this process, so its outcome can always be known.

use std::fs;
use std::future::Future;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use deadpool::Runtime;
use deadpool::managed::{
    self, Manager, Metrics, Object, PoolConfig, QueueMode, RecycleError, RecycleResult, Timeouts,
};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection as _, SqliteConnection};
use tokio::time::error::Elapsed;
use tokio::time::timeout;

use super::deadpool_ext;
use super::error::is_sqlite_io;
use super::sqlite_executor::ToEnd;
use crate::config::{DatabaseConfig, DatabaseUrl};

/// Virtual machine instructions of SQLite between two checks for an interrupt: well below a millisecond.
const INTERRUPT_INTERVAL: i32 = 1000;

/// Writes the first page to the log, with a number that nothing here uses. An `UPDATE` to the same value would write nothing.
const OVERWRITE_LOG: &str = "PRAGMA user_version = 0";

/// The connections.
#[derive(Debug, Clone)]
pub(super) struct SqlitePool {
    pool: managed::Pool<SqliteManager>,
    acquire_timeout: Duration,
}

#[derive(Debug)]
struct SqliteManager {
    options: SqliteConnectOptions,
    file: Arc<DatabaseFile>,
}

/// A pooled connection and whether its last statement has ended.
#[derive(Debug)]
struct PooledConnection {
    connection: SqliteConnection,
    interrupt: Interrupt,
    is_finished: bool,
}

/// The database file that is open, by the identity that it has on its file system.
///
/// SQLite does not notice that its file was deleted or replaced: it goes on writing to a file that no path leads to.
#[derive(Debug)]
pub(super) struct DatabaseFile {
    path: PathBuf,
    identity: OnceLock<(u64, u64)>,
}

impl DatabaseFile {
    pub(super) fn new(path: &Path) -> Self {
        Self { path: path.to_owned(), identity: OnceLock::new() }
    }

    /// Fails if the path does not lead to the file that it led to at first. One system call, of about a microsecond.
    fn check(&self) -> sqlx::Result<()> {
        let metadata = match fs::metadata(&self.path) {
            Ok(metadata) => metadata,
            Err(error) => return Err(self.error(&format!("cannot be found ({error})"))),
        };
        let identity = (metadata.dev(), metadata.ino());
        if *self.identity.get_or_init(|| identity) == identity {
            Ok(())
        } else {
            Err(self.error("is another file than at the start; restart the server to use it"))
        }
    }

    fn error(&self, problem: &str) -> sqlx::Error {
        sqlx::Error::Io(io::Error::other(format!("the database file {} {problem}", self.path.display())))
    }
}

impl Manager for SqliteManager {
    type Type = PooledConnection;
    type Error = sqlx::Error;

    async fn create(&self) -> sqlx::Result<PooledConnection> {
        self.file.check()?;
        let mut connection = Box::pin(self.options.connect()).await?;
        let interrupt = Interrupt::default();
        let raised = interrupt.clone();
        connection
            .lock_handle()
            .await?
            .set_progress_handler(INTERRUPT_INTERVAL, move || !raised.0.load(Ordering::Relaxed));
        Ok(PooledConnection { connection, interrupt, is_finished: true })
    }

    async fn recycle(&self, pooled: &mut PooledConnection, _: &Metrics) -> RecycleResult<sqlx::Error> {
        if !pooled.is_finished {
            return Err(RecycleError::message("its last statement was cancelled"));
        }
        self.file.check().map_err(RecycleError::Backend)
    }
}

impl SqlitePool {
    /// A pool of at most `max_size` connections. None is opened before it is needed. Needs a runtime.
    pub(super) fn new(
        options: SqliteConnectOptions,
        file: Arc<DatabaseFile>,
        max_size: usize,
        settings: &DatabaseConfig,
    ) -> Result<Self, managed::BuildError> {
        let config = PoolConfig { max_size, timeouts: Timeouts::default(), queue_mode: QueueMode::Lifo };
        let pool = managed::Pool::builder(SqliteManager { options, file })
            .config(config)
            .runtime(Runtime::Tokio1)
            .build()?;
        Ok(Self { pool, acquire_timeout: settings.connect_timeout() })
    }

    /// Leases a connection. Waits at most `connect_timeout`.
    pub(super) async fn acquire(&self) -> sqlx::Result<SqliteLease> {
        match timeout(self.acquire_timeout, self.pool.get()).await {
            Ok(Ok(mut object)) => {
                object.is_finished = false;
                Ok(SqliteLease { object, in_transaction: false })
            }
            Ok(Err(error)) => Err(deadpool_ext::to_sqlx(error)),
            Err(_) => Err(sqlx::Error::PoolTimedOut),
        }
    }

    /// Whether the next request has to wait for a connection.
    pub(super) fn is_exhausted(&self) -> bool {
        deadpool_ext::is_exhausted(&self.pool)
    }

    /// Open connections, idle connections and the maximum of connections.
    pub(super) fn status(&self) -> (usize, usize, usize) {
        deadpool_ext::status(&self.pool)
    }

    /// Closes idle connections now and the others when they are returned.
    pub(super) async fn close(&self) {
        let idle = self.pool.retain(|_, _| false).removed;
        self.pool.close();
        for pooled in idle {
            // SQLite's own message at worst: its log is read at the next start.
            let _ = pooled.connection.close().await;
        }
    }
}

/// A leased connection. Dropping it returns it to the pool.
#[derive(Debug)]
pub(crate) struct SqliteLease {
    object: Object<SqliteManager>,
    in_transaction: bool,
}

impl SqliteLease {
    /// Prepared statements are always kept.
    #[expect(clippy::unused_self, reason = "PgLease has the same methods")]
    pub(crate) fn is_named(&self) -> bool {
        true
    }

    pub(crate) fn executor(&mut self) -> ToEnd<'_> {
        ToEnd(&mut self.object.connection)
    }

    /// The time limit of the statements on this connection.
    pub(crate) fn limit(&self, duration: Duration) -> SqliteLimit {
        SqliteLimit { duration, interrupt: self.object.interrupt.clone() }
    }

    /// Begins a transaction if `transaction` is set.
    pub(crate) async fn begin(&mut self, transaction: bool, _writes: bool) -> sqlx::Result<()> {
        if transaction {
            sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut self.object.connection).await?;
            self.in_transaction = true;
        }
        Ok(())
    }

    /// Ends the transaction, if any: with a commit after a success, and with a rollback after a failure.
    ///
    /// A commit whose sync failed has left complete pages in the write-ahead log, which SQLite ignores as long as it is open, and takes
    /// for a commit when it reads the log after a crash. So the pages are overwritten with something harmless.
    pub(crate) async fn end<T>(&mut self, result: sqlx::Result<T>) -> sqlx::Result<T> {
        let in_transaction = std::mem::take(&mut self.in_transaction);
        let connection = &mut self.object.connection;
        let result = match result {
            Ok(value) if in_transaction => {
                sqlx::raw_sql("COMMIT").execute(&mut *connection).await.map(|_| value)
            }
            other => other,
        };
        if let Err(error) = &result {
            if in_transaction {
                // Fails if SQLite has rolled back by itself, as it does after most failures.
                let _ = sqlx::raw_sql("ROLLBACK").execute(&mut *connection).await;
            }
            if is_sqlite_io(error) {
                let _ = sqlx::raw_sql(OVERWRITE_LOG).execute(&mut *connection).await;
            }
        }
        result
    }

    /// Rolls the transaction back.
    pub(crate) async fn rollback(&mut self) -> sqlx::Result<()> {
        self.in_transaction = false;
        sqlx::raw_sql("ROLLBACK").execute(&mut self.object.connection).await.map(drop)
    }

    /// Records that the statement has ended. A lease dropped without this call is not used again.
    pub(super) fn finish(&mut self) {
        self.object.is_finished = true;
    }
}

/// Stops the statement that runs on a connection.
#[derive(Debug, Clone, Default)]
struct Interrupt(Arc<AtomicBool>);

/// The time after which a statement is interrupted.
#[derive(Debug)]
pub(crate) struct SqliteLimit {
    duration: Duration,
    interrupt: Interrupt,
}

impl SqliteLimit {
    /// Runs a statement, interrupts it when its time is over, and returns its outcome: a commit may have been faster.
    pub(crate) async fn run<T>(
        self,
        statement: impl Future<Output = sqlx::Result<T>>,
    ) -> Result<sqlx::Result<T>, Elapsed> {
        let mut statement = pin!(statement);
        if let Ok(result) = timeout(self.duration, &mut statement).await {
            return Ok(result);
        }
        self.interrupt.0.store(true, Ordering::Relaxed);
        let result = statement.await;
        self.interrupt.0.store(false, Ordering::Relaxed);
        Ok(result)
    }
}

/// The options of the connection that writes.
pub(super) fn writer_options(path: &PathBuf, settings: &DatabaseConfig) -> SqliteConnectOptions {
    DatabaseUrl::sqlite_options(path)
        // A file that has gone is missing, not new.
        .create_if_missing(false)
        // Another process may hold the write lock. Waiting for it cannot be interrupted, so it must end first.
        .busy_timeout(settings.query_timeout().mul_f32(0.8).min(Duration::from_secs(5)))
}
