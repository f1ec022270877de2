//! Turns the view into this server's own table: for operators who do not go back.

use std::time::Instant;

use sqlx::{Connection as _, PgConnection};

use super::apply::Done;
use super::database::{Adoption, Database, SchemaState};
use super::error::AdoptError;
use super::finding::{Finding, Level};
use super::locks::{self, HeldLock, Mode};
use super::mapping::{IdKind, Mapping};
use super::names::{Literal, QualifiedName, QuotedIdentifier};
use super::plan;
use super::progress::Progress;
use super::statement::Sql;
use super::view;
use crate::store::TASK_MIGRATIONS;

/// Tasks that one statement copies. All are in one transaction; parts show how far it is.
const PART: i64 = 20_000;

/// Other sessions in this database. Each would find its table gone.
const OTHERS: &str = "SELECT coalesce(usename::text, ''), application_name, count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend' GROUP BY 1, 2 ORDER BY 1, 2";

/// Copies the tasks into a table, renames the old table, and drops the view. All or nothing.
pub(super) async fn settle(connection: &mut PgConnection, database: Database) -> Result<Done, AdoptError> {
    let adoption = match database.state.clone() {
        SchemaState::Adopted(adoption) => adoption,
        SchemaState::Own => {
            let text = "the tasks are in this server's own table already; there is nothing to settle";
            return Err(AdoptError::Refused(text.to_owned()));
        }
        SchemaState::Absent | SchemaState::Begun(_) | SchemaState::Foreign => {
            let text = "this database is not adopted; run todo-api adopt --apply first";
            return Err(AdoptError::Refused(text.to_owned()));
        }
    };
    refuse_others(connection).await?;
    let plan = plan::make(connection, database, &adoption.choices, adoption.role.as_deref()).await?;
    let Some(mapping) = &plan.mapping else { return Err(refusal(&plan.findings)) };
    if plan.findings.iter().any(|it| it.level == Level::Blocker) {
        return Err(refusal(&plan.findings));
    }
    refuse_dependents(connection, mapping).await?;
    let since = Instant::now();
    let mut transaction = connection.begin().await?;
    let lock = format!("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE NOWAIT", mapping.table);
    Sql::new(lock).execute(&mut transaction).await.map_err(|error| match AdoptError::from(error) {
        AdoptError::Locked(_) => {
            AdoptError::Locked("another session uses the table, and nothing was changed")
        }
        other => other,
    })?;
    refuse_invalid_rows(&mut transaction).await?;
    create_table(&mut transaction).await?;
    let tasks = copy(&mut transaction).await?;
    let kept = finish(&mut transaction, mapping, &adoption).await?;
    transaction.commit().await?;
    let lock = HeldLock::new(locks::SETTLE, mapping.table.plain(), Mode::AccessExclusive, since);
    Sql::new("ANALYZE todo_api.tasks").execute(connection).await?;
    let lines = vec![
        format!("copied {tasks} tasks into the table todo_api.tasks"),
        format!("kept the old table as {}; drop it by hand when it is not needed", kept.plain()),
    ];
    Ok(Done { lines, locks: vec![lock] })
}

fn refusal(findings: &[Finding]) -> AdoptError {
    let first = findings.iter().find(|it| it.level == Level::Blocker);
    let text = first.map_or("the table cannot be read", |it| it.text.as_str());
    AdoptError::Refused(format!("the table has changed: {text}"))
}

async fn refuse_others(connection: &mut PgConnection) -> Result<(), AdoptError> {
    let others: Vec<(String, String, i64)> = sqlx::query_as(OTHERS).fetch_all(connection).await?;
    if others.is_empty() {
        return Ok(());
    }
    let others: Vec<String> =
        others.into_iter().map(|(role, name, count)| format!("{count} of {role} ({name})")).collect();
    Err(AdoptError::Refused(format!(
        "other sessions use this database: {}; stop the other service and this server first, because the table of the tasks changes its place",
        others.join(", ")
    )))
}

/// Foreign keys and views of the other program on its table.
const DEPENDENTS: &str = "SELECT 'the foreign key ' || conname || ' of ' || conrelid::regclass FROM pg_constraint
    WHERE contype = 'f' AND confrelid = $1::regclass AND conrelid <> confrelid AND conparentid = 0
    UNION SELECT 'the view ' || r.ev_class::regclass FROM pg_depend d JOIN pg_rewrite r ON r.oid = d.objid
    WHERE d.classid = 'pg_rewrite'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjid = $1::regclass
      AND r.ev_class NOT IN ($1::regclass, 'todo_api.tasks'::regclass)
    ORDER BY 1";

/// What refers to their table would go on referring to the old table, which no task of a client reaches any more.
async fn refuse_dependents(connection: &mut PgConnection, mapping: &Mapping) -> Result<(), AdoptError> {
    let table = mapping.table.to_string();
    let found: Vec<String> = sqlx::query_scalar(DEPENDENTS).bind(table).fetch_all(connection).await?;
    if found.is_empty() {
        return Ok(());
    }
    Err(AdoptError::Refused(format!(
        "{} would stay with the old table of the tasks; drop them first, and create them for todo_api.tasks afterwards",
        found.join(", ")
    )))
}

