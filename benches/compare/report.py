"""The results as text, and in docs/PERFORMANCE.md between its markers."""
import os
import pathlib
import platform
import re

from . import plan
from .chart import chart
from .commands import ROOT, run
from .tables import tables
from .users import LONG_LISTS

BEGIN, END = "<!-- measured -->", "<!-- /measured -->"


def text(results):
    parts = [f"{about}\n\n{table}" for about, table in tables(results)]
    if results.peak:
        before, most = results.peak
        lists = f"{LONG_LISTS} concurrent lists of 10,000 tasks with 1,000 characters each"
        parts.append(f"**Memory** of {plan.TODO_API} during {lists}: {most:.0f} MiB at most, {before:.0f} MiB before.")
    return "\n\n".join(parts)


def write(results, machine):
    """Writes the tables between the markers of docs/PERFORMANCE.md, and the chart."""
    document = ROOT / "docs/PERFORMANCE.md"
    before, _, rest = document.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    picture = "![Bar chart of the ratios to axum](images/performance.svg)"
    document.write_text(f"{before}{BEGIN}\n{machine}\n\n{text(results)}\n\n{picture}\n{END}{after}")
    (ROOT / "docs/images/performance.svg").write_text(chart(results))


def machine(postgres, rounds, seconds):
    """How the figures were measured, and on which machine."""
    version = postgres.sql("SHOW server_version").split()[0]
    processor = re.search(r"model name\s*:\s*(.*)", pathlib.Path("/proc/cpuinfo").read_text())
    rust = run("rustc", "--version", cwd=ROOT).split()[1]
    return (
        f"{rounds} rounds of {seconds} s per figure, by `scripts/bench`. Load by wrk, {plan.CONNECTIONS} connections per server. "
        f"{os.cpu_count()} cores ({processor[1] if processor else platform.machine()}) shared by load, server and PostgreSQL {version}. Rust {rust}."
    )
