//! The view over the adopted table, and the triggers that write through it.
//!
//! Every column is written by an `INSTEAD OF` trigger, also where PostgreSQL could update the view by itself. So there is one way for all
//! tables. The functions run with the rights of the role that has adopted the table (`SECURITY DEFINER`): the server's role needs no right on
//! the table.

use super::attributes;
use super::mapping::{IdKind, Mapping};
use super::names::{FunctionBody, Literal, QuotedIdentifier};
use super::statement::Sql;
use crate::store::rejection::Part;

/// Drops the view and its functions, if they exist. The triggers go with the view.
pub(super) fn drop_statements() -> Vec<Sql> {
    let mut statements = vec![Sql::new("DROP VIEW IF EXISTS todo_api.tasks")];
    statements.extend(drop_functions());
    statements
}

/// Drops the functions of the view's triggers, if they exist.
pub(super) fn drop_functions() -> [Sql; 3] {
    [
        "DROP FUNCTION IF EXISTS todo_api.insert_task()",
        "DROP FUNCTION IF EXISTS todo_api.update_task()",
        "DROP FUNCTION IF EXISTS todo_api.delete_task()",
    ]
    .map(Sql::new)
}

/// Creates the view and its triggers.
pub(super) fn create_statements(mapping: &Mapping, search_path: &[String]) -> Vec<Sql> {
    let mut statements = vec![view(mapping)];
    let functions = [
        ("insert", insert_body(mapping)),
        ("update", update_body(mapping)),
        ("delete", delete_body(mapping)),
    ];
    for (event, body) in functions {
        statements.push(function(&format!("{event}_task"), &body, &path(mapping, search_path)));
        statements.push(Sql::new(format!(
            "CREATE TRIGGER {event}_task INSTEAD OF {} ON todo_api.tasks FOR EACH ROW EXECUTE FUNCTION todo_api.{event}_task()",
            event.to_uppercase()
        )));
    }
    statements
}

/// A trigger function. It finds names in this path only, so that the caller's path cannot lead it elsewhere.
pub(super) fn function(name: &str, body: &str, path: &str) -> Sql {
    let body = FunctionBody(body);
    Sql::new(format!(
        "CREATE OR REPLACE FUNCTION todo_api.{name}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER\n  SET search_path = {path} AS {body}"
    ))
}

/// PostgreSQL's names first, and then those that their own triggers may need.
fn path(mapping: &Mapping, search_path: &[String]) -> String {
    let mut path: Vec<String> = vec!["pg_catalog".to_owned()];
    let schemas = search_path.iter().map(QuotedIdentifier::new).chain([mapping.table.schema.clone()]);
    for schema in schemas {
        let schema = schema.to_string();
        if !path.contains(&schema) {
            path.push(schema);
        }
    }
    path.push("pg_temp".to_owned());
    path.join(", ")
}

fn view(mapping: &Mapping) -> Sql {
    let id = match &mapping.id.kind {
        IdKind::Integer => format!("t.{}", mapping.id.column),
        IdKind::Numbered { .. } => "p.number".to_owned(),
    };
    let mut columns = vec![format!("{id} AS id")];
    columns.extend(mapping.fields("t.").iter().map(|(name, read)| format!("{read} AS {name}")));
    let numbers = match mapping.id.kind {
        IdKind::Integer => String::new(),
        IdKind::Numbered { .. } => {
            format!(" JOIN todo_api.task_ids AS p ON p.key = t.{}", mapping.id.column)
        }
    };
    let present = mapping.soft_deletion.as_ref().map(|it| format!("\nWHERE {}", it.is_present("t.")));
    Sql::new(format!(
        "CREATE VIEW todo_api.tasks AS SELECT\n  {}\nFROM {} AS t{numbers}{}",
        columns.join(",\n  "),
        mapping.table,
        present.unwrap_or_default()
    ))
}

/// The variables of functions that write. A column with the name of a variable is meant only where it is qualified.
const BEGIN: &str =
    "#variable_conflict use_variable\nDECLARE\n  wanted jsonb := NEW.attributes;\n  refused text;\n";

fn insert_body(mapping: &Mapping) -> String {
    let (names, values) = inserted(mapping);
    let id = &mapping.id.column;
    // A row is numbered by the trigger on their table, before the insert ends.
    let (declare, into, number, is_new) = match &mapping.id.kind {
        IdKind::Integer => (String::new(), "NEW.id", "", format!("t.{id} = NEW.id")),
        IdKind::Numbered { type_name, .. } => (
            format!("  new_key {type_name};\n"),
            "new_key",
            "  SELECT p.number INTO STRICT NEW.id FROM todo_api.task_ids AS p WHERE p.key = new_key;\n",
            format!("t.{id} = new_key"),
        ),
    };
    let (fields, targets) = returning(mapping);
    format!(
        "{BEGIN}{declare}BEGIN\n  IF NEW.id IS NOT NULL THEN\n    \
         RAISE EXCEPTION 'the id of a task is generated' USING ERRCODE = '428C9';\n  END IF;\n{check_user}{check_attributes}  \
         INSERT {marker} INTO {table} AS t ({names})\n  VALUES ({values})\n  RETURNING t.{id}, {fields}\n  INTO {into}, {targets};\n  \
         IF NOT FOUND THEN\n    RETURN NULL;\n  END IF;\n{number}{write_attributes}{check_deferred}  RETURN NEW;\nEND;\n",
        marker = mapping.marker(Part::Fields),
        check_deferred = mapping.check_deferred(),
        check_user = mapping.user_id.check() + &mapping.check_texts(),
        check_attributes = attributes::check(mapping),
        table = mapping.table,
        write_attributes = attributes::write_new(mapping, &is_new, &fields, &targets),
    )
}

