//! The index of the list on a partitioned table.
//!
//! PostgreSQL refuses `CREATE INDEX CONCURRENTLY` on such a table. So the table gets an index without content, each partition gets its index
//! concurrently, and the indexes of the partitions are attached. The index of the table is valid when all are.

use sqlx::PgConnection;

use super::catalogue::Table;
use super::error::AdoptError;
use super::indexes::{ExistingIndex, IndexStatement, NAME};
use super::locks::Mode;
use super::names::{QualifiedName, QuotedIdentifier};

/// The partitions, those of a table before their own. The last columns are the index that a run has made: whether it exists, is valid, and
/// whether it or another is attached.
const PARTITIONS: &str =
    "SELECT t.relid::oid::int8, t.parentrelid::oid::int8, t.isleaf, n.nspname::text, c.relname::text, i.indexrelid IS NOT NULL,
      coalesce(i.indisvalid, false),
      EXISTS (SELECT FROM pg_inherits h JOIN pg_index child ON child.indexrelid = h.inhrelid JOIN pg_class parent ON parent.oid = h.inhparent
              WHERE child.indrelid = t.relid AND parent.relname IN ('todo_api_list', 'todo_api_list_' || t.parentrelid::oid))
    FROM pg_partition_tree($1::int8::oid::regclass) t JOIN pg_class c ON c.oid = t.relid JOIN pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN (pg_index i JOIN pg_class o ON o.oid = i.indexrelid)
      ON i.indrelid = t.relid AND o.relname = 'todo_api_list_' || t.relid::oid
    WHERE t.level > 0 AND c.relkind <> 'f' ORDER BY t.level, n.nspname, c.relname";

/// A partition.
#[derive(Debug)]
pub(super) struct Partition {
    oid: i64,
    parent: i64,
    /// Whether it has rows, and no partitions of its own.
    is_leaf: bool,
    name: QualifiedName,
    index: IndexState,
}

/// The state of a partition's index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum IndexState {
    Missing,
    /// Its creation was interrupted, or it is an index without content.
    Invalid,
    Valid,
    /// This or another index is a part of the index of the table.
    Attached,
}

type Row = (i64, i64, bool, String, String, bool, bool, bool);

/// The partitions of the table. None for other tables.
pub(super) async fn read(
    connection: &mut PgConnection,
    table: &Table,
) -> Result<Option<Vec<Partition>>, AdoptError> {
    if !table.is_partitioned {
        return Ok(None);
    }
    let rows: Vec<Row> = sqlx::query_as(PARTITIONS).bind(table.oid).fetch_all(connection).await?;
    let partition = |(oid, parent, is_leaf, schema, name, exists, is_valid, is_attached): Row| {
        let index = match (exists, is_valid, is_attached) {
            (_, _, true) => IndexState::Attached,
            (false, _, false) => IndexState::Missing,
            (true, false, false) => IndexState::Invalid,
            (true, true, false) => IndexState::Valid,
        };
        Partition { oid, parent, is_leaf, name: QualifiedName::new(schema, name), index }
    };
    Ok(Some(rows.into_iter().map(partition).collect()))
}

/// The statements that create what is missing of the index.
pub(super) fn statements(
    table: &QualifiedName,
    key: &str,
    partitions: &[Partition],
    existing: Option<&ExistingIndex>,
) -> Vec<IndexStatement> {
    let root = QuotedIdentifier::new(NAME);
    let mut statements = Vec::new();
    if existing.is_none() {
        statements.push(create_only(&root, table, key));
    }
    for partition in partitions {
        let name = QuotedIdentifier::new(format!("{NAME}_{}", partition.oid));
        let index = QualifiedName { schema: partition.name.schema.clone(), name: name.clone() };
        let concurrent = |sql| IndexStatement::new(sql, partition.name.plain(), Mode::ShareUpdateExclusive);
        let create = || concurrent(format!("CREATE INDEX CONCURRENTLY {name} ON {} ({key})", partition.name));
        match (partition.index, partition.is_leaf) {
            (IndexState::Attached, _) => continue,
            (IndexState::Missing, false) => statements.push(create_only(&name, &partition.name, key)),
            (IndexState::Missing, true) => statements.push(create()),
            (IndexState::Invalid, true) => {
                let drop = concurrent(format!("DROP INDEX CONCURRENTLY IF EXISTS {index}"));
                statements.extend([drop, create()]);
            }
            (IndexState::Invalid, false) | (IndexState::Valid, _) => {}
        }
        let parent = match partitions.iter().find(|it| it.oid == partition.parent) {
            Some(it) => QualifiedName {
                schema: it.name.schema.clone(),
                name: QuotedIdentifier::new(format!("{NAME}_{}", it.oid)),
            },
            None => QualifiedName { schema: table.schema.clone(), name: root.clone() },
        };
        // The lock is on the new index. A statement that reads or writes the partition waits for it.
        let attach = format!("ALTER INDEX {parent} ATTACH PARTITION {index}");
        statements.push(IndexStatement::new(attach, index.plain(), Mode::AccessExclusive));
    }
    statements
}

/// An index of a partitioned table without those of its partitions. It has no content.
fn create_only(name: &QuotedIdentifier, table: &QualifiedName, key: &str) -> IndexStatement {
    let create = format!("CREATE INDEX {name} ON ONLY {table} ({key})");
    IndexStatement::new(create, table.plain(), Mode::Share)
}
