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
        "id, user_id, title, description, completed, created_at, updated_at, CAST(attributes AS text)"
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

macro_rules! create {
    ($attributes:literal) => {
        concat!(
            "INSERT INTO tasks (user_id, title, description, completed, created_at, updated_at, attributes) ",
            "VALUES ($1, $2, $3, $4, $5, $5, ",
            $attributes,
            ") RETURNING ",
            columns!()
        )
    };
}

/// An update of a task. It sets `updated_at` to now, but at least a millisecond later than before: two changes within a millisecond, and a
/// clock that was set back, must be visible. `+00:00` is the driver's format of UTC for SQLite. PostgreSQL adds to a timestamp without time
/// zone, which is immutable: Citus allows no stable function of a column in an update.
macro_rules! update_task {
    ($updated_at:literal, $attributes:expr, $condition:expr) => {
        concat!(
            "UPDATE tasks SET title = coalesce($4, title), description = CASE WHEN $5 THEN $6 ELSE description END, ",
            "completed = CASE WHEN $7 THEN NOT completed ELSE coalesce($8, completed) END, updated_at = ",
            $updated_at,
            ", attributes = ",
            $attributes,
            " WHERE id = $1 AND user_id = $2",
            $condition,
            " RETURNING ",
            columns!()
        )
    };
}

/// Both texts of an update, which differ from another update in the condition.
macro_rules! update_statement {
    ($postgres_condition:expr, $sqlite_condition:expr) => {
        Statement {
            postgres: update_task!(
                "greatest($3, (updated_at AT TIME ZONE 'UTC' + interval '1 millisecond') AT TIME ZONE 'UTC')",
                "CASE WHEN CAST($9 AS text) IS NULL THEN attributes ELSE coalesce(attributes, '{}') || CAST($9 AS jsonb) END",
                $postgres_condition
            ),
            // SQLite's own `json_patch` would merge nested objects, and remove attributes that are null.
            sqlite: update_task!(
                "max($3, strftime('%Y-%m-%dT%H:%M:%f+00:00', updated_at, '+0.001 seconds'))",
                concat!(
                    "CASE WHEN $9 IS NULL THEN attributes ELSE (SELECT json_group_object(name, json(value)) FROM (",
                    "SELECT key AS name, attributes -> fullkey AS value FROM json_each(attributes) ",
                    "WHERE key NOT IN (SELECT key FROM json_each($9)) ",
                    "UNION ALL SELECT key, $9 -> fullkey FROM json_each($9))) END"
                ),
                $sqlite_condition
            ),
        }
    };
}

/// The tasks that a search finds. An attribute that a task does not have has its default. Of an attribute that is an array, the elements are
/// compared. One of the wanted values suffices.
macro_rules! found_postgres {
    () => {
        concat!(
            from_filtered!(),
            " AND (CAST($3 AS text) IS NULL OR strpos(lower(title), lower($3)) > 0 OR strpos(lower(description), lower($3)) > 0) ",
            "AND NOT EXISTS (SELECT 1 FROM jsonb_array_elements(CAST($4 AS jsonb)) AS filter (wanted), ",
            "LATERAL (SELECT coalesce(attributes -> (wanted ->> 0), wanted -> 2) AS actual) AS attribute ",
            "WHERE NOT coalesce((wanted -> 1) ? (actual #>> '{}') OR (jsonb_typeof(actual) = 'array' AND ",
            "actual ?| ARRAY(SELECT jsonb_array_elements_text(wanted -> 1))), false))"
        )
    };
}

/// As [`found_postgres!`]. SQLite gives the booleans of JSON as numbers.
macro_rules! found_sqlite {
    () => {
        concat!(
            from_filtered!(),
            " AND ($3 IS NULL OR instr(lower(title), lower($3)) > 0 OR instr(lower(description), lower($3)) > 0) ",
            "AND NOT EXISTS (SELECT 1 FROM (SELECT coalesce(attributes -> (filter.value ->> 0), filter.value -> 2) AS actual, ",
            "filter.value -> 1 AS wanted FROM json_each($4) AS filter) ",
            "WHERE NOT EXISTS (SELECT 1 FROM json_each(wanted) AS choice WHERE choice.value = CASE json_type(actual) ",
            "WHEN 'true' THEN 'true' WHEN 'false' THEN 'false' ",
            "WHEN 'array' THEN (SELECT choice.value FROM json_each(actual) AS element WHERE element.value = choice.value) ",
            "ELSE CAST(actual ->> '$' AS text) END))"
        )
    };
}

