"""A steady load of many users, and the peak of memory during long lists."""
import asyncio
import re
import statistics
import subprocess
import time

from . import processes
from .dataset import FIRST_OF_OTHERS
from .tokens import token

RATE = 1000
# The user `other-1` has the first of the others' tasks, and `other-0` the thousandth.
PATHS = {"show": lambda number: f"/api/tasks/{FIRST_OF_OTHERS + (number - 1) % 1000}", "list100": lambda _: "/api/tasks"}
LONG_LISTS = 8


async def steady(port, path, users, seconds):
    """Requests the path at `RATE`, evenly spread over the users, with a connection per user. Returns the milliseconds of each request."""
    took, interval = [], users / RATE

    async def user(number):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        authorization = f"Authorization: Bearer {token(f'other-{number}')}"
        request = f"GET {path(number)} HTTP/1.1\r\nHost: x\r\n{authorization}\r\n\r\n".encode()
        due = began + interval * number / users
        while due < began + seconds:
            await asyncio.sleep(max(0, due - time.perf_counter()))
            sent = time.perf_counter()
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            if not head.startswith(b"HTTP/1.1 200"):
                raise SystemExit(f"a request failed: {path(number)}\n{head.decode()}")
            await reader.readexactly(int(re.search(rb"content-length: (\d+)", head)[1]))
            took.append((time.perf_counter() - sent) * 1e3)
            due += interval
        writer.close()

    began = time.perf_counter() + 1
    await asyncio.gather(*[user(number) for number in range(users)])
    return took


def crowd(server, call, rounds, seconds):
    """Measures 10 and 1,000 users in turn. Returns the median and the 95th percentile of each in milliseconds."""
    found = {10: [], 1000: []}
    for _ in range(rounds):
        for users, quantiles in found.items():
            twentieths = statistics.quantiles(asyncio.run(steady(server.port, PATHS[call], users, seconds)), n=20)
            quantiles.append((twentieths[9], twentieths[18]))
    return {users: [statistics.median(it) for it in zip(*quantiles)] for users, quantiles in found.items()}


def peak(server):
    """Lists 10,000 long tasks for eight clients. Returns the resident MiB of the server before, and the peak meanwhile."""
    before = processes.resident(server.pid)
    bearer = f"Authorization: Bearer {token('long')}"
    command = ["curl", "-sf", "-o", "/dev/null", "-H", bearer, server.url("/api/tasks")]
    clients = [subprocess.Popen(command) for _ in range(LONG_LISTS)]
    if any([client.wait(60) for client in clients]):
        raise SystemExit("a long list failed")
    return before, processes.peak_resident(server.pid)
