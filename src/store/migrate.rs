//! Migrations: at launch or by command. Processes migrate in turn.

use std::fmt;
use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use rocket::fairing::{self, Fairing, Info, Kind};
use rocket::{Build, Rocket, async_trait};
use rocket_db_pools::Database;
use sqlx::migrate::{self, MigrateError, MigrationType, Migrator};
use sqlx::postgres::PgConnectOptions;
use sqlx::{Connection as _, PgConnection, SqlSafeStr, SqliteConnection};
use tokio::time::{sleep, timeout};

use super::Store;
use super::adopted;
use super::error::{is_refused_parameter, is_unavailable};
use super::pool::Pool;
use super::run::run;
use super::schema::{Migration, MigrationSet, TASK_MIGRATIONS};
use super::sql;
use crate::config::{DatabaseConfig, DatabaseUrl};
use crate::error::ApiError;

/// The interval of attempts while the database is unavailable.
const RETRY_INTERVAL: Duration = Duration::from_secs(2);

/// The reason why the migrations were not applied.
#[derive(Debug)]
pub enum MigrationError {
    /// The database is unavailable. Transient.
    Unavailable(String),
    /// A migration fails. Permanent.
    Failed(String),
}

impl fmt::Display for MigrationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unavailable(why) => write!(f, "the database cannot be reached: {why}"),
            Self::Failed(why) => write!(f, "the database cannot be migrated: {why}"),
        }
    }
}

impl std::error::Error for MigrationError {}

impl From<MigrateError> for MigrationError {
    fn from(error: MigrateError) -> Self {
        let is_transient = match &error {
            MigrateError::Execute(source) | MigrateError::ExecuteMigration(source, _) => {
                is_unavailable(source)
            }
            _ => false,
        };
        if is_transient { Self::Unavailable(error.to_string()) } else { Self::Failed(error.to_string()) }
    }
}

impl From<sqlx::Error> for MigrationError {
    fn from(error: sqlx::Error) -> Self {
        Self::from(MigrateError::Execute(error))
    }
}

impl From<io::Error> for MigrationError {
    fn from(error: io::Error) -> Self {
        Self::Failed(error.to_string())
    }
}

/// Applies the migrations that the database does not have. Retries while the database is unavailable, for at most `wait`.
pub async fn migrate_within(
    settings: &DatabaseConfig,
    schema: &MigrationSet,
    wait: Duration,
) -> Result<(), MigrationError> {
    let began = Instant::now();
    let mut is_logged = false;
    loop {
        match migrate(settings, schema).await {
            Err(MigrationError::Unavailable(why)) if began.elapsed() + RETRY_INTERVAL <= wait => {
                if !is_logged {
                    tracing::warn!(error = why, "the database is unavailable; waiting for it");
                    is_logged = true;
                }
                sleep(RETRY_INTERVAL).await;
            }
            result => return result,
        }
    }
}

/// Applies the migrations that the database does not have. A lock makes concurrent processes wait for each other.
///
/// `run_direct` and not `run`: a future of `run` on a borrowed connection cannot be spawned (rust-lang/rust#110338).
async fn migrate(settings: &DatabaseConfig, schema: &MigrationSet) -> Result<(), MigrationError> {
    match settings.migrate_url() {
        DatabaseUrl::Postgres { options, .. } => {
            let mut connection = connect_without_limits(&options).await?;
            adopted::check(&mut connection).await?;
            migrator(schema, |it| it.postgres).run_direct(None, &mut connection, false).await?;
            connection.close().await?;
        }
        DatabaseUrl::Sqlite(path) => {
            // sqlx takes no lock on SQLite, and migrates in several transactions.
            let lock = lock(path.with_extension("migrate-lock")).await?;
            let mut connection = SqliteConnection::connect_with(&DatabaseUrl::sqlite_options(&path)).await?;
            migrator(schema, |it| it.sqlite).run_direct(None, &mut connection, false).await?;
            connection.close().await?;
            drop(lock);
        }
    }
    Ok(())
}

/// Fails if the migrations must not run on this database, because another program has made it. Changes nothing.
pub(crate) async fn check_not_foreign(settings: &DatabaseConfig) -> Result<(), MigrationError> {
    if let DatabaseUrl::Postgres { options, .. } = settings.migrate_url() {
        let mut connection = connect_without_limits(&options).await?;
        adopted::check(&mut connection).await?;
        connection.close().await?;
    }
    Ok(())
}

/// Opens a connection without the time limits that the role or the database may have: a migration may take long.
async fn connect_without_limits(options: &PgConnectOptions) -> sqlx::Result<PgConnection> {
    let unlimited = options.clone().options([("statement_timeout", 0), ("lock_timeout", 0)]);
    match PgConnection::connect_with(&unlimited).await {
        Err(error) if is_refused_parameter(&error) => PgConnection::connect_with(options).await,
        other => other,
    }
}

fn migrator(schema: &MigrationSet, text: impl Fn(&Migration) -> &'static str) -> Migrator {
    let migrations = schema.migrations().map(|it| {
        let text = text(it).into_sql_str();
        migrate::Migration::new(it.version, it.name.into(), MigrationType::Simple, text, false)
    });
    let mut migrator = Migrator::with_migrations(migrations.collect());
    // A newer release has migrated a database that is ahead. Going back to this release must work.
    migrator.set_ignore_missing(true);
    migrator
}

