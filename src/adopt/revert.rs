//! Drops what an adoption has created.

use sqlx::PgConnection;

use super::apply::run_in_transaction;
use super::database::{Adoption, Database, SchemaState};
use super::error::AdoptError;
use super::indexes;
use super::names::{QualifiedName, QuotedIdentifier};
use super::statement::Sql;
use super::view;
use crate::store::task_migration_records;

/// Drops the view, its functions, the numbers, the trigger and the index. Tables of the embedded issuer stay if they have users.
pub(super) async fn revert(
    connection: &mut PgConnection,
    database: &Database,
) -> Result<Vec<String>, AdoptError> {
    let (SchemaState::Adopted(adoption) | SchemaState::Begun(adoption)) = &database.state else {
        return Err(AdoptError::Refused(
            "this database is not adopted; there is nothing to revert".to_owned(),
        ));
    };
    let table = QualifiedName::new(adoption.schema.as_str(), adoption.table.as_str());
    let users = count_users(connection).await?;
    let mut statements = drop_statements(connection, adoption, &table).await?;
    if users == 0 {
        statements.extend(
            ["session", "account", "verification", "jwks", "user", "_sqlx_migrations"].map(|name| {
                Sql::new(format!("DROP TABLE IF EXISTS todo_api.{}", QuotedIdentifier::new(name)))
            }),
        );
        statements.push(Sql::new("DROP SCHEMA todo_api"));
    } else {
        let versions: Vec<String> = task_migration_records().map(|it| it.version.to_string()).collect();
        statements.push(Sql::new(format!(
            "DELETE FROM todo_api._sqlx_migrations WHERE version IN ({})",
            versions.join(", ")
        )));
    }
    statements.extend(reset_role(connection, database, adoption).await?);
    run_in_transaction(connection, &statements).await?;
    let mut done =
        vec![format!("dropped the view, the functions and the numbers; {} is as it was", table.plain())];
    let index = QualifiedName { schema: table.schema.clone(), name: QuotedIdentifier::new(indexes::NAME) };
    if has_index(connection, &index).await? {
        Sql::new("SET lock_timeout = 0").execute(connection).await?;
        Sql::new(format!("DROP INDEX CONCURRENTLY IF EXISTS {index}")).execute(connection).await?;
        done.push(format!("dropped the index {}", index.plain()));
    }
    if users > 0 {
        done.push(format!("the schema todo_api stays, because its table \"user\" has {users} users of the built-in authentication"));
    }
    Ok(done)
}

async fn drop_statements(
    connection: &mut PgConnection,
    adoption: &Adoption,
    table: &QualifiedName,
) -> Result<Vec<Sql>, AdoptError> {
    let mut statements = view::drop_statements();
    let exists = "SELECT EXISTS (SELECT FROM pg_tables WHERE schemaname = $1 AND tablename = $2)";
    let exists: bool = sqlx::query_scalar(exists)
        .bind(&adoption.schema)
        .bind(&adoption.table)
        .fetch_one(&mut *connection)
        .await?;
    let numbered: bool = sqlx::query_scalar(
        "SELECT EXISTS (SELECT FROM pg_tables WHERE schemaname = 'todo_api' AND tablename = 'task_ids')",
    )
    .fetch_one(connection)
    .await?;
    if numbered {
        if exists {
            statements.push(Sql::new(format!("DROP TRIGGER IF EXISTS todo_api_number ON {table}")));
        }
        statements.extend(
            ["DROP FUNCTION IF EXISTS todo_api.number_task()", "DROP TABLE todo_api.task_ids"].map(Sql::new),
        );
    }
    statements.push(Sql::new("DROP TABLE todo_api.adoption"));
    Ok(statements)
}

/// The search path of the server's role, and its rights on the schema, if the role still exists.
async fn reset_role(
    connection: &mut PgConnection,
    database: &Database,
    adoption: &Adoption,
) -> Result<Option<Sql>, AdoptError> {
    let Some(role) = adoption.role.as_ref().filter(|_| database.can_alter_roles) else { return Ok(None) };
    let exists: bool = sqlx::query_scalar("SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)")
        .bind(role)
        .fetch_one(connection)
        .await?;
    let (role, name) = (QuotedIdentifier::new(role), QuotedIdentifier::new(&database.name));
    Ok(exists.then(|| Sql::new(format!("ALTER ROLE {role} IN DATABASE {name} RESET search_path"))))
}

async fn count_users(connection: &mut PgConnection) -> Result<i64, AdoptError> {
    let exists = "SELECT EXISTS (SELECT FROM pg_tables WHERE schemaname = 'todo_api' AND tablename = 'user')";
    let exists: bool = sqlx::query_scalar(exists).fetch_one(&mut *connection).await?;
    if !exists {
        return Ok(0);
    }
    let (users,): (i64,) = Sql::new("SELECT count(*) FROM todo_api.\"user\"").fetch_one(connection).await?;
    Ok(users)
}

async fn has_index(connection: &mut PgConnection, index: &QualifiedName) -> Result<bool, AdoptError> {
    let exists = "SELECT EXISTS (SELECT FROM pg_indexes WHERE schemaname = $1 AND indexname = $2)";
    let exists = sqlx::query_scalar(exists).bind(index.schema.plain()).bind(index.name.plain());
    Ok(exists.fetch_one(connection).await?)
}
