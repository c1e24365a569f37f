"""The largest reasons first, with the running share of the whole."""

from collections.abc import Sequence

from markupsafe import Markup

from claimlake.serve.charts.mark import Mark, drawing, label_width, linked, shortened
from claimlake.serve.charts.scale import Linear, place

ROW, TOP, RIGHT = 28, 22, 128
LONGEST_LABEL = 34


def running_shares(values: Sequence[float]) -> list[float]:
    """Return the cumulative share of the total after each value, 0 to 1."""
    total = sum(values)
    shares, so_far = [], 0.0
    for value in values:
        so_far += value
        shares.append(so_far / total if total else 0.0)
    return shares


def pareto(title: str, marks: Sequence[Mark], *, width: int = 560) -> Markup:
    """Return one row per mark, given largest first, and a line of the cumulative share with 80 % marked."""
    shares = running_shares([max(mark.value or 0.0, 0.0) for mark in marks])
    height = TOP + ROW * len(marks) + 6
    left = label_width((mark.label for mark in marks), LONGEST_LABEL)
    # One axis for bars and line: the first point of the line is the end of the first bar.
    share = Linear(0, 1, left, width - RIGHT)
    parts = [_share_axis(share, height)]
    before = 0.0
    for index, (mark, running) in enumerate(zip(marks, shares, strict=True)):
        parts.append(_row(mark, (running - before, running), TOP + ROW * index, share, width))
        before = running
    return drawing("pareto", title, width, height, [*parts, *_line(shares, share)])


def _line(shares: Sequence[float], share: Linear) -> list[Markup]:
    places = [(place(share(part)), place(TOP + ROW * index + ROW / 2)) for index, part in enumerate(shares)]
    points = " ".join(f"{x},{y}" for x, y in places)
    line = Markup('<polyline class="cumulative" points="{}"/>').format(points)
    dots = [Markup('<circle class="cumulative-dot" cx="{}" cy="{}" r="3"/>').format(x, y) for x, y in places]
    return [line, *dots]


def _share_axis(share: Linear, height: int) -> Markup:
    return Markup("").join(
        Markup(
            '<line class="{}" x1="{}" x2="{}" y1="{}" y2="{}"/>'
            '<text class="axis" x="{}" y="12" text-anchor="middle">{} %</text>'
        ).format(
            "grid-80" if part == 80 else "grid",
            place(share(part / 100)),
            place(share(part / 100)),
            TOP - 4,
            height - 4,
            place(share(part / 100)),
            part,
        )
        for part in (0, 50, 80, 100)
    )


def _row(mark: Mark, shares: tuple[float, float], top: float, share: Linear, width: int) -> Markup:
    own, running = shares
    middle, left = top + ROW / 2, share.start
    shape = Markup(
        '<rect class="target" x="0" y="{}" width="{}" height="{}"/>'
        '<text class="row-label" x="{}" y="{}" text-anchor="end">{}</text>'
        '<rect class="bar" x="{}" y="{}" width="{}" height="16" rx="2"/>'
        '<text class="value" x="{}" y="{}" text-anchor="end">{}</text>'
        '<text class="axis" x="{}" y="{}" text-anchor="end">{} %</text>'
    ).format(
        place(top), width, ROW,
        place(left - 10), place(middle + 4), shortened(mark.label, LONGEST_LABEL),
        place(left), place(middle - 8), place(max(share(own) - left, 1.0)),
        width - 54, place(middle + 4), mark.text,
        width - 4, place(middle + 4), f"{running * 100:.0f}",
    )  # fmt: skip
    return linked(mark, shape)
