//! SQLite connection pool, built on deadpool.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use deadpool::Runtime;
use deadpool::managed::{
    self, Manager, Metrics, PoolConfig, QueueMode, RecycleError, RecycleResult, Timeouts,
};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection as _, SqliteConnection};
use tokio::time::timeout;

use super::batch::KindMetrics;
use super::deadpool_ext;
use super::group_commit::Group;
use super::sqlite_lease::{Interrupt, SqliteLease};
use crate::config::{DatabaseConfig, DatabaseUrl};

/// The connections.
#[derive(Debug, Clone)]
pub(super) struct SqlitePool {
    pool: managed::Pool<SqliteManager>,
    connect_timeout: Duration,
    /// For writes that share their commits.
    commits: Option<Arc<KindMetrics>>,
}

/// Opens connections and decides whether they can be reused.
#[derive(Debug)]
pub(super) struct SqliteManager {
    options: SqliteConnectOptions,
    file: Arc<DatabaseFile>,
}

/// A pooled connection and whether its last statement has ended.
#[derive(Debug)]
pub(super) struct PooledConnection {
    pub(super) connection: SqliteConnection,
    pub(super) interrupt: Interrupt,
    pub(super) is_finished: bool,
    /// The open transaction of several writes.
    pub(super) group: Option<Group>,
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
        let interrupt = Interrupt::install(&mut connection).await?;
        Ok(PooledConnection { connection, interrupt, is_finished: true, group: None })
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
        Ok(Self { pool, connect_timeout: settings.connect_timeout(), commits: None })
    }

    /// The pool with shared commits.
    pub(super) fn with_group_commit(self, metrics: KindMetrics) -> Self {
        Self { commits: Some(Arc::new(metrics)), ..self }
    }

    /// Leases a connection. Waits at most `connect_timeout`.
    pub(super) async fn acquire(&self) -> sqlx::Result<SqliteLease> {
        match timeout(self.connect_timeout, self.pool.get()).await {
            Ok(Ok(mut object)) => {
                object.is_finished = false;
                Ok(SqliteLease::new(object, self.commits.clone()))
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

/// The options of the connection that writes.
pub(super) fn writer_options(path: &PathBuf, settings: &DatabaseConfig) -> SqliteConnectOptions {
    DatabaseUrl::sqlite_options(path)
        // A file that has gone is missing, not new.
        .create_if_missing(false)
        // Another process may hold the write lock. Waiting for it cannot be interrupted, so it must end first.
        .busy_timeout(settings.query_timeout().mul_f32(0.8).min(Duration::from_secs(5)))
}
