//! Recognizes databases that other programs have made, before the migrations run.
//!
//! `todo-api adopt` makes a view of the tasks in the schema `todo_api`. A migration of a table would fail on it, or would create a second
//! table beside the tasks of the other program.

use sqlx::PgConnection;

use super::migrate::MigrationError;
use super::schema::TASK_MIGRATIONS;
use super::sql;

/// Kind and schema of the relation that the statements call `tasks`, whether migrations have begun, whether the database is
/// adopted, and whether its schema is the current one. The adoption is found in the catalogue, because a role without the right to use a schema
/// cannot name its tables.
const TASKS_ORIGIN: &str = "SELECT c.relkind::text, n.nspname::text, to_regclass('_sqlx_migrations') IS NOT NULL, \
    EXISTS (SELECT FROM pg_catalog.pg_class a JOIN pg_catalog.pg_namespace s ON s.oid = a.relnamespace \
            WHERE s.nspname = 'todo_api' AND a.relname = 'adoption'), \
    current_schema() IS NOT DISTINCT FROM 'todo_api' \
    FROM (SELECT to_regclass('tasks') AS oid) AS name LEFT JOIN pg_catalog.pg_class c ON c.oid = name.oid \
    LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace";

/// Tables of other programs that are called like tasks.
const SIMILAR_TABLES: &str = "SELECT n.nspname || '.' || c.relname FROM pg_catalog.pg_class c \
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p') AND n.nspname !~ '^pg_' \
    AND lower(c.relname) IN ('task', 'tasks', 'todo', 'todos', 'todo_item', 'todo_items') ORDER BY 1 LIMIT 5";

/// The relation that the statements call `tasks`, and the adoption of the database.
struct Origin {
    /// `r` is a table, `v` a view.
    kind: Option<String>,
    schema: Option<String>,
    has_migrations: bool,
    is_adopted: bool,
    /// Whether the search path leads to the schema of adoptions.
    leads_there: bool,
}

/// Fails if the migrations must not run.
pub(super) async fn check(connection: &mut PgConnection) -> Result<(), MigrationError> {
    let (kind, schema, has_migrations, is_adopted, leads_there) =
        sqlx::query_as(TASKS_ORIGIN).fetch_one(&mut *connection).await?;
    let origin = Origin { kind, schema, has_migrations, is_adopted, leads_there };
    let applied = if origin.has_migrations { count_applied(connection).await? } else { 0 };
    if origin.kind.is_none() && !origin.has_migrations && !origin.is_adopted {
        warn_about_similar(connection).await?;
    }
    match refusal(&origin, applied) {
        Some(why) => Err(MigrationError::Failed(why)),
        None => Ok(()),
    }
}

/// A new table beside a table of tasks with another name is rarely intended.
async fn warn_about_similar(connection: &mut PgConnection) -> Result<(), MigrationError> {
    let similar: Vec<String> = sqlx::query_scalar(SIMILAR_TABLES).fetch_all(connection).await?;
    for table in similar {
        tracing::warn!(
            table,
            "the database has a table that looks like tasks; todo-api adopt serves it, and this server creates an empty table"
        );
    }
    Ok(())
}

async fn count_applied(connection: &mut PgConnection) -> Result<usize, MigrationError> {
    let mut applied = 0;
    for migration in TASK_MIGRATIONS {
        let count: i64 = sqlx::query_scalar(sql::MIGRATION_APPLIED.postgres)
            .bind(migration.version)
            .fetch_one(&mut *connection)
            .await?;
        applied += usize::from(count > 0);
    }
    Ok(applied)
}

fn refusal(origin: &Origin, applied: usize) -> Option<String> {
    let is_view = origin.kind.as_deref() == Some("v");
    let schema = origin.schema.as_deref().unwrap_or_default();
    let is_in_adoption = is_view && schema == "todo_api";
    if origin.is_adopted && !is_in_adoption {
        return Some(if origin.leads_there {
            "the adoption is not complete; run todo-api adopt --apply again".to_owned()
        } else {
            "the database is adopted, but the search_path of this connection does not lead to the schema todo_api; connect as the role of \
             todo-api adopt --role, or append ?options=-c%20search_path%3Dtodo_api to the URL of a direct connection"
                .to_owned()
        });
    }
    if is_in_adoption && applied < TASK_MIGRATIONS.len() {
        return Some("the database was adopted by an older release; run todo-api adopt --apply".to_owned());
    }
    (origin.kind.is_some() && applied == 0).then(|| {
        format!("{schema}.tasks belongs to another program; see what todo-api adopt makes of it, or use another database")
    })
}
