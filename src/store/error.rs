//! Classification of database errors: 503 for those that pass, 500 for the others.

use sqlx::Error;
use sqlx::error::DatabaseError;

use super::rejection;
use crate::error::ApiError;
use crate::task::too_large;

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        // `Display` of a database error has its message only. `Debug` would show its detail, which can have the data of rows.
        let detail = error.to_string();
        if error.as_database_error().is_some_and(is_attributes_size) {
            return Self::Validation(vec![too_large()]);
        }
        let postgres = error.as_database_error().and_then(|it| it.try_downcast_ref());
        if let Some(rejection) = postgres.and_then(rejection::of) {
            return rejection;
        }
        if is_unavailable(&error) { Self::Unavailable(detail) } else { Self::Internal(detail) }
    }
}

/// Whether the attributes of a task and their changes are too large together. Only the database knows the stored ones.
fn is_attributes_size(error: &dyn DatabaseError) -> bool {
    const CONSTRAINT: &str = "tasks_attributes_size";
    // SQLite has the name in the message only.
    error.constraint() == Some(CONSTRAINT) || error.message().ends_with(CONSTRAINT)
}

/// Whether the database is unavailable or too busy, as the table in `specs/database/schema.md` has it.
pub(super) fn is_unavailable(error: &Error) -> bool {
    match error {
        Error::Io(_)
        | Error::Tls(_)
        | Error::Protocol(_)
        | Error::PoolTimedOut
        | Error::PoolClosed
        | Error::WorkerCrashed => true,
        Error::Database(error) => match error.try_downcast_ref::<sqlx::postgres::PgDatabaseError>() {
            Some(error) => is_transient_sqlstate(error.code()),
            None => is_transient_sqlite(error.as_ref()),
        },
        _ => false,
    }
}

/// [SQLSTATE](https://www.postgresql.org/docs/current/errcodes-appendix.html) classes and codes of transient errors: the server fails, not the
/// statement.
fn is_transient_sqlstate(code: &str) -> bool {
    let class = code.get(..2).unwrap_or_default();
    matches!(
        class,
        "08" // connection exceptions
        | "28" // authentication: the password was changed in the database first
        | "53" // out of connections, memory or disk
        | "57" // shutting down, starting up, terminated by an operator
        | "58" // the server's own I/O
    ) || matches!(
        code,
        "25006" // read only: a replica, or a server that is about to be primary
        | "3D000" // the database does not exist yet
        | "40001" | "40P01" // serialization failure, deadlock
        | "42P01" // the table does not exist yet
        | "55P03" // lock timeout
    )
}

/// [Result codes](https://www.sqlite.org/rescode.html) of transient errors of SQLite: the file fails, not the statement.
fn is_transient_sqlite(error: &dyn DatabaseError) -> bool {
    // 1 is a generic error. Only a missing table is transient: the migrations will create it.
    match sqlite_code(error) {
        5 | 6 | 8 | 9 | 10 | 13 | 14 => true, // busy, locked, read only, interrupted, I/O, disk full, cannot open
        1 => error.message().starts_with("no such table"),
        _ => false,
    }
}

/// The primary result code: the low byte of the extended result code.
fn sqlite_code(error: &dyn DatabaseError) -> u32 {
    error.code().and_then(|code| code.parse::<u32>().ok()).unwrap_or_default() & 0xff
}

/// Whether SQLite could not read, write or sync its file.
pub(super) fn is_sqlite_io(error: &Error) -> bool {
    error.as_database_error().is_some_and(|error| sqlite_code(error) == 10)
}

/// Whether PostgreSQL, or a pooler before it, accepts no further connection.
pub(super) fn is_out_of_connections(error: &Error) -> bool {
    error.as_database_error().is_some_and(|error| {
        error.code().as_deref() == Some("53300") || error.message().contains("no more connections allowed")
    })
}

/// Whether a pooler refuses a start-up parameter. PgBouncer reports it as a violation of the protocol.
pub(super) fn is_refused_parameter(error: &Error) -> bool {
    error.as_database_error().is_some_and(|error| {
        error.code().as_deref() == Some("08P01") && error.message().contains("startup parameter")
    })
}

/// Whether a concurrent write has made the statement fail. It has changed nothing and can run again.
pub(super) fn is_serialization_failure(error: &Error) -> bool {
    error.as_database_error().is_some_and(|error| error.code().as_deref() == Some("40001"))
}

/// Whether the connection is lost. The other connections of the pool are then very likely lost as well.
pub(super) fn is_connection_lost(error: &Error) -> bool {
    match error {
        Error::Io(_) | Error::Tls(_) | Error::Protocol(_) | Error::WorkerCrashed => true,
        // Connection exceptions, and the errors with which a server that shuts down closes its connections.
        Error::Database(error) => {
            error.code().is_some_and(|code| code.starts_with("08") || code.starts_with("57P"))
        }
        _ => false,
    }
}
