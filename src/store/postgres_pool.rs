//! PostgreSQL connection pool, built on deadpool.
//!
//! sqlx's pool pings a connection before every acquire and after every release: two round trips that cost more than the query between
//! them. This pool pings only when a connection may be broken: after an error, or when it has been idle for a second.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use deadpool::Runtime;
use deadpool::managed::{
    self, Manager, Metrics, Object, PoolConfig, PoolError, QueueMode, RecycleError, RecycleResult, Timeouts,
};
use sqlx::postgres::PgConnectOptions;
use sqlx::{Connection as _, PgConnection, SqlStr};
use tokio::sync::Notify;
use tokio::time::error::Elapsed;
use tokio::time::{sleep, timeout};

use super::deadpool_ext;
use super::error::{is_connection_lost, is_out_of_connections};
use super::pool::{Retry, Work};
use super::session::{PgSession, SessionManager, Transactions};
use crate::config::DatabaseConfig;

/// A connection that has been idle for this long is pinged before its next use: a proxy or a restart may have closed it.
const PING_AFTER_IDLE: Duration = Duration::from_secs(1);

const PING_TIMEOUT: Duration = Duration::from_secs(1);

/// The interval at which idle and expired connections are closed.
const REAP_INTERVAL: Duration = Duration::from_secs(15);

/// The connections.
#[derive(Debug, Clone)]
pub(super) struct PgPool {
    pool: managed::Pool<PgManager>,
    connect_timeout: Duration,
    /// Notified by [`NotifyReturned`] when a connection is returned.
    returned: Arc<Notify>,
}

/// Opens connections and decides whether they can be reused.
#[derive(Debug)]
struct PgManager {
    sessions: SessionManager,
    max_lifetime: Duration,
}

/// A connection in the pool, and what decides whether it can be reused.
#[derive(Debug)]
struct PooledConnection {
    session: PgSession,
    last_use: LastUse,
    idle_since: Instant,
}

/// The outcome of the last statement. Decides whether the connection can be reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LastUse {
    /// Completed. Reused without a ping if idle for less than a second.
    Clean,
    /// Failed. Pinged before reuse.
    Failed,
    /// Cancelled, timed out or panicked, or the connection broke. Never reused.
    Unfinished,
}

impl Manager for PgManager {
    type Type = PooledConnection;
    type Error = sqlx::Error;

    async fn create(&self) -> sqlx::Result<PooledConnection> {
        // Boxed: the handshake's future has ten kilobytes, which every request would carry for the few that connect.
        let session = Box::pin(self.sessions.connect()).await?;
        Ok(PooledConnection { session, last_use: LastUse::Clean, idle_since: Instant::now() })
    }

    async fn recycle(&self, pooled: &mut PooledConnection, metrics: &Metrics) -> RecycleResult<sqlx::Error> {
        if metrics.age() >= self.max_lifetime {
            return Err(RecycleError::message("it has reached max_lifetime"));
        }
        match pooled.last_use {
            LastUse::Unfinished => Err(RecycleError::message("its last statement did not finish")),
            LastUse::Clean if pooled.idle_since.elapsed() < PING_AFTER_IDLE => Ok(()),
            _ => match timeout(PING_TIMEOUT, pooled.session.connection.ping()).await {
                Ok(response) => response.map_err(RecycleError::Backend),
                Err(_) => Err(RecycleError::message("it does not respond")),
            },
        }
    }
}

impl PgPool {
    /// A pool with these settings. No connection is opened before it is needed. Needs a runtime.
    pub(super) fn new(
        options: &PgConnectOptions,
        settings: &DatabaseConfig,
    ) -> Result<Self, managed::BuildError> {
        let sessions = SessionManager::new(options, settings);
        let manager = PgManager { sessions, max_lifetime: settings.max_lifetime() };
        let max_size = usize::try_from(settings.max_connections).unwrap_or(usize::MAX);
        // The connection used last is leased first, so that surplus connections stay idle and are closed.
        let config = PoolConfig { max_size, timeouts: Timeouts::default(), queue_mode: QueueMode::Lifo };
        let pool = managed::Pool::builder(manager).config(config).runtime(Runtime::Tokio1).build()?;
        tokio::spawn(reap(pool.weak(), settings.clone()));
        Ok(Self { pool, connect_timeout: settings.connect_timeout(), returned: Arc::default() })
    }

    /// Leases a connection. Waits at most `connect_timeout` until a connection is returned or opened.
    pub(super) async fn acquire(&self) -> sqlx::Result<PgLease> {
        match timeout(self.connect_timeout, self.get()).await {
            Ok(Ok(mut object)) => {
                // Until `record_outcome`, so that a lease that is only dropped leaves a connection that is not reused.
                object.last_use = LastUse::Unfinished;
                let notify_returned = NotifyReturned(self.returned.clone());
                Ok(PgLease { object, _notify_returned: notify_returned, in_transaction: false })
            }
            Ok(Err(error)) => Err(deadpool_ext::to_sqlx(error)),
            Err(_) => Err(sqlx::Error::PoolTimedOut),
        }
    }

    /// Waits for a connection of this pool if the server accepts no further connection.
    async fn get(&self) -> Result<Object<PgManager>, PoolError<sqlx::Error>> {
        loop {
            let mut returned = pin!(self.returned.notified());
            // Before the attempt to get a connection: a connection that is returned between the attempt and the wait is not missed.
            returned.as_mut().enable();
            match self.pool.get().await {
                Err(PoolError::Backend(error)) if is_out_of_connections(&error) && self.has_connections() => {
                    returned.await;
                }
                other => return other,
            }
        }
    }

