//! The SQL statements of the store, as constants. No SQL is built at run time.
//!
//! Each statement on tasks compares `user_id`. Columns are listed, because a prepared `*` breaks when a migration adds a column.

/// A statement, in the SQL of each engine.
#[derive(Debug, Clone, Copy)]
pub struct Statement {
    /// For PostgreSQL.
    pub postgres: &'static str,
    /// For SQLite.
    pub sqlite: &'static str,
}

impl Statement {
    /// A statement with the same SQL for both engines.
    pub(crate) const fn portable(text: &'static str) -> Self {
        Self { postgres: text, sqlite: text }
    }
}

macro_rules! columns {
    () => {
        "id, user_id, title, description, completed, created_at, updated_at"
    };
}

// `completed = $2` is first: PostgreSQL takes the type of `$2` from it.
macro_rules! from_filtered {
    () => {
        " FROM tasks WHERE user_id = $1 AND (completed = $2 OR $2 IS NULL)"
    };
}

macro_rules! list {
    ($after:expr, $order:literal, $part:literal) => {
        concat!(
            "SELECT ",
            columns!(),
            from_filtered!(),
            $after,
            " ORDER BY created_at ",
            $order,
            ", id ",
            $order,
            $part
        )
    };
}

/// A list after a cursor. SQLite compares times as texts, so the cursor has the text of the column: a time that another program has written
/// in another format has an order as a text, and would lose it if it was parsed.
macro_rules! list_page {
    ($compare:literal, $order:literal) => {
        Statement {
            postgres: list!(
                concat!(" AND (created_at, id) ", $compare, " (CAST($3 AS timestamptz), $4)"),
                $order,
                " LIMIT $5"
            ),
            sqlite: list!(concat!(" AND (created_at, id) ", $compare, " ($3, $4)"), $order, " LIMIT $5"),
        }
    };
}

/// The starts of several lists. The rows of a list are in its order: a subquery that names columns of an earlier table runs once for each of
/// its rows.
macro_rules! list_many {
    ($order:literal) => {
        concat!(
            "SELECT ",
            columns!(),
            ", position FROM unnest(CAST($1 AS text[]), CAST($2 AS boolean[]), CAST($3 AS bigint[])) ",
            "WITH ORDINALITY AS request (owner, done, size, position) CROSS JOIN LATERAL (SELECT ",
            columns!(),
            " FROM tasks WHERE user_id = owner AND (completed = done OR done IS NULL) ORDER BY created_at ",
            $order,
            ", id ",
            $order,
            " LIMIT size) AS list"
        )
    };
}

/// An update of a task. It sets `updated_at` to now, but at least a millisecond later than before: two changes within a millisecond, and a
/// clock that was set back, must be visible. `+00:00` is the driver's format of UTC for SQLite. PostgreSQL adds to a timestamp without time
/// zone, which is immutable: Citus allows no stable function of a column in an update.
macro_rules! update_task {
    ($set:literal) => {
        Statement {
            postgres: concat!(
                "UPDATE tasks SET ",
                $set,
                ", updated_at = greatest($3, (updated_at AT TIME ZONE 'UTC' + interval '1 millisecond') AT TIME ZONE 'UTC') ",
                "WHERE id = $1 AND user_id = $2 RETURNING ",
                columns!()
            ),
            sqlite: concat!(
                "UPDATE tasks SET ",
                $set,
                ", updated_at = max($3, strftime('%Y-%m-%dT%H:%M:%f+00:00', updated_at, '+0.001 seconds')) ",
                "WHERE id = $1 AND user_id = $2 RETURNING ",
                columns!()
            ),
        }
    };
}

/// `$1` user, `$2` completed or null, `$3` and `$4` time and id of the cursor, `$5` limit.
pub const LIST_DESCENDING: Statement = list_page!("<", "DESC");
/// `$1` user, `$2` completed or null, `$3` and `$4` time and id of the cursor, `$5` limit.
pub const LIST_ASCENDING: Statement = list_page!(">", "ASC");
/// `$1` user, `$2` completed or null, `$3` limit, `$4` offset.
pub const PAGE_DESCENDING: Statement = Statement::portable(list!("", "DESC", " LIMIT $3 OFFSET $4"));
/// `$1` user, `$2` completed or null, `$3` limit, `$4` offset.
pub const PAGE_ASCENDING: Statement = Statement::portable(list!("", "ASC", " LIMIT $3 OFFSET $4"));
/// `$1` user, `$2` completed or null.
pub const COUNT: Statement = Statement::portable(concat!("SELECT count(*)", from_filtered!()));
/// `$1` id, `$2` user. The only statement that reads tasks of other users. It returns a boolean.
pub const EXISTS_FOR_OTHER_USER: Statement =
    Statement::portable("SELECT EXISTS (SELECT 1 FROM tasks WHERE id = $1 AND user_id <> $2)");