/// Rows that the constraints of the new table do not allow. Rows without a user stay in the old table only.
async fn refuse_invalid_rows(connection: &mut PgConnection) -> Result<(), AdoptError> {
    let query = "SELECT count(*), coalesce(string_agg(id::text, ', ') FILTER (WHERE position <= 10), '') FROM (
          SELECT id, row_number() OVER (ORDER BY id) AS position FROM todo_api.tasks
          WHERE user_id IS NOT NULL AND (char_length(user_id) NOT BETWEEN 1 AND 255 OR char_length(title) NOT BETWEEN 1 AND 500
            OR char_length(description) > 10000)) AS invalid";
    let (invalid, ids): (i64, String) = Sql::new(query).fetch_one(connection).await?;
    if invalid == 0 {
        return Ok(());
    }
    Err(AdoptError::Refused(format!(
        "{invalid} tasks have a blank title or a text that is too long for the new table (ids {ids}); correct them first"
    )))
}

/// Creates the table as the migrations do.
async fn create_table(connection: &mut PgConnection) -> Result<(), AdoptError> {
    for statement in ["ALTER VIEW todo_api.tasks RENAME TO adopted_tasks", "SET LOCAL search_path = todo_api"]
    {
        Sql::new(statement).execute(connection).await?;
    }
    for migration in TASK_MIGRATIONS {
        Sql::new(migration.postgres).execute(connection).await?;
    }
    Sql::new("SET LOCAL search_path = pg_catalog").execute(connection).await?;
    Ok(())
}

/// Copies the tasks, with their other columns if the table has a place for them.
async fn copy(connection: &mut PgConnection) -> Result<i64, AdoptError> {
    let has_attributes = "SELECT EXISTS (SELECT FROM pg_attribute WHERE attrelid = 'todo_api.tasks'::regclass AND attname = 'attributes')";
    let has_attributes: bool = sqlx::query_scalar(has_attributes).fetch_one(&mut *connection).await?;
    let attributes = if has_attributes { ", attributes" } else { "" };
    let (total,): (i64,) = Sql::new("SELECT count(*) FROM todo_api.adopted_tasks WHERE user_id IS NOT NULL")
        .fetch_one(connection)
        .await?;
    let mut progress = Progress::new("copying the tasks", "rows", total);
    let (mut copied, mut last) = (0, i64::MIN);
    loop {
        let part = format!(
            "WITH copied AS (INSERT INTO todo_api.tasks (id, user_id, title, description, completed, created_at, updated_at{attributes})\n\
             OVERRIDING SYSTEM VALUE SELECT id, user_id, title, description, completed, created_at, updated_at{attributes}\n\
             FROM todo_api.adopted_tasks WHERE user_id IS NOT NULL AND id > ({last}) ORDER BY id LIMIT {PART} RETURNING id)\n\
             SELECT count(*), max(id) FROM copied"
        );
        let (rows, newest): (i64, Option<i64>) = Sql::new(part).fetch_one(connection).await?;
        let Some(newest) = newest else { break };
        copied += rows;
        last = newest;
        progress.show(copied);
    }
    progress.finish();
    Ok(copied)
}

/// Continues the ids, drops what the adoption has made, and renames the old table. Returns its new name.
async fn finish(
    connection: &mut PgConnection,
    mapping: &Mapping,
    adoption: &Adoption,
) -> Result<QualifiedName, AdoptError> {
    let table = &mapping.table;
    let name = QuotedIdentifier::new(format!("{}_before_todo_api", table.name.plain()));
    let last_id = match mapping.id.kind {
        IdKind::Integer => last_of_sequence(connection, mapping).await?,
        IdKind::Numbered { .. } => "(SELECT max(number) FROM todo_api.task_ids)".to_owned(),
    };
    let mut statements = vec![format!(
        "SELECT setval(pg_get_serial_sequence('todo_api.tasks', 'id'), \
         greatest((SELECT max(id) FROM todo_api.tasks), {last_id}, 1))"
    )];
    if let IdKind::Numbered { .. } = mapping.id.kind {
        statements.push(format!("DROP TRIGGER IF EXISTS todo_api_number ON {table}"));
        statements.push("DROP FUNCTION IF EXISTS todo_api.number_task()".to_owned());
    }
    statements.push("DROP VIEW todo_api.adopted_tasks".to_owned());
    statements.extend(view::drop_functions().iter().map(|it| it.text().to_owned()));
    statements.extend(
        ["DROP TABLE IF EXISTS todo_api.task_ids", "DROP TABLE todo_api.adoption"].map(str::to_owned),
    );
    statements.push(format!("ALTER TABLE {table} RENAME TO {name}"));
    if let Some(role) = &adoption.role {
        let role = QuotedIdentifier::new(role);
        statements.push(format!("GRANT SELECT, INSERT, UPDATE, DELETE ON todo_api.tasks TO {role}"));
    }
    for statement in statements {
        Sql::new(statement).execute(connection).await?;
    }
    Ok(QualifiedName { schema: table.schema.clone(), name })
}

/// The last value of the old sequence: the id of a deleted task must not come back.
async fn last_of_sequence(connection: &mut PgConnection, mapping: &Mapping) -> Result<String, AdoptError> {
    let (sequence,): (Option<String>,) = Sql::new(format!(
        "SELECT pg_get_serial_sequence({}, {})",
        Literal(&mapping.table.to_string()),
        Literal(mapping.id.column.plain())
    ))
    .fetch_one(connection)
    .await?;
    Ok(sequence.map_or_else(|| "0".to_owned(), |sequence| format!("(SELECT last_value FROM {sequence})")))
}
