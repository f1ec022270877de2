//! Drops what an adoption has created.

use std::time::Instant;

use sqlx::PgConnection;

use super::apply::Done;
use super::database::{Adoption, Database, LOCK_TIMEOUT, SchemaState};
use super::error::AdoptError;
use super::locks::{self, HeldLock, Mode, run_in_transaction};
use super::names::{QualifiedName, QuotedIdentifier};
use super::statement::Sql;
use super::view;
use crate::store::task_migration_records;

/// Drops the view, its functions, the numbers, the trigger and the index. Tables of the embedded issuer stay if they have users.
pub(super) async fn revert(connection: &mut PgConnection, database: &Database) -> Result<Done, AdoptError> {
    let (SchemaState::Adopted(adoption) | SchemaState::Begun(adoption)) = &database.state else {
        return Err(AdoptError::Refused(
            "this database is not adopted; there is nothing to revert".to_owned(),
        ));
    };
    let table = QualifiedName::new(adoption.schema.as_str(), adoption.table.as_str());
    let users = count_users(connection).await?;
    let mut statements = drop_statements(connection).await?;
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
    let mut done = Done {
        lines: vec![format!(
            "dropped the view, the functions and the numbers; {} is as it was",
            table.plain()
        )],
        locks: run_in_transaction(connection, locks::REVERT, &statements).await?,
    };
    drop_indexes(connection, &table, &mut done).await?;
    if users > 0 {
        done.lines.push(format!("the schema todo_api stays, because its table \"user\" has {users} users of the built-in authentication"));
    }
    Ok(done)
}

/// The indexes that a run has made: of the table, and of partitions whose index is not attached. Their schema, name and table, and whether
/// the table has partitions.
const INDEXES: &str = "SELECT n.nspname::text, c.relname::text, t.relnamespace::regnamespace::text || '.' || t.relname, c.relkind = 'I'
    FROM pg_class r JOIN pg_namespace s ON s.oid = r.relnamespace
    CROSS JOIN LATERAL (SELECT r.oid UNION SELECT relid FROM pg_partition_tree(r.oid)) AS tree (oid)
    JOIN pg_index i ON i.indrelid = tree.oid JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_class t ON t.oid = tree.oid
    JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE s.nspname = $1 AND (r.relname = $2 OR i.indrelid = r.oid AND NOT r.relispartition) AND c.relname IN ('todo_api_list', 'todo_api_list_' || tree.oid)
      AND NOT EXISTS (SELECT FROM pg_inherits WHERE inhrelid = c.oid) ORDER BY c.relname";

async fn drop_indexes(
    connection: &mut PgConnection,
    table: &QualifiedName,
    done: &mut Done,
) -> Result<(), AdoptError> {
    let found: Vec<(String, String, String, bool)> = sqlx::query_as(INDEXES)
        .bind(table.schema.plain())
        .bind(table.name.plain())
        .fetch_all(&mut *connection)
        .await?;
    for (schema, name, table, is_partitioned) in found {
        let index = QualifiedName::new(schema, name);
        if is_partitioned {
            // PostgreSQL cannot drop it concurrently. It goes with those of the partitions.
            let drop = [Sql::new(format!("DROP INDEX IF EXISTS {index}"))];
            done.locks.extend(run_in_transaction(connection, locks::DROP_INDEX, &drop).await?);
        } else {
            let since = Instant::now();
            Sql::new("SET lock_timeout = 0").execute(connection).await?;
            Sql::new(format!("DROP INDEX CONCURRENTLY IF EXISTS {index}")).execute(connection).await?;
            Sql::new(LOCK_TIMEOUT).execute(connection).await?;
            done.locks.push(HeldLock::new(locks::DROP_INDEX, table, Mode::ShareUpdateExclusive, since));
        }
        done.lines.push(format!("dropped the index {}", index.plain()));
    }
    Ok(())
}

/// The tables with the trigger that numbers rows. Those of partitions belong to that of their table.
const NUMBERED: &str = "SELECT n.nspname::text, c.relname::text FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
    JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE t.tgname = 'todo_api_number' AND t.tgfoid = to_regproc('todo_api.number_task') AND NOT c.relispartition";

async fn drop_statements(connection: &mut PgConnection) -> Result<Vec<Sql>, AdoptError> {
    let mut statements = view::drop_statements();
    let numbered: bool = sqlx::query_scalar(
        "SELECT EXISTS (SELECT FROM pg_tables WHERE schemaname = 'todo_api' AND tablename = 'task_ids')",
    )
    .fetch_one(&mut *connection)
    .await?;
    if numbered {
        // Their table may have been renamed.
        let tables: Vec<(String, String)> = sqlx::query_as(NUMBERED).fetch_all(connection).await?;
        for (schema, name) in tables {
            let table = QualifiedName::new(schema, name);
            statements.push(Sql::new(format!("DROP TRIGGER todo_api_number ON {table}")));
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
