"""Months along the bottom, one value each, with the benchmark range behind."""

from collections.abc import Callable, Sequence
from itertools import groupby

from markupsafe import Markup

from claimlake.serve.charts.mark import Mark, drawing, linked
from claimlake.serve.charts.scale import Linear, extent, place, ticks

HEIGHT = 240
LEFT, TOP, BOTTOM = 52, 16, 28
RIGHT = 84
"""Room for the word beside the benchmark range, where the line cannot cross it."""


def trend(
    title: str,
    marks: Sequence[Mark],
    axis_text: Callable[[float], str],
    *,
    benchmark: tuple[float, float] | None = None,
    width: int = 720,
) -> Markup:
    """Return a line chart; a month without a value is a gap, never zero."""
    low, high = extent([mark.value for mark in marks] + list(benchmark or ()))
    low = 0.0 if low >= 0 else low
    steps = ticks(low, high)
    up = Linear(steps[0], steps[-1], HEIGHT - BOTTOM, TOP)
    across = Linear(0, max(len(marks) - 1, 1), LEFT + 14, width - RIGHT - 14)
    parts = [*_grid(steps, up, axis_text, width)]
    if benchmark:
        parts.append(_band(benchmark, up, width))
    parts += _months([mark.tick for mark in marks], across)
    parts += _line(marks, across, up)
    parts += [_point(mark, across(index), up) for index, mark in enumerate(marks) if mark.value is not None]
    return drawing("trend", title, width, HEIGHT, parts)


def labelled(count: int) -> range:
    """Which of `count` months get a label: at most thirteen, the last one always."""
    every = max(1, -(-count // 13))
    return range((count - 1) % every, count, every) if count else range(0)


def _grid(steps: Sequence[float], up: Linear, axis_text: Callable[[float], str], width: int) -> list[Markup]:
    return [
        Markup(
            '<line class="grid" x1="{}" x2="{}" y1="{}" y2="{}"/>'
            '<text class="axis" x="{}" y="{}" text-anchor="end">{}</text>'
        ).format(
            LEFT,
            width - RIGHT,
            place(up(step)),
            place(up(step)),
            LEFT - 8,
            place(up(step) + 4),
            axis_text(step),
        )
        for step in steps
    ]


def _band(benchmark: tuple[float, float], up: Linear, width: int) -> Markup:
    low, high = benchmark
    top, bottom = up(max(low, high)), up(min(low, high))
    return Markup(
        '<rect class="band" x="{}" y="{}" width="{}" height="{}"/>'
        '<text class="band-label" x="{}" y="{}">benchmark</text>'
    ).format(
        LEFT,
        place(top),
        width - LEFT - RIGHT,
        place(max(bottom - top, 1.5)),
        width - RIGHT + 6,
        place((top + bottom) / 2 + 4),
    )


def _months(labels: Sequence[str], across: Linear) -> list[Markup]:
    return [
        Markup('<text class="axis" x="{}" y="{}" text-anchor="middle">{}</text>').format(
            place(across(index)), HEIGHT - 8, labels[index]
        )
        for index in labelled(len(labels))
    ]


def _line(marks: Sequence[Mark], across: Linear, up: Linear) -> list[Markup]:
    lines = []
    for is_known, run in groupby(enumerate(marks), key=lambda pair: pair[1].value is not None):
        if is_known:
            points = [(across(index), up(mark.value or 0.0)) for index, mark in run]
            path = " ".join(f"{place(x)},{place(y)}" for x, y in points)
            base = place(up(up.low))
            area = f"{place(points[0][0])},{base} {path} {place(points[-1][0])},{base}"
            lines.append(Markup('<polygon class="area" points="{}"/>').format(area))
            lines.append(Markup('<polyline class="line" points="{}"/>').format(path))
    return lines


def _point(mark: Mark, x: float, up: Linear) -> Markup:
    y = up(mark.value or 0.0)
    # The wide, invisible column is the target: a finger or pointer need not hit a four-pixel dot.
    return linked(
        mark,
        Markup(
            '<rect class="target" x="{}" y="{}" width="28" height="{}"/>'
            '<circle class="{}" cx="{}" cy="{}" r="4"/>'
        ).format(
            place(x - 14),
            TOP,
            HEIGHT - TOP - BOTTOM,
            "dot uncertain" if mark.is_uncertain else "dot",
            place(x),
            place(y),
        ),
    )
