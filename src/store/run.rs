//! Runs statements on the configured engine, within `query_timeout`.
//!
//! Macros, because the arms for the two engines have the same code over different types of sqlx. A generic function would repeat some six
//! trait bounds for each statement (ADR 1).

/// Runs a statement: `run!(pool.reader(), query_as(sql::GET).bind(id).bind(user) => fetch_optional)`.
///
/// The part after the arrow is a method of sqlx that fetches rows, or `execute`, which returns the number of changed rows, or a closure
/// over the stream of rows. The result of a write is that of its commit: a write that returns `Ok` is stored.
macro_rules! run {
    ($pool:ident.$access:ident(), $query:ident($sql:expr)$(.bind($value:expr))* => execute) => {
        $crate::store::run::run!(@ $pool.$access(), $query($sql)$(.bind($value))*, |query, executor| async {
            Ok(query.execute(executor).await?.rows_affected())
        })
    };
    ($pool:ident.$access:ident(), $query:ident($sql:expr)$(.bind($value:expr))* => |$rows:ident| $body:block) => {
        $crate::store::run::run!(@ $pool.$access(), $query($sql)$(.bind($value))*, |query, executor| async {
            let mut $rows = query.fetch(executor);
            $body
        })
    };
    ($pool:ident.$access:ident(), $query:ident($sql:expr)$(.bind($value:expr))* => $fetch:ident) => {
        $crate::store::run::run!(@ $pool.$access(), $query($sql)$(.bind($value))*, |query, executor| query.$fetch(executor))
    };
    (@ $pool:ident.$access:ident(), $function:ident($sql:expr)$(.bind($value:expr))*, |$query:ident, $executor:ident| $run:expr) => {{
        let mut alone = false;
        loop {
            let mut connection = $pool.$access().await?;
            macro_rules! on_engine {
                ($lease:ident, $engine:ident) => {{
                    let limit = $lease.limit($pool.query_timeout());
                    let statement = async {
                        $lease.begin(false, stringify!($access) == "writer", alone).await?;
                        let result = {
                            let $query = sqlx::$function($sql.$engine).persistent($lease.is_named())$(.bind($value))*;
                            let $executor = $lease.executor();
                            $run.await
                        };
                        $lease.end(result).await
                    };
                    limit.run(statement).await
                }};
            }
            let outcome = match &mut connection.engine {
                $crate::store::pool::EngineConnection::Postgres(lease) => on_engine!(lease, postgres),
                $crate::store::pool::EngineConnection::Sqlite(lease) => on_engine!(lease, sqlite),
            };
            match connection.release(outcome).await {
                std::ops::ControlFlow::Break(result) => break result,
                // On SQLite, another write of the group has failed the commit of this one.
                std::ops::ControlFlow::Continue(()) => alone = true,
            }
        }
    }};
}

/// Runs statements in a transaction: `transaction!(pool, [required(sql::INSERT).bind(id), optional(sql::DELETE).bind(id)])`.
///
/// Commits if each required statement has changed a row; otherwise rolls back. Returns whether it has committed.
macro_rules! transaction {
    ($pool:ident, [$($kind:ident($sql:expr)$(.$bind:ident($value:expr))*),+ $(,)?]) => {{
        let mut alone = false;
        loop {
            let mut connection = $pool.writer().await?;
            macro_rules! on_engine {
                ($lease:ident, $engine:ident) => {{
                    let limit = $lease.limit($pool.query_timeout());
                    let statements = async {
                        $lease.begin(true, true, alone).await?;
                        let result = async {
                            $(
                                let query = sqlx::query($sql.$engine).persistent($lease.is_named())$(.$bind($value))*;
                                let changed = query.execute($lease.executor()).await?.rows_affected();
                                if changed == 0 && stringify!($kind) == "required" {
                                    return Ok(false);
                                }
                            )+
                            Ok::<bool, sqlx::Error>(true)
                        };
                        match result.await {
                            Ok(false) => $lease.rollback().await.map(|()| false),
                            result => $lease.end(result).await,
                        }
                    };
                    limit.run(statements).await
                }};
            }
            let outcome = match &mut connection.engine {
                $crate::store::pool::EngineConnection::Postgres(lease) => on_engine!(lease, postgres),
                $crate::store::pool::EngineConnection::Sqlite(lease) => on_engine!(lease, sqlite),
            };
            match connection.release(outcome).await {
                std::ops::ControlFlow::Break(result) => break result,
                // On SQLite, another write of the group has failed the commit of this one.
                std::ops::ControlFlow::Continue(()) => alone = true,
            }
        }
    }};
}

pub(crate) use {run, transaction};