/// A migration as sqlx records it.
#[derive(Debug)]
pub struct MigrationRecord {
    /// The position in the order.
    pub version: i64,
    /// The name in sqlx's table of migrations.
    pub name: &'static str,
    /// The hash of the SQL for PostgreSQL. The migrator refuses a database with another.
    pub checksum: Vec<u8>,
}

/// The records of the migrations of the table `tasks`, for a database whose tasks are a view.
pub fn task_migration_records() -> impl Iterator<Item = MigrationRecord> {
    TASK_MIGRATIONS.iter().map(|it| {
        let text = it.postgres.into_sql_str();
        let migration =
            migrate::Migration::new(it.version, it.name.into(), MigrationType::Simple, text, false);
        MigrationRecord { version: it.version, name: it.name, checksum: migration.checksum.into_owned() }
    })
}

async fn lock(path: PathBuf) -> io::Result<File> {
    let locked = tokio::task::spawn_blocking(move || {
        let file = File::options().create(true).write(true).truncate(false).open(path)?;
        file.lock()?;
        Ok(file)
    });
    locked.await.map_err(io::Error::other)?
}

/// Whether the database has all migrations.
pub(super) async fn is_migrated(pool: &Pool, schema: &MigrationSet) -> Result<bool, ApiError> {
    let tables: i64 = run!(pool.reader(), query_scalar(sql::MIGRATIONS_TABLE_COUNT) => fetch_one)?;
    if tables == 0 {
        return Ok(false);
    }
    for version in schema.latest_versions() {
        let applied: i64 =
            run!(pool.reader(), query_scalar(sql::MIGRATION_APPLIED).bind(version) => fetch_one)?;
        if applied == 0 {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The fairing that migrates at launch. A failed migration ends the launch. An unavailable database is retried in the background; meanwhile
/// the server runs and is not ready.
#[derive(Debug)]
pub struct Migrations {
    database: DatabaseConfig,
    schema: MigrationSet,
    enabled: bool,
}

impl Migrations {
    /// Creates the fairing. If `enabled` is false it only manages the set of migrations, for `/readyz`.
    #[must_use]
    pub fn new(database: &DatabaseConfig, schema: MigrationSet, enabled: bool) -> Self {
        Self { database: database.clone(), schema, enabled }
    }
}

#[async_trait]
impl Fairing for Migrations {
    fn info(&self) -> Info {
        Info { name: "Migrations", kind: Kind::Ignite }
    }

    async fn on_ignite(&self, rocket: Rocket<Build>) -> fairing::Result {
        // For `/readyz`.
        let rocket = rocket.manage(self.schema.clone());
        if !self.enabled {
            return Ok(rocket);
        }
        let Some(store) = Store::fetch(&rocket).cloned() else {
            tracing::error!("the database cannot be migrated: the pool is missing");
            return Err(rocket);
        };
        let launch = Launch { store, database: self.database.clone(), schema: self.schema.clone() };
        // Spawned, so that migrations continue undisturbed if they take longer than the launch waits.
        let attempt = launch.clone();
        let mut first = tokio::spawn(async move { attempt.migrate().await });
        match timeout(self.database.connect_timeout(), &mut first).await {
            Ok(Ok(Ok(()))) => Ok(rocket),
            Ok(Ok(Err(MigrationError::Unavailable(why)))) => {
                tracing::warn!(
                    error = why,
                    "the database is unavailable; it will be migrated when it is available"
                );
                tokio::spawn(launch.retry_loop());
                Ok(rocket)
            }
            Ok(Ok(Err(MigrationError::Failed(why)))) => {
                tracing::error!(error = why, "the database cannot be migrated");
                Err(rocket)
            }
            Ok(Err(panic)) => {
                tracing::error!(error = %panic, "the database cannot be migrated");
                Err(rocket)
            }
            Err(_) => {
                tracing::warn!("the migrations take long; starting without waiting for them");
                tokio::spawn(async move {
                    if !matches!(first.await, Ok(Ok(()))) {
                        launch.retry_loop().await;
                    }
                });
                Ok(rocket)
            }
        }
    }
}

/// The migrations of a server that starts.
#[derive(Clone)]
struct Launch {
    store: Store,
    database: DatabaseConfig,
    schema: MigrationSet,
}

impl Launch {
    /// Applies the migrations that the database does not have. Migrations need a direct connection, so PostgreSQL is asked through the pool
    /// first: the replicas of a fleet start often and rarely have anything to migrate.
    async fn migrate(&self) -> Result<(), MigrationError> {
        let is_pool_enough = matches!(self.database.url, DatabaseUrl::Postgres { .. });
        if is_pool_enough && matches!(self.store.is_migrated(&self.schema).await, Ok(true)) {
            return Ok(());
        }
        migrate(&self.database, &self.schema).await
    }

    async fn retry_loop(self) {
        let mut last = String::new();
        loop {
            sleep(RETRY_INTERVAL).await;
            match self.migrate().await {
                Ok(()) => break tracing::info!("the database is migrated"),
                // Logs each error once, not each attempt.
                Err(error) if error.to_string() != last => {
                    last = error.to_string();
                    tracing::error!(error = last, "the database is not migrated; trying again");
                }
                Err(_) => {}
            }
        }
    }
}
