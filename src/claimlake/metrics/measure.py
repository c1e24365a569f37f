"""Measure terms: run the fewest scans that hold all of them, and keep their sums exact."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction
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


class Measurement:
    """The amounts of a set of terms, each scan run once."""

    def __init__(self, reader: Reader, catalog: Catalog, requests: Iterable[TermRequest]) -> None:
        self._catalog = catalog
        self._reader = reader
        self._groups: dict[TermRequest, dict[Period, dict[Group, Amount]]] = {}
        self._missing: dict[TermRequest, dict[Period, str]] = {}
        self._first_dates: dict[tuple[str, str], date | None] = {}
        by_scan: dict[Scan, list[TermRequest]] = {}
        for request in dict.fromkeys(requests):
            if request.periods:
                by_scan.setdefault(request.scan, []).append(request)
        for scan, members in by_scan.items():
            self._run(scan, members)

    def groups(self, request: TermRequest, period: Period) -> set[Group]:
        """Combinations of dimensions that have rows."""
        return set(self._groups.get(request, {}).get(period, {}))

    def amount(self, request: TermRequest, period: Period, group: Group) -> Amount:
        """The amount of one combination; nothing found is zero where a snapshot or window exists."""
        reason = self._missing.get(request, {}).get(period)
        if reason:
            return Amount(None, 0, reason)
        found = self._groups.get(request, {}).get(period, {}).get(group, NOTHING)
        return found if self._is_covered(request.term, period) else replace(found, is_covered=False)

    def _is_covered(self, term: Term, period: Period) -> bool:
        first = self._first_dates.get((term.table, term.date_column))
        if term.window not in COVERED_WINDOWS or first is None:
            return True
        return (first - window(period, term.window).start).days <= GRACE_DAYS

    def _run(self, scan: Scan, requests: list[TermRequest]) -> None:
        wanted = {request: aggregates(request, self._catalog) for request in requests}
        expressions = _unique(
            sql for parts in wanted.values() for part in parts for sql in (part.total, part.rows)
        )
        rows = self._reader.rows(scan_sql(scan, expressions, self._catalog))
        for row in map(_as_tuple, rows):
            period = scan.periods[row[0]]
            group = row[1 : 1 + len(scan.grain)]
            measured = dict(zip(expressions, row[1 + len(scan.grain) :], strict=True))
            for request, parts in wanted.items():
                amount = _combine(request, parts, measured, period)
                if amount.rows or not scan.grain:
                    self._groups.setdefault(request, {}).setdefault(period, {})[group] = amount
        if scan.window in SNAPSHOTS:
            self._find_missing_snapshots(scan, requests)
        if scan.window in COVERED_WINDOWS:
            self._find_first_date(scan)

    def _find_missing_snapshots(self, scan: Scan, requests: list[TermRequest]) -> None:
        counted = {request: inputs(request) for request in requests}
        expressions = _unique(sql for parts in counted.values() for sql in parts)
        found: dict[Period, dict[str, int]] = {}
        for row in map(_as_tuple, self._reader.rows(coverage_sql(scan, expressions))):
            found[scan.periods[row[0]]] = dict(zip(expressions, row[1:], strict=True))
        for request, parts in counted.items():
            for period in scan.periods:
                if not all(found.get(period, {}).get(sql) for sql in parts):
                    self._missing.setdefault(request, {})[period] = NO_SNAPSHOT

    def _find_first_date(self, scan: Scan) -> None:
        place = (scan.table, scan.date_column)
        if place not in self._first_dates:
            self._first_dates[place] = _as_tuple(self._reader.rows(first_date_sql(scan))[0])[0]


def _as_tuple(row: Any) -> tuple[Any, ...]:
    return tuple(row.values()) if isinstance(row, Mapping) else tuple(row)


def _unique(texts: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(texts))


def _combine(
    request: TermRequest, parts: list[Aggregate], measured: Mapping[str, Any], period: Period
) -> Amount:
    tree, _ = split(request.term.expr)
    values: dict[str, Fraction | None] = {
        name: Fraction(number) for name, number in parameter_values(period, request.term.window).items()
    }
    rows = 0
    for number, part in enumerate(parts):
        counted = measured[part.rows]
        rows = max(rows, counted)
        # No row met the condition: the sum is zero. Rows met it but none had an amount: it is not known.
        values[f"a{number}"] = arithmetic.fraction(measured[part.total]) if counted else Fraction(0)
    value = arithmetic.evaluate(tree, values)
    return Amount(value, rows, NO_AMOUNT if value is None else None)


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
