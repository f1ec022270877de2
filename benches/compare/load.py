"""Load on a server by wrk, and on PostgreSQL by pgbench, with the CPU time that each request takes."""
import re
import tempfile

from . import plan, processes
from .commands import run
from .dataset import COLUMNS, FIRST, INSERT
from .results import Sample
from .tokens import token

SHOW = """
local n = 0
request = function()
  n = n % 100 + 1
  return wrk.format("GET", "/api/tasks/" .. (FIRST + n - 1))
end
"""
LIST = """
request = function() return wrk.format("GET", "/api/tasks") end
"""
CREATE = """
wrk.headers["Content-Type"] = "application/json"
local body = '{"title": "measured", "description": "as often as it goes"}'
request = function() return wrk.format("POST", "/api/tasks", nil, body) end
"""
# Of ten requests six get a task, two list tasks and two create a task. Another user creates them, so that the list does not grow.
MIX = """
local n = 0
local body = '{"title": "measured", "description": "as often as it goes"}'
local headers = {["Authorization"] = "Bearer " .. OTHER, ["Content-Type"] = "application/json"}
request = function()
  n = n % 100 + 1
  local kind = n % 10
  if kind < 2 then return wrk.format("GET", "/api/tasks") end
  if kind < 4 then return wrk.format("POST", "/api/tasks", headers, body) end
  return wrk.format("GET", "/api/tasks/" .. (FIRST + n - 1))
end
"""
SCRIPTS = {"show": SHOW, "create": CREATE, "list20": LIST, "list100": LIST, "mix": MIX}
USERS = {"show": "measured", "create": "created", "list20": "twenty", "list100": "measured", "mix": "measured"}

LIST_SQL = f"SELECT {COLUMNS} FROM tasks WHERE user_id = '{{}}' ORDER BY created_at DESC, id DESC LIMIT 500;\n"
SQL = {
    "show": f"\\set id random({FIRST}, {FIRST + 99})\nSELECT {COLUMNS} FROM tasks WHERE id = :id AND user_id = 'measured';\n",
    "create": f"{INSERT}VALUES ('created', 'measured', 'as often as it goes', false, now(), now()) RETURNING {COLUMNS};\n",
    "list20": LIST_SQL.format("twenty"),
    "list100": LIST_SQL.format("measured"),
}
MILLISECONDS = {"us": 1e-3, "ms": 1, "s": 1e3, "m": 6e4}


def wrk(server, call, callers, seconds):
    """Requests a call as often as it goes. Returns the number of requests, their rate and the median of their milliseconds."""
    variables = f'FIRST = {FIRST}\nOTHER = "{token("created")}"\nwrk.headers["Authorization"] = "Bearer {token(USERS[call])}"\n'
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(variables + SCRIPTS[call])
        script.flush()
        command = ["wrk", "-t1", f"-c{callers}", f"-d{seconds}s", "--latency", "-s", script.name, server.url("/")]
        output = run(*command)
    requests = re.search(r"(\d+) requests in", output)
    if "Non-2xx" in output or "Socket errors" in output or not requests or requests[1] == "0":
        raise SystemExit(f"requests failed: {plan.CALLS[call]}, {callers} callers\n{output}")
    median = re.search(r"50%\s+([\d.]+)(us|ms|s|m)\b", output)
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", output)[1])
    return int(requests[1]), rate, float(median[1]) * MILLISECONDS[median[2]]


def measure(server, postgres, call, callers, seconds):
    """Measures a call and returns its `Sample`. PostgreSQL is `None` if the server has a database of its own."""
    roots = [server.pid] if postgres is None else [server.pid, postgres.pid]
    before = [processes.cpu_seconds(it) for it in roots]
    requests, rate, p50 = wrk(server, call, callers, seconds)
    cpu = [(processes.cpu_seconds(root) - time) / requests * 1e6 for root, time in zip(roots, before)]
    return Sample(rate, p50, server_cpu=cpu[0], database_cpu=cpu[1] if postgres else None)


def pgbench(postgres, call, seconds):
    """Runs the statement of a call without a server and returns its `Sample`."""
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as script:
        script.write(SQL[call])
        script.flush()
        before = processes.cpu_seconds(postgres.pid)
        output = run(
            postgres.bin / "pgbench", "-n", "-M", "prepared", "-c", plan.CONNECTIONS, "-j", 1, "-T", seconds, "-f", script.name,
            "-h", "127.0.0.1", "-p", postgres.port, "-U", "postgres", "postgres",
        )
        cpu = processes.cpu_seconds(postgres.pid) - before
    transactions = int(re.search(r"actually processed: (\d+)", output)[1])
    rate = float(re.search(r"tps = ([\d.]+)", output)[1])
    return Sample(rate, None, server_cpu=None, database_cpu=cpu / transactions * 1e6)
