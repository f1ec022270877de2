//! The migrations, as constants. Each part of the server has its own list, because not every server has all parts.

/// One migration.
#[derive(Debug)]
pub struct Migration {
    /// The position in the order. Never reused.
    pub version: i64,
    /// The description in sqlx's table of migrations.
    pub name: &'static str,
    /// The SQL for PostgreSQL.
    pub postgres: &'static str,
    /// The SQL for SQLite.
    pub sqlite: &'static str,
}

/// The migrations of the table `tasks`.
pub const TASK_MIGRATIONS: &[Migration] = &[Migration {
    version: 1,
    name: "tasks",
    postgres: include_str!("../../migrations/postgres/0001_tasks.sql"),
    sqlite: include_str!("../../migrations/sqlite/0001_tasks.sql"),
}];

/// The migrations that a server needs.
#[derive(Debug, Clone)]
pub struct MigrationSet(Vec<&'static [Migration]>);

impl MigrationSet {
    /// A set of the lists of some parts.
    #[must_use]
    pub fn new(parts: Vec<&'static [Migration]>) -> Self {
        Self(parts)
    }

    /// All migrations.
    pub(super) fn migrations(&self) -> impl Iterator<Item = &'static Migration> {
        self.0.iter().copied().flatten()
    }

    /// The latest version of each part.
    pub(super) fn latest_versions(&self) -> impl Iterator<Item = i64> {
        self.0.iter().filter_map(|part| part.iter().map(|it| it.version).max())
    }
}
