//! What surrounds a table: rights of the role, the zone of times, and indexes. Only reads.

use sqlx::PgConnection;

use super::catalogue::{Kind, Table};
use super::database::Database;
use super::error::AdoptError;
use super::finding::Finding;
use super::indexes::ExistingIndex;
use super::mapping::{IdKind, Mapping};
use super::names::QuotedIdentifier;

/// The rights of the role on the table: its schema, and each kind of statement.
const RIGHTS: &str = "SELECT has_schema_privilege($1, 'USAGE'), has_table_privilege($2::int8::oid, 'SELECT'),
    has_table_privilege($2::int8::oid, 'INSERT'), has_table_privilege($2::int8::oid, 'UPDATE'),
    has_table_privilege($2::int8::oid, 'DELETE'), has_table_privilege($2::int8::oid, 'TRIGGER')";

/// The sequences of the table's columns that the role must not use.
const SEQUENCES: &str =
    "SELECT s.seqrelid::regclass::text FROM pg_depend d JOIN pg_sequence s ON s.seqrelid = d.objid
    WHERE d.classid = 'pg_class'::regclass AND d.refobjid = $1::int8::oid AND d.deptype = 'a'
      AND NOT has_sequence_privilege(s.seqrelid, 'USAGE')";

/// The indexes with the names of their columns. An expression has an empty name.
const INDEXES: &str = "SELECT c.relname::text, i.indisvalid, i.indpred IS NULL,
    ARRAY(SELECT coalesce(a.attname::text, '') FROM unnest(i.indkey) WITH ORDINALITY AS k (attnum, position)
          LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum AND k.attnum > 0 ORDER BY position)
    FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE i.indrelid = $1::int8::oid";

/// The rights that the role lacks, as blockers with the statement that grants them.
pub(super) async fn check_rights(
    connection: &mut PgConnection,
    database: &Database,
    table: &Table,
    mapping: Option<&Mapping>,
) -> Result<Vec<Finding>, AdoptError> {
    let role = QuotedIdentifier::new(&database.role);
    let lacks = |what: &str, grant: String| {
        Finding::blocker(format!("the role {} lacks {what}; as its owner: {grant}", role.plain()))
    };
    let mut findings = Vec::new();
    if !database.can_create_schema {
        let name = QuotedIdentifier::new(&database.name);
        findings.push(lacks(
            "the right to create a schema",
            format!("GRANT CREATE ON DATABASE {name} TO {role}"),
        ));
    }
    let schema = table.name.schema.plain();
    let (usage, select, insert, update, delete, trigger): (bool, bool, bool, bool, bool, bool) =
        sqlx::query_as(RIGHTS).bind(schema).bind(table.oid).fetch_one(&mut *connection).await?;
    if !usage {
        let grant = format!("GRANT USAGE ON SCHEMA {} TO {role}", table.name.schema);
        findings.push(lacks(&format!("the right to use the schema {schema}"), grant));
    }
    let is_numbered =
        matches!(mapping, Some(Mapping { id, .. }) if matches!(id.kind, IdKind::Numbered { .. }));
    let rights = [
        (select, "SELECT"),
        (insert, "INSERT"),
        (update, "UPDATE"),
        (delete, "DELETE"),
        (trigger || !is_numbered, "TRIGGER"),
    ];
    let missing: Vec<&str> = rights.iter().filter(|it| !it.0).map(|it| it.1).collect();
    if !missing.is_empty() {
        let missing = missing.join(", ");
        let grant = format!("GRANT {missing} ON {} TO {role}", table.name);
        findings.push(lacks(&format!("{missing} on {}", table.name.plain()), grant));
    }
    let sequences: Vec<(String,)> = sqlx::query_as(SEQUENCES).bind(table.oid).fetch_all(connection).await?;
    for (sequence,) in sequences {
        let grant = format!("GRANT USAGE ON SEQUENCE {sequence} TO {role}");
        findings.push(lacks(&format!("the use of the sequence {sequence}"), grant));
    }
    if table.hides_rows {
        findings.push(Finding::blocker(format!(
            "row level security of {} applies to the role {}, so the view would hide rows; run adopt as the table's owner{}",
            table.name.plain(),
            role.plain(),
            if table.forces_row_security { ", and without FORCE ROW LEVEL SECURITY" } else { "" }
        )));
    } else if table.has_row_security && mapping.is_some() {
        findings.push(Finding::note(format!(
            "row level security of {} does not apply to the view, which runs as {}; this server separates the users itself",
            table.name.plain(),
            role.plain()
        )));
    }
    Ok(findings)
}

/// Times without a zone whose default depends on the session's zone.
pub(super) fn check_timezone(database: &Database, table: &Table, mapping: &Mapping) -> Vec<Finding> {
    let is_utc = ["UTC", "Etc/UTC", "GMT", "Etc/GMT", "UCT", "Etc/UCT", "Zulu", "Universal"]
        .contains(&database.timezone.as_str());
    let times = [&mapping.created_at, &mapping.updated_at].into_iter().flatten();
    let is_local = |column: &str| {
        table.column(column).is_some_and(|it| {
            let default = it.default.as_deref().unwrap_or_default().to_lowercase();
            it.kind == Kind::Timestamp { zoned: false }
                && ["now()", "current_timestamp", "localtimestamp"].iter().any(|now| default.contains(now))
                && !default.contains("utc")
        })
    };
    let finding = |column: &str| {
        Finding::warning(format!(
            "the default of {column} is the local time of the session, and the zone of this database is {}; the API takes all times as UTC",
            database.timezone
        ))
    };
    times.map(|time| time.column.plain()).filter(|column| !is_utc && is_local(column)).map(finding).collect()
}

/// The indexes of the table.
pub(super) async fn read_indexes(
    connection: &mut PgConnection,
    table: &Table,
) -> Result<Vec<ExistingIndex>, AdoptError> {
    let rows: Vec<(String, bool, bool, Vec<String>)> =
        sqlx::query_as(INDEXES).bind(table.oid).fetch_all(connection).await?;
    let index =
        |(name, is_valid, is_complete, columns)| ExistingIndex { name, is_valid, is_complete, columns };
    Ok(rows.into_iter().map(index).collect())
}
