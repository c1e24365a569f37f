"""A grid of shaded values, such as payer by month."""

from collections.abc import Mapping, Sequence

from markupsafe import Markup

from claimlake.serve.charts.mark import Mark, drawing, label_width, linked, shortened
from claimlake.serve.charts.scale import extent, place

ROW, TOP = 30, 26
LONGEST_LABEL = 30
SHADES = 7


def shade(value: float, low: float, high: float) -> int:
    """Return the shade of a value, 0 (palest) to 6, equal steps between low and high."""
    if high <= low:
        return 0
    return min(int((value - low) / (high - low) * SHADES), SHADES - 1)


def heatmap(
    title: str,
    rows: Sequence[str],
    columns: Sequence[str],
    marks: Mapping[tuple[int, int], Mark],
    *,
    width: int = 720,
) -> Markup:
    """Return the grid; a cell without a value stays empty."""
    low, high = extent([mark.value for mark in marks.values()])
    left = label_width(rows, LONGEST_LABEL)
    slot = (width - left - 4) / max(len(columns), 1)
    height = TOP + ROW * len(rows) + 4
    parts = [
        Markup('<text class="axis" x="{}" y="16" text-anchor="middle">{}</text>').format(
            place(left + slot * index + slot / 2), label
        )
        for index, label in enumerate(columns)
    ]
    for index, label in enumerate(rows):
        parts.append(
            Markup('<text class="row-label" x="{}" y="{}" text-anchor="end">{}</text>').format(
                place(left - 10), place(TOP + ROW * index + ROW / 2 + 4), shortened(label, LONGEST_LABEL)
            )
        )
        parts += [
            _cell(marks.get((index, column)), left + slot * column, TOP + ROW * index, slot, (low, high))
            for column in range(len(columns))
        ]
    return drawing("heatmap", title, width, height, parts)


def _cell(mark: Mark | None, left: float, top: float, slot: float, ends: tuple[float, float]) -> Markup:
    box = (place(left + 1), place(top + 1), place(slot - 2), ROW - 2)
    if mark is None or mark.value is None:
        return Markup('<rect class="heat-none" x="{}" y="{}" width="{}" height="{}" rx="2"/>').format(*box)
    level = shade(mark.value, *ends)
    shape = Markup(
        '<rect class="heat h{}" x="{}" y="{}" width="{}" height="{}" rx="2"/>'
        '<text class="heat-text t{}" x="{}" y="{}" text-anchor="middle">{}</text>'
    ).format(level, *box, level, place(left + slot / 2), place(top + ROW / 2 + 4), mark.text)
    return linked(mark, shape)
