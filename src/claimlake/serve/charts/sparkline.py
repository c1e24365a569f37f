"""A trend the size of a word, for a tile."""

from collections.abc import Sequence

from markupsafe import Markup

from claimlake.serve.charts.scale import Linear, extent, place

WIDTH, HEIGHT = 120, 28


def sparkline(values: Sequence[float | None]) -> Markup:
    """Return a small line, its last point marked; hidden from screen readers: the tile has the numbers."""
    low, high = extent(values)
    across = Linear(0, max(len(values) - 1, 1), 3, WIDTH - 4)
    up = Linear(low, high, HEIGHT - 4, 4) if high > low else Linear(0, 1, HEIGHT / 2, HEIGHT / 2)
    known = [(across(index), up(value)) for index, value in enumerate(values) if value is not None]
    if not known:
        return Markup("")
    line = " ".join(f"{place(x)},{place(y)}" for x, y in known)
    last_x, last_y = known[-1]
    return Markup(
        '<svg class="spark" viewBox="0 0 {} {}" width="{}" height="{}" aria-hidden="true" focusable="false">'
        '<polyline class="spark-line" points="{}"/><circle class="spark-dot" cx="{}" cy="{}" r="2.5"/></svg>'
    ).format(WIDTH, HEIGHT, WIDTH, HEIGHT, line, place(last_x), place(last_y))
