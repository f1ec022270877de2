//! The reasons why the command fails.

use std::borrow::Cow;
use std::fmt;

use crate::store::MigrationError;

/// A failure. Unless it says otherwise, nothing was changed.
#[derive(Debug)]
pub enum AdoptError {
    /// The database is not PostgreSQL.
    NotPostgres,
    /// The database is unavailable, or has rejected a statement.
    Database(sqlx::Error),
    /// Another session holds a lock that the command needs.
    Locked(&'static str),
    /// The state of the database or the arguments do not allow the command.
    Refused(String),
}

/// SQLSTATE of a lock that was not free within `lock_timeout`.
const LOCK_NOT_AVAILABLE: &str = "55P03";

impl fmt::Display for AdoptError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotPostgres => f.write_str("adopt needs a PostgreSQL database; set DATABASE_URL to it"),
            Self::Database(error) => write!(f, "the database failed: {error}"),
            Self::Locked(what) => write!(f, "{what}; try again later"),
            Self::Refused(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for AdoptError {}

impl From<sqlx::Error> for AdoptError {
    fn from(error: sqlx::Error) -> Self {
        let code = error.as_database_error().and_then(|it| it.code().map(Cow::into_owned));
        if code.as_deref() == Some(LOCK_NOT_AVAILABLE) {
            return Self::Locked("another session holds a lock on the table, and nothing was changed");
        }
        Self::Database(error)
    }
}

impl From<MigrationError> for AdoptError {
    fn from(error: MigrationError) -> Self {
        Self::Refused(error.to_string())
    }
}
