//! Checks of the database, through the pool that the server uses.

use rocket_db_pools::Pool as _;

use super::report::{Fault, Finding, Found};
use crate::config::{ConfigLoader, DatabaseConfig, DatabaseUrl};
use crate::error::ApiError;
use crate::store::run::run;
use crate::store::sql::Statement;
use crate::store::{BatchedPool, MigrationError, Store, check_not_foreign};

/// The time of the database, in seconds since 1970. As the first statement it also shows whether the database responds.
const NOW: Statement = Statement {
    postgres: "SELECT extract(epoch FROM clock_timestamp())::float8",
    sqlite: "SELECT (julianday('now') - 2440587.5) * 86400.0",
};

/// Whether the database has Citus: 0 or 1.
const CITUS_COUNT: Statement = Statement::portable(
    "SELECT count(*) FROM pg_catalog.pg_class WHERE oid = to_regclass('pg_dist_partition')",
);

/// Whether Citus distributes the tasks: 0 or 1. Needs Citus.
const DISTRIBUTED_COUNT: Statement =
    Statement::portable("SELECT count(*) FROM pg_dist_partition WHERE logicalrelid = to_regclass('tasks')");

/// A database that responds.
pub(super) struct Opened {
    pub(super) store: Store,
    pub(super) found: Found,
}

/// Connects to the database and runs a statement.
pub(super) async fn open(loader: &ConfigLoader) -> Result<Opened, Fault> {
    let database = loader.database().map_err(|error| Fault::from(&error))?;
    let pool = BatchedPool::init(&loader.database_figment()).await.map_err(|error| Fault::from(&error))?;
    let store = Store::from(pool);
    match now(&store).await {
        Ok(_) => Ok(Opened { store, found: Found::Good(format!("{} responds", database.url)) }),
        Err(error) => {
            let hint =
                "start it, or correct DATABASE_URL (databases.todo.url): host, port, user, password, sslmode";
            Err(Fault::new(format!("{} does not respond ({error})", database.url), hint))
        }
    }
}

/// The time of the database, in seconds since 1970.
pub(super) async fn now(store: &Store) -> Result<f64, ApiError> {
    let pool = store.pool();
    run!(pool.reader(), query_scalar(NOW) => fetch_one)
}

/// Checks that the schema has this release's migrations, or that the server will apply them.
pub(super) async fn check_schema(loader: &ConfigLoader, opened: Option<&Opened>) -> Finding {
    let Some(opened) = opened else { return Ok(Found::Skipped("needs the database")) };
    let (Ok(server), Ok(issuer), Ok(database)) = (loader.server(), loader.issuer(), loader.database()) else {
        return Ok(Found::Skipped("needs a valid configuration"));
    };
    let is_migrated = opened.store.is_migrated(&crate::schema(&issuer)).await;
    if matches!(is_migrated, Ok(false))
        && let Err(MigrationError::Failed(why)) = check_not_foreign(&database).await
    {
        return Err(Fault::new(why, "the server does not start on it"));
    }
    match is_migrated {
        Ok(true) if batches_on_shards(&opened.store, &database).await => Ok(Found::Doubtful(
            "up to date, but Citus distributes tasks and sends each batch to every shard; set databases.todo.batch = false"
                .to_owned(),
        )),
        Ok(true) => Ok(Found::Good("up to date".to_owned())),
        Ok(false) if server.migrate_on_launch => {
            Ok(Found::Good("not up to date; the server migrates it when it starts".to_owned()))
        }
        Ok(false) => Err(Fault::new(
            "not up to date, and migrate_on_launch is false",
            "run todo-api migrate before the server starts",
        )),
        Err(error) => {
            let hint = "grant the user of the database URL its tables (docs/OPERATIONS.md)";
            Err(Fault::new(format!("cannot be read ({error})"), hint))
        }
    }
}

/// Whether requests share statements although Citus distributes the tasks. False if Citus does not let the user of the database URL know.
async fn batches_on_shards(store: &Store, database: &DatabaseConfig) -> bool {
    if !database.batch || matches!(database.url, DatabaseUrl::Sqlite(_)) {
        return false;
    }
    count(store, CITUS_COUNT).await.unwrap_or(0) > 0 && count(store, DISTRIBUTED_COUNT).await.unwrap_or(0) > 0
}

async fn count(store: &Store, statement: Statement) -> Result<i64, ApiError> {
    let pool = store.pool();
    run!(pool.reader(), query_scalar(statement) => fetch_one)
}
