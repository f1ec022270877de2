//! Constraints and triggers that a write through the view meets, and the members of a task that they belong to.

use sqlx::PgConnection;

use super::catalogue::{Column, Table};
use super::error::AdoptError;
use super::finding::Finding;
use super::mapping::Mapping;
use crate::store::rejection::{ID, Named, USER};

/// The constraints of the table, and the foreign keys to it. `r` is such a foreign key, and `i` a unique index that is no constraint.
const CONSTRAINTS: &str = "SELECT CASE WHEN contype = 'f' AND confrelid = $1::int8::oid THEN 'r' ELSE contype::text END, conname::text,
    conrelid::regclass::text, confrelid::regclass::text, confdeltype::text,
    ARRAY(SELECT a.attname::text FROM pg_attribute a WHERE a.attrelid = conrelid AND a.attnum = ANY (conkey)), pg_get_constraintdef(oid),
    condeferred
    FROM pg_constraint WHERE conrelid = $1::int8::oid OR (contype = 'f' AND confrelid = $1::int8::oid)
    UNION ALL
    SELECT 'i', c.relname::text, '', '', '',
      ARRAY(SELECT a.attname::text FROM pg_attribute a WHERE a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)), pg_get_indexdef(c.oid), false
    FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
    WHERE i.indrelid = $1::int8::oid AND i.indisunique AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = c.oid AND conrelid = i.indrelid)
    ORDER BY 2";

/// Triggers of their own.
const TRIGGERS: &str = "SELECT tgname::text FROM pg_trigger WHERE tgrelid = $1::int8::oid AND NOT tgisinternal AND tgname <> 'todo_api_number'
    ORDER BY tgname";

/// Kind, name, table, referenced table, action on deletion, columns and definition of a constraint, and whether it is checked at the commit.
type Constraint = (String, String, String, String, String, Vec<String>, String, bool);

/// What the errors of the table's constraints name.
#[derive(Debug, Clone, Default)]
pub(super) struct Constraints {
    pub(super) names: Vec<Named>,
    /// Whether a constraint is checked at the commit, unless a statement asks for it earlier.
    pub(super) are_deferred: bool,
}

/// Reads the constraints. Returns the findings about them and about triggers as well.
pub(super) async fn read(
    connection: &mut PgConnection,
    table: &Table,
    mapping: &Mapping,
) -> Result<(Constraints, Vec<Finding>), AdoptError> {
    let rows: Vec<Constraint> =
        sqlx::query_as(CONSTRAINTS).bind(table.oid).fetch_all(&mut *connection).await?;
    let mut findings = Vec::new();
    let mut constraints = Constraints { names: columns(table, mapping), are_deferred: false };
    for row in rows {
        findings.extend(finding(&row, mapping));
        let (kind, name, _, _, _, columns, _, is_deferred) = row;
        constraints.are_deferred |= is_deferred;
        if kind != "r" {
            constraints.names.push(Named { name, members: members(mapping, &columns) });
        }
    }
    let triggers: Vec<(String,)> = sqlx::query_as(TRIGGERS).bind(table.oid).fetch_all(connection).await?;
    if !triggers.is_empty() {
        let names: Vec<String> = triggers.into_iter().map(|it| it.0).collect();
        findings.push(Finding::note(format!(
            "triggers of {} run for this server as well: {}. A write that one of them refuses (RAISE) gets the status 422, in /api/v1 400",
            table.name.plain(),
            names.join(", ")
        )));
    }
    Ok((constraints, findings))
}

fn finding(constraint: &Constraint, mapping: &Mapping) -> Option<Finding> {
    let (kind, name, from, to, on_delete, columns, definition, _) = constraint;
    let user = mapping.user_id.column.plain();
    match kind.as_str() {
        "f" if columns.iter().any(|it| it == user) => Some(Finding::warning(format!(
            "{user} references {to}: a task of a user who is not in {to} is refused with the status 403. Such a user can read; keep creating \
             users there"
        ))),
        "r" if matches!(on_delete.as_str(), "a" | "r") && mapping.soft_deletion.is_none() => {
            Some(Finding::warning(format!(
                "{from} references the tasks ({name}): the deletion of a task with rows there is refused with the status 422, in /api/v1 400, \
                 because PostgreSQL does not delete them; a cascade in SQLAlchemy is not known to PostgreSQL"
            )))
        }
        "u" | "i" | "c" | "x" if columns != &[mapping.id.column.plain()] => Some(Finding::note(format!(
            "the constraint {name} ({definition}) applies; a violation gets the status 422, in /api/v1 400"
        ))),
        _ => None,
    }
}

/// The columns of fields that are not called like them.
fn columns(table: &Table, mapping: &Mapping) -> Vec<Named> {
    let named = |column: &Column| {
        let name = column.name.plain();
        let members: Vec<String> = member(mapping, name).into_iter().collect();
        (members.first()? != name).then(|| Named { name: format!(".{name}"), members })
    };
    table.columns.iter().filter_map(named).collect()
}

/// The members of these columns. The user of a task and its id are named only if nothing else is: a client cannot change them.
fn members(mapping: &Mapping, columns: &[String]) -> Vec<String> {
    let all: Vec<String> = columns.iter().filter_map(|column| member(mapping, column)).collect();
    let others: Vec<String> = all.iter().filter(|it| !matches!(it.as_str(), ID | USER)).cloned().collect();
    if others.is_empty() { all } else { others }
}

/// The member of a column. A time, and the column that hides deleted rows, have none that a client can write.
fn member(mapping: &Mapping, column: &str) -> Option<String> {
    let fields = [
        (&mapping.id.column, ID),
        (&mapping.user_id.column, USER),
        (&mapping.title.column, "title"),
        (&mapping.description.column, "description"),
        (mapping.completed.column(), "completed"),
    ];
    if let Some((_, member)) = fields.into_iter().find(|(it, _)| it.plain() == column) {
        return Some(member.to_owned());
    }
    let is_attribute = mapping.attributes.iter().any(|it| it.column.plain() == column && !it.is_generated);
    is_attribute.then(|| column.to_owned())
}
