"""The servers to measure."""
import json
import os
import subprocess
import time
import urllib.request

from . import dataset, plan
from .commands import BUILT_PEERS, PEERS, free_port
from .tokens import SECRET, token


class Server:
    """The process of a server, on a free port."""

    def __init__(self, command, environment, directory=None):
        self.port = free_port()
        environment = {"PATH": os.environ["PATH"], "PORT": str(self.port), **environment}
        command = [str(it).replace("{port}", str(self.port)) for it in command]
        null = subprocess.DEVNULL
        self.process = subprocess.Popen(command, env=environment, cwd=directory, stdout=null, stderr=null)
        self.pid = self.process.pid

    def url(self, path):
        return f"http://127.0.0.1:{self.port}{path}"

    def wait_until_ready(self):
        """Waits for the first response, and checks it."""
        request = urllib.request.Request(self.url("/api/tasks"), headers={"Authorization": f"Bearer {token('measured')}"})
        for _ in range(200):
            try:
                with urllib.request.urlopen(request) as response:
                    if len(json.load(response)) != 100:
                        raise SystemExit(f"{self.process.args[0]} does not list 100 tasks")
                    return
            except OSError:
                time.sleep(0.05)
        raise SystemExit(f"{self.process.args[0]} does not respond")

    def stop(self):
        self.process.terminate()
        self.process.wait(30)


class Servers:
    """Starts the servers of the plan. They share a PostgreSQL server, which the relay puts elsewhere, and have a new SQLite database each."""

    def __init__(self, todo_api, directory, postgres, relay):
        self.todo_api, self.directory = todo_api, directory
        self.urls = {0: postgres.url, plan.ELSEWHERE: relay.url}
        # URLs of the adopted databases. `main` creates those that it measures.
        self.adopted = {}

    def start(self, candidate):
        """Starts the server of a candidate and waits until it is ready."""
        server = self.launch(candidate.name, self.urls[candidate.distance])
        try:
            server.wait_until_ready()
        except BaseException:
            server.stop()
            raise
        return server

    def launch(self, name, url):
        peer = {"DATABASE_URL": url, "BETTER_AUTH_SECRET": SECRET, "CONNECTIONS": str(plan.CONNECTIONS)}
        match name:
            case plan.TODO_API:
                return self.ours(url)
            case plan.UNBATCHED:
                return self.ours(url, batch=False)
            case plan.ADOPTED | plan.ADOPTED_UUIDS:
                return self.ours(self.adopted[name])
            case plan.SQLITE:
                return self.ours(self.new_sqlite())
            case plan.SQLITE_UNBATCHED:
                return self.ours(self.new_sqlite(), batch=False)
            case plan.AXUM:
                return Server([BUILT_PEERS / "release/axum-peer"], peer)
            case plan.FASTAPI:
                return fastapi("fastapi", 1, peer)
            case plan.FASTAPI_TWO:
                return fastapi("fastapi", 2, peer)
            case plan.FASTAPI_SQLMODEL:
                return fastapi("fastapi-sqlmodel", 1, peer)
        raise ValueError(name)

    def ours(self, url, batch=True):
        environment = {
            "DATABASE_URL": url,
            "BETTER_AUTH_SECRET": SECRET,
            "ROCKET_ADDRESS": "127.0.0.1",
            # No load balancer has to notice the end.
            "ROCKET_SHUTDOWN": "{drain=0}",
        }
        if not batch:
            environment["ROCKET_DATABASES"] = "{todo={batch=false}}"
        return Server([self.todo_api], environment, self.directory)

    def new_sqlite(self):
        return dataset.new_sqlite(self.todo_api, {"BETTER_AUTH_SECRET": SECRET}, self.directory)


def fastapi(peer, processes, environment):
    uvicorn = BUILT_PEERS / peer / "bin/uvicorn"
    command = [uvicorn, "main:app", "--port", "{port}", "--workers", processes, "--no-access-log"]
    return Server(command, {**environment, "WORKERS": str(processes)}, PEERS / peer)
