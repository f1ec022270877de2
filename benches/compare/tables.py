"""The tables of docs/PERFORMANCE.md. A candidate that was not measured has no row, and a call without a figure has an empty cell."""
from . import plan
from .aims import aims
from .results import Point

# Every call, and those that are measured for all numbers of callers.
CALLS = list(plan.CALLS)
SINGLE_CALLS = [it for it in CALLS if it != "mix"]


def table(head, rows):
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def tables(results):
    """The tables with their titles."""
    return [
        (f"**{plan.USUAL} callers**: ratio to axum (requests per second ± spread)", usual(results)),
        ("**Fewer and more callers**: ratio to axum (requests per second, p50)", other_callers(results)),
        (f"**Adopted databases**: ratio to {plan.TODO_API} on its own table, {plan.USUAL} callers", adopted(results)),
        (f"**A database {plan.ELSEWHERE} ms away**: requests per second, ratio to axum and p50", elsewhere(results)),
        (f"**CPU time**: µs per request of the server + of PostgreSQL, {plan.USUAL} callers", cpu(results)),
        ("**Many users**", crowds(results)),
        ("**Aims**", table(["aim", "target", "measured", ""], [it.row() for it in aims(results)])),
    ]


def times(ratio):
    return "" if ratio is None else f"{ratio:.2f} "


def milliseconds(value):
    return f"{value:.{0 if value >= 100 else 1 if value >= 10 else 2}f} ms"


def usual(results):
    def cell(name, call):
        point = Point(name, call, plan.USUAL)
        rate = results.rate(point)
        return "" if rate is None else f"{times(results.ratio(point))}({rate:,.0f} ± {results.spread(point):.0%})"

    def memory(name):
        resident = results.resident(name)
        return "" if resident is None else f"{resident:.0f} MiB"

    rows = [[name, *[cell(name, call) for call in CALLS], memory(name)] for name in results.names()]
    return table(["", *plan.CALLS.values(), "memory afterwards"], [it for it in rows if any(it[1:])])


def other_callers(results):
    def cell(point):
        rate, p50 = results.rate(point), results.median(point, "p50")
        return "" if rate is None else f"{times(results.ratio(point))}({rate:,.0f}, {milliseconds(p50)})"

    rows = []
    for callers in plan.CALLERS:
        if callers != plan.USUAL:
            for name in results.names():
                rows.append([str(callers), name, *[cell(Point(name, call, callers)) for call in SINGLE_CALLS]])
    return table(["callers", "", *[plan.CALLS[it] for it in SINGLE_CALLS]], [it for it in rows if any(it[2:])])


def adopted(results):
    calls = next(it.calls for it in plan.CANDIDATES if it.name == plan.ADOPTED)

    def cell(name, call):
        return times(results.ratio(Point(name, call, plan.USUAL), plan.TODO_API)).strip()

    rows = [[name, *[cell(name, call) for call in calls]] for name in plan.ADOPTED_DATABASES]
    return table(["", *[plan.CALLS[it] for it in calls]], [it for it in rows if any(it[1:])])


def elsewhere(results):
    head = ["callers", ""]
    for call in plan.ROUND_TRIPS:
        head += [f"{plan.CALLS[call]}: per second", "ratio", "p50"]

    def cells(point):
        rate = results.rate(point)
        if rate is None:
            return [""] * 3
        return [f"{rate:,.0f}", times(results.ratio(point)).strip(), milliseconds(results.median(point, "p50"))]

    rows = []
    for callers in plan.CALLERS:
        for name in results.names():
            points = [Point(name, call, callers, plan.ELSEWHERE) for call in plan.ROUND_TRIPS]
            rows.append([str(callers), name, *[cell for point in points for cell in cells(point)]])
    return table(head, [it for it in rows if any(it[2:])])


def cpu(results):
    def cell(point):
        parts = [results.median(point, "server_cpu"), results.median(point, "database_cpu")]
        if parts == [None, None]:
            return ""
        return " + ".join("–" if it is None else f"{it:.0f}" for it in parts)

    rows = []
    for distance, where in (0, ""), (plan.ELSEWHERE, f", database {plan.ELSEWHERE} ms away"):
        for name in results.names():
            rows.append([f"{name}{where}", *[cell(Point(name, call, plan.USUAL, distance)) for call in CALLS]])
    return table(["", *plan.CALLS.values()], [it for it in rows if any(it[1:])])


def crowds(results):
    rows = []
    for (name, call), users in results.crowds.items():
        (middle, late), (middle_many, late_many) = users.values()
        growth = f"{middle_many / middle - 1:+.0%}, {late_many / late - 1:+.0%}"
        about = f"{name}, {plan.CALLS[call]}"
        rows.append([about, f"{middle:.2f} ms, {late:.2f} ms", f"{middle_many:.2f} ms, {late_many:.2f} ms", growth])
    return table(["at 1,000 requests per second", "10 users: p50, p95", "1,000 users: p50, p95", "increase"], rows)
