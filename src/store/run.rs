//! Runs statements on the configured engine, within `query_timeout`.
//!
//! Macros, because the arms for the two engines have the same code over different types of sqlx. A generic function would repeat some six
//! trait bounds for each statement (ADR 1).

/// Runs a statement: `run!(pool.reader(), query_as(sql::GET).bind(id).bind(user) => fetch_optional)`.
///
/// On PostgreSQL this becomes the following, in a loop for a second run:
///
/// ```text
/// let mut connection = pool.reader().await?;
/// let statement = async {
///     lease.begin_if_needed(work, retry).await?;
///     let result = sqlx::query_as(sql::GET.postgres).persistent(…).bind(id).bind(user).fetch_optional(lease.executor()).await;
///     lease.end_transaction(result).await
/// };
/// let outcome = lease.time_limit(pool.query_timeout()).enforce(statement).await;
/// connection.release(outcome, retry).await
/// ```
///
/// The part after the arrow is a method of sqlx that fetches rows, or `execute`, which returns the number of changed rows, or a closure
/// over the stream of rows. The pool must be a variable. The result of a write is that of its commit: a write that returns `Ok` is stored.
macro_rules! run {
    ($pool:ident.$access:ident(), $function:ident($sql:expr)$(.bind($value:expr))* => execute) => {
        $crate::store::run::run!(@ $pool.$access(), $function($sql)$(.bind($value))*, |query, executor| async {
            Ok(query.execute(executor).await?.rows_affected())
        })
    };
    ($pool:ident.$access:ident(), $function:ident($sql:expr)$(.bind($value:expr))* => |$rows:ident| $body:block) => {
        $crate::store::run::run!(@ $pool.$access(), $function($sql)$(.bind($value))*, |query, executor| async {
            let mut $rows = query.fetch(executor);
            $body
        })
    };
    ($pool:ident.$access:ident(), $function:ident($sql:expr)$(.bind($value:expr))* => $fetch:ident) => {
        $crate::store::run::run!(@ $pool.$access(), $function($sql)$(.bind($value))*, |query, executor| query.$fetch(executor))
    };
    // What looks like a closure is none: `|query, executor|` names two variables, and the expression after them, which uses them, is pasted below.
    // The order of the calls is described in `store::pool`.
    (@ $pool:ident.$access:ident(), $function:ident($sql:expr)$(.bind($value:expr))*, |$query:ident, $executor:ident| $run:expr) => {{
        let mut retry = $crate::store::pool::Retry::Allowed;
        loop {
            let mut connection = $pool.$access().await?;
            let work = connection.work;
            macro_rules! on_engine {
                ($lease:ident, $engine:ident) => {{
                    let time_limit = $lease.time_limit($pool.query_timeout());
                    let statement = async {
                        $lease.begin_if_needed(work, retry).await?;
                        let result = {
                            let $query = sqlx::$function($sql.$engine).persistent($lease.is_persistent())$(.bind($value))*;
                            let $executor = $lease.executor();
                            $run.await
                        };
                        $lease.end_transaction(result).await
                    };
                    time_limit.enforce(statement).await
                }};
            }
            let outcome = match &mut connection.lease {
                $crate::store::pool::EngineLease::Postgres(lease) => on_engine!(lease, postgres),
                $crate::store::pool::EngineLease::Sqlite(lease) => on_engine!(lease, sqlite),
            };
            match connection.release(outcome, retry).await {
                $crate::store::pool::Released::Done(result) => break result,
                $crate::store::pool::Released::RunAgain => {
                    retry = $crate::store::pool::Retry::Never;
                }
            }
        }
    }};
}

/// Runs statements in a transaction: `transaction!(pool, [required(sql::INSERT).bind(id), optional(sql::DELETE).bind(id)])`.
///
/// `required` and `optional` are words of this macro. It commits if each required statement has changed a row, and otherwise rolls back.
/// Returns whether it has committed.
///
/// `query_timeout` is the limit of the whole transaction. After it, the connection is closed and PostgreSQL rolls back, unless the `COMMIT` has
/// been sent: then the outcome is unknown, and the client gets a 503.
macro_rules! transaction {
    ($pool:ident, [$($kind:ident($sql:expr)$(.$bind:ident($value:expr))*),+ $(,)?]) => {{
        let work = $crate::store::pool::Work::Transaction;
        let mut retry = $crate::store::pool::Retry::Allowed;
        loop {
            let mut connection = $pool.acquire(work).await?;
            macro_rules! on_engine {
                ($lease:ident, $engine:ident) => {{
                    let time_limit = $lease.time_limit($pool.query_timeout());
                    let transaction = async {
                        $lease.begin_if_needed(work, retry).await?;
                        let statements = async {
                            $(
                                let query = sqlx::query($sql.$engine).persistent($lease.is_persistent())$(.$bind($value))*;
                                let changed = query.execute($lease.executor()).await?.rows_affected();
                                if changed == 0 && stringify!($kind) == "required" {
                                    return Ok(false);
                                }
                            )+
                            Ok::<bool, sqlx::Error>(true)
                        };
                        match statements.await {
                            Ok(false) => $lease.rollback().await.map(|()| false),
                            result => $lease.end_transaction(result).await,
                        }
                    };
                    time_limit.enforce(transaction).await
                }};
            }
            let outcome = match &mut connection.lease {
                $crate::store::pool::EngineLease::Postgres(lease) => on_engine!(lease, postgres),
                $crate::store::pool::EngineLease::Sqlite(lease) => on_engine!(lease, sqlite),
            };
            match connection.release(outcome, retry).await {
                $crate::store::pool::Released::Done(result) => break result,
                $crate::store::pool::Released::RunAgain => {
                    retry = $crate::store::pool::Retry::Never;
                }
            }
        }
    }};
}

pub(crate) use {run, transaction};
