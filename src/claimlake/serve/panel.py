"""What a dashboard shows: tiles, and charts each with its table twin."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from markupsafe import Markup

from claimlake.access.session import Session
from claimlake.metrics.catalog import Catalog
from claimlake.metrics.kpi import Kpi
from claimlake.metrics.period import Period
from claimlake.metrics.plan import Question
from claimlake.metrics.value import MetricValue
from claimlake.serve.amount import Slice, slices
from claimlake.serve.charts.bars import bars
from claimlake.serve.charts.heatmap import heatmap
from claimlake.serve.charts.mark import Mark
from claimlake.serve.charts.pareto import pareto, running_shares
from claimlake.serve.charts.sparkline import sparkline
from claimlake.serve.charts.trend import labelled, trend
from claimlake.serve.dashboard import ChartPlan, Dashboard
from claimlake.serve.figure import Figure, load_figures, load_split, trailing
from claimlake.serve.filter import COLUMNS, Filters, month_text
from claimlake.serve.number import (
    NO_VALUE,
    axis,
    cents,
    dollars,
    figure,
    measure,
    month,
    plain,
    short_month,
    suffix,
    words,
)
from claimlake.serve.scope import Scope
from claimlake.serve.table import Cell, Head, Table

TILE_MONTHS = 13
REST = "All others"
NONE = "none"


@dataclass(frozen=True)
class Tile:
    """One KPI at a glance."""

    figure: Figure
    text: str
    unit: str
    spark: Markup
    href: str


@dataclass(frozen=True)
class Panel:
    """One chart with its heading and its table twin; an empty drawing means nothing to show."""

    plan: ChartPlan
    about: str
    drawing: Markup
    table: Table


@dataclass(frozen=True)
class View:
    """What panels are drawn from."""

    session: Session
    catalog: Catalog
    scope: Scope
    filters: Filters
    page: str


def tiles(view: View, dashboard: Dashboard) -> list[Tile]:
    """The tiles of the chosen setting."""
    keys = [key for key in dashboard.tiles.get(view.filters.setting, ()) if key in view.catalog.kpis]
    figures = load_figures(view.session, view.catalog, keys, view.filters, months=TILE_MONTHS)
    return [tile(item, view.filters) for item in figures]


def tile(item: Figure, filters: Filters) -> Tile:
    """The tile of a figure."""
    kpi = item.kpi
    return Tile(
        item,
        figure(item.value, kpi.unit),
        suffix(kpi.unit, kpi.unit_label),
        sparkline(item.floats),
        filters.link(f"/metrics/{kpi.key}"),
    )


def panel(view: View, plan: ChartPlan) -> Panel:
    """The drawn chart of a plan."""
    draw: dict[str, Callable[[View, ChartPlan], Panel]] = {
        "trend": _trend,
        "heatmap": _heatmap,
        "pareto": _pareto,
        "bars": _bars,
        "grid": _grid,
    }
    return draw[plan.kind](view, plan)


def trend_panel(view: View, plan: ChartPlan, item: Figure) -> Panel:
    """A KPI by month, with its benchmark range; months before the first value are left out."""
    kpi = item.kpi
    known = [index for index, value in enumerate(item.values) if value.value is not None]
    values = item.values[known[0] :] if known else ()
    first = next(iter(labelled(len(values))), 0)
    marks = [_month_mark(view, kpi, value, is_first=index == first) for index, value in enumerate(values)]
    heads = [Head("Month"), Head(kpi.name, is_number=True)]
    heads += [Head(name, is_number=True) for name in ("Numerator", "Denominator")]
    rows = [
        [
            Cell(mark.label, str(value.period_start), mark.href),
            Cell(mark.text, _sort(value.value)),
            Cell(plain(value.numerator), _sort(value.numerator)),
            Cell(plain(value.denominator), _sort(value.denominator)),
        ]
        for mark, value in zip(marks, values, strict=True)
    ]
    picture = (
        trend(plan.title, marks, _axis(kpi.unit), benchmark=_band(kpi), width=_width(plan))
        if marks
        else Markup("")
    )
    return Panel(plan, plan.about or kpi.description, picture, Table(plan.title, heads, rows))


def _month_mark(view: View, kpi: Kpi, value: MetricValue, *, is_first: bool) -> Mark:
    note = _parts(value.numerator, value.denominator)
    return Mark(
        month(value.period_start),
        None if value.value is None else float(value.value),
        measure(value.value, kpi.unit, kpi.unit_label),
        view.filters.link(f"/metrics/{kpi.key}", month=month_text(value.period_start)),
        note
        if value.is_window_covered
        else f"{note}; data begins after the window, so the average comes out low",
        tick=short_month(value.period_start, first=is_first),
        is_uncertain=not value.is_window_covered,
    )


def _band(kpi: Kpi) -> tuple[float, float] | None:
    low, high = kpi.benchmark.low, kpi.benchmark.high
    return None if low is None or high is None else (float(low), float(high))


def _trend(view: View, plan: ChartPlan) -> Panel:
    kpi = _kpi(view, plan)
    item = load_figures(view.session, view.catalog, [kpi.key], view.filters, months=plan.months)[0]
    return trend_panel(view, plan, item)


def _heatmap(view: View, plan: ChartPlan) -> Panel:
    kpi = _kpi(view, plan)
    return split_panel(view, plan, kpi)


def split_panel(view: View, plan: ChartPlan, kpi: Kpi) -> Panel:
    """A KPI by one dimension and month; rows with the largest denominators first."""
    question = Question(trailing(view.filters.period, plan.months), [plan.by], view.filters.dimensions)
    found = load_split(view.session, view.catalog, kpi, question)
    periods = sorted({period for values in found.values() for period in values})
    names = sorted(found, key=lambda name: (-_weight(found[name]), str(name)))[:15]
    labels = [view.scope.name(plan.by, name) for name in names]
    marks: dict[tuple[int, int], Mark] = {}
    for row, name in enumerate(names):
        for column, period in enumerate(periods):
            value = found[name].get(period)
            if value is not None and value.value is not None:
                marks[row, column] = Mark(
                    f"{labels[row]}, {month(period.start)}",
                    float(value.value),
                    figure(value.value, kpi.unit),
                    view.filters.link(
                        f"/metrics/{kpi.key}", month=month_text(period.start), **{plan.by: str(name or "")}
                    ),
                    _parts(value.numerator, value.denominator),
                )
    heads = [short_month(period.start, first=index == 0) for index, period in enumerate(periods)]
    table = _matrix_table(plan.title, view.scope.name, labels, heads, marks, first=words(plan.by))
    picture = heatmap(plan.title, labels, heads, marks, width=_width(plan)) if marks else Markup("")
    return Panel(plan, plan.about or kpi.description, picture, table)


def _pareto(view: View, plan: ChartPlan) -> Panel:
    ranked = _ranked(view, plan)
    table = _amount_table(plan, ranked)
    drawn = pareto(plan.title, ranked, width=_width(plan)) if _has_value(ranked) else Markup("")
    return Panel(plan, plan.about, drawn, table)


def _bars(view: View, plan: ChartPlan) -> Panel:
    found = {item.by: item for item in _slices(view, plan)}
    order = [*plan.order, *sorted(str(name) for name in found if name and name not in plan.order)]
    marks = [_mark(view, plan, name, found.get(name)) for name in order]
    drawn = bars(plan.title, marks, _axis("dollars"), width=_width(plan)) if _has_value(marks) else Markup("")
    return Panel(plan, plan.about, drawn, _amount_table(plan, marks))


def _grid(view: View, plan: ChartPlan) -> Panel:
    found = [item for item in _slices(view, plan) if item.across]
    totals: dict[str | None, Decimal] = {}
    for item in found:
        totals[item.by] = totals.get(item.by, Decimal(0)) + item.total
    names = sorted(totals, key=lambda name: (-totals[name], str(name)))[: plan.top or None]
    labels = [_name(view, plan, name) for name in names]
    marks = {
        (names.index(item.by), plan.order.index(item.across)): Mark(
            f"{_name(view, plan, item.by)}, {item.across} days",
            float(item.total),
            dollars(item.total),
            _drill(view, plan, item.by, item.across),
            f"{item.rows:,} balances",
        )
        for item in found
        if item.by in names and item.across in plan.order
    }
    table = _matrix_table(plan.title, view.scope.name, labels, list(plan.order), marks, first=_heading(plan))
    picture = (
        heatmap(plan.title, labels, list(plan.order), marks, width=_width(plan)) if marks else Markup("")
    )
    return Panel(plan, plan.about, picture, table)


def _slices(view: View, plan: ChartPlan) -> list[Slice]:
    return slices(view.session, plan.amount, view.filters) if plan.amount else []


def _ranked(view: View, plan: ChartPlan) -> list[Mark]:
    found = _slices(view, plan)
    shown = found[: plan.top] if plan.top else found
    marks = [_mark(view, plan, item.by, item) for item in shown]
    rest = found[len(shown) :]
    if rest:
        total = sum((item.total for item in rest), Decimal(0))
        marks.append(
            Mark(REST, float(total), dollars(total), "", f"{sum(item.rows for item in rest):,} rows")
        )
    return marks


def _mark(view: View, plan: ChartPlan, name: str | None, item: Slice | None) -> Mark:
    if item is None:
        return Mark(str(name), None, NO_VALUE)
    note = f"{cents(item.total)}, {item.rows:,} row{'' if item.rows == 1 else 's'}"
    return Mark(
        _name(view, plan, name), float(item.total), dollars(item.total), _drill(view, plan, name), note
    )


def _drill(view: View, plan: ChartPlan, by: str | None, across: str | None = None) -> str:
    also = {"by": by or NONE, "across": across or ""}
    return view.filters.link(f"/dashboards/{view.page}/{plan.id}", also)


def _name(view: View, plan: ChartPlan, value: str | None) -> str:
    column = plan.amount.by if plan.amount else ""
    for dimension, known in COLUMNS.items():
        if column == known:
            return view.scope.name(dimension, value)
    if value is None:
        return "Not assigned"
    if column == "carc":
        return " ".join([value, view.scope.reasons.get(value, "")]).strip()
    if value in plan.labels:
        return plan.labels[value]
    return value if value[:1].isdigit() else words(value)


def _heading(plan: ChartPlan) -> str:
    return words(plan.amount.by.removesuffix("_id")) if plan.amount else ""


def _amount_table(plan: ChartPlan, marks: Sequence[Mark]) -> Table:
    shares = running_shares([mark.value or 0.0 for mark in marks])
    rows = [
        [
            Cell(mark.label, href=mark.href),
            Cell(mark.note.split(", ")[0] if mark.href else mark.text, str(mark.value or 0)),
            Cell(mark.note.split(", ")[1] if mark.href else mark.note, _digits(mark.note)),
            Cell(f"{share * 100:.0f} %", str(share)),
        ]
        for mark, share in zip(marks, shares, strict=True)
    ]
    heads = [
        Head(_heading(plan)),
        Head("Amount", is_number=True),
        Head("Rows", is_number=True),
        Head("Running share", is_number=True),
    ]
    return Table(plan.title, heads, rows)


def _digits(note: str) -> str:
    last = note.rsplit(", ", 1)[-1]
    return "".join(letter for letter in last if letter.isdigit())


def _matrix_table(
    title: str,
    _naming: Callable[[str, str | None], str],
    labels: Sequence[str],
    heads: Sequence[str],
    marks: Mapping[tuple[int, int], Mark],
    *,
    first: str,
) -> Table:
    rows = []
    for row, label in enumerate(labels):
        cells = [Cell(label)]
        for column in range(len(heads)):
            mark = marks.get((row, column))
            cells.append(
                Cell(mark.text, str(mark.value), mark.href) if mark else Cell(NO_VALUE, "", tone="muted")
            )
        rows.append(cells)
    return Table(title, [Head(first), *(Head(text, is_number=True) for text in heads)], rows)


def _kpi(view: View, plan: ChartPlan) -> Kpi:
    return view.catalog.kpi(plan.metric[view.filters.setting])


def _axis(unit: str) -> Callable[[float], str]:
    return lambda value: axis(Decimal(str(value)), unit)


def _width(plan: ChartPlan) -> int:
    return 1120 if plan.width == "full" else 560


def _has_value(marks: Sequence[Mark]) -> bool:
    return any(mark.value is not None for mark in marks)


def _weight(values: Mapping[Period, object]) -> Decimal:
    return sum((getattr(value, "denominator", None) or Decimal(0) for value in values.values()), Decimal(0))


def _parts(numerator: Decimal | None, denominator: Decimal | None) -> str:
    if numerator is None or denominator is None:
        return ""
    return f"{plain(numerator)} of {plain(denominator)}"


def _sort(value: Decimal | None) -> str:
    return "" if value is None else str(value)
