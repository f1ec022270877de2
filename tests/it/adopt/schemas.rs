//! Databases as `SQLModel`, `SQLAlchemy`, `alembic` and `Prisma` make them, with data.

/// A database of another program.
pub struct Legacy {
    /// Tables and rows.
    pub sql: &'static str,
    /// Arguments of `adopt` besides `--apply`.
    pub arguments: &'static [&'static str],
    /// The table, as SQL.
    pub table: &'static str,
    /// How their program sees a row `t`: id, user, title, description, whether it is done, and when it was created.
    pub eyes: &'static str,
    /// Their rows that are not deleted, as a condition.
    pub present: &'static str,
    /// What their program expects of a row that was just created and is not done, as a condition.
    pub fresh: &'static str,
    /// A user with tasks, and another.
    pub users: [&'static str; 2],
}

/// Their eyes on a table whose columns have the names of the API.
const PLAIN: &str =
    "t.id::text, t.user_id::text, t.title, t.description, t.completed, t.created_at AT TIME ZONE 'UTC'";

pub const SQLMODEL_TASKS: Legacy = Legacy {
    sql: "CREATE TABLE tasks (id bigserial PRIMARY KEY, user_id text NOT NULL, title text NOT NULL, description text,
            completed boolean NOT NULL, created_at timestamptz NOT NULL, updated_at timestamptz NOT NULL);
          CREATE INDEX ix_tasks_user_id ON tasks (user_id);
          INSERT INTO tasks (user_id, title, description, completed, created_at, updated_at) VALUES
            ('ann', 'first', NULL, false, '2026-01-01 10:00:00.123456+00', '2026-01-01 10:00:00+00'),
            ('ann', 'second', 'with a text', true, '2026-01-02 10:00:00+02', '2026-01-03 10:00:00+00'),
            ('bob', 'of bob', NULL, false, '2026-01-02 10:00:00+00', '2026-01-02 10:00:00+00')",
    arguments: &[],
    table: "public.tasks",
    eyes: PLAIN,
    present: "true",
    fresh: "NOT t.completed AND t.updated_at = t.created_at",
    users: ["ann", "bob"],
};

pub const STATUS_TEXT: Legacy = Legacy {
    sql: "CREATE TABLE \"user\" (id varchar PRIMARY KEY, email varchar UNIQUE, hashed_password varchar NOT NULL);
          INSERT INTO \"user\" VALUES ('ann', 'a@x', 'h'), ('bob', 'b@x', 'h');
          CREATE TABLE task (id serial PRIMARY KEY, user_id varchar NOT NULL REFERENCES \"user\" (id), title varchar(200) NOT NULL,
            description varchar, status varchar NOT NULL DEFAULT 'pending', priority integer NOT NULL,
            created_at timestamp NOT NULL, updated_at timestamp NOT NULL);
          INSERT INTO task (user_id, title, status, priority, created_at, updated_at) VALUES
            ('ann', 'first', 'pending', 1, '2026-01-01 10:00', '2026-01-01 10:00'),
            ('ann', 'second', 'completed', 2, '2026-01-02 10:00', '2026-01-02 11:00'),
            ('ann', 'third', 'in_progress', 3, '2026-01-03 10:00', '2026-01-03 10:00'),
            ('bob', 'of bob', 'pending', 1, '2026-01-01 10:00', '2026-01-01 10:00')",
    arguments: &["--set", "priority=3"],
    table: "public.task",
    eyes: "t.id::text, t.user_id::text, t.title::text, t.description::text, t.status = 'completed', t.created_at",
    present: "true",
    fresh: "t.status = 'pending' AND t.priority = 3",
    users: ["ann", "bob"],
};

