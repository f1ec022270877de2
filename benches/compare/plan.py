"""What the benchmark measures: calls, numbers of callers and candidates.

Each candidate is measured where its figures answer a question, so that three rounds of four seconds take about 27 minutes:

- This server and its baseline, the axum server, answer every call for 1, 32 and 128 callers. So does this server without batches, which shows
  what the batches bring for many callers and cost for a single caller.
- The FastAPI servers are measured with 32 callers only. They are saturated there: 128 callers wait longer for the same rate.
- SQLite has no network. More or fewer callers change nothing but the writes, which share a sync of the disk, and the simplest read.
- pgbench has as many clients as the servers have connections. It is the upper limit for 32 callers.
- An adopted database (`todo-api adopt`) shows the price of the view and its triggers, against this server on its own table: with integer ids, and with
  UUIDs, whose numbers are in a second table. Its statements are those of the own table, so the usual number of callers and the calls that
  read one task, write one and read a page suffice.
- The database elsewhere makes every call a wait for a round trip. Getting and creating a task show that; lists would repeat it.
- The mix is measured with 32 callers, as the summary of all calls.
"""
from typing import NamedTuple

# Connections of each server, and clients of pgbench.
CONNECTIONS = 15
# The usual number of callers: twice the connections, so that requests wait for one.
USUAL = 32
CALLERS = (1, USUAL, 128)
# Milliseconds of a round trip to the database elsewhere.
ELSEWHERE = 5

CALLS = {
    "show": "get a task",
    "create": "create a task",
    "list20": "list 20 tasks",
    "list100": "list 100 tasks",
    "mix": "mix",
}

TODO_API = "todo-api"
UNBATCHED = "todo-api, batch = false"
ADOPTED = "todo-api, adopted database"
ADOPTED_UUIDS = "todo-api, adopted database with UUIDs"
AXUM = "axum"
FASTAPI = "FastAPI, asyncpg"
FASTAPI_TWO = "FastAPI, asyncpg, two processes"
FASTAPI_SQLMODEL = "FastAPI, SQLModel"
SQLITE = "todo-api on SQLite"
SQLITE_UNBATCHED = "todo-api on SQLite, batch = false"
PGBENCH = "pgbench"

BASELINE = AXUM

# The databases of candidates that do not use the server's own table.
ADOPTED_DATABASES = {ADOPTED: "adopted", ADOPTED_UUIDS: "adopted_uuids"}


class Candidate(NamedTuple):
    """A server, or pgbench, with the numbers of callers for each call that it is measured with."""

    name: str
    calls: dict[str, tuple[int, ...]]
    # Milliseconds that a round trip to the database takes longer.
    distance: int = 0


def usual(*calls):
    return dict.fromkeys(calls, (USUAL,))


EVERYTHING = {**dict.fromkeys(CALLS, CALLERS), **usual("mix")}
ROUND_TRIPS = dict.fromkeys(["show", "create"], CALLERS)

# In the order of a round. Candidates that are compared closely are neighbours, so that both find the machine in the same state.
CANDIDATES = [
    Candidate(TODO_API, EVERYTHING),
    *[Candidate(name, usual("show", "create", "list20")) for name in ADOPTED_DATABASES],
    Candidate(UNBATCHED, EVERYTHING),
    Candidate(AXUM, EVERYTHING),
    Candidate(FASTAPI, usual(*CALLS)),
    Candidate(FASTAPI_TWO, usual(*CALLS)),
    Candidate(FASTAPI_SQLMODEL, usual(*CALLS)),
    Candidate(SQLITE, {**usual(*CALLS), **ROUND_TRIPS}),
    Candidate(SQLITE_UNBATCHED, {"create": CALLERS}),
    Candidate(PGBENCH, usual("show", "create", "list20", "list100")),
    Candidate(TODO_API, ROUND_TRIPS, ELSEWHERE),
    Candidate(UNBATCHED, ROUND_TRIPS, ELSEWHERE),
    Candidate(AXUM, ROUND_TRIPS, ELSEWHERE),
]
NAMES = list(dict.fromkeys(it.name for it in CANDIDATES))
