//! The database and the session: its version, its role, and what the schema of an adoption contains.

use serde::Serialize;
use sqlx::{ConnectOptions, PgConnection};

use super::error::AdoptError;
use super::options::Choices;
use super::statement::Sql;
use crate::config::DatabaseUrl;

/// The first release of PostgreSQL with `gen_random_uuid`.
const MIN_VERSION: i32 = 130_000;

/// Time that a statement waits for a lock. A statement that waits for a lock on their table makes their later statements wait as well.
pub(super) const LOCK_TIMEOUT: &str = "SET lock_timeout = '3s'";

/// The key of the advisory lock that lets one `adopt` run at a time: the bytes of `adopt`.
const LOCK: &str = "SELECT pg_advisory_lock(418447912052)";

/// What the session found.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Database {
    pub(super) name: String,
    pub(super) role: String,
    pub(super) version: String,
    #[serde(skip)]
    pub(super) is_supported: bool,
    pub(super) timezone: String,
    /// The schemas in which their service finds its names. Triggers of theirs need them as well.
    #[serde(skip)]
    pub(super) search_path: Vec<String>,
    #[serde(skip)]
    pub(super) can_create_schema: bool,
    /// Whether the role may set the search path of another role.
    #[serde(skip)]
    pub(super) can_alter_roles: bool,
    #[serde(skip)]
    pub(super) state: SchemaState,
}

/// The content of the schema `todo_api`.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum SchemaState {
    /// There is no adoption.
    Absent,
    /// An adoption was begun, for tables with many ids to be numbered, and is not complete.
    Begun(Adoption),
    /// The schema has the view.
    Adopted(Adoption),
    /// The tasks are in this server's own table.
    Own,
    /// Something else is there.
    Foreign,
}

/// The row of the table `adoption`.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Adoption {
    pub(super) schema: String,
    pub(super) table: String,
    pub(super) choices: Choices,
    pub(super) role: Option<String>,
}

/// Name, role, version as text and number, zone, search path, and two rights.
type Facts = (String, String, String, i32, String, Vec<String>, bool, bool);

/// Opens a session without time limits, except for locks. All names in its statements must be qualified.
pub(super) async fn connect(url: &DatabaseUrl) -> Result<(PgConnection, Database), AdoptError> {
    let DatabaseUrl::Postgres { options, .. } = url else { return Err(AdoptError::NotPostgres) };
    let mut connection = options.as_ref().clone().application_name("todo-api adopt").connect().await?;
    let facts = "SELECT current_database()::text, current_user::text, current_setting('server_version'),
        current_setting('server_version_num')::int4, current_setting('TimeZone'), current_schemas(false)::text[],
        has_database_privilege(current_database(), 'CREATE'),
        (SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = current_user)";
    let facts: Facts = sqlx::query_as(facts).fetch_one(&mut connection).await?;
    let (name, role, version, number, timezone, search_path, can_create_schema, can_alter_roles) = facts;
    // With this path PostgreSQL writes every name outside `pg_catalog` with its schema.
    for setting in ["SET search_path = pg_catalog", "SET statement_timeout = 0", LOCK_TIMEOUT] {
        Sql::new(setting).execute(&mut connection).await?;
    }
    let is_supported = number >= MIN_VERSION;
    let state = read_state(&mut connection).await?;
    let search_path = search_path.into_iter().filter(|it| it != "todo_api" && it != "pg_catalog").collect();
    let database = Database {
        name,
        role,
        version,
        is_supported,
        timezone,
        search_path,
        can_create_schema,
        can_alter_roles,
        state,
    };
    Ok((connection, database))
}

/// Makes PostgreSQL refuse every change: the promise of a dry run does not depend on its statements.
pub(super) async fn forbid_changes(connection: &mut PgConnection) -> Result<(), AdoptError> {
    Sql::new("SET default_transaction_read_only = on").execute(connection).await?;
    Ok(())
}

/// Waits until no other `adopt` changes this database.
pub(super) async fn lock(connection: &mut PgConnection) -> Result<(), AdoptError> {
    match Sql::new(LOCK).execute(connection).await.map_err(AdoptError::from) {
        Ok(_) => Ok(()),
        Err(AdoptError::Locked(_)) => Err(AdoptError::Locked("another todo-api adopt is running")),
        Err(error) => Err(error),
    }
}

/// The relations of the schema, with their kinds.
const RELATIONS: &str =
    "SELECT c.relname::text, c.relkind::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = 'todo_api' AND c.relkind IN ('r', 'v', 'm', 'f', 'p')";

/// Tables of the embedded issuer and of the migrator. They outlive an adoption.
pub(super) const OTHER_TABLES: [&str; 6] =
    ["_sqlx_migrations", "user", "session", "account", "verification", "jwks"];

/// What the schema contains now.
pub(super) async fn read_state(connection: &mut PgConnection) -> Result<SchemaState, AdoptError> {
    let relations: Vec<(String, String)> = sqlx::query_as(RELATIONS).fetch_all(&mut *connection).await?;
    let kind = |name: &str| relations.iter().find(|it| it.0 == name).map(|it| it.1.as_str());
    let is_known = |name: &str| OTHER_TABLES.contains(&name);
    match (kind("adoption"), kind("tasks")) {
        (Some(_), Some("v")) => Ok(SchemaState::Adopted(read_adoption(connection).await?)),
        (Some(_), None) => Ok(SchemaState::Begun(read_adoption(connection).await?)),
        (None, Some("r" | "p")) if kind("_sqlx_migrations").is_some() => Ok(SchemaState::Own),
        (None, None) if relations.iter().all(|it| is_known(&it.0)) => Ok(SchemaState::Absent),
        _ => Ok(SchemaState::Foreign),
    }
}

async fn read_adoption(connection: &mut PgConnection) -> Result<Adoption, AdoptError> {
    let row = "SELECT schema_name, table_name, choices::text, server_role FROM todo_api.adoption";
    let (schema, table, choices, role): (String, String, String, Option<String>) =
        Sql::new(row).fetch_one(connection).await?;
    let choices = serde_json::from_str(&choices).map_err(|error| {
        AdoptError::Refused(format!("the stored choices of todo_api.adoption cannot be read: {error}"))
    })?;
    Ok(Adoption { schema, table, choices, role })
}
