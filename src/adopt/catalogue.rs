//! Reads the tables of the database from PostgreSQL's catalogue. Changes nothing.

use std::collections::BTreeMap;

use sqlx::postgres::PgRow;
use sqlx::{FromRow, PgConnection, Row};

use super::names::{QualifiedName, QuotedIdentifier};

/// A table of another program.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each is a separate property")]
pub(super) struct Table {
    pub(super) oid: i64,
    pub(super) name: QualifiedName,
    pub(super) owner: String,
    /// The number of rows that the planner expects. Negative if the table was never analyzed.
    pub(super) estimated_rows: i64,
    /// Whether the table has row level security.
    pub(super) has_row_security: bool,
    /// Whether it applies to the table's owner as well.
    pub(super) forces_row_security: bool,
    /// Whether row level security hides rows from the current role.
    pub(super) hides_rows: bool,
    pub(super) is_partitioned: bool,
    /// Whether a migration of this server has created the table.
    pub(super) is_own: bool,
    pub(super) columns: Vec<Column>,
}

impl Table {
    pub(super) fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name.plain() == name)
    }
}

/// A column of a table.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each is a separate property")]
pub(super) struct Column {
    pub(super) name: QuotedIdentifier,
    pub(super) kind: Kind,
    /// The type for casts, without its length. A cast with the length would cut a text off.
    pub(super) type_name: String,
    /// The type as it was declared, for messages.
    pub(super) declared_type: String,
    /// The length of a `varchar(n)`.
    pub(super) max_length: Option<i32>,
    pub(super) is_nullable: bool,
    /// The expression of the default.
    pub(super) default: Option<String>,
    pub(super) is_identity: bool,
    pub(super) is_generated: bool,
    /// Whether an index guarantees that no two rows have the same value.
    pub(super) is_unique: bool,
}

impl Column {
    /// Whether a row can be inserted without a value for the column.
    pub(super) fn has_value_without_insert(&self) -> bool {
        self.is_nullable || self.default.is_some() || self.is_identity || self.is_generated
    }
}

/// What the values of a column are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    /// An integer of so many bytes.
    Integer(u8),
    Uuid,
    /// `text`, `varchar` or `citext`.
    Text,
    Boolean,
    Timestamp {
        zoned: bool,
    },
    /// An enum with these labels.
    Enum(Vec<String>),
    Other,
}

impl Kind {
    fn new(name: &str, labels: Vec<String>) -> Self {
        match name {
            "int2" => Self::Integer(2),
            "int4" => Self::Integer(4),
            "int8" => Self::Integer(8),
            "uuid" => Self::Uuid,
            "text" | "varchar" | "citext" => Self::Text,
            "bool" => Self::Boolean,
            "timestamp" => Self::Timestamp { zoned: false },
            "timestamptz" => Self::Timestamp { zoned: true },
            _ if !labels.is_empty() => Self::Enum(labels),
            _ => Self::Other,
        }
    }
}

/// The tables that the role can see, without those of PostgreSQL and of this server.
const TABLES: &str = r"
SELECT c.oid::int8, n.nspname::text, c.relname::text, pg_get_userbyid(c.relowner)::text, c.reltuples::int8, c.relrowsecurity,
       c.relforcerowsecurity, row_security_active(c.oid), c.relkind = 'p',
       EXISTS (SELECT FROM pg_constraint WHERE conrelid = c.oid AND conname = 'tasks_user_id_created_at_id')
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relpersistence <> 't' AND n.nspname !~ '^pg_'
  AND n.nspname NOT IN ('information_schema', 'todo_api')
ORDER BY n.nspname, c.relname";

