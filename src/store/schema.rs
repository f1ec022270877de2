//! What the database's tables come from. They are in parts, for not every server has all of them.

/// One step from an empty database to what this program needs.
#[derive(Debug)]
pub struct Migration {
    /// Its place in the order; never used again for another.
    pub version: i64,
    /// For people who look into the database.
    pub name: &'static str,
    /// The SQL for PostgreSQL.
    pub postgres: &'static str,
    /// The SQL for SQLite.
    pub sqlite: &'static str,
}

/// The part that every server has.
pub const TASKS: &[Migration] = &[Migration {
    version: 1,
    name: "tasks",
    postgres: include_str!("../../migrations/postgres/0001_tasks.sql"),
    sqlite: include_str!("../../migrations/sqlite/0001_tasks.sql"),
}];

/// The parts of one server.
#[derive(Debug, Clone)]
pub struct Schema(Vec<&'static [Migration]>);

impl Schema {
    /// Of these parts.
    #[must_use]
    pub fn new(parts: Vec<&'static [Migration]>) -> Self {
        Self(parts)
    }

    /// All of them.
    pub(super) fn migrations(&self) -> impl Iterator<Item = &'static Migration> {
        self.0.iter().copied().flatten()
    }

    /// The newest version of each part.
    pub(super) fn latest_versions(&self) -> impl Iterator<Item = i64> {
        self.0.iter().filter_map(|part| part.iter().map(|it| it.version).max())
    }
}
