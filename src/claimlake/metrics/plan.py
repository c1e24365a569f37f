"""A question made ready for the database: which periods, dimensions and filters each term is measured by."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from claimlake.errors import QueryError
from claimlake.metrics.catalog import Catalog
from claimlake.metrics.compile import Filters, TermRequest
from claimlake.metrics.kpi import Kpi, Term
from claimlake.metrics.measure import Group
from claimlake.metrics.period import Period

FilterValues = Mapping[str, str | Sequence[str | None] | None]
"""Dimension → one accepted value or several; None accepts rows without the dimension."""


@dataclass(frozen=True)
class Question:
    """What is asked of every KPI: for which periods, by which dimensions, within which filters."""

    periods: Sequence[Period]
    grain: Sequence[str] = ()
    filters: FilterValues = field(default_factory=dict)


@dataclass(frozen=True)
class Plan:
    """What is asked of every KPI: by which dimensions, for which periods, within which filters."""

    periods: tuple[Period, ...]
    grain: tuple[str, ...]
    filters: Filters

    def request(self, kpi: Kpi, side: str, term: Term) -> TermRequest:
        """The term of that side; breakdown dimensions split and filter the numerator only."""
        grain, filters = self.grain, self.filters
        if side == "denominator":
            grain = tuple(name for name in grain if is_whole(kpi, name))
            filters = tuple((name, values) for name, values in filters if is_whole(kpi, name))
        return TermRequest(term, kpi.billing_type, grain, filters, tuple(self.measured_periods(kpi)))

    def measured_periods(self, kpi: Kpi) -> list[Period]:
        """The periods to measure: a monthly average is measured by month and added up."""
        if not kpi.is_monthly_average:
            return list(dict.fromkeys(self.periods))
        return sorted({month for period in self.periods for month in self.parts(kpi, period)})

    def parts(self, kpi: Kpi, period: Period) -> list[Period]:
        """The periods that add up to one; none when a monthly average is asked for part of a month."""
        if not kpi.is_monthly_average:
            return [period]
        return period.months() if period.is_whole_months else []

    def denominator_group(self, kpi: Kpi, group: Group) -> Group:
        """The group of the denominator that belongs to a group of the numerator."""
        return tuple(value for name, value in zip(self.grain, group, strict=True) if is_whole(kpi, name))

    def is_breakdown(self, kpi: Kpi) -> bool:
        """Whether it is asked for shares of a whole denominator."""
        return not all(is_whole(kpi, name) for name in self.grain)


def is_whole(kpi: Kpi, dimension: str) -> bool:
    """Whether the dimension is valid for numerator and denominator."""
    return dimension in kpi.grain or dimension == "billing_type"


def make_plan(question: Question, catalog: Catalog) -> Plan:
    """The question checked against the catalogue; QueryError names dimensions that exist."""
    for name in question.grain:
        if name in catalog.time_grains:
            raise QueryError(
                f"'{name}' is a time grain, not a dimension.", remedy=f"Pass one period per {name}."
            )
        catalog.column(name, "")
    return Plan(tuple(question.periods), tuple(question.grain), accepted(question.filters, catalog))


def accepted(filters: FilterValues, catalog: Catalog) -> Filters:
    """Filters in canonical order; QueryError for an unknown dimension or a value that is not text."""
    found = []
    for name in sorted(filters):
        catalog.column(name, "")
        wanted = filters[name]
        values = tuple(wanted) if isinstance(wanted, list | tuple) else (wanted,)
        if not all(value is None or (isinstance(value, str) and "\0" not in value) for value in values):
            raise QueryError(f"a value of filter '{name}' is not text.", remedy="Filter by text values.")
        found.append((name, values))
    return tuple(found)
