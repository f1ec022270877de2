//! The section `databases.todo`, and the URLs people really have for a database.

use std::fmt;
use std::fs::{self, File};
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use serde::Deserialize;
use sqlx::ConnectOptions;
use sqlx::postgres::PgConnectOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use url::Url;

use super::ConfigError;

/// Connections kept open where nothing else is said. On Neon none: the pool would open them again whenever a database that
/// falls asleep closes them, and so wake it.
const DEFAULT_MIN_CONNECTIONS: u32 = 5;

/// Rows of SQLite's that its thread has ready before somebody takes them. More make a list faster and take more memory.
const ROW_BUFFER_SIZE: usize = 100;

/// The section `databases.todo`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Database {
    /// Where the tasks are.
    pub url: DatabaseUrl,
    /// Where migrations run, if elsewhere. See [`Database::migrate_url`].
    migrate_url: Option<DatabaseUrl>,
    /// Connections at most.
    pub max_connections: u32,
    /// Connections kept open. See [`Database::min_connections`].
    min_connections: Option<u32>,
    connect_timeout: u32,
    query_timeout: u32,
    idle_timeout: u32,
    max_lifetime: u32,
    /// Whether statements are prepared once for each connection. Otherwise each runs unnamed, in a transaction.
    pub prepared_statements: bool,
}

impl Database {
    /// Migrations hold a lock that belongs to a session, and a transaction pooler deals sessions out by the
    /// statement: so never through one. For Neon the direct host is known from the pooler's.
    #[must_use]
    pub fn migrate_url(&self) -> DatabaseUrl {
        self.migrate_url.clone().unwrap_or_else(|| self.url.direct())
    }

    /// Connections kept open: as configured, else 5, on Neon none.
    #[must_use]
    pub fn min_connections(&self) -> u32 {
        let usual = if self.url.is_neon() { 0 } else { DEFAULT_MIN_CONNECTIONS };
        self.min_connections.unwrap_or(usual).min(self.max_connections)
    }

    /// How long a request waits for a connection.
    #[must_use]
    pub fn connect_timeout(&self) -> Duration {
        Duration::from_secs(self.connect_timeout.into())
    }

    /// How long one statement may take, a connection once had.
    #[must_use]
    pub fn query_timeout(&self) -> Duration {
        Duration::from_secs(self.query_timeout.into())
    }

    /// After how long an idle connection closes.
    #[must_use]
    pub fn idle_timeout(&self) -> Duration {
        Duration::from_secs(self.idle_timeout.into())
    }

    /// After how long any connection is replaced.
    #[must_use]
    pub fn max_lifetime(&self) -> Duration {
        Duration::from_secs(self.max_lifetime.into())
    }
}

/// One of the two engines, and how to reach it. Shown without its password.
#[derive(Clone, Deserialize)]
#[serde(try_from = "String")]
pub enum DatabaseUrl {
    /// A server.
    Postgres {
        /// How to reach it.
        options: Box<PgConnectOptions>,
        /// Parameters of the URL that are left out, for they belong to other drivers (`channel_binding` to libpq,
        /// `pgbouncer` to Prisma, …).
        ignored: Vec<String>,
    },
    /// A file.
    Sqlite(PathBuf),
}

/// Parameters that mean something to the driver below us.
const PARAMETERS: &[&str] =
    &["sslmode", "sslrootcert", "sslcert", "sslkey", "application_name", "options", "host"];

impl DatabaseUrl {
    /// Opens files in the one way that is safe for several connections: a write-ahead log, every commit on disk.
    #[must_use]
    pub fn sqlite_options(path: &PathBuf) -> SqliteConnectOptions {
        SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(Duration::from_secs(5))
            .row_buffer_size(ROW_BUFFER_SIZE)
            .disable_statement_logging()
    }

