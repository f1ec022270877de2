//! The other columns of the table as members of the task's `attributes`: PL/pgSQL of the triggers.
//!
//! A member is read as PostgreSQL writes its type in JSON, and written by a conversion back to the type.

use super::mapping::{Attribute, Mapping};
use super::names::Literal;
use crate::store::rejection::{INVALID_MEMBER, Part};

/// Refuses members of new tasks that are no columns, or that PostgreSQL computes.
pub(super) fn check(mapping: &Mapping) -> String {
    check_if(mapping, "wanted IS NOT NULL", "")
}

/// Refuses such members of changed tasks. A member that PostgreSQL computes may be sent back as it is.
pub(super) fn check_changed(mapping: &Mapping) -> String {
    check_if(
        mapping,
        "wanted IS DISTINCT FROM OLD.attributes",
        " WHERE m.value IS DISTINCT FROM OLD.attributes -> m.key",
    )
}

fn check_if(mapping: &Mapping, condition: &str, filter: &str) -> String {
    let names: Vec<String> = writable(mapping).map(|it| Literal(it.column.plain()).to_string()).collect();
    format!(
        "  IF {condition} THEN\n    SELECT min(m.key) INTO refused FROM jsonb_each(wanted - ARRAY[{}]::text[]) AS m{filter};\n    \
         IF refused IS NOT NULL THEN\n      RAISE EXCEPTION 'Tasks have no writable attribute %', refused \
         USING ERRCODE = '{INVALID_MEMBER}', COLUMN = refused;\n    END IF;\n  END IF;\n",
        names.join(", ")
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
        "  IF {condition} THEN\n    UPDATE {marker} {table} AS t SET ({columns}) = (SELECT {values} FROM jsonb_populate_record(t.*, {members}) AS r)\n    \
         WHERE {row}\n    RETURNING {fields}\n    INTO {targets};\n  END IF;\n",
        marker = mapping.marker(Part::Attributes),
        table = mapping.table,
        columns = columns.join(", "),
        values = values.join(", "),
    )
}

fn writable(mapping: &Mapping) -> impl Iterator<Item = &Attribute> {
    mapping.attributes.iter().filter(|it| !it.is_generated)
}
