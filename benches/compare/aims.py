"""The aims for this server's speed, each with the figure of the run that says whether it is reached."""
from typing import NamedTuple

from . import plan
from .results import Point

USUAL, MANY = plan.USUAL, max(plan.CALLERS)


class Aim(NamedTuple):
    about: str
    bound: float
    # `None` if the run did not measure it.
    measured: float | None
    at_most: bool = False
    unit: str = ""

    def row(self):
        if self.measured is None:
            return [self.about, self.target(), "", "not measured"]
        reached = self.measured <= self.bound if self.at_most else self.measured >= self.bound
        digits = 2 if self.bound < 20 else 0
        return [self.about, self.target(), f"{self.measured:,.{digits}f}{self.unit}", "reached" if reached else "**not reached**"]

    def target(self):
        return f"{'≤' if self.at_most else '≥'} {self.bound:,}{self.unit}"


def aims(results):
    def ours(call, callers=USUAL, to=plan.AXUM, distance=0, name=plan.TODO_API):
        return results.ratio(Point(name, call, callers, distance), to)

    def as_without_batches(call, name=plan.TODO_API, to=plan.UNBATCHED):
        about = f"{plan.CALLS[call]}, {name}, a single caller, times the same with batch = false"
        return Aim(about, 0.97, ours(call, 1, to, name=name))

    elsewhere = f"the database {plan.ELSEWHERE} ms away, {MANY} callers, times axum"
    created_on_sqlite = results.rate(Point(plan.SQLITE, "create", USUAL))
    return [
        Aim(f"get a task, {USUAL} callers, times axum", 2.2, ours("show")),
        Aim(f"create a task, {USUAL} callers, times axum", 2.5, ours("create")),
        Aim(f"list 20 tasks, {USUAL} callers, times axum", 2, ours("list20")),
        Aim(f"list 100 tasks, {USUAL} callers, times axum", 1.7, ours("list100")),
        Aim(f"get a task, {USUAL} callers, times pgbench", 0.75, ours("show", to=plan.PGBENCH)),
        Aim(f"create a task, {USUAL} callers, times pgbench", 1, ours("create", to=plan.PGBENCH)),
        Aim(f"get a task, {elsewhere}", 15, ours("show", MANY, distance=plan.ELSEWHERE)),
        Aim(f"create a task, {elsewhere}", 15, ours("create", MANY, distance=plan.ELSEWHERE)),
        *[as_without_batches(call) for call in ("show", "create", "list20", "list100")],
        as_without_batches("create", plan.SQLITE, plan.SQLITE_UNBATCHED),
        Aim(f"create a task, {plan.SQLITE}, {USUAL} callers", 15_000, created_on_sqlite, unit=" per second"),
        Aim(f"memory after the load, {plan.TODO_API}", 24, results.resident(plan.TODO_API), at_most=True, unit=" MiB"),
        Aim(f"memory after the load, {plan.SQLITE}", 24, results.resident(plan.SQLITE), at_most=True, unit=" MiB"),
    ]
