"""Databases as SQLModel makes them, adopted by this server, with the tasks of `dataset`."""
from . import plan
from .commands import run
from .dataset import fill_table
from .postgres import url
from .tokens import SECRET

# Further columns are as usual. Times have no zone.
TABLES = {
    plan.ADOPTED: "id serial PRIMARY KEY, user_id varchar NOT NULL, title varchar(200) NOT NULL, description varchar, completed boolean NOT NULL,"
    " priority varchar NOT NULL DEFAULT 'medium', created_at timestamp NOT NULL, updated_at timestamp NOT NULL",
    plan.ADOPTED_UUIDS: "id uuid PRIMARY KEY DEFAULT gen_random_uuid(), user_id varchar NOT NULL, title varchar(200) NOT NULL, description varchar,"
    " completed boolean NOT NULL, priority varchar NOT NULL DEFAULT 'medium', created_at timestamp NOT NULL, updated_at timestamp NOT NULL",
}


def create(name, postgres, todo_api):
    """Creates the database of a candidate and adopts it. Returns the URL of its server."""
    database = plan.ADOPTED_DATABASES[name]
    postgres.sql(f"CREATE DATABASE {database}")
    postgres.sql(f"CREATE TABLE task ({TABLES[name]})", "CREATE INDEX ix_task_user_id ON task (user_id)", database=database)
    plain = url(postgres.port, database)
    run(todo_api, "adopt", "--apply", "--indexes", env={"DATABASE_URL": plain, "BETTER_AUTH_SECRET": SECRET})
    return f"{plain}?options=-c%20search_path%3Dtodo_api"


def fill(name, postgres):
    """Replaces the tasks. The trigger numbers those with UUIDs from 1 again."""
    tables = ["task"] if name == plan.ADOPTED else ["task", "todo_api.task_ids"]
    fill_table("task", tables, "(now() AT TIME ZONE 'UTC')", postgres, plan.ADOPTED_DATABASES[name])
