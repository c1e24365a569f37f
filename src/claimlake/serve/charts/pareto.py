"""The largest reasons first, with the running share of the whole."""

from collections.abc import Sequence

from markupsafe import Markup

from claimlake.serve.charts.mark import Mark, drawing, linked
from claimlake.serve.charts.scale import Linear, place

ROW, TOP = 28, 22
LEFT, RIGHT = 170, 150


def running_shares(values: Sequence[float]) -> list[float]:
    """Return the cumulative share of the total after each value, 0 to 1."""
    total = sum(values)
    shares, so_far = [], 0.0
    for value in values:
        so_far += value
        shares.append(so_far / total if total else 0.0)
    return shares


def pareto(title: str, marks: Sequence[Mark], *, width: int = 560) -> Markup:
    """Return one row per reason, largest first, and a line of the cumulative share with 80 % marked."""
    ranked = sorted(marks, key=lambda mark: -(mark.value or 0.0))
    values = [max(mark.value or 0.0, 0.0) for mark in ranked]
    shares = running_shares(values)
    height = TOP + ROW * len(ranked) + 6
    along = Linear(0, max([*values, 1e-9]), LEFT, width - RIGHT)
    share = Linear(0, 1, LEFT, width - RIGHT)
    parts = [_share_axis(share, height)]
    for index, mark in enumerate(ranked):
        parts.append(_row(mark, values[index], shares[index], TOP + ROW * index, along, width))
    points = " ".join(
        f"{place(share(part))},{place(TOP + ROW * index + ROW / 2)}" for index, part in enumerate(shares)
    )
    parts.append(Markup('<polyline class="cumulative" points="{}"/>').format(points))
    parts += [
        Markup('<circle class="cumulative-dot" cx="{}" cy="{}" r="3"/>').format(
            place(share(part)), place(TOP + ROW * index + ROW / 2)
        )
        for index, part in enumerate(shares)
    ]
    return drawing("pareto", title, width, height, parts)


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


def _row(mark: Mark, value: float, running: float, top: float, along: Linear, width: int) -> Markup:
    middle = top + ROW / 2
    shape = Markup(
        '<rect class="target" x="0" y="{}" width="{}" height="{}"/>'
        '<text class="row-label" x="{}" y="{}" text-anchor="end">{}</text>'
        '<rect class="bar" x="{}" y="{}" width="{}" height="16" rx="2"/>'
        '<text class="value" x="{}" y="{}" text-anchor="end">{}</text>'
        '<text class="axis" x="{}" y="{}" text-anchor="end">{} %</text>'
    ).format(
        place(top), width, ROW,
        LEFT - 10, place(middle + 4), mark.label,
        LEFT, place(middle - 8), place(max(along(value) - LEFT, 1.0)),
        width - 62, place(middle + 4), mark.text,
        width - 6, place(middle + 4), f"{running * 100:.0f}",
    )  # fmt: skip
    return linked(mark, shape)
