"""The bar chart of docs/PERFORMANCE.md."""
from . import plan
from .results import Point

COLOURS = {
    plan.TODO_API: "#b7410e",
    plan.UNBATCHED: "#d98c5f",
    plan.ADOPTED: "#8a5a44",
    plan.ADOPTED_UUIDS: "#b08d7a",
    plan.AXUM: "#5b7db1",
    plan.FASTAPI: "#c9c9c9",
    plan.FASTAPI_TWO: "#a9a9a9",
    plan.FASTAPI_SQLMODEL: "#dddddd",
    plan.SQLITE: "#e0a458",
    plan.SQLITE_UNBATCHED: "#f0cf9f",
    plan.PGBENCH: "#9aa19a",
}
LABELS, BARS = 240, 440


def chart(results):
    """Draws the ratios to axum for the usual number of callers as bars, in a group per call."""
    groups = []
    for call, about in plan.CALLS.items():
        ratios = {name: results.ratio(Point(name, call, plan.USUAL)) for name in results.names()}
        groups.append((about, {name: ratio for name, ratio in ratios.items() if ratio is not None}))
    most = max(ratio for _, ratios in groups for ratio in ratios.values())
    shapes, y = [], 30
    for about, ratios in groups:
        shapes.append(f'<text x="10" y="{y}" font-weight="bold">{about}</text>')
        y += 10
        for name, ratio in ratios.items():
            length = ratio / most * BARS
            shapes.append(f'<rect x="{LABELS}" y="{y}" width="{length:.0f}" height="14" fill="{COLOURS[name]}"/>')
            shapes.append(f'<text x="{LABELS - 6}" y="{y + 11}" text-anchor="end">{name}</text>')
            shapes.append(f'<text x="{LABELS + 6 + length:.0f}" y="{y + 11}">{ratio:.2f}</text>')
            y += 18
        y += 26
    size = f'width="{LABELS + BARS + 60}" height="{y}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif" font-size="12">'
    return head + '<rect width="100%" height="100%" fill="white"/>' + "".join(shapes) + "</svg>\n"
