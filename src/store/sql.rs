//! Every statement there is, as constants. Nothing puts SQL together at run time.
//!
//! Each statement on tasks has `user_id = $n`. Columns are listed: a prepared `*` breaks when a migration adds one.

/// One statement in the words of both engines, which are nearly always the same.
#[derive(Debug, Clone, Copy)]
pub struct Statement {
    /// For PostgreSQL.
    pub postgres: &'static str,
    /// For SQLite.
    pub sqlite: &'static str,
}

impl Statement {
    pub(crate) const fn portable(text: &'static str) -> Self {
        Self { postgres: text, sqlite: text }
    }
}

macro_rules! columns {
    () => {
        "id, user_id, title, description, completed, created_at, updated_at"
    };
}

// `completed = $2` first, or PostgreSQL cannot tell the type of `$2`.
macro_rules! filtered {
    () => {
        " FROM tasks WHERE user_id = $1 AND (completed = $2 OR $2 IS NULL)"
    };
}

macro_rules! list {
    ($after:expr, $order:literal, $part:literal) => {
        concat!(
            "SELECT ",
            columns!(),
            filtered!(),
            $after,
            " ORDER BY created_at ",
            $order,
            ", id ",
            $order,
            $part
        )
    };
}

/// What comes after a task in a list. Its time is the text that SQLite has: times that others have written there, in other ways,
/// have an order, too, but not one that survives being read as a time.
macro_rules! list_after {
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

/// A change moves `updated_at` to now, and by a millisecond at least: two changes in one, or a clock that was set back,
/// must not look like none. `+00:00` is how the driver writes UTC into SQLite.
macro_rules! change {
    ($set:literal) => {
        Statement {
            postgres: concat!(
                "UPDATE tasks SET ",
                $set,
                ", updated_at = greatest($3, updated_at + interval '1 millisecond') ",
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

/// `$1` user, `$2` completed or null for any, `$3` and `$4` time and id of the task before the first, `$5` how many.
pub const LIST_DESCENDING: Statement = list_after!("<", "DESC");
/// `$1` user, `$2` completed or null for any, `$3` and `$4` time and id of the task before the first, `$5` how many.
pub const LIST_ASCENDING: Statement = list_after!(">", "ASC");
/// `$1` user, `$2` completed or null for any, `$3` how many, `$4` after how many.
pub const PAGE_DESCENDING: Statement = Statement::portable(list!("", "DESC", " LIMIT $3 OFFSET $4"));
/// `$1` user, `$2` completed or null for any, `$3` how many, `$4` after how many.
pub const PAGE_ASCENDING: Statement = Statement::portable(list!("", "ASC", " LIMIT $3 OFFSET $4"));
/// `$1` user, `$2` completed or null for any.
pub const COUNT: Statement = Statement::portable(concat!("SELECT count(*)", filtered!()));
/// `$1` id, `$2` user. Whether it is another user's task: the one statement that looks beyond a user's own, and all that
/// it can tell is yes or no.
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
/// `$1` id, `$2` user, `$3` now, `$4` title or null, `$5` whether to set the description, `$6` to what, `$7` completed
/// or null.
pub const UPDATE: Statement = change!(
    "title = coalesce($4, title), description = CASE WHEN $5 THEN $6 ELSE description END, completed = coalesce($7, completed)"
);
/// `$1` id, `$2` user, `$3` now, `$4` completed or null to flip it.
pub const SET_COMPLETED: Statement = change!("completed = coalesce($4, NOT completed)");
/// `$1` id, `$2` user.
pub const DELETE: Statement =
    Statement::portable("DELETE FROM tasks WHERE id = $1 AND user_id = $2 RETURNING id");
/// `$1` version. Of the schema, not of tasks.
pub const MIGRATION_APPLIED: Statement =
    Statement::portable("SELECT count(*) FROM _sqlx_migrations WHERE version = $1 AND success");

/// All of them by name, for the test that prepares each on both engines.
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
    ("MIGRATION_APPLIED", MIGRATION_APPLIED),
];