/// The columns of these tables. A domain counts as the type that it is based on, maybe through other domains, with their lengths, defaults
/// and NOT NULL.
const COLUMNS: &str = r"
SELECT a.attrelid::int8, a.attname::text, b.typname::text, format_type(a.atttypid, NULL), format_type(a.atttypid, a.atttypmod),
       CASE WHEN b.typname = 'varchar' THEN nullif(greatest(a.atttypmod, t.length) - 4, -5) END, NOT a.attnotnull AND NOT t.is_required,
       CASE WHEN a.attgenerated = '' THEN coalesce(pg_get_expr(d.adbin, d.adrelid), t.initial) END, a.attidentity <> '', a.attgenerated <> '',
       EXISTS (SELECT FROM pg_index i WHERE i.indrelid = a.attrelid AND i.indisunique AND i.indisvalid AND i.indpred IS NULL
                 AND i.indnkeyatts = 1 AND i.indkey[0] = a.attnum),
       ARRAY(SELECT e.enumlabel::text FROM pg_enum e WHERE e.enumtypid = b.oid ORDER BY e.enumsortorder)
FROM pg_attribute a
CROSS JOIN LATERAL (
  WITH RECURSIVE chain AS (
    SELECT oid, typtype, typbasetype, typtypmod, typnotnull, typdefault FROM pg_type WHERE oid = a.atttypid
    UNION ALL
    SELECT n.oid, n.typtype, n.typbasetype, n.typtypmod, n.typnotnull, n.typdefault FROM chain c JOIN pg_type n ON n.oid = c.typbasetype
    WHERE c.typtype = 'd')
  SELECT max(oid) FILTER (WHERE typtype <> 'd') AS base, max(typtypmod) FILTER (WHERE typtype = 'd') AS length,
         coalesce(bool_or(typnotnull) FILTER (WHERE typtype = 'd'), false) AS is_required,
         max(typdefault) FILTER (WHERE typtype = 'd') AS initial
  FROM chain) AS t
JOIN pg_type b ON b.oid = t.base
LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE a.attrelid = ANY ($1::int8[]::oid[]) AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attrelid, a.attnum";

impl FromRow<'_, PgRow> for Table {
    fn from_row(row: &PgRow) -> sqlx::Result<Self> {
        Ok(Self {
            oid: row.try_get(0)?,
            name: QualifiedName::new(row.try_get::<String, _>(1)?, row.try_get::<String, _>(2)?),
            owner: row.try_get(3)?,
            estimated_rows: row.try_get(4)?,
            has_row_security: row.try_get(5)?,
            forces_row_security: row.try_get(6)?,
            hides_rows: row.try_get(7)?,
            is_partitioned: row.try_get(8)?,
            is_own: row.try_get(9)?,
            columns: Vec::new(),
        })
    }
}

impl FromRow<'_, PgRow> for Column {
    fn from_row(row: &PgRow) -> sqlx::Result<Self> {
        Ok(Self {
            name: QuotedIdentifier::new(row.try_get::<String, _>(1)?),
            kind: Kind::new(row.try_get(2)?, row.try_get(11)?),
            type_name: row.try_get(3)?,
            declared_type: row.try_get(4)?,
            max_length: row.try_get(5)?,
            is_nullable: row.try_get(6)?,
            default: row.try_get(7)?,
            is_identity: row.try_get(8)?,
            is_generated: row.try_get(9)?,
            is_unique: row.try_get(10)?,
        })
    }
}

/// Reads all tables of other programs with their columns.
pub(super) async fn read_tables(connection: &mut PgConnection) -> sqlx::Result<Vec<Table>> {
    let mut tables: Vec<Table> = sqlx::query_as(TABLES).fetch_all(&mut *connection).await?;
    let oids: Vec<i64> = tables.iter().map(|table| table.oid).collect();
    let mut columns: BTreeMap<i64, Vec<Column>> = BTreeMap::new();
    for row in sqlx::query(COLUMNS).bind(oids).fetch_all(connection).await? {
        columns.entry(row.try_get(0)?).or_default().push(Column::from_row(&row)?);
    }
    for table in &mut tables {
        table.columns = columns.remove(&table.oid).unwrap_or_default();
    }
    Ok(tables)
}
