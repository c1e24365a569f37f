"""Columns in a fixed order, such as A/R by age bucket."""

from collections.abc import Callable, Sequence

from markupsafe import Markup

from claimlake.serve.charts.mark import Mark, drawing, linked
from claimlake.serve.charts.scale import Linear, extent, place, ticks

HEIGHT = 240
LEFT, RIGHT, TOP, BOTTOM = 56, 12, 24, 30


def bars(title: str, marks: Sequence[Mark], axis_text: Callable[[float], str], *, width: int = 560) -> Markup:
    """Return one column per mark with its value above it."""
    low, high = extent([mark.value for mark in marks])
    steps = ticks(min(low, 0.0), max(high, 0.0))
    up = Linear(steps[0], steps[-1], HEIGHT - BOTTOM, TOP)
    slot = (width - LEFT - RIGHT) / max(len(marks), 1)
    parts = [
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
    parts += [_column(mark, LEFT + slot * index, slot, up) for index, mark in enumerate(marks)]
    return drawing("bars", title, width, HEIGHT, parts)


def _column(mark: Mark, left: float, slot: float, up: Linear) -> Markup:
    middle = left + slot / 2
    thick = min(slot * 0.66, 64.0)
    label = Markup('<text class="axis" x="{}" y="{}" text-anchor="middle">{}</text>').format(
        place(middle), HEIGHT - 10, mark.label
    )
    if mark.value is None:
        return label
    top, bottom = sorted((up(mark.value), up(0.0)))
    shape = Markup(
        '<rect class="target" x="{}" y="{}" width="{}" height="{}"/>'
        '<rect class="bar" x="{}" y="{}" width="{}" height="{}" rx="2"/>'
        '<text class="value" x="{}" y="{}" text-anchor="middle">{}</text>'
    ).format(
        place(left), TOP, place(slot), HEIGHT - TOP - BOTTOM,
        place(middle - thick / 2), place(top), place(thick), place(max(bottom - top, 1.0)),
        place(middle), place(top - 6), mark.text,
    )  # fmt: skip
    return label + linked(mark, shape)
