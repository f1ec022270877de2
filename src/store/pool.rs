//! Connections to either of two engines, behind one interface.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use figment::Figment;
use rocket::async_trait;
use sqlx::pool::{PoolConnection, PoolOptions};
use sqlx::{Sqlite, SqlitePool};

use super::postgres::{Lent, PgConnections};
use crate::config::{ConfigError, Database, DatabaseUrl};
use crate::problem::Problem;

/// SQLite connections that read, beside the one that writes. They are threads; more than cores is waste.
const READERS: u32 = 4;

/// The connections. Opened as they are needed: a database that is away does not keep the process from starting.
#[derive(Debug, Clone)]
pub struct Pool {
    engine: Engine,
    query_timeout: Duration,
    counts: Arc<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    waits: AtomicU64,
    timeouts: AtomicU64,
}

/// How busy the connections are.
#[derive(Debug, Clone, Copy)]
pub struct Usage {
    /// Connections nobody uses.
    pub idle: u64,
    /// Connections somebody uses.
    pub used: u64,
    /// Connections there may be.
    pub max: u64,
    /// Statements that found none free, since the start.
    pub waits: u64,
    /// Statements that got none in time, since the start.
    pub timeouts: u64,
}

#[derive(Debug, Clone)]
enum Engine {
    Postgres(PgConnections),
    /// One writer: SQLite has one write lock, and waiting for it here is fair and cannot fail, while waiting for it in
    /// SQLite is neither.
    Sqlite {
        writer: SqlitePool,
        readers: SqlitePool,
    },
}

/// A connection to either engine. Only the store can do anything with it: whoever else gets hold of one cannot run SQL.
#[derive(Debug)]
pub struct Connection(pub(crate) Either);

#[derive(Debug)]
pub(crate) enum Either {
    Postgres(Lent),
    Sqlite(PoolConnection<Sqlite>),
}

impl Pool {
    fn new(settings: &Database) -> Result<Self, ConfigError> {
        let engine = match &settings.url {
            DatabaseUrl::Postgres { options, .. } => {
                let connections = PgConnections::new(options, settings).map_err(|error| {
                    let key = "databases.todo.max_connections";
                    ConfigError::new(key, format!("makes no pool ({error})"), "use another number")
                })?;
                Engine::Postgres(connections)
            }
            DatabaseUrl::Sqlite(path) => {
                let options = DatabaseUrl::sqlite_options(path);
                let pool =
                    || PoolOptions::new().acquire_timeout(settings.connect_timeout()).idle_timeout(None);
                Engine::Sqlite {
                    writer: pool().max_connections(1).max_lifetime(None).connect_lazy_with(options.clone()),
                    readers: pool()
                        .max_connections(READERS)
                        .max_lifetime(None)
                        .connect_lazy_with(options.pragma("query_only", "ON")),
                }
            }
        };
        Ok(Self { engine, query_timeout: settings.query_timeout(), counts: Arc::default() })
    }

    /// A connection for a statement that changes nothing.
    pub(crate) async fn reader(&self) -> Result<Connection, Problem> {
        match &self.engine {
            Engine::Postgres(pool) => self.lend(pool).await,
            Engine::Sqlite { readers, .. } => self.acquire(readers).await,
        }
    }

    /// A connection for any statement.
    pub(crate) async fn writer(&self) -> Result<Connection, Problem> {
        match &self.engine {
            Engine::Postgres(pool) => self.lend(pool).await,
            Engine::Sqlite { writer, .. } => self.acquire(writer).await,
        }
    }

    async fn lend(&self, pool: &PgConnections) -> Result<Connection, Problem> {
        self.count_wait(pool.is_exhausted());
        let lent = pool.lend().await.map_err(|error| self.count_timeout(error))?;
        Ok(Connection(Either::Postgres(lent)))
    }

    async fn acquire(&self, pool: &SqlitePool) -> Result<Connection, Problem> {
        self.count_wait(pool.num_idle() == 0 && pool.size() >= pool.options().get_max_connections());
        let lent = pool.acquire().await.map_err(|error| self.count_timeout(error))?;
        Ok(Connection(Either::Sqlite(lent)))
    }

    fn count_wait(&self, is_one: bool) {
        self.counts.waits.fetch_add(is_one.into(), Ordering::Relaxed);
    }

    fn count_timeout(&self, error: sqlx::Error) -> sqlx::Error {
        let is_one = matches!(error, sqlx::Error::PoolTimedOut);
        self.counts.timeouts.fetch_add(is_one.into(), Ordering::Relaxed);
        error
    }

    /// How busy the connections are now.
    pub(super) fn usage(&self) -> Usage {
        let (size, idle, max) = match &self.engine {
            Engine::Postgres(pool) => pool.usage(),
            Engine::Sqlite { writer, readers } => {
                let idle = writer.num_idle() + readers.num_idle();
                (to_usize(writer.size() + readers.size()), idle, to_usize(READERS + 1))
            }
        };
        Usage {
            idle: to_u64(idle),
            used: to_u64(size.saturating_sub(idle)),
            max: to_u64(max),
            waits: self.counts.waits.load(Ordering::Relaxed),
            timeouts: self.counts.timeouts.load(Ordering::Relaxed),
        }
    }

    /// How long a statement may take.
    pub(crate) fn query_timeout(&self) -> Duration {
        self.query_timeout
    }

    pub(super) async fn shut(&self) {
        match &self.engine {
            Engine::Postgres(pool) => pool.shut().await,
            Engine::Sqlite { writer, readers } => {
                readers.close().await;
                // Last: closing the last connection writes the log back into the database.
                writer.close().await;
            }
        }
    }
}

