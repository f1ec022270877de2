"""A PostgreSQL server of the benchmark's own, and the relay that puts it elsewhere."""
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
import time

from .commands import BUILT_PEERS, free_port, run

NOBODY = 65534


def url(port, database="postgres"):
    return f"postgres://postgres@127.0.0.1:{port}/{database}"


class Postgres:
    """A PostgreSQL server with default settings, on a free port."""

    def __init__(self):
        versions = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin"))
        self.bin = versions[-1] if versions else pathlib.Path(shutil.which("initdb")).parent
        self.directory, self.port = pathlib.Path(tempfile.mkdtemp()), free_port()
        # PostgreSQL refuses to run as root.
        self.user = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.getuid() == 0 else {}
        if self.user:
            os.chown(self.directory, NOBODY, NOBODY)
        self.control("initdb", "-A", "trust", "-U", "postgres")
        options = f"-p {self.port} -h 127.0.0.1 -c unix_socket_directories="
        self.control("pg_ctl", "-w", "-l", self.directory / "log", "-o", options, "start")
        self.pid = int((self.directory / "postmaster.pid").read_text().split()[0])
        self.url = url(self.port)

    def control(self, program, *arguments):
        command = [self.bin / program, "-D", self.directory, *arguments]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/", **self.user)

    def sql(self, *statements, database="postgres"):
        """Runs each statement in a transaction of its own, as VACUUM requires. Returns the rows."""
        commands = [argument for it in statements for argument in ("-c", it)]
        return run(self.bin / "psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", *commands, url(self.port, database)).strip()

    def stop(self):
        self.control("pg_ctl", "-m", "immediate", "stop")
        shutil.rmtree(self.directory)


class Relay:
    """The way to a PostgreSQL server elsewhere: `benches/peers/relay.rs`, which makes each round trip longer."""

    def __init__(self, postgres, milliseconds):
        port = free_port()
        self.process = subprocess.Popen([str(it) for it in (BUILT_PEERS / "relay", port, postgres.port, milliseconds)])
        self.url = url(port)
        for _ in range(100):
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                return
            except OSError:
                time.sleep(0.05)
        raise SystemExit("the relay does not accept connections")

    def stop(self):
        self.process.terminate()
        self.process.wait(10)
