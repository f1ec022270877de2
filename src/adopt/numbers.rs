//! Numbers for ids that are no integers: a table of pairs, filled by a trigger on the adopted table and, for its old rows, in batches.
//!
//! The trigger is the only thing that an adoption puts on their table, and only there can it be: their service inserts rows as well, and each
//! row needs its number before a client can see it.

use std::time::Instant;

use sqlx::PgConnection;

use super::catalogue::Table;
use super::error::AdoptError;
use super::locks::{self, HeldLock, Mode};
use super::mapping::{IdKind, Mapping};
use super::progress::Progress;
use super::statement::Sql;
use super::view;

/// Rows that are numbered in one transaction.
const BATCH: i64 = 5_000;

/// Whether the table has the trigger. It is found by its function, because a table of theirs can have a trigger of the same name.
pub(super) async fn has_trigger(connection: &mut PgConnection, table: &Table) -> Result<bool, AdoptError> {
    let exists = "SELECT EXISTS (SELECT FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid JOIN pg_namespace n ON n.oid = p.pronamespace
        WHERE t.tgrelid = $1::int8::oid AND t.tgname = 'todo_api_number' AND n.nspname = 'todo_api' AND p.proname = 'number_task')";
    Ok(sqlx::query_scalar(exists).bind(table.oid).fetch_one(connection).await?)
}

/// Creates the table of pairs and the trigger, if they are missing. Nothing if the ids are integers. A trigger that exists stays: to drop it
/// would lock out the readers of their table.
pub(super) fn create_statements(mapping: &Mapping, has_trigger: bool) -> Vec<Sql> {
    let IdKind::Numbered { type_name, .. } = &mapping.id.kind else { return Vec::new() };
    let id = &mapping.id.column;
    let body = format!(
        "BEGIN\n  INSERT INTO todo_api.task_ids (key) VALUES (NEW.{id}) ON CONFLICT (key) DO NOTHING;\n  RETURN NULL;\nEND;\n"
    );
    let mut statements = vec![
        Sql::new(format!(
            "CREATE TABLE IF NOT EXISTS todo_api.task_ids (\n  number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,\n  \
             key {type_name} NOT NULL UNIQUE)"
        )),
        view::function("number_task", &body, "pg_catalog, pg_temp"),
    ];
    if !has_trigger {
        statements.push(Sql::new(format!(
            "CREATE TRIGGER todo_api_number AFTER INSERT OR UPDATE OF {id} ON {} FOR EACH ROW EXECUTE FUNCTION todo_api.number_task()",
            mapping.table
        )));
    }
    statements
}

/// Numbers the rows that are older than the trigger, in the order of their creation. Each batch is a transaction. If the process dies, the
/// next run continues with the rows that have no number. Returns the number of rows, and the lock on their table.
pub(super) async fn fill(
    connection: &mut PgConnection,
    mapping: &Mapping,
) -> Result<(i64, HeldLock), AdoptError> {
    let since = Instant::now();
    let (id, table) = (&mapping.id.column, &mapping.table);
    Sql::new(format!(
        "CREATE TEMP TABLE todo_api_missing AS SELECT t.{id} AS key, row_number() OVER (ORDER BY {created_at}, t.{id}) AS position\n\
         FROM {table} AS t WHERE NOT EXISTS (SELECT FROM todo_api.task_ids AS p WHERE p.key = t.{id})",
        created_at = mapping.created_at("t.")
    ))
    .execute(connection)
    .await?;
    // The batches read the temporary table only.
    let lock = HeldLock::new(locks::FILL, table.plain(), Mode::AccessShare, since);
    Sql::new("CREATE INDEX ON pg_temp.todo_api_missing (position)").execute(connection).await?;
    let (total,): (i64,) =
        Sql::new("SELECT count(*) FROM pg_temp.todo_api_missing").fetch_one(connection).await?;
    let mut progress = Progress::new("numbering the tasks", "rows", total);
    let mut done = 0;
    while done < total {
        let end = done + BATCH;
        Sql::new(format!(
            "INSERT INTO todo_api.task_ids (key) SELECT key FROM pg_temp.todo_api_missing WHERE position > {done} AND position <= {end}\n\
             ORDER BY position ON CONFLICT (key) DO NOTHING"
        ))
        .execute(connection)
        .await?;
        done = end.min(total);
        progress.show(done);
    }
    progress.finish();
    Sql::new("DROP TABLE pg_temp.todo_api_missing").execute(connection).await?;
    Sql::new("ANALYZE todo_api.task_ids").execute(connection).await?;
    Ok((total, lock))
}