pub const STATUS_ENUM: Legacy = Legacy {
    sql: "CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY);
          INSERT INTO alembic_version VALUES ('1975ea83b712');
          CREATE TYPE taskstatus AS ENUM ('TODO', 'IN_PROGRESS', 'DONE');
          CREATE TYPE priority AS ENUM ('LOW', 'MEDIUM', 'HIGH');
          CREATE TABLE task (id serial PRIMARY KEY, title varchar(255) NOT NULL, description text, status taskstatus NOT NULL,
            priority priority NOT NULL DEFAULT 'MEDIUM', due_date date, tags text[] NOT NULL DEFAULT '{}', user_id varchar(255) NOT NULL,
            created_at timestamp DEFAULT (now() AT TIME ZONE 'utc'), updated_at timestamp);
          CREATE INDEX ix_task_user_id ON task (user_id);
          INSERT INTO task (user_id, title, status, priority, due_date, tags, created_at, updated_at) VALUES
            ('ann', 'first', 'TODO', 'HIGH', '2026-05-01', '{a,b}', '2026-01-01 10:00', '2026-01-01 10:00'),
            ('ann', 'second', 'DONE', 'LOW', NULL, '{}', '2026-01-02 10:00', NULL),
            ('ann', 'third', 'IN_PROGRESS', 'LOW', NULL, '{}', '2026-01-03 10:00', NULL),
            ('bob', 'of bob', 'TODO', 'LOW', NULL, '{}', '2026-01-01 10:00', NULL)",
    arguments: &[],
    table: "public.task",
    eyes: "t.id::text, t.user_id::text, t.title::text, t.description, t.status = 'DONE', t.created_at",
    present: "true",
    fresh: "t.status = 'TODO' AND t.priority = 'MEDIUM' AND t.tags = '{}'",
    users: ["ann", "bob"],
};

pub const UUIDS: Legacy = Legacy {
    sql: "CREATE TABLE todos (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), user_id uuid NOT NULL, title varchar(255) NOT NULL,
            description text, completed boolean NOT NULL DEFAULT false, created_at timestamptz NOT NULL DEFAULT now(),
            updated_at timestamptz NOT NULL DEFAULT now());
          INSERT INTO todos (user_id, title, completed, created_at) VALUES
            ('11111111-1111-4111-8111-111111111111', 'first', false, '2026-01-01 10:00+00'),
            ('11111111-1111-4111-8111-111111111111', 'second', true, '2026-01-02 10:00+00'),
            ('22222222-2222-4222-8222-222222222222', 'of bob', false, '2026-01-01 10:00+00')",
    arguments: &[],
    table: "public.todos",
    eyes: PLAIN,
    present: "true",
    fresh: "NOT t.completed",
    users: ["11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"],
};

pub const UUIDS_OF_PYTHON: Legacy = Legacy {
    sql: "CREATE TABLE users (id uuid PRIMARY KEY);
          INSERT INTO users VALUES ('11111111-1111-4111-8111-111111111111'), ('22222222-2222-4222-8222-222222222222');
          CREATE TABLE task (id uuid PRIMARY KEY, user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE, title varchar NOT NULL, description varchar,
            is_completed boolean NOT NULL, created_at timestamp, updated_at timestamp);
          INSERT INTO task VALUES
            (gen_random_uuid(), '11111111-1111-4111-8111-111111111111', 'first', NULL, false, '2026-01-01 10:00', NULL),
            (gen_random_uuid(), '11111111-1111-4111-8111-111111111111', 'second', 'x', true, '2026-01-02 10:00', '2026-01-02 10:00'),
            (gen_random_uuid(), '22222222-2222-4222-8222-222222222222', 'of bob', NULL, false, '2026-01-01 10:00', NULL)",
    arguments: &[],
    table: "public.task",
    eyes: "t.id::text, t.user_id::text, t.title::text, t.description::text, t.is_completed, t.created_at",
    present: "true",
    fresh: "NOT t.is_completed AND t.id IS NOT NULL",
    users: ["11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"],
};

pub const NULLABLE_EVERYTHING: Legacy = Legacy {
    sql: "CREATE TABLE todo (id serial PRIMARY KEY, user_id varchar, title varchar(255), description text, is_completed boolean,
            created_at timestamp, updated_at timestamp);
          INSERT INTO todo (user_id, title, is_completed, created_at, updated_at) VALUES
            ('ann', 'first', NULL, '2026-01-01 10:00', NULL), ('ann', 'second', true, '2026-01-02 10:00', '2026-01-02 10:00'),
            ('ann', 'third', false, '2026-01-03 10:00', NULL), ('bob', 'of bob', NULL, NULL, NULL), (NULL, 'of nobody', NULL, NULL, NULL)",
    arguments: &[],
    table: "public.todo",
    eyes: "t.id::text, t.user_id::text, t.title::text, t.description, coalesce(t.is_completed, false), t.created_at",
    present: "true",
    fresh: "t.is_completed IS FALSE",
    users: ["ann", "bob"],
};

