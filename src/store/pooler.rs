//! Detects connection poolers that mix up the prepared statements of their clients.
//!
//! sqlx names its statements `sqlx_s_1` and so on, in each process. A pooler in transaction mode gives a client another server connection
//! for each transaction. If it passes the names on as they are, as PgBouncer before 1.21 does, a client runs the statement that another
//! process has prepared under that name: a `SELECT` has executed a `DELETE`.

use std::io;

use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Connection as _, Decode, PgConnection, Postgres, Row, Type};

/// Attempts to see a pooler exchange server connections. The first succeeds unless other clients use the pooler at the same moment.
const ROUNDS: usize = 10;

/// The names that the server knows of prepared statements: whether sqlx's are among them. This statement is prepared itself.
const PASSES_NAMES: &str = r"SELECT EXISTS (SELECT FROM pg_prepared_statements WHERE name LIKE 'sqlx\_s\_%')";

const REFUSAL: &str = "the connection pooler mixes up the prepared statements of its clients, so that one could run the statement of \
    another; use PgBouncer 1.21 or later with max_prepared_statements above 0, or connect to PostgreSQL directly, or set \
    databases.todo.prepared_statements = false, which is slower";

/// Fails if prepared statements are not safe behind this pooler.
pub(super) async fn refuse_mixed_up_statements(
    connection: &mut PgConnection,
    options: &PgConnectOptions,
) -> sqlx::Result<()> {
    if passes_names(connection).await? && exchanges_servers(connection, options).await? {
        return Err(sqlx::Error::Io(io::Error::other(REFUSAL)));
    }
    Ok(())
}

/// Whether the pooler passes the names of prepared statements on as they are.
async fn passes_names(connection: &mut PgConnection) -> sqlx::Result<bool> {
    // In a transaction, so that the statement is removed from the server connection that it was prepared on.
    let mut transaction = connection.begin().await?;
    let passes = match sqlx::query_scalar(PASSES_NAMES).fetch_one(&mut *transaction).await {
        Ok(passes) => passes,
        // Another client has the name already.
        Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some("42P05") => true,
        Err(error) => return Err(error),
    };
    transaction.clear_cached_statements().await?;
    transaction.rollback().await?;
    Ok(passes)
}

/// Whether the pooler gives a client another server connection for its next transaction. In session mode it does not.
async fn exchanges_servers(first: &mut PgConnection, options: &PgConnectOptions) -> sqlx::Result<bool> {
    let mut second = options.connect().await?;
    for _ in 0..ROUNDS {
        let before = server(first).await?;
        // A pooler with a round-robin order gives another server connection at once.
        if server(first).await? != before {
            return Ok(true);
        }
        // A pooler that reuses the last server connection gives it to the second client, and then another connection to the first client.
        let mut transaction = second.begin().await?;
        let exchanged = server(&mut transaction).await? == before || server(first).await? != before;
        transaction.rollback().await?;
        if exchanged {
            return Ok(true);
        }
    }
    second.close().await?;
    Ok(false)
}

/// The server process behind a connection at this moment.
async fn server(connection: &mut PgConnection) -> sqlx::Result<i32> {
    fetch(connection, "SELECT pg_backend_pid()").await
}

/// Runs a statement without preparing it, and returns its value.
pub(super) async fn fetch<T>(connection: &mut PgConnection, sql: &'static str) -> sqlx::Result<T>
where
    T: for<'r> Decode<'r, Postgres> + Type<Postgres>,
{
    sqlx::raw_sql(sql).fetch_one(connection).await?.try_get(0)
}
