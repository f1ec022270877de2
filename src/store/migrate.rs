//! Bringing the schema up to date: at launch, by command, and never by two at once.

use std::fmt;
use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use rocket::fairing::{self, Fairing, Info, Kind};
use rocket::{Build, Rocket, async_trait};
use sqlx::migrate::{self, MigrateError, MigrationType, Migrator};
use sqlx::postgres::PgConnectOptions;
use sqlx::{Connection as _, PgConnection, SqlSafeStr, SqliteConnection};
use tokio::time::{sleep, timeout};

use super::error::{is_refused_parameter, is_unavailable};
use super::pool::Pool;
use super::run::on;
use super::schema::{Migration, Schema};
use super::sql;
use crate::config::{DatabaseConfig, DatabaseUrl};
use crate::error::ApiError;

/// Between two tries while the database is away.
const RETRY: Duration = Duration::from_secs(2);

/// Why the schema is not up to date.
#[derive(Debug)]
pub enum MigrationError {
    /// The database cannot be reached. That passes.
    Unavailable(String),
    /// It refuses. That does not.
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
        let passes = match &error {
            MigrateError::Execute(source) | MigrateError::ExecuteMigration(source, _) => {
                is_unavailable(source)
            }
            _ => false,
        };
        if passes { Self::Unavailable(error.to_string()) } else { Self::Failed(error.to_string()) }
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

// `run_direct` and not `run`: a future of `run` on a borrowed connection cannot be spawned (rust-lang/rust#110338).

/// Applies what the database does not have yet. Of several processes one does, the others wait for it.
pub async fn migrate(settings: &DatabaseConfig, schema: &Schema) -> Result<(), MigrationError> {
    match settings.migrate_url() {
        DatabaseUrl::Postgres { options, .. } => {
            let mut connection = connect_without_limits(&options).await?;
            migrator(schema, |it| it.postgres).run_direct(None, &mut connection, false).await?;
            connection.close().await?;
        }
        DatabaseUrl::Sqlite(path) => {
            // The driver's migrator locks nothing on SQLite, and its steps are several transactions.
            let lock = lock(path.with_extension("migrate-lock")).await?;
            let mut connection = SqliteConnection::connect_with(&DatabaseUrl::sqlite_options(&path)).await?;
            migrator(schema, |it| it.sqlite).run_direct(None, &mut connection, false).await?;
            connection.close().await?;
            drop(lock);
        }
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

fn migrator(schema: &Schema, text: impl Fn(&Migration) -> &'static str) -> Migrator {
    let migrations = schema.migrations().map(|it| {
        let text = text(it).into_sql_str();
        migrate::Migration::new(it.version, it.name.into(), MigrationType::Simple, text, false)
    });
    let mut migrator = Migrator::with_migrations(migrations.collect());
    // A database that is ahead is one that a newer release has been at: going back to this one must work.
    migrator.set_ignore_missing(true);
    migrator
}

async fn lock(path: PathBuf) -> io::Result<File> {
    let locked = tokio::task::spawn_blocking(move || {
        let file = File::options().create(true).write(true).truncate(false).open(path)?;
        file.lock()?;
        Ok(file)
    });
    locked.await.map_err(io::Error::other)?
}

/// Whether the database has all of this schema.
pub(super) async fn check(pool: &Pool, schema: &Schema) -> Result<(), ApiError> {
    for newest in schema.latest_versions() {
        let found: i64 = on!(pool.reader(), query_scalar(sql::MIGRATION_APPLIED), |query, db| query
            .bind(newest)
            .fetch_one(db))?;
        if found == 0 {
            return Err(ApiError::Unavailable("the schema is not up to date".to_owned()));
        }
    }
    Ok(())
}

/// Migrates at launch. A database that refuses ends the launch; one that is away is waited for in the background, with
/// the server up and not ready.
#[derive(Debug)]
pub struct Migrations {
    database: DatabaseConfig,
    schema: Schema,
    enabled: bool,
}

impl Migrations {
    /// Creates the fairing. If `enabled` is false it only manages the schema, for `/readyz`.
    #[must_use]
    pub fn new(database: &DatabaseConfig, schema: Schema, enabled: bool) -> Self {
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
        // A task of its own: should it take longer than a launch may, it goes on undisturbed.
        let mut first = tokio::spawn(attempt(self.database.clone(), self.schema.clone()));
        match timeout(self.database.connect_timeout(), &mut first).await {
            Ok(Ok(Ok(()))) => Ok(rocket),
            Ok(Ok(Err(MigrationError::Unavailable(why)))) => {
                tracing::warn!(error = why, "the database is away; it will be migrated when it is back");
                tokio::spawn(retry_loop(self.database.clone(), self.schema.clone()));
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
                let (database, schema) = (self.database.clone(), self.schema.clone());
                tokio::spawn(async move {
                    if !matches!(first.await, Ok(Ok(()))) {
                        retry_loop(database, schema).await;
                    }
                });
                Ok(rocket)
            }
        }
    }
}

async fn attempt(database: DatabaseConfig, schema: Schema) -> Result<(), MigrationError> {
    migrate(&database, &schema).await
}

async fn retry_loop(database: DatabaseConfig, schema: Schema) {
    let mut last = String::new();
    loop {
        sleep(RETRY).await;
        match migrate(&database, &schema).await {
            Ok(()) => break tracing::info!("the database is migrated"),
            // Once for each thing that is in the way, not once a try.
            Err(error) if error.to_string() != last => {
                last = error.to_string();
                tracing::error!(error = last, "the database is not migrated; trying again");
            }
            Err(_) => {}
        }
    }
}