pub const NUMBERED_USERS: Legacy = Legacy {
    sql: "CREATE TABLE users (id serial PRIMARY KEY, email text NOT NULL);
          INSERT INTO users (email) VALUES ('a@x'), ('b@x');
          CREATE TABLE tasks (id integer GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, owner_id integer NOT NULL REFERENCES users (id),
            title varchar(500) NOT NULL, description text, completed boolean NOT NULL DEFAULT false, created_at timestamptz DEFAULT now(),
            updated_at timestamptz);
          CREATE INDEX ON tasks (owner_id);
          INSERT INTO tasks (owner_id, title, completed, created_at) VALUES
            (1, 'first', false, '2026-01-01 10:00+00'), (1, 'second', true, '2026-01-02 10:00+00'), (2, 'of bob', false, '2026-01-01 10:00+00')",
    arguments: &[],
    table: "public.tasks",
    eyes: "t.id::text, t.owner_id::text, t.title::text, t.description, t.completed, t.created_at AT TIME ZONE 'UTC'",
    present: "true",
    fresh: "NOT t.completed",
    users: ["1", "2"],
};

pub const SOFT_DELETION: Legacy = Legacy {
    sql: "CREATE TABLE tasks (id serial PRIMARY KEY, user_id varchar NOT NULL, title varchar(200) NOT NULL, description text,
            completed boolean NOT NULL DEFAULT false, category varchar NOT NULL DEFAULT 'inbox', created_at timestamp NOT NULL,
            updated_at timestamp NOT NULL, deleted_at timestamp);
          INSERT INTO tasks (user_id, title, completed, created_at, updated_at, deleted_at) VALUES
            ('ann', 'first', false, '2026-01-01 10:00', '2026-01-01 10:00', NULL), ('ann', 'second', true, '2026-01-02 10:00', '2026-01-02 10:00', NULL),
            ('ann', 'deleted', true, '2026-01-02 10:00', '2026-01-02 10:00', '2026-01-02 11:00'),
            ('bob', 'of bob', false, '2026-01-01 10:00', '2026-01-01 10:00', NULL)",
    arguments: &[],
    table: "public.tasks",
    eyes: "t.id::text, t.user_id::text, t.title::text, t.description, t.completed, t.created_at",
    present: "t.deleted_at IS NULL",
    fresh: "NOT t.completed AND t.category = 'inbox' AND t.deleted_at IS NULL",
    users: ["ann", "bob"],
};

pub const CAMEL_CASE: Legacy = Legacy {
    sql: "CREATE TABLE \"Todo\" (id serial PRIMARY KEY, \"userId\" text NOT NULL, title text NOT NULL, description text,
            done boolean NOT NULL DEFAULT false, is_deleted boolean DEFAULT false, \"createdAt\" timestamp(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
            \"updatedAt\" timestamp(3) NOT NULL);
          CREATE INDEX ON \"Todo\" (\"userId\", \"createdAt\");
          INSERT INTO \"Todo\" (\"userId\", title, done, is_deleted, \"createdAt\", \"updatedAt\") VALUES
            ('ann', 'first', false, NULL, '2026-01-01 10:00', '2026-01-01 10:00'), ('ann', 'second', true, false, '2026-01-02 10:00', '2026-01-02 10:00'),
            ('ann', 'deleted', true, true, '2026-01-02 10:00', '2026-01-02 10:00'), ('bob', 'of bob', false, false, '2026-01-01 10:00', '2026-01-01 10:00')",
    arguments: &[],
    table: "public.\"Todo\"",
    eyes: "t.id::text, t.\"userId\"::text, t.title, t.description, t.done, t.\"createdAt\"::timestamp",
    present: "t.is_deleted IS NOT TRUE",
    fresh: "NOT t.done AND t.is_deleted IS FALSE",
    users: ["ann", "bob"],
};

pub const COMPLETED_AT: Legacy = Legacy {
    sql: "CREATE TABLE todo_items (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, owner_id text NOT NULL, name varchar(120) NOT NULL, notes text,
            completed_at timestamptz, created timestamptz NOT NULL DEFAULT now(), updated timestamptz NOT NULL DEFAULT now(), color text DEFAULT 'red');
          INSERT INTO todo_items (owner_id, name, completed_at, created) VALUES ('ann', 'first', NULL, '2026-01-01 10:00+00'),
            ('ann', 'second', '2026-01-02 12:00+00', '2026-01-02 10:00+00'), ('bob', 'of bob', NULL, '2026-01-01 10:00+00')",
    arguments: &[],
    table: "public.todo_items",
    eyes: "t.id::text, t.owner_id, t.name::text, t.notes, t.completed_at IS NOT NULL, t.created AT TIME ZONE 'UTC'",
    present: "true",
    fresh: "t.completed_at IS NULL AND t.color = 'red'",
    users: ["ann", "bob"],
};