/// The columns of a new row, and their values.
fn inserted(mapping: &Mapping) -> (String, String) {
    let mut columns: Vec<(&QuotedIdentifier, String)> = Vec::new();
    if let IdKind::Numbered { generate: Some(generate), .. } = mapping.id.kind {
        columns.push((&mapping.id.column, generate.to_owned()));
    }
    columns.push((&mapping.user_id.column, mapping.user_id.write().to_owned()));
    columns.push((&mapping.title.column, "NEW.title".to_owned()));
    columns.push((&mapping.description.column, mapping.description.write("description")));
    columns.push((mapping.completed.column(), mapping.completed.write()));
    for (time, value) in [(&mapping.created_at, "NEW.created_at"), (&mapping.updated_at, "NEW.updated_at")] {
        if let Some(time) = time {
            let value = format!("coalesce({value}, date_trunc('milliseconds', now()))");
            columns.push((&time.column, time.write(&value)));
        }
    }
    for it in &mapping.values {
        columns.push((&it.column, format!("{}::{}", Literal(&it.value), it.type_name)));
    }
    let names: Vec<String> = columns.iter().map(|(name, _)| name.to_string()).collect();
    let values: Vec<String> = columns.into_iter().map(|(_, value)| value).collect();
    (names.join(", "), values.join(", "))
}

/// Writes the changed columns only: their service may change the others at the same moment. The completion is not changed if it is no longer
/// what the statement has read, because `NOT completed` would then be wrong. The server runs the statement again.
fn update_body(mapping: &Mapping) -> String {
    let changed = |column: &QuotedIdentifier, field: &str, value: &str| {
        format!(
            "{column} = CASE WHEN NEW.{field} IS DISTINCT FROM OLD.{field} THEN {value} ELSE t.{column} END"
        )
    };
    let mut sets = vec![
        changed(&mapping.title.column, "title", "NEW.title"),
        changed(&mapping.description.column, "description", &mapping.description.write("description")),
        changed(mapping.completed.column(), "completed", &mapping.completed.write()),
    ];
    if let Some(time) = &mapping.updated_at {
        let column = &time.column;
        let later = format!("t.{column} + interval '1 millisecond'");
        sets.push(format!("{column} = greatest({}, {later})", time.write("NEW.updated_at")));
    }
    let row = row_of_old(mapping);
    let (fields, targets) = returning(mapping);
    format!(
        "{BEGIN}BEGIN\n  IF NEW.id <> OLD.id OR NEW.user_id <> OLD.user_id OR NEW.created_at <> OLD.created_at THEN\n    \
         RAISE EXCEPTION 'id, user_id and created_at of a task cannot be changed' USING ERRCODE = '0A000';\n  END IF;\n{check}  \
         UPDATE {marker} {table} AS t SET\n    {sets}\n  WHERE {row}\n    AND (NEW.completed = OLD.completed OR {completed} = OLD.completed)\n  \
         RETURNING {fields}\n  INTO {targets};\n  IF NOT FOUND THEN\n    IF EXISTS (SELECT FROM {table} AS t WHERE {row}) THEN\n      \
         RAISE EXCEPTION 'the task was completed or reopened at the same moment' USING ERRCODE = '40001';\n    END IF;\n    \
         RETURN NULL;\n  END IF;\n{write_attributes}{check_deferred}  RETURN NEW;\nEND;\n",
        marker = mapping.marker(Part::Fields),
        check_deferred = mapping.check_deferred(),
        check = mapping.check_texts() + &attributes::check_changed(mapping),
        table = mapping.table,
        sets = sets.join(",\n    "),
        completed = mapping.completed.read("t."),
        write_attributes = attributes::write_changed(mapping, &fields, &targets),
    )
}

fn delete_body(mapping: &Mapping) -> String {
    let (table, row, marker) = (&mapping.table, row_of_old(mapping), mapping.marker(Part::Deletion));
    let delete = match &mapping.soft_deletion {
        None => format!("DELETE {marker} FROM {table} AS t WHERE {row}"),
        Some(deletion) => {
            format!(
                "UPDATE {marker} {table} AS t SET {} = {} WHERE {row}",
                deletion.column,
                deletion.deleted()
            )
        }
    };
    let check_deferred = mapping.check_deferred();
    format!(
        "BEGIN\n  {delete};\n  IF NOT FOUND THEN\n    RETURN NULL;\n  END IF;\n{check_deferred}  RETURN OLD;\nEND;\n"
    )
}

/// The condition for the row of `OLD`, if it still belongs to the same user and is not deleted.
pub(super) fn row_of_old(mapping: &Mapping) -> String {
    let mut conditions = vec![mapping.id.is_old(), format!("{} = OLD.user_id", mapping.user_id.read("t."))];
    conditions.extend(mapping.soft_deletion.iter().map(|it| it.is_present("t.")));
    conditions.join(" AND ")
}

/// The fields of a written row as they are stored, and the variables that take them.
fn returning(mapping: &Mapping) -> (String, String) {
    let fields = mapping.fields("t.");
    let reads: Vec<&str> = fields.iter().map(|(_, read)| read.as_str()).collect();
    let targets: Vec<String> = fields.iter().map(|(name, _)| format!("NEW.{name}")).collect();
    (reads.join(", "), targets.join(", "))
}
