"""KPI terms to SQL: terms that look at one table through one kind of window share one scan."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from sqlglot import exp

from claimlake.metrics import arithmetic
from claimlake.metrics.catalog import Catalog
from claimlake.metrics.kpi import Kpi, Term
from claimlake.metrics.period import SNAPSHOTS, Period, months_in_window, window

SPAN = "reporting_period"
Values = tuple[str | None, ...]
Filters = tuple[tuple[str, Values], ...]
"""Dimension name → accepted values, in order of the names; None accepts rows without the dimension."""


@dataclass(frozen=True)
class TermRequest:
    """A term to measure by dimensions, within filters, for a setting."""

    term: Term
    billing_type: str | None
    grain: tuple[str, ...]
    filters: Filters
    periods: tuple[Period, ...]

    @property
    def scan(self) -> "Scan":
        """The scan that can measure it together with others."""
        term = self.term
        return Scan(term.table, term.date_column, term.window, self.grain, self.filters, self.periods)

    @property
    def condition(self) -> str:
        """What a row must meet to count: the setting and the term's own condition."""
        name = self.term.table_name
        setting = f"{name}.billing_type = '{self.billing_type}'" if self.billing_type else None
        own = f"({self.term.where})" if self.term.where else None
        return " and ".join(part for part in (setting, own) if part)


@dataclass(frozen=True)
class Scan:
    """One pass over one table: everything requests must have in common to share it."""

    table: str
    date_column: str
    window: str
    grain: tuple[str, ...]
    filters: Filters
    periods: tuple[Period, ...]

    @property
    def name(self) -> str:
        """The table without its layer, used as its alias."""
        return self.table.split(".", 1)[1]


@dataclass(frozen=True)
class Aggregate:
    """One aggregate of a term, and how many rows met the condition."""

    total: str
    rows: str


def aggregates(request: TermRequest, catalog: Catalog) -> list[Aggregate]:
    """The SQL of every aggregate of a term, filtered by its condition."""
    _, parts = split(request.term.expr)
    condition = _spans(request.condition) if request.condition else ""
    unique = catalog.unique_columns.get(request.term.table, frozenset())
    return [
        Aggregate(
            _filtered(_plain_count(part, unique), condition),
            _filtered("count(*)", condition),
        )
        for part in parts
    ]


def inputs(request: TermRequest) -> list[str]:
    """SQL that counts the inputs of a term whatever its condition: zero means the snapshot does not exist."""
    _, parts = split(request.term.expr)
    return [_known(part) for part in parts]


@lru_cache(maxsize=4096)
def split(expr: str) -> tuple[arithmetic.Tree, tuple[arithmetic.Tree, ...]]:
    """Arithmetic and aggregates of a checked expression."""
    return arithmetic.split(expr, where="compile")


def scan_sql(scan: Scan, expressions: Sequence[str], catalog: Catalog) -> str:
    """SQL of a scan: period number, one column per dimension, then the expressions."""
    columns = [f"{scan.name}.{catalog.column(name, scan.name)}" for name in scan.grain]
    selected = [f"{column} as dimension_{number}" for number, column in enumerate(columns)]
    selected += [f"{expression} as measure_{number}" for number, expression in enumerate(expressions)]
    conditions = [_bounds(scan), *filter_conditions(scan.filters, scan.name, catalog)]
    return "\n".join(
        [
            f"select {SPAN}.period_number, {', '.join(selected)}",
            f"from {scan.table} as {scan.name}",
            f"join {_spans_table(scan)}",
            f"on {_join(scan)}",
            f"where {' and '.join(conditions)}",
            f"group by {', '.join([f'{SPAN}.period_number', *columns])}",
        ]
    )


def coverage_sql(scan: Scan, expressions: Sequence[str]) -> str:
    """SQL that tells, for snapshot scans, in which periods each expression's inputs exist at all."""
    measures = ", ".join(f"{expression} as measure_{number}" for number, expression in enumerate(expressions))
    return (
        f"select {SPAN}.period_number, {measures} from {scan.table} as {scan.name}"
        f" join {_spans_table(scan)} on {_join(scan)} where {_bounds(scan)} group by {SPAN}.period_number"
    )


