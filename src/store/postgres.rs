//! Connections to PostgreSQL, lent to one statement after the other.
//!
//! sqlx's own pool asks a connection whether it lives before it lends it, and once more when it comes back: two round trips around each
//! statement, which cost more than the statement. This one asks where there is doubt, and otherwise lends at once.

use std::time::{Duration, Instant};

use deadpool::Runtime;
use deadpool::managed::{
    self, Manager, Metrics, Object, PoolConfig, PoolError, QueueMode, RecycleError, RecycleResult, Timeouts,
};
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Connection as _, PgConnection};
use tokio::time::{sleep, timeout};

use super::error::is_connection_lost;
use crate::config::Database;

/// A connection that has not been used for so long may have died of it: a proxy has hung up, a server was started again.
const RESTED: Duration = Duration::from_secs(1);

/// How long one that is asked whether it lives may take to answer.
const PING: Duration = Duration::from_secs(1);

/// Between two looks for connections that nobody needs any more.
const TIDY: Duration = Duration::from_secs(15);

/// The connections.
#[derive(Debug, Clone)]
pub(super) struct PgConnections {
    pool: managed::Pool<Opener>,
    patience: Duration,
}

/// Opens connections, and judges whether one can be lent again.
#[derive(Debug)]
struct Opener {
    options: PgConnectOptions,
    max_lifetime: Duration,
}

/// A connection, and how its last statement ended.
#[derive(Debug)]
struct Kept {
    connection: PgConnection,
    ended: Ended,
    since: Instant,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ended {
    /// Well, so that nothing is left to be read.
    Well,
    /// By an error of the statement's.
    InError,
    /// Not at all, or with the connection: its request was cancelled, it took too long, a panic went through.
    Not,
}

impl Manager for Opener {
    type Type = Kept;
    type Error = sqlx::Error;

    async fn create(&self) -> Result<Kept, sqlx::Error> {
        // Boxed: shaking hands takes ten kilobytes, which every request would carry with it for the one that needs them.
        let connection = Box::pin(self.options.connect()).await?;
        Ok(Kept { connection, ended: Ended::Well, since: Instant::now() })
    }

    async fn recycle(&self, kept: &mut Kept, metrics: &Metrics) -> RecycleResult<sqlx::Error> {
        if metrics.age() >= self.max_lifetime {
            return Err(RecycleError::message("it is old"));
        }
        match kept.ended {
            Ended::Not => Err(RecycleError::message("its last statement has not ended")),
            Ended::Well if kept.since.elapsed() < RESTED => Ok(()),
            // Also rolls back, should a transaction have been left open.
            _ => match timeout(PING, kept.connection.ping()).await {
                Ok(answer) => answer.map_err(RecycleError::Backend),
                Err(_) => Err(RecycleError::message("it does not answer")),
            },
        }
    }
}

impl PgConnections {
    /// As these settings have it. None is opened before it is needed. Needs a runtime.
    pub(super) fn new(options: &PgConnectOptions, settings: &Database) -> Result<Self, managed::BuildError> {
        let opener = Opener { options: options.clone(), max_lifetime: settings.max_lifetime() };
        let max_size = usize::try_from(settings.max_connections).unwrap_or(usize::MAX);
        // The one used last first: the others rest, and those that nobody needs are found.
        let config = PoolConfig { max_size, timeouts: Timeouts::default(), queue_mode: QueueMode::Lifo };
        let pool = managed::Pool::builder(opener).config(config).runtime(Runtime::Tokio1).build()?;
        tokio::spawn(keep_tidy(pool.weak(), settings.clone()));
        Ok(Self { pool, patience: settings.connect_timeout() })
    }

    /// A connection for one statement. Waits for one to come free or to be opened, but not for ever.
    pub(super) async fn lend(&self) -> Result<Lent, sqlx::Error> {
        match timeout(self.patience, self.pool.get()).await {
            Ok(Ok(mut object)) => {
                object.ended = Ended::Not;
                Ok(Lent(object))
            }
            Ok(Err(PoolError::Backend(error))) => Err(error),
            Ok(Err(PoolError::Closed)) => Err(sqlx::Error::PoolClosed),
            Ok(Err(_)) | Err(_) => Err(sqlx::Error::PoolTimedOut),
        }
    }

    /// Whether a statement would have to wait for another one's end.
    pub(super) fn is_exhausted(&self) -> bool {
        let status = self.pool.status();
        status.available == 0 && status.size >= status.max_size
    }

    /// Connections, those of them that nobody uses, and those there may be.
    pub(super) fn usage(&self) -> (usize, usize, usize) {
        let status = self.pool.status();
        (status.size, status.available.min(status.size), status.max_size)
    }

    /// Closes those that nobody uses; the others as they come back.
    pub(super) async fn shut(&self) {
        let idle = self.pool.retain(|_, _| false).removed;
        self.pool.close();
        close(idle).await;
    }
}

/// A connection, until it is dropped.
#[derive(Debug)]
pub(crate) struct Lent(Object<Opener>);

impl Lent {
    pub(crate) fn connection(&mut self) -> &mut PgConnection {
        &mut self.0.connection
    }

    /// Says how the statement ended. Without that it is taken not to have.
    pub(super) fn settle(&mut self, error: Option<&sqlx::Error>) {
        self.0.since = Instant::now();
        self.0.ended = match error {
            None => Ended::Well,
            Some(error) if is_connection_lost(error) => {
                // Those that rest have lost it, too: the server was stopped, or the way to it.
                if let Some(pool) = Object::pool(&self.0) {
                    drop(pool.retain(|_, _| false));
                }
                Ended::Not
            }
            Some(_) => Ended::InError,
        };
    }

    /// Hangs up at once, so that the server stops, too.
    pub(super) fn discard(self) {
        drop(Object::take(self.0));
    }
}

/// Closes what nobody has needed for a while, as long as there is a pool.
async fn keep_tidy(pool: managed::WeakPool<Opener>, settings: Database) {
    let (idle_timeout, max_lifetime) = (settings.idle_timeout(), settings.max_lifetime());
    let wanted = usize::try_from(settings.min_connections()).unwrap_or(usize::MAX);
    loop {
        sleep(TIDY.min(idle_timeout / 2).max(Duration::from_millis(100))).await;
        let Some(pool) = pool.upgrade() else { return };
        let mut size = pool.status().size;
        let unneeded = pool.retain(|kept, metrics| {
            let is_idle = kept.since.elapsed() >= idle_timeout && size > wanted;
            let goes = is_idle || metrics.age() >= max_lifetime;
            size -= usize::from(goes);
            !goes
        });
        close(unneeded.removed).await;
    }
}

async fn close(connections: Vec<Kept>) {
    for kept in connections {
        // One that is dead already need not be told.
        let _ = timeout(PING, kept.connection.close()).await;
    }
}