    /// Makes a database file, and finds out whether it can be used, which SQLite would say late and badly.
    pub(super) fn prepare(&self) -> Result<(), ConfigError> {
        let Self::Sqlite(path) = self else { return Ok(()) };
        let open = || {
            // `data/` is made where it is missing. Anything more would make a mistyped path look like a good one.
            if let Some(folder) = path.parent()
                && path.is_relative()
                && !folder.as_os_str().is_empty()
            {
                let _ = fs::create_dir(folder);
            }
            File::options().create(true).read(true).write(true).truncate(false).open(path)
        };
        open().map(drop).map_err(|error| {
            let wrong = format!("names {}, which cannot be used ({error})", path.display());
            ConfigError::new("databases.todo.url", wrong, "name a file in a folder that can be written to")
        })
    }

    fn is_neon(&self) -> bool {
        matches!(self, Self::Postgres { options, .. } if options.get_host().ends_with(".neon.tech"))
    }

    /// `ep-name-pooler.region.aws.neon.tech` is the pooler before `ep-name.region.aws.neon.tech`.
    fn direct(&self) -> Self {
        match self {
            Self::Postgres { options, .. } if self.is_neon() => {
                let direct = options.get_host().replacen("-pooler.", ".", 1);
                Self::Postgres {
                    options: Box::new(options.as_ref().clone().host(&direct)),
                    ignored: Vec::new(),
                }
            }
            other => other.clone(),
        }
    }
}

impl TryFrom<String> for DatabaseUrl {
    type Error = String;

    fn try_from(url: String) -> Result<Self, String> {
        url.parse()
    }
}

/// The error reads on after the setting's name, and has the mend after a semicolon.
impl FromStr for DatabaseUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (scheme, rest) = text
            .trim()
            .split_once(':')
            .ok_or("is not a URL; write postgres://user:password@host/database or sqlite://path")?;
        match scheme {
            "sqlite" => sqlite(rest),
            // The second half is a Python driver's name, which SQLAlchemy wants in the URL.
            "postgres"
            | "postgresql"
            | "postgresql+asyncpg"
            | "postgresql+psycopg"
            | "postgresql+psycopg2"
            | "postgres+asyncpg"
            | "postgres+psycopg"
            | "postgres+psycopg2" => postgres(rest),
            other => {
                let known = other.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
                let shown =
                    if known { format!("has the scheme '{other}'") } else { "has no scheme".to_owned() };
                Err(format!("{shown}; use postgres://… or sqlite://…"))
            }
        }
    }
}

fn sqlite(rest: &str) -> Result<DatabaseUrl, String> {
    let path = rest.strip_prefix("//").unwrap_or(rest);
    let path = path.split_once('?').map_or(path, |(path, _)| path);
    if path.is_empty() || path == ":memory:" {
        return Err(
            "names no file; write sqlite://data/todo.db (a database in memory is one per connection)".into(),
        );
    }
    Ok(DatabaseUrl::Sqlite(path.into()))
}

fn postgres(rest: &str) -> Result<DatabaseUrl, String> {
    let mut url = Url::parse(&format!("postgres:{rest}")).map_err(|error| {
        format!("is not a URL ({error}); percent-encode what is special in the password (@ is %40, / is %2F)")
    })?;
    let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    url.set_query(None);
    let mut ignored = Vec::new();
    for (name, value) in &pairs {
        match name.as_str() {
            // asyncpg's word for it; its `true` means that TLS must be used.
            "ssl" => {
                let mode = if value == "true" { "require" } else { value };
                url.query_pairs_mut().append_pair("sslmode", mode);
            }
            name if PARAMETERS.contains(&name) => {
                url.query_pairs_mut().append_pair(name, value);
            }
            name => ignored.push(name.to_owned()),
        }
    }
    let options = PgConnectOptions::from_str(url.as_str())
        .map_err(|_| "has a parameter with a value that cannot be used; see sslmode, sslrootcert, ssl")?;
    // PgBouncer refuses connections that ask for it, unless told not to; and there are no floats here.
    let options = options.extra_float_digits(None).disable_statement_logging();
    Ok(DatabaseUrl::Postgres { options: Box::new(options), ignored })
}

/// For messages and logs: the place, without user or password.
impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Postgres { options, .. } => {
                let (host, port) = (options.get_host(), options.get_port());
                write!(f, "PostgreSQL at {host}:{port}/{}", options.get_database().unwrap_or_default())
            }
            Self::Sqlite(path) => write!(f, "SQLite in {}", path.display()),
        }
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
