//! Section `databases.todo`, and the parser for database URLs. It accepts the URLs of other drivers, such as asyncpg, as they are.

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

/// Default of `min_connections`, except on Neon, where the default is 0. A Neon database closes its connections when it suspends; the pool
/// would reopen them and wake the database.
const DEFAULT_MIN_CONNECTIONS: u32 = 5;

/// Number of rows that sqlx's SQLite thread buffers ahead of the reader. A larger buffer makes lists faster and takes more memory.
const SQLITE_ROW_BUFFER: usize = 100;

/// Section `databases.todo`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatabaseConfig {
    /// Primary connection URL.
    pub url: DatabaseUrl,
    /// Connection URL for migrations. See [`DatabaseConfig::migrate_url`].
    migrate_url: Option<DatabaseUrl>,
    /// Maximum number of connections.
    pub max_connections: u32,
    /// Number of connections kept open. See [`DatabaseConfig::min_connections`].
    min_connections: Option<u32>,
    connect_timeout: u32,
    query_timeout: u32,
    idle_timeout: u32,
    max_lifetime: u32,
    /// Whether each connection caches prepared statements. Otherwise each statement runs unnamed, in a transaction.
    pub prepared_statements: bool,
    /// Whether requests that wait at the same time share a statement, on SQLite a commit.
    pub batch: bool,
}

impl DatabaseConfig {
    /// Connection URL for migrations. They must not use a transaction pooler, because their advisory lock belongs to a session, and a pooler
    /// assigns a session to each transaction. For Neon the direct host is derived from the pooler's host.
    #[must_use]
    pub fn migrate_url(&self) -> DatabaseUrl {
        self.migrate_url.clone().unwrap_or_else(|| self.url.without_pooler())
    }

    /// Number of connections kept open. The default is 5, on Neon 0.
    #[must_use]
    pub fn min_connections(&self) -> u32 {
        let default = if self.url.is_neon() { 0 } else { DEFAULT_MIN_CONNECTIONS };
        self.min_connections.unwrap_or(default).min(self.max_connections)
    }

    /// Maximum time that a request waits for a connection (sqlx: `acquire_timeout`).
    #[must_use]
    pub fn connect_timeout(&self) -> Duration {
        Duration::from_secs(self.connect_timeout.into())
    }

    /// Maximum time of a statement, without the wait for a connection.
    #[must_use]
    pub fn query_timeout(&self) -> Duration {
        Duration::from_secs(self.query_timeout.into())
    }

    /// Time after which an idle connection is closed.
    #[must_use]
    pub fn idle_timeout(&self) -> Duration {
        Duration::from_secs(self.idle_timeout.into())
    }

    /// Age at which a connection is replaced.
    #[must_use]
    pub fn max_lifetime(&self) -> Duration {
        Duration::from_secs(self.max_lifetime.into())
    }
}

/// A database of either engine. `Debug` and `Display` omit the user and the password.
#[derive(Clone, Deserialize)]
#[serde(try_from = "String")]
pub enum DatabaseUrl {
    /// A PostgreSQL database.
    Postgres {
        /// Connection options for sqlx.
        options: Box<PgConnectOptions>,
        /// Parameters of the URL that are ignored because they belong to other drivers (`channel_binding` to libpq, `pgbouncer` to
        /// Prisma, …).
        ignored: Vec<String>,
    },
    /// The path of a SQLite file.
    Sqlite(PathBuf),
}

/// URL parameters that sqlx supports.
const SUPPORTED_PARAMETERS: &[&str] =
    &["sslmode", "sslrootcert", "sslcert", "sslkey", "application_name", "options", "host"];

impl DatabaseUrl {
    /// Connection options for a SQLite file: a write-ahead log, which is safe for several connections, and an `fsync` on every commit.
    #[must_use]
    pub fn sqlite_options(path: &PathBuf) -> SqliteConnectOptions {
        SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(Duration::from_secs(5))
            .row_buffer_size(SQLITE_ROW_BUFFER)
            .disable_statement_logging()
    }

    /// Creates the SQLite file if it is missing and checks that it can be opened. SQLite itself would report a failure late and without the
    /// path.
    pub(super) fn ensure_file(&self) -> Result<(), ConfigError> {
        let Self::Sqlite(path) = self else { return Ok(()) };
        let open = || {
            // Creates one missing directory, such as `data/`. Creating more would hide a mistyped path.
            if let Some(directory) = path.parent()
                && path.is_relative()
                && !directory.as_os_str().is_empty()
            {
                let _ = fs::create_dir(directory);
            }
            File::options().create(true).read(true).write(true).truncate(false).open(path)
        };
        open().map(drop).map_err(|error| {
            let reason = format!("cannot open {} ({error})", path.display());
            ConfigError::new("databases.todo.url", reason, "use a path in a writable directory")
        })
    }

    fn is_neon(&self) -> bool {
        matches!(self, Self::Postgres { options, .. } if options.get_host().ends_with(".neon.tech"))
    }

    /// The same database without Neon's pooler. `ep-name-pooler.region.aws.neon.tech` is the pooler of `ep-name.region.aws.neon.tech`.
    fn without_pooler(&self) -> Self {
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

/// The error continues a sentence that begins with the setting's name. The hint follows a semicolon.
impl FromStr for DatabaseUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (scheme, rest) = text
            .trim()
            .split_once(':')
            .ok_or("is not a URL; write postgres://user:password@host/database or sqlite://path")?;
        match scheme {
            "sqlite" => sqlite(rest),
            // The part after the plus sign is a Python driver, which SQLAlchemy requires in the URL.
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
            "contains no file; write sqlite://data/todo.db (every connection would have its own in-memory database)"
                .into(),
        );
    }
    Ok(DatabaseUrl::Sqlite(path.into()))
}

fn postgres(rest: &str) -> Result<DatabaseUrl, String> {
    let mut url = Url::parse(&format!("postgres:{rest}")).map_err(|error| {
        format!(
            "is not a URL ({error}); percent-encode special characters in the password (@ is %40, / is %2F)"
        )
    })?;
    let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    url.set_query(None);
    let mut ignored = Vec::new();
    for (name, value) in &pairs {
        match name.as_str() {
            // asyncpg's name for `sslmode`. Its value `true` requires TLS.
            "ssl" => {
                let mode = if value == "true" { "require" } else { value };
                url.query_pairs_mut().append_pair("sslmode", mode);
            }
            name if SUPPORTED_PARAMETERS.contains(&name) => {
                url.query_pairs_mut().append_pair(name, value);
            }
            name => ignored.push(name.to_owned()),
        }
    }
    let options = PgConnectOptions::from_str(url.as_str())
        .map_err(|_| "has a parameter with an invalid value; check sslmode, sslrootcert and ssl")?;
    // PgBouncer rejects connections that set `extra_float_digits`, unless it is configured to ignore it. The tables have no floats.
    let options = options.extra_float_digits(None).disable_statement_logging();
    Ok(DatabaseUrl::Postgres { options: Box::new(options), ignored })
}

/// For messages and logs: the engine and location, without the user and the password.
impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Postgres { options, .. } => {
                let (host, port) = (options.get_host(), options.get_port());
                write!(f, "PostgreSQL at {host}:{port}/{}", options.get_database().unwrap_or_default())
            }
            Self::Sqlite(path) => write!(f, "SQLite at {}", path.display()),
        }
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
