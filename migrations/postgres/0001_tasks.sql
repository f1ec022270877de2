-- The tasks of all users. See specs/database/schema.md.
CREATE TABLE tasks (
    id          bigint      GENERATED ALWAYS AS IDENTITY,
    user_id     text        NOT NULL CHECK (char_length(user_id) BETWEEN 1 AND 255),
    title       text        NOT NULL CHECK (char_length(title) BETWEEN 1 AND 200),
    description text        CHECK (char_length(description) <= 1000),
    completed   boolean     NOT NULL DEFAULT false,
    created_at  timestamptz NOT NULL DEFAULT date_trunc('milliseconds', now()),
    updated_at  timestamptz NOT NULL DEFAULT date_trunc('milliseconds', now()),
    -- One user's tasks in the order of the list, read forwards or backwards. Begins with the user, so that the table can be distributed.
    CONSTRAINT tasks_user_id_created_at_id PRIMARY KEY (user_id, created_at, id)
);

-- An id belongs to one task of all users.
CREATE UNIQUE INDEX tasks_id ON tasks (id);
