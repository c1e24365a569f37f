"""KPI values ready to be read: the month, the month before, and the trend."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from claimlake.access.session import Session
from claimlake.metrics.catalog import Catalog
from claimlake.metrics.kpi import Kpi
from claimlake.metrics.period import Period
from claimlake.metrics.plan import Question
from claimlake.metrics.query import query
from claimlake.metrics.value import MetricValue
from claimlake.serve.filter import Filters
from claimlake.serve.number import change


@dataclass(frozen=True)
class Figure:
    """One KPI over months, oldest first; the last one is the month asked for."""

    kpi: Kpi
    values: tuple[MetricValue, ...]

    @property
    def current(self) -> MetricValue | None:
        """The month asked for."""
        return self.values[-1] if self.values else None

    @property
    def value(self) -> Decimal | None:
        """The value of the month asked for."""
        return self.current.value if self.current else None

    @property
    def reason(self) -> str:
        """Why the month has no value; empty when it has one."""
        return "" if self.value is not None else reason_text(self.current.reason if self.current else None)

    @property
    def difference(self) -> Decimal | None:
        """The change against the month before."""
        if len(self.values) < 2 or self.value is None or self.values[-2].value is None:
            return None
        return self.value - self.values[-2].value

    @property
    def change_text(self) -> str:
        """The change with sign and unit; empty when one of the months has no value."""
        return "" if self.difference is None else change(self.difference, self.kpi.unit)

    @property
    def tone(self) -> str:
        """good, bad, or empty: the direction of the change against the direction that is better."""
        if not self.difference or self.kpi.direction == "neutral":
            return ""
        return "good" if (self.difference > 0) == (self.kpi.direction == "up") else "bad"

    @property
    def floats(self) -> list[float | None]:
        """The values for drawing."""
        return [None if item.value is None else float(item.value) for item in self.values]


def load_figures(
    session: Session, catalog: Catalog, keys: Sequence[str], filters: Filters, *, months: int
) -> list[Figure]:
    """A figure per KPI in the order asked; a KPI that does not know one of the filters says so instead."""
    periods = trailing(filters.period, months)
    values = query(session, catalog, keys, Question(periods, filters=filters.dimensions))
    found: dict[str, list[MetricValue]] = {}
    for value in values:
        found.setdefault(value.key, []).append(value)
    return [Figure(catalog.kpi(key), tuple(found.get(key, ()))) for key in keys]


def load_split(
    session: Session, catalog: Catalog, kpi: Kpi, question: Question
) -> dict[str | None, dict[Period, MetricValue]]:
    """Value of a KPI per value of the question's one dimension and month; empty when it has no such split."""
    (by,) = question.grain
    found: dict[str | None, dict[Period, MetricValue]] = {}
    for value in query(session, catalog, [kpi.key], question):
        if by in value.dims:
            found.setdefault(value.dims[by], {})[value.period] = value
    return found


def trailing(period: Period, count: int) -> list[Period]:
    """The `count` months that end with a month, oldest first."""
    return [period.shifted(step) for step in range(1 - count, 1)]


def reason_text(reason: str | None) -> str:
    """Why there is no figure, in plain words."""
    code, _, subject = (reason or "").partition(":")
    name = subject.replace("_", " ")
    texts = {
        "no_denominator": "Nothing to measure this month",
        "negative_denominator": "Reversals exceed what it is measured against",
        "no_snapshot": "No A/R snapshot for this day",
        "no_amount": "No amount is known",
        "no_table": "Not published yet",
        "calendar_months_only": "Calendar months only",
        "not_available_by": f"Not defined by {name}",
        "missing": "A part of it has no value",
    }
    return texts.get(code, "No value")
