"""Measure terms: run the fewest scans that hold all of them, and keep their sums exact."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction
from functools import lru_cache
from typing import Any, Protocol

from claimlake.metrics import arithmetic
from claimlake.metrics.catalog import Catalog
from claimlake.metrics.compile import (
    Aggregate,
    Scan,
    TermRequest,
    aggregates,
    coverage_sql,
    first_date_sql,
    inputs,
    parameter_values,
    scan_sql,
    split,
)
from claimlake.metrics.kpi import Term
from claimlake.metrics.period import SNAPSHOTS, TRAILING_MONTHS, Period, window

NO_SNAPSHOT = "no_snapshot"
NO_AMOUNT = "no_amount"
COVERED_WINDOWS = (*TRAILING_MONTHS, "prior_3m")
GRACE_DAYS = 6
"""A window is covered when data starts within its first week: the first of a month can be a holiday."""

Group = tuple[str | None, ...]


class Reader(Protocol):
    """One tenant's tables at one snapshot: an access session, or an engine with its tables bound."""

    def rows(self, sql: str) -> Sequence[Any]:
        """The rows of a SELECT, as tuples or as mappings in column order."""
        ...

    def columns(self, table: str) -> Mapping[str, str]:
        """Column names and types of a table; empty when there is no such table."""
        ...


@dataclass(frozen=True)
class Amount:
    """An exact sum with the number of rows behind it; value None means it is not known."""

    value: Fraction | None
    rows: int
    reason: str | None = None
    is_covered: bool = True
    """Whether data reaches back to the start of the window."""


NOTHING = Amount(Fraction(0), 0)


@dataclass(frozen=True)
class TermAmounts:
    """The amounts of one term by period and by combination of dimensions that has rows."""

    groups: Mapping[Period, dict[Group, Amount]]
    missing: set[Period]
    """Periods whose snapshot does not exist."""
    uncovered: set[Period]
    """Periods whose window begins before the data."""

    def amount(self, period: Period, group: Group) -> Amount:
        """The amount of one combination; nothing found is zero where the snapshot exists."""
        if period in self.missing:
            return Amount(None, 0, NO_SNAPSHOT)
        found = self.groups[period].get(group, NOTHING)
        return replace(found, is_covered=False) if period in self.uncovered else found


def measure(
    reader: Reader, catalog: Catalog, requests: Iterable[TermRequest]
) -> dict[TermRequest, TermAmounts]:
    """The amounts of every term, terms that can share a scan measured together."""
    by_scan: dict[Scan, list[TermRequest]] = {}
    for request in dict.fromkeys(requests):
        by_scan.setdefault(request.scan, []).append(request)
    measured = {}
    first_dates: dict[tuple[str, str], date | None] = {}
    for scan, members in by_scan.items():
        groups = _run(reader, catalog, scan, members) if scan.periods else {}
        missing = _missing_snapshots(reader, scan, members) if scan.periods else {}
        uncovered = _uncovered_periods(reader, scan, first_dates)
        for request in members:
            found = groups.get(request, {})
            measured[request] = TermAmounts(found, missing.get(request, set()), uncovered)
    return measured


def _run(
    reader: Reader, catalog: Catalog, scan: Scan, requests: Sequence[TermRequest]
) -> dict[TermRequest, dict[Period, dict[Group, Amount]]]:
    parts = [aggregates(request, catalog) for request in requests]
    expressions = _unique(sql for part in parts for one in part for sql in (one.total, one.rows))
    found: list[dict[Period, dict[Group, Amount]]] = [
        {period: {} for period in scan.periods} for _ in requests
    ]
    for row in map(_as_tuple, reader.rows(scan_sql(scan, expressions, catalog))):
        period = scan.periods[row[0]]
        group = row[1 : 1 + len(scan.grain)]
        measured = dict(zip(expressions, row[1 + len(scan.grain) :], strict=True))
        for request, part, amounts in zip(requests, parts, found, strict=True):
            amount = _amount(request.term, part, measured, period)
            if amount.rows:
                amounts[period][group] = amount
    return dict(zip(requests, found, strict=True))


def _missing_snapshots(
    reader: Reader, scan: Scan, requests: Sequence[TermRequest]
) -> dict[TermRequest, set[Period]]:
    if scan.window not in SNAPSHOTS:
        return {}
    counted = {request: inputs(request) for request in requests}
    expressions = _unique(sql for parts in counted.values() for sql in parts)
    found: dict[Period, dict[str, int]] = {}
    for row in map(_as_tuple, reader.rows(coverage_sql(scan, expressions))):
        found[scan.periods[row[0]]] = dict(zip(expressions, row[1:], strict=True))
    return {
        request: {
            period for period in scan.periods if not all(found.get(period, {}).get(sql) for sql in parts)
        }
        for request, parts in counted.items()
    }


def _uncovered_periods(
    reader: Reader, scan: Scan, first_dates: dict[tuple[str, str], date | None]
) -> set[Period]:
    if scan.window not in COVERED_WINDOWS:
        return set()
    place = (scan.table, scan.date_column)
    if place not in first_dates:
        first_dates[place] = _as_tuple(reader.rows(first_date_sql(scan))[0])[0]
    first = first_dates[place]
    return {
        period
        for period in scan.periods
        if first and (first - window(period, scan.window).start).days > GRACE_DAYS
    }


def _as_tuple(row: Any) -> tuple[Any, ...]:
    return tuple(row.values()) if isinstance(row, Mapping) else tuple(row)


def _unique(texts: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(texts))


def _amount(term: Term, parts: Sequence[Aggregate], measured: Mapping[str, Any], period: Period) -> Amount:
    tree, _ = split(term.expr)
    values = dict(_parameters(period, term.window))
    rows = 0
    for number, part in enumerate(parts):
        counted = measured[part.rows]
        rows = max(rows, counted)
        # No row met the condition: the sum is zero. Rows met it but none had an amount: it is not known.
        values[f"a{number}"] = arithmetic.fraction(measured[part.total]) if counted else Fraction(0)
    value = arithmetic.evaluate(tree, values)
    return Amount(value, rows, NO_AMOUNT if value is None else None)


@lru_cache(maxsize=4096)
def _parameters(period: Period, window_name: str) -> Mapping[str, Fraction | None]:
    numbers = parameter_values(period, window_name)
    return {name: Fraction(number) for name, number in numbers.items()}


def combined(amounts: Sequence[Amount], tree: arithmetic.Tree) -> Amount:
    """The amount of an expression over t0, t1, …, one for each amount."""
    if len(amounts) == 1:
        return amounts[0]
    values = {f"t{number}": amount.value for number, amount in enumerate(amounts)}
    return Amount(
        value=arithmetic.evaluate(tree, values),
        rows=max(amount.rows for amount in amounts),
        reason=next((amount.reason for amount in amounts if amount.reason), None),
        is_covered=all(amount.is_covered for amount in amounts),
    )


def added(amounts: Sequence[Amount]) -> Amount:
    """The sum of amounts of different periods; not known when one of them is not."""
    if len(amounts) == 1:
        return amounts[0]
    known = [amount.value for amount in amounts if amount.value is not None]
    return Amount(
        value=sum(known, Fraction(0)) if len(known) == len(amounts) else None,
        rows=sum(amount.rows for amount in amounts),
        reason=next((amount.reason for amount in amounts if amount.reason), None),
        is_covered=all(amount.is_covered for amount in amounts),
    )
