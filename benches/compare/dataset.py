"""The tasks that every candidate finds in its database: 100 of the user `measured`, 20 of `twenty` and 100 of each of 1,000 others.

The database is filled anew for each candidate, because the tasks that a candidate creates, and deleted rows, slow down its successors.
"""
import contextlib
import sqlite3

from .commands import run

COLUMNS = "id, user_id, title, description, completed, created_at, updated_at"
WRITTEN = "(user_id, title, description, completed, created_at, updated_at) "
INSERT = f"INSERT INTO tasks {WRITTEN}"
# Ids begin at 1 in an empty table. So these are known: the first of `measured`, and the first of the others.
FIRST, FIRST_OF_OTHERS = 1, 121


def inserts(time, numbers, table="tasks"):
    """The statements that fill an empty table. `time` and `numbers` are the engine's SQL for a time in the past, and for the numbers up to a limit."""
    users = {"'measured'": 100, "'twenty'": 20, "'other-' || n % 1000": 100_000}
    return [
        f"INSERT INTO {table} {WRITTEN}SELECT {user}, 'Task number ' || n, 'Something that is to be done ' || n, false, {time}, {time} FROM {numbers(count)} ORDER BY n"
        for user, count in users.items()
    ]


def fill_postgres(postgres):
    fill_table("tasks", ["tasks"], "now()", postgres, "postgres")


def fill_table(table, tables, now, postgres, database):
    """Empties the tables and fills one of them. `now` is the SQL of the present in the type of its times."""
    statements = inserts(f"{now} - n * interval '1 minute'", lambda count: f"generate_series(1, {count}) n", table)
    names = ", ".join(tables)
    # The checkpoint is due before the measurement rather than in it.
    postgres.sql(f"TRUNCATE {names} RESTART IDENTITY", *statements, f"VACUUM ANALYZE {names}", "CHECKPOINT", database=database)


def add_long_list(postgres):
    """Adds 10,000 tasks of 1,000 characters for the user `long`."""
    postgres.sql(f"{INSERT}SELECT 'long', 'Task number ' || n, repeat('x', 1000), false, now(), now() FROM generate_series(1, 10000) n")


def new_sqlite(server, environment, directory):
    """Replaces the SQLite database in the directory by a filled one and returns its URL. `server` is the binary that migrates it."""
    path = directory / "todo.db"
    for file in directory.glob("todo.db*"):
        file.unlink()
    url = f"sqlite://{path}"
    run(server, "migrate", env={**environment, "DATABASE_URL": url})
    time = "strftime('%Y-%m-%dT%H:%M:%S.000+00:00', '2026-11-21', -n || ' minutes')"
    numbers = "(WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < {}) SELECT n FROM s)"
    with contextlib.closing(sqlite3.connect(path)) as database, database:
        for statement in inserts(time, numbers.format):
            database.execute(statement)
    return url
