"""The rows behind a figure: every claim, line, remittance or account that a term counted."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from claimlake.errors import QueryError
from claimlake.keys import suggest
from claimlake.metrics.catalog import Catalog
from claimlake.metrics.compile import dimension_reason, filter_conditions, literals
from claimlake.metrics.kpi import Kpi, Term
from claimlake.metrics.measure import Reader
from claimlake.metrics.period import Period, window
from claimlake.metrics.plan import FilterValues, Question, make_plan

MOST_ROWS = 10_000


@dataclass(frozen=True)
class Drill:
    """Which rows are wanted: a KPI's side and term, one period and filters as in the figure."""

    key: str
    period: Period
    side: str = "numerator"
    term: int = 0
    filters: FilterValues | None = None


@dataclass(frozen=True)
class DrillPage:
    """Some of the rows behind a term, newest date first."""

    table: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    total: int
    """How many rows there are in all."""


def query_rows(
    reader: Reader, catalog: Catalog, drill: Drill, *, limit: int = 100, offset: int = 0
) -> DrillPage:
    """One page of the rows a term counted, newest date first; QueryError when the term does not exist."""
    if not 1 <= limit <= MOST_ROWS or offset < 0:
        raise QueryError(
            f"limit {limit} and offset {offset} are not a page.", remedy=f"Ask for 1-{MOST_ROWS} rows."
        )
    kpi = catalog.kpi(drill.key)
    term = _term(kpi, drill)
    columns = tuple(reader.columns(term.table))
    if not columns:
        raise QueryError(f"no table '{term.table}' in this snapshot.", remedy="Run: claimlake run")
    rows_sql = _rows_sql(kpi, term, drill, catalog)
    keys = [column for column in columns if column.endswith("_key")] or list(columns[:1])
    order = ", ".join([f"{term.date_column} desc", *(f"{term.table_name}.{key}" for key in keys)])
    selected = ", ".join(f"{term.table_name}.{column}" for column in columns)
    page = reader.rows(f"select {selected} {rows_sql} order by {order} limit {limit} offset {offset}")
    total = _values(reader.rows(f"select count(*) as total {rows_sql}")[0])[0]
    return DrillPage(term.table, columns, tuple(map(_values, page)), total)


def _term(kpi: Kpi, drill: Drill) -> Term:
    sides = dict(kpi.sides)
    if drill.side not in sides:
        raise QueryError(f"no side '{drill.side}'.", remedy=suggest(drill.side, sides))
    terms = sides[drill.side].terms
    if not 0 <= drill.term < len(terms):
        children = f"Ask for one of {', '.join(kpi.lineage)}." if kpi.lineage else ""
        raise QueryError(f"KPI '{kpi.key}' has no {drill.side} term {drill.term}.", remedy=children)
    return terms[drill.term]


def _rows_sql(kpi: Kpi, term: Term, drill: Drill, catalog: Catalog) -> str:
    plan = make_plan(Question([drill.period], filters=drill.filters or {}), catalog)
    reason = dimension_reason(kpi, (), [name for name, _ in plan.filters])
    if reason:
        raise QueryError(f"KPI '{kpi.key}' is {reason.replace('_', ' ')}.", remedy="Remove that filter.")
    request = plan.request(kpi, drill.side, term)
    found = window(drill.period, term.window)
    conditions = [f"{term.date_column} between date '{found.start}' and date '{found.end}'"]
    conditions += filter_conditions(request.filters, term.table_name, catalog)
    if request.condition:
        conditions.append(literals(request.condition, drill.period, term.window))
    return f"from {term.table} as {term.table_name} where {' and '.join(conditions)}"


def _values(row: Any) -> tuple[Any, ...]:
    return tuple(row.values()) if isinstance(row, Mapping) else tuple(row)
