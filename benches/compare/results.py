"""The measured figures, and what is computed from them."""
import statistics
from typing import NamedTuple

from . import plan


class Point(NamedTuple):
    """What a sample is of."""

    name: str
    call: str
    callers: int
    distance: int = 0


class Sample(NamedTuple):
    """The figures of one measurement. `None` is a figure that the candidate does not have."""

    # Requests per second.
    rate: float
    # Median latency in milliseconds.
    p50: float | None
    # Microseconds of CPU time per request, of the server's processes and of PostgreSQL's.
    server_cpu: float | None
    database_cpu: float | None


class Results:
    def __init__(self):
        self.samples: dict[Point, list[Sample]] = {}
        # Resident MiB of each candidate after the load.
        self.memory: dict[tuple[str, int], list[float]] = {}
        # The medians and 95th percentiles of 10 and 1,000 users by candidate and call.
        self.crowds = {}
        # Resident MiB before and during long lists.
        self.peak = None

    def add(self, point, sample):
        self.samples.setdefault(point, []).append(sample)

    def add_memory(self, candidate, resident):
        self.memory.setdefault((candidate.name, candidate.distance), []).append(resident)

    def resident(self, name, distance=0):
        """The median of the resident MiB, or `None` if it was not measured."""
        found = self.memory.get((name, distance))
        return statistics.median(found) if found else None

    def median(self, point, field):
        """The median of a field of `Sample`, or `None` if it was not measured."""
        values = [getattr(it, field) for it in self.samples.get(point, [])]
        return None if not values or None in values else statistics.median(values)

    def rate(self, point):
        return self.median(point, "rate")

    def spread(self, point):
        """Half of the distance between the slowest and the fastest round, as a part of the median."""
        rates = [it.rate for it in self.samples[point]]
        return (max(rates) - min(rates)) / statistics.median(rates) / 2

    def ratio(self, point, to=plan.BASELINE):
        """The rate as a multiple of another candidate's, or `None` if one of them was not measured."""
        rate, other = self.rate(point), self.rate(point._replace(name=to))
        return rate / other if rate and other else None

    def names(self):
        """The measured candidates in the order of the plan."""
        return [name for name in plan.NAMES if any(it.name == name for it in self.samples)]
