-- The tasks of all users. See specs/database/schema.md.
CREATE TABLE tasks (
    id          bigint      GENERATED ALWAYS AS IDENTITY,
    user_id     text        NOT NULL CHECK (char_length(user_id) BETWEEN 1 AND 255),
    title       text        NOT NULL CHECK (char_length(title) BETWEEN 1 AND 500),
    description text        CHECK (char_length(description) <= 10000),
    completed   boolean     NOT NULL DEFAULT false,
    created_at  timestamptz NOT NULL DEFAULT date_trunc('milliseconds', now()),
    updated_at  timestamptz NOT NULL DEFAULT date_trunc('milliseconds', now()),
    -- Further members, if the server has `tasks.attributes`. The size is that of the JSON without the spaces that PostgreSQL adds outside
    -- of strings.
    attributes  jsonb       CONSTRAINT tasks_attributes_size CHECK (
        jsonb_typeof(attributes) = 'object'
        AND octet_length(attributes::text)
            - (length(regexp_replace(attributes::text, '"([^"\\]|\\.)*"', '', 'g'))
               - length(replace(regexp_replace(attributes::text, '"([^"\\]|\\.)*"', '', 'g'), ' ', ''))) <= 4096
    ),
    -- One user's tasks in the order of the list, read forwards or backwards. Begins with the user, so that the table can be distributed.
    CONSTRAINT tasks_user_id_created_at_id PRIMARY KEY (user_id, created_at, id)
);

-- An id belongs to one task of all users.
CREATE UNIQUE INDEX tasks_id ON tasks (id);
