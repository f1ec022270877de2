//! The statements around the view: the schema, the record of the adoption, the migrations that it stands for, and the server's role.

use super::database::Database;
use super::error::AdoptError;
use super::mapping::Mapping;
use super::names::{Literal, QuotedIdentifier};
use super::options::Choices;
use super::statement::Sql;
use crate::store::task_migration_records;
use crate::version;

/// The table of sqlx's migrator, as it creates it.
const MIGRATIONS: &str = "CREATE TABLE IF NOT EXISTS todo_api._sqlx_migrations (version bigint PRIMARY KEY, description text NOT NULL, \
    installed_on timestamptz NOT NULL DEFAULT now(), success boolean NOT NULL, checksum bytea NOT NULL, execution_time bigint NOT NULL)";

const ADOPTION: &str = "CREATE TABLE IF NOT EXISTS todo_api.adoption (only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row), \
    schema_name text NOT NULL, table_name text NOT NULL, choices jsonb NOT NULL, server_role text, release text NOT NULL, \
    adopted_at timestamptz NOT NULL DEFAULT now())";

/// Creates the schema and records the adoption.
pub(super) fn begin_statements(
    mapping: &Mapping,
    choices: &Choices,
    role: Option<&str>,
) -> Result<Vec<Sql>, AdoptError> {
    let choices = serde_json::to_string(choices)
        .map_err(|error| AdoptError::Refused(format!("the choices cannot be stored: {error}")))?;
    let (schema, table) = (mapping.table.schema.plain(), mapping.table.name.plain());
    let role = role.map_or_else(|| "NULL".to_owned(), |role| Literal(role).to_string());
    let record = format!(
        "INSERT INTO todo_api.adoption (schema_name, table_name, choices, server_role, release)\nVALUES ({}, {}, {}, {role}, {})\n\
         ON CONFLICT (only_row) DO UPDATE SET choices = excluded.choices, server_role = excluded.server_role, release = excluded.release",
        Literal(schema),
        Literal(table),
        Literal(&choices),
        Literal(version::VERSION)
    );
    Ok(["CREATE SCHEMA IF NOT EXISTS todo_api", ADOPTION, &record].map(Sql::new).into())
}

/// Records that the view stands for the migrations of the tasks, and gives the server's role its rights.
pub(super) fn end_statements(database: &Database, role: Option<&str>) -> Vec<Sql> {
    let rows: Vec<String> = task_migration_records()
        .map(|it| {
            let (name, checksum) = (Literal(it.name), hex::encode(&it.checksum));
            format!("({}, {name}, true, decode('{checksum}', 'hex'), 0)", it.version)
        })
        .collect();
    let mut statements = vec![
        Sql::new(MIGRATIONS),
        Sql::new(format!(
            "INSERT INTO todo_api._sqlx_migrations (version, description, success, checksum, execution_time)\nVALUES {}\n\
             ON CONFLICT (version) DO UPDATE SET success = excluded.success, checksum = excluded.checksum",
            rows.join(", ")
        )),
    ];
    if let Some(role) = role {
        let path = set_search_path(database, role);
        let role = QuotedIdentifier::new(role);
        statements.extend(
            [
                format!("GRANT USAGE, CREATE ON SCHEMA todo_api TO {role}"),
                format!("GRANT SELECT, INSERT, UPDATE, DELETE ON todo_api.tasks TO {role}"),
                format!("GRANT SELECT, INSERT, UPDATE, DELETE ON todo_api._sqlx_migrations TO {role}"),
                format!("GRANT SELECT ON todo_api.adoption TO {role}"),
            ]
            .map(Sql::new),
        );
        statements.extend(database.can_alter_roles.then_some(path));
    }
    statements
}

/// Leads the names of the server's role to the view. The role itself may run it as well.
pub(super) fn set_search_path(database: &Database, role: &str) -> Sql {
    let (role, database) = (QuotedIdentifier::new(role), QuotedIdentifier::new(&database.name));
    Sql::new(format!("ALTER ROLE {role} IN DATABASE {database} SET search_path = todo_api"))
}