pub const OTHER_SCHEMA: Legacy = Legacy {
    sql: "CREATE SCHEMA app; CREATE TYPE app.state AS ENUM ('open', 'closed');
          CREATE TABLE app.tasks (task_id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, user_id varchar(64) NOT NULL, title text NOT NULL CHECK (title <> ''),
            details text, state app.state NOT NULL DEFAULT 'open', created_at timestamptz NOT NULL, updated_at timestamptz NOT NULL);
          INSERT INTO app.tasks (user_id, title, state, created_at, updated_at) VALUES
            ('ann', 'first', 'open', '2026-01-01 10:00+00', '2026-01-01 10:00+00'), ('ann', 'second', 'closed', '2026-01-02 10:00+00', '2026-01-02 10:00+00'),
            ('bob', 'of bob', 'open', '2026-01-01 10:00+00', '2026-01-01 10:00+00')",
    arguments: &[],
    table: "app.tasks",
    eyes: "t.task_id::text, t.user_id::text, t.title, t.details, t.state = 'closed', t.created_at AT TIME ZONE 'UTC'",
    present: "true",
    fresh: "t.state = 'open'",
    users: ["ann", "bob"],
};

pub const THEIR_TRIGGERS: Legacy = Legacy {
    sql: "CREATE TABLE tasks (id serial PRIMARY KEY, user_id text NOT NULL, title text NOT NULL, description text, completed boolean NOT NULL DEFAULT false,
            created_at timestamp NOT NULL DEFAULT now(), updated_at timestamp NOT NULL DEFAULT now(), version integer NOT NULL DEFAULT 0);
          CREATE TABLE audit_log (task integer, event text);
          CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.version := OLD.version + 1; RETURN NEW; END $$;
          CREATE FUNCTION audit() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN INSERT INTO audit_log VALUES (coalesce(NEW.id, OLD.id), lower(TG_OP)); RETURN NULL; END $$;
          INSERT INTO tasks (user_id, title, completed, created_at) VALUES
            ('ann', 'first', false, '2026-01-01 10:00'), ('ann', 'second', true, '2026-01-02 10:00'), ('bob', 'of bob', false, '2026-01-01 10:00');
          CREATE TRIGGER touch BEFORE UPDATE ON tasks FOR EACH ROW EXECUTE FUNCTION touch();
          CREATE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON tasks FOR EACH ROW EXECUTE FUNCTION audit()",
    arguments: &[],
    table: "public.tasks",
    eyes: "t.id::text, t.user_id, t.title, t.description, t.completed, t.created_at",
    present: "true",
    fresh: "t.version = 0 AND EXISTS (SELECT FROM audit_log a WHERE a.task = t.id AND a.event = 'insert')",
    users: ["ann", "bob"],
};

pub const NO_UPDATED_AT: Legacy = Legacy {
    sql: "CREATE TABLE task (id serial PRIMARY KEY, user_id varchar NOT NULL, title varchar(100) NOT NULL, description varchar(500), done boolean NOT NULL DEFAULT false,
            created_at timestamp NOT NULL DEFAULT now());
          INSERT INTO task (user_id, title, done, created_at) VALUES
            ('ann', 'first', false, '2026-01-01 10:00'), ('ann', 'second', true, '2026-01-02 10:00'), ('bob', 'of bob', false, '2026-01-01 10:00')",
    arguments: &[],
    table: "public.task",
    eyes: "t.id::text, t.user_id::text, t.title::text, t.description::text, t.done, t.created_at",
    present: "true",
    fresh: "NOT t.done",
    users: ["ann", "bob"],
};

