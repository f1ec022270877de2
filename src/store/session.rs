//! Sessions of PostgreSQL, which are connections to it and not logins: their time limits, and the connection poolers in front of them.
//!
//! A statement that this process gives up goes on in PostgreSQL and takes effect later. So PostgreSQL itself must end it first. A start-up
//! parameter does that at no cost, but poolers refuse or ignore such parameters.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, PgConnection, SqlSafeStr, SqlStr};

use super::error::is_refused_parameter;
use super::pooler;
use crate::config::DatabaseConfig;

/// The share of `query_timeout` after which PostgreSQL cancels a statement. sqlx sends a statement in two messages, to prepare it and to
/// run it, and each has this limit: together they must end before `query_timeout`.
const STATEMENT_SHARE: f32 = 0.45;

/// The share after which PostgreSQL stops waiting for a lock.
const LOCK_SHARE: f32 = 0.4;

/// A connection of sqlx, and how statements run on it.
#[derive(Debug)]
pub(super) struct PgSession {
    pub(super) connection: PgConnection,
    /// Whether statements are prepared once, under a name, and kept (sqlx: `persistent`).
    pub(super) persistent: bool,
    pub(super) transactions: Transactions,
    /// The statement that begins a transaction with time limits.
    pub(super) begin_sql: SqlStr,
}

/// Which statements run in an explicit transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Transactions {
    /// Only [`Work::Transaction`](super::pool::Work::Transaction).
    ForSeveralStatements,
    /// Each statement that writes. The session has no time limits: a statement that is given up before its `COMMIT` changes nothing.
    ForWrites,
    /// Each statement, because an unnamed statement must be prepared and run on the same server connection.
    Always,
}

/// Opens connections.
#[derive(Debug)]
pub(super) struct SessionManager {
    options: PgConnectOptions,
    with_limits: PgConnectOptions,
    statement_timeout: Duration,
    begin_sql: SqlStr,
    prepared_statements: bool,
    /// Whether start-up parameters have been refused or ignored. Then a pooler is in front of the server.
    has_pooler: AtomicBool,
}

impl SessionManager {
    pub(super) fn new(options: &PgConnectOptions, settings: &DatabaseConfig) -> Self {
        let statement_timeout = settings.query_timeout().mul_f32(STATEMENT_SHARE);
        let lock_timeout = settings.query_timeout().mul_f32(LOCK_SHARE);
        let (statement, lock) = (statement_timeout.as_millis(), lock_timeout.as_millis());
        Self {
            options: options.clone(),
            with_limits: with_limits(options, statement, lock),
            statement_timeout,
            begin_sql: begin_sql(statement, lock),
            prepared_statements: settings.prepared_statements,
            has_pooler: AtomicBool::new(false),
        }
    }

    /// Opens a connection, and finds out how statements can be run on it.
    ///
    /// # Errors
    ///
    /// Fails also where a pooler mixes up the prepared statements of its clients.
    pub(super) async fn connect(&self) -> sqlx::Result<PgSession> {
        if !self.prepared_statements {
            let connection = self.options.connect().await?;
            return Ok(self.session(connection, false, Transactions::Always));
        }
        if !self.has_pooler.load(Ordering::Relaxed) {
            match self.with_limits.connect().await {
                Ok(mut connection) => {
                    if self.has_limits(&mut connection).await? {
                        return Ok(self.session(connection, true, Transactions::ForSeveralStatements));
                    }
                    // The connection is not used: what its pooler made of the parameters is not known.
                }
                Err(error) if is_refused_parameter(&error) => {}
                Err(error) => return Err(error),
            }
            self.has_pooler.store(true, Ordering::Relaxed);
        }
        let mut connection = self.options.connect().await?;
        pooler::refuse_mixed_up_statements(&mut connection, &self.options).await?;
        let transactions = if self.has_limits(&mut connection).await? {
            Transactions::ForSeveralStatements
        } else {
            Transactions::ForWrites
        };
        Ok(self.session(connection, true, transactions))
    }

    fn session(&self, connection: PgConnection, persistent: bool, transactions: Transactions) -> PgSession {
        PgSession { connection, persistent, transactions, begin_sql: self.begin_sql.clone() }
    }

    /// Whether PostgreSQL ends a statement on this connection before this process gives it up: by the start-up parameter, or by a setting
    /// of the role or the database.
    async fn has_limits(&self, connection: &mut PgConnection) -> sqlx::Result<bool> {
        let setting = "SELECT setting::int8 FROM pg_settings WHERE name = 'statement_timeout'";
        let milliseconds: i64 = pooler::fetch(connection, setting).await?;
        let limit = i64::try_from(self.statement_timeout.as_millis()).unwrap_or(i64::MAX);
        Ok(0 < milliseconds && milliseconds <= limit)
    }
}

/// Adds the limits as start-up parameters, unless the URL has a limit already.
fn with_limits(options: &PgConnectOptions, statement_timeout: u128, lock_timeout: u128) -> PgConnectOptions {
    if options.get_options().is_some_and(|it| it.contains("statement_timeout")) {
        return options.clone();
    }
    options.clone().options([("statement_timeout", statement_timeout), ("lock_timeout", lock_timeout)])
}

/// The statement that begins a transaction with time limits. It is put together from two numbers, because `SET` takes no parameters.
fn begin_sql(statement_timeout: u128, lock_timeout: u128) -> SqlStr {
    let begin = format!(
        "BEGIN; SET LOCAL statement_timeout = {statement_timeout}; SET LOCAL lock_timeout = {lock_timeout}"
    );
    sqlx::AssertSqlSafe(begin).into_sql_str()
}
