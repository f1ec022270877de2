-- The tasks of all users. See specs/database/schema.md.
-- AUTOINCREMENT: without it SQLite gives the id of a deleted task to the next one.
CREATE TABLE tasks (
    id          INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    user_id     TEXT    NOT NULL CHECK (length(user_id) BETWEEN 1 AND 255),
    title       TEXT    NOT NULL CHECK (length(title) BETWEEN 1 AND 500),
    description TEXT    CHECK (length(description) <= 10000),
    completed   INTEGER NOT NULL DEFAULT 0 CHECK (completed IN (0, 1)),
    created_at  TEXT    NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f+00:00', 'now')),
    updated_at  TEXT    NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f+00:00', 'now')),
    -- Further members as JSON, if the server has `tasks.attributes`.
    attributes  TEXT    CONSTRAINT tasks_attributes_size CHECK (
        json_type(attributes) = 'object' AND length(CAST(attributes AS BLOB)) <= 4096
    )
) STRICT;

-- One user's tasks in the order of the list, read forwards or backwards.
CREATE INDEX tasks_user_id_created_at_id ON tasks (user_id, created_at, id);