pub const HOSTILE_NAMES: Legacy = Legacy {
    sql: "CREATE SCHEMA \"se\"\"lect\"; CREATE TYPE \"se\"\"lect\".\"it's\" AS ENUM ('it''s open', 'back\\slash');
          CREATE TABLE \"se\"\"lect\".\"my; DROP TABLE x\" (\"from\" serial PRIMARY KEY, \"user id\" text NOT NULL, \"ti\"\"tle\" text NOT NULL, \"$adopt$\" text,
            \"status\" \"se\"\"lect\".\"it's\" NOT NULL, \"it's; --\" text NOT NULL DEFAULT 'x', \"CREATED\" timestamptz NOT NULL, \"Updated At\" timestamptz NOT NULL);
          INSERT INTO \"se\"\"lect\".\"my; DROP TABLE x\" (\"user id\", \"ti\"\"tle\", status, \"CREATED\", \"Updated At\") VALUES
            ('ann', 'first', 'it''s open', '2026-01-01 10:00+00', '2026-01-01 10:00+00'), ('ann', 'second', 'back\\slash', '2026-01-02 10:00+00', '2026-01-02 10:00+00'),
            ('bob', 'of bob', 'it''s open', '2026-01-01 10:00+00', '2026-01-01 10:00+00')",
    arguments: &[
        "--table", "my; DROP TABLE x", "--column", "id=from", "--column", "user_id=user id", "--column", "title=ti\"tle", "--column", "description=$adopt$",
        "--column", "updated_at=Updated At", "--done", "back\\slash", "--open", "it's open", "--set", "it's; --=Robert'); DROP TABLE x;--",
    ],
    table: "\"se\"\"lect\".\"my; DROP TABLE x\"",
    eyes: "t.\"from\"::text, t.\"user id\", t.\"ti\"\"tle\", t.\"$adopt$\", t.status = 'back\\slash', t.\"CREATED\" AT TIME ZONE 'UTC'",
    present: "true",
    fresh: "t.status = 'it''s open' AND t.\"it's; --\" = 'Robert''); DROP TABLE x;--'",
    users: ["ann", "bob"],
};

pub const TEXT_IDS: Legacy = Legacy {
    sql: "CREATE DOMAIN short_text AS varchar(300);
          CREATE TABLE tasks (id varchar(36) PRIMARY KEY, user_id text NOT NULL, title short_text NOT NULL, description short_text, status text,
            extra jsonb NOT NULL DEFAULT '{}', title_length integer GENERATED ALWAYS AS (char_length(title::text)) STORED,
            created_at timestamptz NOT NULL, updated_at timestamptz NOT NULL);
          INSERT INTO tasks (id, user_id, title, status, extra, created_at, updated_at) VALUES
            ('clx1', 'ann', 'first', 'todo', '{\"a\": 1}', '2026-01-01 10:00+00', '2026-01-01 10:00+00'),
            ('clx2', 'ann', 'second', 'done', '{}', '2026-01-02 10:00+00', '2026-01-02 10:00+00'),
            ('clx3', 'ann', 'third', NULL, '{}', '2026-01-03 10:00+00', '2026-01-03 10:00+00'),
            ('clx4', 'bob', 'of bob', 'archived', '{}', '2026-01-01 10:00+00', '2026-01-01 10:00+00')",
    arguments: &["--done", "done", "--done", "archived", "--open", "todo"],
    table: "public.tasks",
    eyes: "t.id::text, t.user_id, t.title::text, t.description::text, coalesce(t.status IN ('done', 'archived'), false), t.created_at AT TIME ZONE 'UTC'",
    present: "true",
    fresh: "t.status = 'todo' AND t.extra = '{}' AND t.title_length = char_length(t.title) AND char_length(t.id) = 36",
    users: ["ann", "bob"],
};

pub const NO_INDEX: Legacy = Legacy {
    sql: "CREATE TABLE tasks (id integer PRIMARY KEY, user_id varchar NOT NULL, title varchar NOT NULL, description varchar, complete boolean NOT NULL,
            created_at timestamp with time zone, updated_at timestamp with time zone, due_date timestamp, recurring varchar NOT NULL);
          CREATE SEQUENCE my_ids; ALTER TABLE tasks ALTER id SET DEFAULT nextval('my_ids') + 1000;
          INSERT INTO tasks (user_id, title, complete, created_at, updated_at, recurring) VALUES
            ('ann', 'first', false, '2026-01-01 10:00+00', '2026-01-01 10:00+00', 'no'), ('ann', 'second', true, '2026-01-02 10:00+00', NULL, 'no'),
            ('bob', 'of bob', false, NULL, NULL, 'weekly')",
    arguments: &["--set", "recurring=no"],
    table: "public.tasks",
    eyes: "t.id::text, t.user_id::text, t.title::text, t.description::text, t.complete, t.created_at AT TIME ZONE 'UTC'",
    present: "true",
    fresh: "t.id > 1000 AND t.recurring = 'no' AND t.due_date IS NULL",
    users: ["ann", "bob"],
};
