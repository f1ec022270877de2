"""The run: measures the candidates of the plan in rounds and reports them."""
import argparse
import contextlib
import pathlib
import resource
import sys
import tempfile
import time

from . import adopted, commands, dataset, load, plan, processes, report, users
from .postgres import Postgres, Relay
from .results import Point, Results
from .servers import Servers
from .tokens import SECRET

WARM_UP = 1


def main(about):
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=4, help="seconds of each measurement")
    names = {"metavar": "NAME", "choices": plan.NAMES, "action": "append"}
    only = f"measure this candidate and write no document; may be repeated: {'; '.join(plan.NAMES)}"
    parser.add_argument("--only", **names, help=only)
    parser.add_argument("--server", type=pathlib.Path, metavar="PATH", help="measure this binary of the server instead of building it")
    options = parser.parse_args()
    # 1,000 connections need as many file descriptors. The servers inherit the limit.
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
    commands.install()
    todo_api = options.server.resolve() if options.server else commands.build_server()
    commands.build_peers()

    with contextlib.ExitStack() as stack:
        directory = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory()))
        postgres = Postgres()
        stack.callback(postgres.stop)
        relay = Relay(postgres, plan.ELSEWHERE)
        stack.callback(relay.stop)
        commands.run(todo_api, "migrate", env={"DATABASE_URL": postgres.url, "BETTER_AUTH_SECRET": SECRET})
        servers = Servers(todo_api, directory, postgres, relay)
        candidates = [it for it in plan.CANDIDATES if not options.only or it.name in options.only]
        for name in plan.ADOPTED_DATABASES:
            if any(it.name == name for it in candidates):
                servers.adopted[name] = adopted.create(name, postgres, todo_api)
        results, began = Results(), time.monotonic()
        for number in range(options.rounds):
            for candidate in candidates:
                measure(candidate, servers, postgres, results, options.seconds)
            minutes = (time.monotonic() - began) / 60
            print(f"round {number + 1} of {options.rounds} done after {minutes:.1f} minutes", file=sys.stderr)
        measure_users(candidates, servers, postgres, results, options)
        machine = report.machine(postgres, options.rounds, options.seconds)
    print(f"{machine}\n\n{report.text(results)}")
    if not options.only:
        report.write(results, machine)


def measure(candidate, servers, postgres, results, seconds):
    """Measures all calls of a candidate in a round."""
    if candidate.name in plan.ADOPTED_DATABASES:
        adopted.fill(candidate.name, postgres)
    else:
        dataset.fill_postgres(postgres)
    if candidate.name == plan.PGBENCH:
        for call in candidate.calls:
            results.add(Point(plan.PGBENCH, call, plan.USUAL), load.pgbench(postgres, call, seconds))
        return
    database = None if candidate.name in (plan.SQLITE, plan.SQLITE_UNBATCHED) else postgres
    with started(servers, candidate) as server:
        for call, numbers in candidate.calls.items():
            load.wrk(server, call, plan.USUAL, WARM_UP)
            for callers in numbers:
                sample = load.measure(server, database, call, callers, seconds)
                results.add(Point(candidate.name, call, callers, candidate.distance), sample)
        results.add_memory(candidate, processes.resident(server.pid))


def measure_users(candidates, servers, postgres, results, options):
    """Measures many users and long lists of this server, and many users of its baseline."""
    dataset.fill_postgres(postgres)
    dataset.add_long_list(postgres)
    for candidate in candidates:
        if candidate.name not in (plan.TODO_API, plan.BASELINE) or candidate.distance:
            continue
        with started(servers, candidate) as server:
            for call in users.PATHS:
                results.crowds[candidate.name, call] = users.crowd(server, call, options.rounds, options.seconds)
            if candidate.name == plan.TODO_API:
                results.peak = users.peak(server)


@contextlib.contextmanager
def started(servers, candidate):
    server = servers.start(candidate)
    try:
        yield server
    finally:
        server.stop()