/// The ids of the tasks that a search finds. Tasks without a value of the sort key are last in both orders.
macro_rules! find {
    ($order:literal) => {
        Statement {
            postgres: concat!(
                "SELECT id FROM (SELECT id, title, completed, created_at, updated_at, coalesce(attributes -> CAST($6 AS text), CAST($7 AS jsonb)) AS actual",
                found_postgres!(),
                ") AS found ORDER BY CASE CAST($5 AS text) WHEN 'updated_at' THEN updated_at END ", $order,
                ", CASE $5 WHEN 'title' THEN lower(title) COLLATE \"C\" END ", $order,
                ", CASE $5 WHEN 'completed' THEN completed END ", $order,
                ", (SELECT rank FROM jsonb_array_elements_text(CAST($8 AS jsonb)) WITH ORDINALITY AS ranked (word, rank) ",
                "WHERE word = actual #>> '{}') ", $order, " NULLS LAST",
                ", CASE jsonb_typeof(actual) WHEN 'number' THEN CAST(actual AS numeric) END ", $order, " NULLS LAST",
                ", CASE WHEN jsonb_typeof(actual) IN ('string', 'boolean') THEN lower(actual #>> '{}') COLLATE \"C\" END ", $order, " NULLS LAST",
                ", created_at ", $order, ", id ", $order, " LIMIT $9 OFFSET $10"
            ),
            sqlite: concat!(
                "SELECT id FROM (SELECT id, title, completed, created_at, updated_at, coalesce(attributes -> $6, $7) AS actual",
                found_sqlite!(),
                ") ORDER BY CASE $5 WHEN 'updated_at' THEN updated_at END ", $order,
                ", CASE $5 WHEN 'title' THEN lower(title) END ", $order,
                ", CASE $5 WHEN 'completed' THEN completed END ", $order,
                ", (SELECT key FROM json_each($8) AS ranked WHERE ranked.value = actual ->> '$') ", $order, " NULLS LAST",
                ", CASE WHEN json_type(actual) IN ('integer', 'real') THEN actual ->> '$' END ", $order, " NULLS LAST",
                ", CASE WHEN json_type(actual) IN ('text', 'true', 'false') THEN lower(actual ->> '$') END ", $order, " NULLS LAST",
                ", created_at ", $order, ", id ", $order, " LIMIT $9 OFFSET $10"
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
/// `$1` user, `$2` title, `$3` description, `$4` completed, `$5` now, `$6` attributes or null.
pub const CREATE: Statement = Statement {
    postgres: create!("CAST($6 AS jsonb)"),
    // Without the white space that the client sent.
    sqlite: create!("json($6)"),
};
/// `$1` id, `$2` user, `$3` now, `$4` title or null, `$5` whether to set the description, `$6` description or null, `$7` whether to invert
/// completed, `$8` completed or null, `$9` attributes to set or null. An object has each name once, so that `$9` replaces.
pub const UPDATE: Statement = update_statement!("", "");
/// As [`UPDATE`], of a task that is completed or has a state. `$10` attribute with the state, `$11` required state, `$12` JSON array of the
/// states of open tasks. A task without such a state has the first.
pub const UPDATE_IN_STATE: Statement = update_statement!(
    concat!(
        " AND (completed OR CASE WHEN CAST($12 AS jsonb) ? (attributes ->> CAST($10 AS text)) ",
        "THEN attributes ->> $10 ELSE CAST($12 AS jsonb) ->> 0 END = $11)"
    ),
    concat!(
        " AND (completed OR coalesce((SELECT value FROM json_each($12) WHERE value = attributes ->> $10), ",
        "$12 ->> 0) = $11)"
    )
);
/// `$1` id, `$2` user. Returns the deleted task.
pub const DELETE: Statement =
    Statement::portable(concat!("DELETE FROM tasks WHERE id = $1 AND user_id = $2 RETURNING ", columns!()));
/// Ids of the tasks that a search finds, in its order. `$1` user, `$2` completed or null, `$3` text or null, `$4` attribute filters: a JSON
/// array of `[name, values, default]`, `$5` sort key, `$6` name, `$7` default and `$8` values of the attribute to sort by, `$9` limit, `$10` offset.
pub const FIND_DESCENDING: Statement = find!("DESC");
/// As [`FIND_DESCENDING`], in ascending order.
pub const FIND_ASCENDING: Statement = find!("ASC");
/// The number of tasks that a search finds. `$1` to `$4` as in [`FIND_DESCENDING`].
pub const COUNT_FOUND: Statement = Statement {
    postgres: concat!("SELECT count(*)", found_postgres!()),
    sqlite: concat!("SELECT count(*)", found_sqlite!()),
};
/// Tasks by their ids, in the order of the ids. `$1` user, `$2` JSON array of ids.
pub const GET_FOUND: Statement = Statement {
    postgres: concat!(
        "SELECT ",
        columns!(),
        " FROM json_array_elements_text(CAST($2 AS json)) WITH ORDINALITY AS found (task, position) ",
        "JOIN tasks ON id = CAST(task AS bigint) AND user_id = $1 ORDER BY position"
    ),
    sqlite: concat!(
        "SELECT ",
        columns!(),
        " FROM (SELECT key AS position, value AS task FROM json_each($2)) JOIN tasks ON id = task AND user_id = $1 ORDER BY position"
    ),
};
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
    ("UPDATE_IN_STATE", UPDATE_IN_STATE),
    ("DELETE", DELETE),
    ("FIND_DESCENDING", FIND_DESCENDING),
    ("FIND_ASCENDING", FIND_ASCENDING),
    ("COUNT_FOUND", COUNT_FOUND),
    ("GET_FOUND", GET_FOUND),
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