/// `$1` id, `$2` user.
pub const GET: Statement =
    Statement::portable(concat!("SELECT ", columns!(), " FROM tasks WHERE id = $1 AND user_id = $2"));
/// `$1` user, `$2` title, `$3` description, `$4` completed, `$5` now.
pub const CREATE: Statement = Statement::portable(concat!(
    "INSERT INTO tasks (user_id, title, description, completed, created_at, updated_at) ",
    "VALUES ($1, $2, $3, $4, $5, $5) RETURNING ",
    columns!()
));
/// `$1` id, `$2` user, `$3` now, `$4` title or null, `$5` whether to set the description, `$6` description or null, `$7` completed or null.
pub const UPDATE: Statement = update_task!(
    "title = coalesce($4, title), description = CASE WHEN $5 THEN $6 ELSE description END, completed = coalesce($7, completed)"
);
/// `$1` id, `$2` user, `$3` now, `$4` completed or null to toggle it.
pub const SET_COMPLETED: Statement = update_task!("completed = coalesce($4, NOT completed)");
/// `$1` id, `$2` user.
pub const DELETE: Statement = Statement::portable("DELETE FROM tasks WHERE id = $1 AND user_id = $2");
/// Tasks of several users, for PostgreSQL. `$1` ids, `$2` users. Each row ends with the position of its request.
pub const GET_MANY: &str = concat!(
    "SELECT ",
    columns!(),
    ", position FROM unnest(CAST($1 AS bigint[]), CAST($2 AS text[])) WITH ORDINALITY AS request (task, owner, position) ",
    "JOIN tasks ON id = task AND user_id = owner"
);
/// New tasks of several users, for PostgreSQL. `$1` users, `$2` titles, `$3` descriptions, `$4` completed, `$5` times.
pub const CREATE_MANY: &str = concat!(
    "INSERT INTO tasks (user_id, title, description, completed, created_at, updated_at) SELECT owner, name, text, done, now, now ",
    "FROM unnest(CAST($1 AS text[]), CAST($2 AS text[]), CAST($3 AS text[]), CAST($4 AS boolean[]), CAST($5 AS timestamptz[])) ",
    "AS request (owner, name, text, done, now) RETURNING ",
    columns!()
);
/// The starts of several lists, for PostgreSQL. `$1` users, `$2` completed or null, `$3` limits. Each row ends with the position of its request.
pub const LIST_MANY_DESCENDING: &str = list_many!("DESC");
/// As [`LIST_MANY_DESCENDING`], the oldest first.
pub const LIST_MANY_ASCENDING: &str = list_many!("ASC");
/// Whether migrations have begun: 0 or 1.
pub const MIGRATIONS_TABLE_COUNT: Statement = Statement {
    postgres: "SELECT count(*) FROM pg_catalog.pg_class WHERE oid = to_regclass('_sqlx_migrations')",
    sqlite: "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = '_sqlx_migrations'",
};
/// `$1` version of a migration.
pub const MIGRATION_APPLIED: Statement =
    Statement::portable("SELECT count(*) FROM _sqlx_migrations WHERE version = $1 AND success");

/// All statements by name, for the test that prepares each on both engines.
pub const ALL: &[(&str, Statement)] = &[
    ("LIST_DESCENDING", LIST_DESCENDING),
    ("LIST_ASCENDING", LIST_ASCENDING),
    ("PAGE_DESCENDING", PAGE_DESCENDING),
    ("PAGE_ASCENDING", PAGE_ASCENDING),
    ("COUNT", COUNT),
    ("EXISTS_FOR_OTHER_USER", EXISTS_FOR_OTHER_USER),
    ("GET", GET),
    ("CREATE", CREATE),
    ("UPDATE", UPDATE),
    ("SET_COMPLETED", SET_COMPLETED),
    ("DELETE", DELETE),
    ("MIGRATIONS_TABLE_COUNT", MIGRATIONS_TABLE_COUNT),
    ("MIGRATION_APPLIED", MIGRATION_APPLIED),
];

/// All statements for PostgreSQL only, by name.
pub const ALL_POSTGRES: &[(&str, &str)] = &[
    ("GET_MANY", GET_MANY),
    ("CREATE_MANY", CREATE_MANY),
    ("LIST_MANY_DESCENDING", LIST_MANY_DESCENDING),
    ("LIST_MANY_ASCENDING", LIST_MANY_ASCENDING),
];