fn to_usize(count: u32) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}

fn to_u64(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

impl Connection {
    /// For a connection with a statement that did not end in time: given back, it would make the next one wait for it.
    pub(crate) fn discard(self) {
        match self.0 {
            Either::Postgres(lent) => lent.discard(),
            Either::Sqlite(connection) => drop(connection),
        }
    }

    /// Says how its statement ended.
    pub(crate) fn settle(&mut self, error: Option<&sqlx::Error>) {
        if let Either::Postgres(lent) = &mut self.0 {
            lent.settle(error);
        }
    }
}

/// Runs one of [`super::sql`]'s statements on whichever engine there is:
/// `on!(pool.reader(), query_as(SHOW), |query, db| query.bind(id).fetch_optional(db))`.
///
/// A macro, because the two arms are the same text over different types, which functions could only share with half a
/// dozen bounds for each.
macro_rules! on {
    ($pool:ident.$access:ident(), $function:ident($sql:expr), |$query:ident, $db:ident| $run:expr) => {{
        let mut connection = $pool.$access().await?;
        let limit = $pool.query_timeout();
        let done = match &mut connection.0 {
            $crate::store::pool::Either::Postgres(connection) => {
                let ($query, $db) = (sqlx::$function($sql.postgres), connection.connection());
                tokio::time::timeout(limit, $run).await
            }
            $crate::store::pool::Either::Sqlite(connection) => {
                let ($query, $db) = (sqlx::$function($sql.sqlite), &mut **connection);
                tokio::time::timeout(limit, $run).await
            }
        };
        $crate::store::pool::finish!(connection, done)
    }};
}

/// Runs statements on whichever engine there is, one after the other, and keeps what they do only if each has changed a
/// row: `together!(pool, { INSERT => |query| query.bind(id), UPDATE => |query| query.bind(id) })`. Gives whether they have.
/// A statement that may change no row is marked `optional`: `DELETE => optional |query| query.bind(id)`.
macro_rules! together {
    ($pool:ident, { $($sql:expr => $($optional:ident)? |$query:ident| $bound:expr),+ $(,)? }) => {{
        let mut connection = $pool.writer().await?;
        let limit = $pool.query_timeout();
        macro_rules! transaction {
            ($connection:expr, $engine:ident) => {{
                let run = async {
                    let mut transaction = sqlx::Connection::begin($connection).await?;
                    $(
                        let $query = sqlx::query($sql.$engine);
                        let is_optional = !stringify!($($optional)?).is_empty();
                        if $bound.execute(&mut *transaction).await?.rows_affected() == 0 && !is_optional {
                            transaction.rollback().await?;
                            return Ok(false);
                        }
                    )+
                    transaction.commit().await?;
                    Ok::<bool, sqlx::Error>(true)
                };
                tokio::time::timeout(limit, run).await
            }};
        }
        let done = match &mut connection.0 {
            $crate::store::pool::Either::Postgres(connection) => {
                transaction!(connection.connection(), postgres)
            }
            $crate::store::pool::Either::Sqlite(connection) => transaction!(&mut **connection, sqlite),
        };
        $crate::store::pool::finish!(connection, done)
    }};
}

/// What a statement that had so much time has come to.
macro_rules! finish {
    ($connection:ident, $done:expr) => {
        match $done {
            Ok(result) => {
                $connection.settle(result.as_ref().err());
                result.map_err($crate::problem::Problem::from)
            }
            Err(_) => {
                $connection.discard();
                Err($crate::problem::Problem::Unavailable("the statement took too long".to_owned()))
            }
        }
    };
}

/// Runs a statement that gives nothing back: `execute!(pool, DELETE, |query| query.bind(id))`. Gives how many rows it changed.
macro_rules! execute {
    ($pool:ident, $sql:expr, |$query:ident| $bound:expr) => {
        $crate::store::pool::on!($pool.writer(), query($sql), |$query, db| async {
            Ok::<u64, sqlx::Error>($bound.execute(db).await?.rows_affected())
        })
    };
}

pub(crate) use {execute, finish, on, together};

#[async_trait]
impl rocket_db_pools::Pool for Pool {
    type Connection = Connection;
    type Error = ConfigError;

    async fn init(figment: &Figment) -> Result<Self, ConfigError> {
        let settings: Database = figment.extract()?;
        warn_about(&settings.url);
        Self::new(&settings)
    }

    async fn get(&self) -> Result<Connection, ConfigError> {
        self.writer().await.map_err(|problem| {
            ConfigError::new("databases.todo.url", format!("gives no connection ({problem})"), "see the log")
        })
    }

    /// Does nothing. Rocket calls it when shutdown begins, while requests in flight still need their connections;
    /// `serve` closes the pool when they are done.
    async fn close(&self) {}
}

fn warn_about(url: &DatabaseUrl) {
    let DatabaseUrl::Postgres { options, ignored } = url else { return };
    for parameter in ignored {
        tracing::warn!(parameter, "the database URL has a parameter that is not known here; it is ignored");
    }
    let host = options.get_host();
    let local = options.get_socket().is_some() || ["localhost", "127.0.0.1", "::1"].contains(&host);
    if !local && !matches!(options.get_ssl_mode(), sqlx::postgres::PgSslMode::VerifyFull) {
        tracing::warn!(host, "the database's certificate is not verified; sslmode=verify-full does that");
    }
}
