"""Ask KPIs live: names, periods, dimensions and filters in, exact values out."""

from collections.abc import Sequence
from fractions import Fraction

from claimlake.metrics import arithmetic
from claimlake.metrics.catalog import Catalog
from claimlake.metrics.compile import dimension_reason
from claimlake.metrics.kpi import Kpi
from claimlake.metrics.measure import Amount, Group, Reader, added, combined, measure
from claimlake.metrics.period import Period
from claimlake.metrics.plan import Plan, Question, make_plan
from claimlake.metrics.value import MISSING_TABLE, MONTHS_ONLY, NO_DENOMINATOR, MetricValue, divided

Found = dict[tuple[Period, Group], MetricValue]


def query(reader: Reader, catalog: Catalog, keys: Sequence[str], question: Question) -> list[MetricValue]:
    """Values of the KPIs in order of keys, periods and dimension values.

    A KPI that cannot be asked by a dimension gets one value per period without a figure but with a reason;
    a KPI, dimension or value that cannot exist raises QueryError.
    """
    kpis = catalog.closure(keys)
    answers = Answers(catalog, make_plan(question, catalog), kpis, reader)
    return [value for key in keys for value in answers.values(key)]


class Answers:
    """The values of KPIs to one question, children measured before what derives from them."""

    def __init__(self, catalog: Catalog, plan: Plan, kpis: Sequence[Kpi], reader: Reader) -> None:
        self._plan = plan
        self._reasons = {kpi.key: refusal(kpi, plan, reader) for kpi in kpis}
        requests = {
            (kpi.key, side): [plan.request(kpi, side, term) for term in terms.terms]
            for kpi in kpis
            if not self._reasons[kpi.key]
            for side, terms in kpi.sides
        }
        measured = measure(reader, catalog, [one for many in requests.values() for one in many])
        self._amounts = {place: [measured[one] for one in many] for place, many in requests.items()}
        self._values: dict[str, Found] = {}
        for kpi in kpis:
            self._values[kpi.key] = self._derive(kpi) if kpi.formula else self._divide(kpi)

    def values(self, key: str) -> list[MetricValue]:
        """The values of one KPI by period and dimension values; rows without a dimension come last."""
        order = {period: number for number, period in enumerate(self._plan.periods)}
        found = sorted(self._values[key].items(), key=lambda item: (order[item[0][0]], _order(item[0][1])))
        return [value for _, value in found]

    def _refused(self, kpi: Kpi, reason: str) -> Found:
        return {
            (period, ()): MetricValue(kpi.key, period, {}, reason=reason) for period in self._plan.periods
        }

    def _divide(self, kpi: Kpi) -> Found:
        reason = self._reasons[kpi.key]
        if reason:
            return self._refused(kpi, reason)
        found: Found = {}
        for period in self._plan.periods:
            parts = self._plan.parts(kpi, period)
            if not parts:
                found[period, ()] = MetricValue(kpi.key, period, {}, reason=MONTHS_ONLY)
            for group in self._groups(kpi, parts):
                found[period, group] = self._value(kpi, period, parts, group)
        return found

    def _groups(self, kpi: Kpi, parts: Sequence[Period]) -> set[Group]:
        if not self._plan.grain:
            return {()} if parts else set()
        sides = kpi.sides[:1] if self._plan.is_breakdown(kpi) else kpi.sides
        amounts = [one for side, _ in sides for one in self._amounts[kpi.key, side]]
        return {group for one in amounts for part in parts for group in one.groups[part]}

    def _value(self, kpi: Kpi, period: Period, parts: Sequence[Period], group: Group) -> MetricValue:
        groups = {"numerator": group, "denominator": self._plan.denominator_group(kpi, group)}
        totals = {
            side: added([self._amount(kpi, side, part, wanted) for part in parts])
            for side, wanted in groups.items()
        }
        dims = dict(zip(self._plan.grain, group, strict=True))
        return divided(kpi, period, dims, totals["numerator"], totals["denominator"])

    def _amount(self, kpi: Kpi, side: str, period: Period, group: Group) -> Amount:
        amounts = [one.amount(period, group) for one in self._amounts[kpi.key, side]]
        if not amounts:
            return Amount(None, 0)
        combine = kpi.numerator.combine if side == "numerator" else kpi.denominator.combine
        return combined(amounts, arithmetic.parse(combine, where=kpi.key))

    def _derive(self, kpi: Kpi) -> Found:
        reason = self._reasons[kpi.key]
        if reason:
            return self._refused(kpi, reason)
        children = [self._values[child] for child in kpi.lineage]
        places = dict.fromkeys(place for child in children for place in child)
        return {place: self._derived(kpi, *place) for place in places}

    def _derived(self, kpi: Kpi, period: Period, group: Group) -> MetricValue:
        children = {key: self._values[key].get((period, group)) for key in kpi.lineage}
        components = {key: child.value if child else None for key, child in children.items()}
        missing = next((key for key, value in components.items() if value is None), None)
        names = {key: child.exact if child else None for key, child in children.items()}
        names["days_in_period"] = Fraction((period.end - period.start).days + 1)
        result = arithmetic.evaluate(arithmetic.parse(kpi.formula or "", where=kpi.key), names)
        value = None if result is None else result * kpi.scale_fraction
        reason = f"missing:{missing}" if missing else NO_DENOMINATOR
        found = [child for child in children.values() if child]
        return MetricValue(
            key=kpi.key,
            period=period,
            dims=dict(zip(self._plan.grain, group, strict=True)) if group else {},
            value=arithmetic.rounded(value),
            exact=value,
            reason=reason if value is None else None,
            numerator_rows=max((child.numerator_rows for child in found), default=0),
            denominator_rows=max((child.denominator_rows for child in found), default=0),
            is_window_covered=all(child.is_window_covered for child in found),
            components=components,
        )


def _order(group: Group) -> tuple[tuple[bool, str], ...]:
    return tuple((value is None, value or "") for value in group)


def refusal(kpi: Kpi, plan: Plan, reader: Reader) -> str | None:
    """Why a KPI cannot be asked this way here, or None."""
    reason = dimension_reason(kpi, plan.grain, [name for name, _ in plan.filters])
    if reason:
        return reason
    for _, side in kpi.sides:
        for term in side.terms:
            columns = reader.columns(term.table)
            if not columns:
                return f"{MISSING_TABLE}:{term.table}"
            if "billing_type" in plan.grain and "billing_type" not in columns:
                return "not_available_by:billing_type"
    return None
