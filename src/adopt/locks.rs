//! Locks on the tables of the other program: those that a run will take, and those that it has taken, with the time for which it held them.

use std::fmt;
use std::time::Instant;

use serde::Serialize;
use sqlx::{Connection as _, PgConnection};

use super::error::AdoptError;
use super::mapping::{IdKind, Mapping};
use super::statement::Sql;

/// A table-level lock of PostgreSQL, of those that a run can take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(super) enum Mode {
    #[serde(rename = "ACCESS SHARE")]
    AccessShare,
    #[serde(rename = "SHARE UPDATE EXCLUSIVE")]
    ShareUpdateExclusive,
    #[serde(rename = "SHARE")]
    Share,
    #[serde(rename = "SHARE ROW EXCLUSIVE")]
    ShareRowExclusive,
    #[serde(rename = "ACCESS EXCLUSIVE")]
    AccessExclusive,
}

impl Mode {
    /// The mode by its name in `pg_locks`. Other modes are none of a run's statements.
    fn from_catalogue(name: &str) -> Option<Self> {
        match name {
            "AccessShareLock" => Some(Self::AccessShare),
            "ShareUpdateExclusiveLock" => Some(Self::ShareUpdateExclusive),
            "ShareLock" => Some(Self::Share),
            "ShareRowExclusiveLock" => Some(Self::ShareRowExclusive),
            "AccessExclusiveLock" => Some(Self::AccessExclusive),
            _ => None,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::AccessShare => "ACCESS SHARE",
            Self::ShareUpdateExclusive => "SHARE UPDATE EXCLUSIVE",
            Self::Share => "SHARE",
            Self::ShareRowExclusive => "SHARE ROW EXCLUSIVE",
            Self::AccessExclusive => "ACCESS EXCLUSIVE",
        }
    }

    /// What waits while the lock is held.
    fn effect(self) -> &'static str {
        match self {
            Self::AccessShare => "as a SELECT takes it: reads and writes go on",
            Self::ShareUpdateExclusive => "reads and writes go on; VACUUM and changes of the table wait",
            Self::Share | Self::ShareRowExclusive => "reads go on, writes wait",
            Self::AccessExclusive => "reads and writes wait",
        }
    }
}

/// A lock that a run will take.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct PlannedLock {
    /// What takes the lock.
    pub(super) step: &'static str,
    pub(super) table: String,
    pub(super) mode: Mode,
    effect: &'static str,
}

impl PlannedLock {
    pub(super) fn new(step: &'static str, table: String, mode: Mode) -> Self {
        Self { step, table, mode, effect: mode.effect() }
    }
}

impl fmt::Display for PlannedLock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} on {} to {} ({})", self.mode.name(), self.table, self.step, self.effect)
    }
}

/// A lock that a run has taken.
#[derive(Debug, Clone, Serialize)]
pub(super) struct HeldLock {
    step: &'static str,
    table: String,
    mode: Mode,
    /// The time of the whole transaction, which includes a wait for the lock.
    milliseconds: u64,
}

impl HeldLock {
    pub(super) fn new(step: &'static str, table: String, mode: Mode, since: Instant) -> Self {
        let milliseconds = u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX);
        Self { step, table, mode, milliseconds }
    }
}

impl fmt::Display for HeldLock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { step, table, mode, milliseconds } = self;
        write!(f, "held {} on {table} for at most {milliseconds} ms to {step}", mode.name())
    }
}

/// The steps of a run.
pub(super) const NUMBER: &str = "create the table of numbers and its trigger";
pub(super) const FILL: &str = "number the rows";
pub(super) const CREATE: &str = "create the view";
pub(super) const INDEX: &str = "create the index";
pub(super) const REVERT: &str = "drop the view";
pub(super) const SETTLE: &str = "copy the tasks";
pub(super) const DROP_INDEX: &str = "drop the index";

/// The locks of `--apply` on their tables, without those of the indexes.
pub(super) fn planned(mapping: &Mapping, creates_trigger: bool) -> Vec<PlannedLock> {
    let table = || mapping.table.plain();
    let mut locks = Vec::new();
    if let IdKind::Numbered { .. } = mapping.id.kind {
        if creates_trigger {
            locks.push(PlannedLock::new(NUMBER, table(), Mode::ShareRowExclusive));
        }
        locks.push(PlannedLock::new(FILL, table(), Mode::AccessShare));
    }
    locks.push(PlannedLock::new(CREATE, table(), Mode::AccessShare));
    locks
}

/// The tables of the other program that this session has locked. A partition counts as its table.
const HELD: &str = "SELECT DISTINCT n.nspname || '.' || c.relname, l.mode FROM pg_locks l
    JOIN pg_class c ON c.oid = coalesce(pg_partition_root(l.relation), l.relation) JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE l.pid = pg_backend_pid() AND l.locktype = 'relation' AND l.granted AND c.relkind IN ('r', 'p') AND n.nspname !~ '^pg_'
      AND n.nspname NOT IN ('information_schema', 'todo_api') ORDER BY 1, 2";

/// Runs the statements, all or none. Returns the locks that they took on tables of the other program. They are read once, because each
/// further round trip would hold them longer.
pub(super) async fn run_in_transaction(
    connection: &mut PgConnection,
    step: &'static str,
    statements: &[Sql],
) -> Result<Vec<HeldLock>, AdoptError> {
    let mut transaction = connection.begin().await?;
    let since = Instant::now();
    for statement in statements {
        statement.execute(&mut transaction).await?;
    }
    let held: Vec<(String, String)> = Sql::new(HELD).fetch_all(&mut transaction).await?;
    transaction.commit().await?;
    let lock = |(table, mode): (String, String)| {
        Some(HeldLock::new(step, table, Mode::from_catalogue(&mode)?, since))
    };
    Ok(held.into_iter().filter_map(lock).collect())
}
