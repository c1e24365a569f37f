"""A KPI's value for one period and one combination of dimensions, or the reason why there is none."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from fractions import Fraction

from claimlake.metrics.arithmetic import rounded
from claimlake.metrics.kpi import Kpi
from claimlake.metrics.measure import Amount
from claimlake.metrics.period import Period

NO_DENOMINATOR = "no_denominator"
NEGATIVE_DENOMINATOR = "negative_denominator"
"""Reversals outweigh what was billed or earned: a share of less than nothing means nothing."""
MONTHS_ONLY = "calendar_months_only"
MISSING_TABLE = "no_table"

Dims = Mapping[str, str | None]


@dataclass(frozen=True)
class MetricValue:
    """One KPI for one period and one combination of dimensions."""

    key: str
    period: Period
    dims: Dims
    value: Decimal | None = None
    """numerator / denominator * scale, six decimals, halves to even; None with a reason."""
    numerator: Decimal | None = None
    denominator: Decimal | None = None
    reason: str | None = None
    """no_denominator, negative_denominator, no_snapshot, no_amount, no_table, calendar_months_only,
    not_available_by:<dimension>, or missing:<KPI> of a derived KPI."""
    numerator_rows: int = 0
    denominator_rows: int = 0
    is_window_covered: bool = True
    """False when data begins after a trailing window does, so that its average comes out too low."""
    components: Mapping[str, Decimal | None] = field(default_factory=dict)
    """Values of the KPIs a derived KPI was calculated from."""
    exact: Fraction | None = field(default=None, repr=False, compare=False)
    """The value before rounding: what derived KPIs are calculated from."""

    @property
    def period_start(self) -> date:
        """First day of the period."""
        return self.period.start

    @property
    def period_end(self) -> date:
        """Last day of the period."""
        return self.period.end


def divided(kpi: Kpi, period: Period, dims: Dims, numerator: Amount, denominator: Amount) -> MetricValue:
    """The value of a ratio, or of a plain value when the KPI has no denominator; divided exactly."""
    value = None
    reason = numerator.reason or denominator.reason
    if kpi.kind == "value":
        value = None if numerator.value is None else numerator.value * kpi.scale_fraction
    elif denominator.reason is None and not denominator.value:
        reason = NO_DENOMINATOR
    elif denominator.value is not None and denominator.value < 0:
        reason = reason or NEGATIVE_DENOMINATOR
    elif numerator.value is not None and denominator.value:
        value = numerator.value / denominator.value * kpi.scale_fraction
    return MetricValue(
        key=kpi.key,
        period=period,
        dims=dims,
        value=rounded(value),
        numerator=rounded(numerator.value),
        denominator=rounded(denominator.value) if kpi.kind == "ratio" else None,
        reason=reason if value is None else None,
        numerator_rows=numerator.rows,
        denominator_rows=denominator.rows,
        exact=value,
        is_window_covered=numerator.is_covered and denominator.is_covered,
    )