def first_date_sql(scan: Scan) -> str:
    """SQL for the first date of a scan's table: windows that begin earlier are not covered by data."""
    return f"select min({scan.date_column}) as first_date from {scan.table} as {scan.name}"


def filter_conditions(filters: Filters, table_name: str, catalog: Catalog) -> list[str]:
    """One condition per filter; values are literals of a syntax tree, so no value can become SQL."""
    return [
        _accepts(exp.column(catalog.column(name, table_name), table=table_name), values)
        for name, values in filters
    ]


def _accepts(column: arithmetic.Tree, values: Values) -> str:
    named = [exp.Literal.string(value) for value in values if value is not None]
    missing = exp.Is(this=column.copy(), expression=exp.Null())
    if not named:
        return missing.sql(dialect="duckdb") if values else "false"
    accepted = exp.In(this=column.copy(), expressions=named)
    tree = exp.paren(exp.or_(accepted, missing)) if None in values else accepted
    return tree.sql(dialect="duckdb")


def parameter_values(period: Period, window_name: str) -> dict[str, int]:
    """Numbers an expression may divide by."""
    return {
        ":days_in_window": window(period, window_name).days,
        ":months_in_window": months_in_window(period, window_name),
    }


def literals(condition: str, period: Period, window_name: str) -> str:
    """A condition with the parameters of one period written out."""
    numbers = parameter_values(period, window_name)
    dates = {":period_start": period.start, ":period_end": period.end}

    def value(node: arithmetic.Tree) -> arithmetic.Tree:
        if not isinstance(node, exp.Placeholder):
            return node
        name = f":{node.name}"
        if name in dates:
            return exp.cast(exp.Literal.string(str(dates[name])), "date")
        return exp.Literal.number(numbers[name])

    tree = arithmetic.parse(condition, where="compile").transform(value)
    return tree.sql(dialect="duckdb")


def dimension_reason(kpi: Kpi, grain: Sequence[str], filters: Sequence[str]) -> str | None:
    """Why the KPI cannot be asked by these dimensions, or None."""
    for dimension in (*grain, *filters):
        if dimension == "billing_type":
            continue
        if dimension not in kpi.grain and dimension not in kpi.breakdown:
            return f"not_available_by:{dimension}"
    return None


def _filtered(aggregate: str, condition: str) -> str:
    return f"{aggregate} filter (where {condition})" if condition else aggregate


def _plain_count(part: arithmetic.Tree, unique: frozenset[str]) -> str:
    # Counting a unique column distinct is counting it, at a fraction of the memory.
    distinct = part.this if isinstance(part, exp.Count) else None
    if isinstance(distinct, exp.Distinct) and len(distinct.expressions) == 1:
        column = distinct.expressions[0]
        if isinstance(column, exp.Column) and column.name in unique:
            return f"count({column.sql(dialect='duckdb')})"
    return part.sql(dialect="duckdb")


def _known(part: arithmetic.Tree) -> str:
    if isinstance(part, exp.Count):
        return "count(*)"
    return f"count({part.this.sql(dialect='duckdb')})"


@lru_cache(maxsize=4096)
def _spans(condition: str) -> str:
    def column(node: arithmetic.Tree) -> arithmetic.Tree:
        if isinstance(node, exp.Placeholder):
            return exp.column(node.name, table=SPAN)
        return node

    tree = arithmetic.parse(condition, where="compile").transform(column)
    return tree.sql(dialect="duckdb")


def _join(scan: Scan) -> str:
    if scan.window in SNAPSHOTS:
        return f"{scan.date_column} = {SPAN}.window_end"
    return f"{scan.date_column} between {SPAN}.window_start and {SPAN}.window_end"


def _bounds(scan: Scan) -> str:
    # Lets the engine skip files and row groups before it joins.
    windows = [window(period, scan.window) for period in scan.periods]
    first = min(found.start for found in windows)
    last = max(found.end for found in windows)
    return f"{scan.date_column} between date '{first}' and date '{last}'"


def _spans_table(scan: Scan) -> str:
    rows = []
    for number, period in enumerate(scan.periods):
        found = window(period, scan.window)
        days = ", ".join(f"date '{day}'" for day in (period.start, period.end, found.start, found.end))
        rows.append(f"({number}, {days})")
    names = "period_number, period_start, period_end, window_start, window_end"
    return f"(values {', '.join(rows)}) as {SPAN}({names})"
