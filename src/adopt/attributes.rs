//! The other columns of the table as members of the task's `attributes`: PL/pgSQL of the triggers.
//!
//! A member is read as PostgreSQL writes its type in JSON, and written by a conversion back to the type.

use super::mapping::{Attribute, Mapping};
use super::names::Literal;

/// Refuses members of new tasks that are no columns.
pub(super) fn check(mapping: &Mapping) -> String {
    check_if(mapping, "wanted IS NOT NULL")
}

/// Refuses such members of changed tasks.
pub(super) fn check_changed(mapping: &Mapping) -> String {
    check_if(mapping, "wanted IS DISTINCT FROM OLD.attributes")
}

fn check_if(mapping: &Mapping, condition: &str) -> String {
    let names: Vec<String> = writable(mapping).map(|it| Literal(it.column.plain()).to_string()).collect();
    let unknown = format!("wanted - ARRAY[{}]::text[]", names.join(", "));
    // A member that PostgreSQL computes may be sent back as it is.
    let generated: Vec<String> = mapping
        .attributes
        .iter()
        .filter(|it| it.is_generated)
        .map(|it| Literal(it.column.plain()).to_string())
        .collect();
    let unknown = if generated.is_empty() || !condition.contains("OLD") {
        format!("{unknown} <> '{{}}'::jsonb")
    } else {
        format!("NOT OLD.attributes @> ({unknown})")
    };
    format!(
        "  IF {condition} AND {unknown} THEN\n    \
         RAISE EXCEPTION 'an attribute is no column of the adopted table' USING ERRCODE = '42703';\n  END IF;\n"
    )
}

/// Writes the members of a new task. Columns without a member keep their default.
pub(super) fn write_new(mapping: &Mapping, is_new: &str, fields: &str, targets: &str) -> String {
    write(mapping, "wanted <> '{}'::jsonb", "wanted", is_new, fields, targets)
}

/// Writes the members of a changed task. A column without a member becomes null, if it can.
pub(super) fn write_changed(mapping: &Mapping, fields: &str, targets: &str) -> String {
    let nulls: Vec<String> = writable(mapping)
        .filter(|it| it.is_nullable)
        .map(|it| format!("{}, NULL", Literal(it.column.plain())))
        .collect();
    let parts: Vec<String> =
        nulls.chunks(40).map(|part| format!("jsonb_build_object({})", part.join(", "))).collect();
    let mut members = parts;
    members.push("coalesce(wanted, '{}'::jsonb)".to_owned());
    let row = super::view::row_of_old(mapping);
    write(mapping, "wanted IS DISTINCT FROM OLD.attributes", &members.join(" || "), &row, fields, targets)
}

fn write(
    mapping: &Mapping,
    condition: &str,
    members: &str,
    row: &str,
    fields: &str,
    targets: &str,
) -> String {
    let columns: Vec<String> = writable(mapping).map(|it| it.column.to_string()).collect();
    if columns.is_empty() {
        return String::new();
    }
    let values: Vec<String> = columns.iter().map(|column| format!("r.{column}")).collect();
    format!(
        "  IF {condition} THEN\n    UPDATE {table} AS t SET ({columns}) = (SELECT {values} FROM jsonb_populate_record(t, {members}) AS r)\n    \
         WHERE {row}\n    RETURNING {fields}\n    INTO {targets};\n  END IF;\n",
        table = mapping.table,
        columns = columns.join(", "),
        values = values.join(", "),
    )
}

fn writable(mapping: &Mapping) -> impl Iterator<Item = &Attribute> {
    mapping.attributes.iter().filter(|it| !it.is_generated)
}
