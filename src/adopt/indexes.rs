//! The index for the list, created without blocking writes.

use std::time::{Duration, Instant};

use serde::Serialize;
use sqlx::PgConnection;
use tokio::time::sleep;

use super::database::LOCK_TIMEOUT;
use super::error::AdoptError;
use super::finding::Finding;
use super::locks::{self, HeldLock, Mode, PlannedLock};
use super::mapping::{IdKind, Mapping, UserKind};
use super::names::{QualifiedName, QuotedIdentifier};
use super::partitions::{self, Partition};
use super::progress::Progress;
use super::statement::Sql;

/// The name of the index, in the schema of the table.
pub(super) const NAME: &str = "todo_api_list";

/// The interval at which the progress is read.
const OBSERVATION_INTERVAL: Duration = Duration::from_millis(500);

/// An index of the table.
#[derive(Debug, Clone)]
pub(super) struct ExistingIndex {
    pub(super) name: String,
    pub(super) is_valid: bool,
    /// Whether it has all rows.
    pub(super) is_complete: bool,
    /// The columns. An expression has an empty name.
    pub(super) columns: Vec<String>,
}

/// A statement for an index, and the lock that it takes on their table.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub(super) struct IndexStatement {
    sql: Sql,
    #[serde(skip)]
    table: String,
    #[serde(skip)]
    mode: Mode,
}

impl IndexStatement {
    pub(super) fn new(sql: String, table: String, mode: Mode) -> Self {
        Self { sql: Sql::new(sql), table, mode }
    }

    pub(super) fn sql(&self) -> &Sql {
        &self.sql
    }

    pub(super) fn planned_lock(&self) -> PlannedLock {
        PlannedLock::new(locks::INDEX, self.table.clone(), self.mode)
    }

    /// The time that the statement waits for its lock. A creation without locking out writes waits for older transactions first, which can
    /// take longer than a lock may.
    fn lock_timeout(&self) -> &'static str {
        if self.mode == Mode::ShareUpdateExclusive { "SET lock_timeout = 0" } else { LOCK_TIMEOUT }
    }
}

/// The statements for the index that the list needs, and what its absence costs. Nothing if there is such an index.
pub(super) fn recommend(
    mapping: &Mapping,
    existing: &[ExistingIndex],
    partitions: Option<&[Partition]>,
) -> (Vec<IndexStatement>, Option<Finding>) {
    let ours = existing.iter().find(|it| it.name == NAME);
    if ours.is_some_and(|it| it.is_valid) {
        return (Vec::new(), None);
    }
    let begins_with = |columns: &[&str]| {
        existing.iter().filter(|it| it.is_valid && it.is_complete).any(|it| {
            it.columns.len() >= columns.len()
                && it.columns.iter().zip(columns).all(|(has, wanted)| has == wanted)
        })
    };
    let user = mapping.user_id.column.plain();
    let is_text = mapping.user_id.kind == UserKind::Text;
    let plain_time = mapping.created_at.as_ref().filter(|it| it.zoned && !it.is_nullable);
    if let (true, Some(time), IdKind::Integer) = (is_text, plain_time, &mapping.id.kind)
        && begins_with(&[user, time.column.plain(), mapping.id.column.plain()])
    {
        return (Vec::new(), None);
    }
    let key = key(mapping);
    let statements = match partitions {
        Some(partitions) => partitions::statements(&mapping.table, &key, partitions, ours),
        None => statements(mapping, &key, ours),
    };
    let finding = if is_text && begins_with(&[user]) {
        Finding::note(
            "lists read all tasks of their user and sort them; the index todo_api_list (--indexes) has their order, which matters from \
             some thousand tasks of a user on",
        )
    } else {
        Finding::warning(
            "no index finds the tasks of a user, so each list reads the whole table; create todo_api_list with --indexes",
        )
    };
    (statements, Some(finding))
}

fn statements(mapping: &Mapping, key: &str, existing: Option<&ExistingIndex>) -> Vec<IndexStatement> {
    let name = index_name(mapping);
    let concurrent = |sql| IndexStatement::new(sql, mapping.table.plain(), Mode::ShareUpdateExclusive);
    let drop = existing.map(|_| concurrent(format!("DROP INDEX CONCURRENTLY IF EXISTS {name}")));
    let create = concurrent(format!("CREATE INDEX CONCURRENTLY {} ON {} ({key})", name.name, mapping.table));
    drop.into_iter().chain([create]).collect()
}

/// The order of the list. Its expressions are those of the view, which is how PostgreSQL recognizes them.
fn key(mapping: &Mapping) -> String {
    let mut key = Vec::new();
    if mapping.user_id.kind == UserKind::Text {
        key.push(mapping.user_id.column.to_string());
    } else {
        key.push(mapping.user_id.read(""));
    }
    if mapping.created_at.is_some() {
        key.push(format!("({})", mapping.created_at("")));
    }
    if let IdKind::Integer = mapping.id.kind {
        key.push(mapping.id.column.to_string());
    }
    key.join(", ")
}

/// The name of the index with its schema.
pub(super) fn index_name(mapping: &Mapping) -> QualifiedName {
    QualifiedName { schema: mapping.table.schema.clone(), name: QuotedIdentifier::new(NAME) }
}

/// Runs the statements, each by itself. Returns their locks. `observer` is another session, which reads how far it is.
pub(super) async fn create(
    connection: &mut PgConnection,
    observer: &mut PgConnection,
    statements: &[IndexStatement],
) -> Result<Vec<HeldLock>, AdoptError> {
    let (pid,): (i32,) = Sql::new("SELECT pg_backend_pid()").fetch_one(connection).await?;
    let work = async {
        let mut taken = Vec::new();
        for statement in statements {
            Sql::new(statement.lock_timeout()).execute(connection).await?;
            let since = Instant::now();
            statement.sql.execute(connection).await?;
            taken.push(HeldLock::new(locks::INDEX, statement.table.clone(), statement.mode, since));
        }
        Ok(taken)
    };
    tokio::select! {
        done = work => done,
        error = observe(observer, pid) => Err(error),
    }
}

/// What the session with this id has done of the index, as PostgreSQL reports it: blocks of the table, and then rows of the index.
const PROGRESS: &str = "SELECT CASE WHEN tuples_total > 0 THEN tuples_done ELSE blocks_done END,
    CASE WHEN tuples_total > 0 THEN tuples_total ELSE blocks_total END FROM pg_stat_progress_create_index WHERE pid = $1";

/// Shows the progress until it is dropped.
async fn observe(observer: &mut PgConnection, pid: i32) -> AdoptError {
    let mut progress = Progress::new("creating the index", "parts", 0);
    loop {
        sleep(OBSERVATION_INTERVAL).await;
        let now: Result<Option<(i64, i64)>, _> =
            sqlx::query_as(PROGRESS).bind(pid).fetch_optional(&mut *observer).await;
        match now {
            Ok(Some((done, total))) => progress.show_of(done, total),
            Ok(None) => {}
            Err(error) => return error.into(),
        }
    }
}
