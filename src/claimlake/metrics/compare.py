"""A figure beside its past: the period before, the same period last year, and the series that leads to it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from claimlake.metrics.catalog import Catalog
from claimlake.metrics.measure import Reader
from claimlake.metrics.period import Period
from claimlake.metrics.plan import Question
from claimlake.metrics.query import query
from claimlake.metrics.value import MetricValue


@dataclass(frozen=True)
class Comparison:
    """One value with those of earlier periods; None where an earlier group had no rows."""

    value: MetricValue
    direction: str
    previous: MetricValue | None
    """The period before."""
    last_year: MetricValue | None
    """The same period one year earlier."""

    @property
    def change(self) -> Decimal | None:
        """Difference to the period before, in the KPI's unit."""
        return difference(self.value, self.previous)

    @property
    def change_in_year(self) -> Decimal | None:
        """Difference to the same period last year, in the KPI's unit."""
        return difference(self.value, self.last_year)

    @property
    def is_better(self) -> bool | None:
        """Whether it moved the right way since the period before; None without change or direction."""
        change = self.change
        if not change or self.direction == "neutral":
            return None
        return (change > 0) == (self.direction == "up")


def difference(newer: MetricValue, older: MetricValue | None) -> Decimal | None:
    """Newer minus older value, None when one of them is missing."""
    if older is None or newer.value is None or older.value is None:
        return None
    return newer.value - older.value


def compare(reader: Reader, catalog: Catalog, keys: Sequence[str], question: Question) -> list[Comparison]:
    """Every value of the question beside the period before and the same period last year, in one query."""
    earlier = [
        found for period in question.periods for found in (period, period.shifted(-1), period.last_year())
    ]
    asked = replace(question, periods=list(dict.fromkeys(earlier)))
    values = {_place(value): value for value in query(reader, catalog, keys, asked)}
    return [
        Comparison(
            value=value,
            direction=catalog.kpi(value.key).direction,
            previous=values.get(_place(value, value.period.shifted(-1))),
            last_year=values.get(_place(value, value.period.last_year())),
        )
        for value in values.values()
        if value.period in question.periods
    ]


def trailing(period: Period, count: int) -> list[Period]:
    """The `count` periods of the same kind that end with this one, oldest first."""
    return [period.shifted(-back) for back in range(count - 1, -1, -1)]


def _place(value: MetricValue, period: Period | None = None) -> tuple[str, Period, frozenset[object]]:
    dims: Mapping[str, str | None] = value.dims
    return value.key, period or value.period, frozenset(dims.items())
