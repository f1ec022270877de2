//! The plan in words: what each column becomes, and what the operator does afterwards.

use super::catalogue::{Column, Table};
use super::database::Database;
use super::finding::Finding;
use super::mapping::{Completed, IdKind, Mapping, SoftDeletionKind, Time, UserKind};
use super::names::QuotedIdentifier;
use super::plan::PlannedColumn;
use super::record;

/// What each column becomes.
pub(super) fn columns(table: &Table, mapping: &Mapping) -> Vec<PlannedColumn> {
    let describe = |column: &Column| PlannedColumn {
        name: column.name.plain().to_owned(),
        declared_type: column.declared_type.clone(),
        becomes: becomes(mapping, column),
    };
    table.columns.iter().map(describe).collect()
}

fn becomes(mapping: &Mapping, column: &Column) -> String {
    let is = |name: &QuotedIdentifier| *name == column.name;
    let fields = [
        (is(&mapping.id.column), id(mapping)),
        (is(&mapping.user_id.column), user(mapping.user_id.kind)),
        (is(&mapping.title.column), text("title", mapping.title.null_is_empty)),
        (is(&mapping.description.column), description(mapping.description.is_nullable)),
        (is(mapping.completed.column()), completed(&mapping.completed)),
    ];
    if let Some((_, text)) = fields.into_iter().find(|(is_it, _)| *is_it) {
        return text;
    }
    let times = [
        ("created_at", &mapping.created_at, "1970-01-01"),
        ("updated_at", &mapping.updated_at, "created_at"),
    ];
    for (field, column_of_time, if_null) in times {
        if let Some(it) = column_of_time.as_ref().filter(|it| is(&it.column)) {
            return time(field, it, if_null);
        }
    }
    if let Some(deletion) = mapping.soft_deletion.as_ref().filter(|it| is(&it.column)) {
        let value = match deletion.kind {
            SoftDeletionKind::Boolean => "true",
            SoftDeletionKind::Moment { .. } => "now",
        };
        return format!(
            "soft deletion: such rows are hidden, and a deletion sets {value} (--hard-delete deletes rows)"
        );
    }
    let attribute = format!("attributes.{}", column.name.plain());
    match mapping.values.iter().find(|it| it.column == column.name) {
        Some(it) => format!("{attribute}; '{}' in new tasks", it.value),
        None if column.is_generated => format!("{attribute}, read only"),
        None if column.default.is_some() => format!("{attribute}; its default in new tasks"),
        None if column.is_nullable => format!("{attribute}; null in new tasks"),
        None => format!("{attribute}; new tasks need a value"),
    }
}

fn id(mapping: &Mapping) -> String {
    match &mapping.id.kind {
        IdKind::Integer => "id as it is; new tasks get theirs as before".to_owned(),
        IdKind::Numbered { .. } => {
            "id: a number for each, kept in todo_api.task_ids; clients see the number instead".to_owned()
        }
    }
}

fn user(kind: UserKind) -> String {
    match kind {
        UserKind::Text => "user_id as it is".to_owned(),
        UserKind::Uuid => {
            "user_id as a text; only users whose id is a UUID in lower case have tasks".to_owned()
        }
        UserKind::Integer(_) => "user_id as a text; only users whose id is a number have tasks".to_owned(),
    }
}

fn text(field: &str, null_is_empty: bool) -> String {
    if null_is_empty { format!("{field}; null is shown as an empty text") } else { field.to_owned() }
}

fn description(is_nullable: bool) -> String {
    if is_nullable {
        "description".to_owned()
    } else {
        "description; an empty text instead of null".to_owned()
    }
}

fn completed(completed: &Completed) -> String {
    match completed {
        Completed::Boolean { is_nullable: false, .. } => "completed as it is".to_owned(),
        Completed::Boolean { is_nullable: true, .. } => "completed; null is not completed".to_owned(),
        Completed::Status { done, open, .. } => {
            let first = done.first().map(String::as_str).unwrap_or_default();
            format!("completed if '{}'; a client writes '{first}' and '{open}'", done.join("' or '"))
        }
        Completed::Moment { .. } => "completed if not null; a client writes now and null".to_owned(),
    }
}

fn time(field: &str, time: &Time, if_null: &str) -> String {
    let zone = if time.zoned { "" } else { ", taken as UTC" };
    let null = if time.is_nullable { format!("; {if_null} if null") } else { String::new() };
    format!("{field}{zone}{null}")
}

/// What follows from the mapping itself.
pub(super) fn notes(mapping: &Mapping) -> Vec<Finding> {
    let mut notes = vec![Finding::note(format!(
        "while the view exists, PostgreSQL refuses to drop columns of {} or to change their types; before such a migration of theirs run \
         adopt --revert, and afterwards adopt --apply",
        mapping.table.plain()
    ))];
    if let IdKind::Numbered { .. } = mapping.id.kind {
        notes.push(Finding::note(format!(
            "clients see numbers instead of the ids of {}; a trigger on that table (todo_api_number) numbers new rows, and --revert forgets the numbers",
            mapping.table.plain()
        )));
    }
    if let Completed::Status { open, done, .. } = &mapping.completed {
        let first = done.first().map(String::as_str).unwrap_or_default();
        notes.push(Finding::note(format!(
            "a task that is completed and reopened has the status '{open}', also if it had another before it was '{first}'"
        )));
    }
    notes
}

/// What the operator sets afterwards, so that the server finds the view.
pub(super) fn afterwards(database: &Database, role: Option<&str>) -> Vec<String> {
    let name = &database.name;
    match role {
        Some(role) if !database.can_alter_roles => vec![
            format!(
                "As {role}, run: {}. The role {} lacks CREATEROLE to do it.",
                record::set_search_path(database, role).text(),
                database.role
            ),
            format!("Connect the server as {role} (DATABASE_URL=postgres://{role}:…@…/{name})."),
        ],
        Some(role) => vec![
            format!("Connect the server as {role} (DATABASE_URL=postgres://{role}:…@…/{name}). Its search_path leads to the view, also behind a pooler."),
            "Keep the role of the other service as it is.".to_owned(),
        ],
        None => vec![
            "On a direct connection, append ?options=-c%20search_path%3Dtodo_api to the server's DATABASE_URL.".to_owned(),
            "Behind PgBouncer or Neon's pooler, create a role for the server and run adopt --apply --role with it: poolers reject the parameter."
                .to_owned(),
            "Do not set search_path on the database or on the role of the other service.".to_owned(),
        ],
    }
}
