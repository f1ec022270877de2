"""CPU time and memory of processes, read from Linux' /proc."""
import os
import pathlib
import re

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


def snapshot(root):
    """Returns the CPU ticks of a process and its descendants by pid: its own, and those of the children that it has waited for."""
    parents, ticks = {}, {}
    for path in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            text = path.read_text()
        except OSError:
            # The process has exited in the meantime.
            continue
        # The name of the program is in parentheses and may contain any character.
        fields = text.rpartition(")")[2].split()
        pid = int(path.parent.name)
        parents[pid] = int(fields[1])
        user, system, children_user, children_system = map(int, fields[11:15])
        ticks[pid] = user + system, children_user + children_system
    tree, added = {root}, {root}
    while added:
        added = {pid for pid, parent in parents.items() if parent in added}
        tree |= added
    return {pid: ticks[pid] for pid in tree}


def cpu_seconds(root):
    """Returns the CPU time of a process, its living descendants and those that have exited.

    PostgreSQL has a process per connection. Linux adds the time of an exited process to its parent when the parent waits for it. Between two
    readings a process may do so and be counted twice or not at all. So a snapshot counts only if no process started or exited since the
    snapshot before.
    """
    before = None
    while True:
        now = snapshot(root)
        exited = {pid: waited_for for pid, (_, waited_for) in now.items()}
        if exited == before:
            return sum(own + waited_for for own, waited_for in now.values()) / TICKS_PER_SECOND
        before = exited


def resident(root):
    """Returns the resident MiB of a process and its descendants."""
    return sum(status(pid, "VmRSS") for pid in snapshot(root))


def peak_resident(pid):
    """Returns the largest resident MiB that a process has had."""
    return status(pid, "VmHWM")


def status(pid, field):
    found = re.search(rf"{field}:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text())
    return int(found[1]) / 1024 if found else 0