    fn has_connections(&self) -> bool {
        self.pool.status().size > 0
    }

    /// Whether the next request has to wait for a connection to be returned.
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
        close(idle).await;
    }
}

/// A leased connection. Dropping it returns it to the pool.
#[derive(Debug)]
pub(crate) struct PgLease {
    object: Object<PgManager>,
    // After `object`: fields are dropped in order, and a request must be woken when the connection is back.
    _notify_returned: NotifyReturned,
    in_transaction: bool,
}

/// Wakes a request that waits in [`PgPool::get`], when it is dropped.
#[derive(Debug)]
struct NotifyReturned(Arc<Notify>);

impl Drop for NotifyReturned {
    fn drop(&mut self) {
        self.0.notify_one();
    }
}

impl PgLease {
    /// Whether prepared statements are kept on the connection, by name.
    pub(crate) fn is_persistent(&self) -> bool {
        self.object.session.persistent
    }

    pub(crate) fn executor(&mut self) -> &mut PgConnection {
        &mut self.object.session.connection
    }

    /// The time limit of the statements on this connection.
    #[expect(clippy::unused_self, reason = "SqliteLease has the same methods")]
    pub(crate) fn time_limit(&self, duration: Duration) -> PgTimeLimit {
        PgTimeLimit(duration)
    }

    /// Begins a transaction if the work or the session needs one.
    pub(crate) async fn begin_if_needed(&mut self, work: Work, _: Retry) -> sqlx::Result<()> {
        let needs_transaction = match self.object.session.transactions {
            Transactions::ForSeveralStatements => work == Work::Transaction,
            Transactions::ForWrites => work != Work::Read,
            Transactions::Always => true,
        };
        if needs_transaction {
            // Boxed: otherwise the future of every request contains this one, which few await.
            Box::pin(self.begin_transaction()).await?;
        }
        Ok(())
    }

    async fn begin_transaction(&mut self) -> sqlx::Result<()> {
        let begin: SqlStr = self.object.session.begin_sql.clone();
        // Before the statement: if it fails, the connection is not used again (`record_outcome`).
        self.in_transaction = true;
        sqlx::raw_sql(begin).execute(self.executor()).await.map(drop)
    }

    /// Ends the transaction, if any: with a commit after a success, and with a rollback after a failure.
    pub(crate) async fn end_transaction<T>(&mut self, result: sqlx::Result<T>) -> sqlx::Result<T> {
        if !self.in_transaction {
            return result;
        }
        match result {
            Ok(value) => {
                Box::pin(sqlx::raw_sql("COMMIT").execute(self.executor())).await?;
                self.in_transaction = false;
                Ok(value)
            }
            Err(error) => {
                if !is_connection_lost(&error) {
                    self.rollback().await?;
                }
                Err(error)
            }
        }
    }

    /// Rolls the transaction back.
    pub(crate) async fn rollback(&mut self) -> sqlx::Result<()> {
        Box::pin(sqlx::raw_sql("ROLLBACK").execute(self.executor())).await?;
        self.in_transaction = false;
        Ok(())
    }

    /// Records the outcome of the statement. A lease dropped without this call is not used again.
    pub(super) fn record_outcome(&mut self, error: Option<&sqlx::Error>) {
        // A large response has made the buffers large.
        self.object.session.connection.shrink_buffers();
        self.object.idle_since = Instant::now();
        self.object.last_use = match error {
            None => LastUse::Clean,
            Some(error) if is_connection_lost(error) => {
                // Idle connections are lost as well: the server was stopped, or the network failed.
                if let Some(pool) = Object::pool(&self.object) {
                    drop(pool.retain(|_, _| false));
                }
                LastUse::Unfinished
            }
            Some(_) if self.in_transaction => LastUse::Unfinished,
            Some(_) => LastUse::Failed,
        };
    }

    /// Closes the connection, without a message to the server.
    pub(super) fn discard(self) {
        drop(Object::take(self.object));
    }
}

/// The time after which a statement is abandoned. PostgreSQL ends it earlier by itself where a session has time limits.
#[derive(Debug)]
pub(crate) struct PgTimeLimit(Duration);

impl PgTimeLimit {
    pub(crate) async fn enforce<T>(
        self,
        statement: impl Future<Output = sqlx::Result<T>>,
    ) -> Result<sqlx::Result<T>, Elapsed> {
        timeout(self.0, statement).await
    }
}

/// Closes idle and expired connections in the background until the pool is dropped.
async fn reap(pool: managed::WeakPool<PgManager>, settings: DatabaseConfig) {
    let (idle_timeout, max_lifetime) = (settings.idle_timeout(), settings.max_lifetime());
    let wanted = usize::try_from(settings.min_connections()).unwrap_or(usize::MAX);
    loop {
        sleep(REAP_INTERVAL.min(idle_timeout / 2).max(Duration::from_millis(100))).await;
        let Some(pool) = pool.upgrade() else { return };
        let mut size = pool.status().size;
        let surplus = pool.retain(|pooled, metrics| {
            let is_idle = pooled.idle_since.elapsed() >= idle_timeout && size > wanted;
            let goes = is_idle || metrics.age() >= max_lifetime;
            size -= usize::from(goes);
            !goes
        });
        close(surplus.removed).await;
    }
}

async fn close(connections: Vec<PooledConnection>) {
    for pooled in connections {
        // A dead connection cannot be told.
        let _ = timeout(PING_TIMEOUT, pooled.session.connection.close()).await;
    }
}
