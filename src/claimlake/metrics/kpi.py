"""What a KPI is: its terms over gold tables, how they combine, and who stands behind it."""

import hashlib
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import cached_property


@dataclass(frozen=True)
class Term:
    """One filtered aggregate over one gold table and one window of dates."""

    text: str
    """What it counts or adds, in words."""
    table: str
    """`gold.<table>`; columns are written `<table>.<column>`."""
    expr: str
    """Aggregates and arithmetic between them, DuckDB dialect; may divide by :days_in_window."""
    date_column: str
    """The column that decides the window a row falls in."""
    window: str
    """Name of a window, see `claimlake.metrics.period.WINDOWS`."""
    where: str | None = None
    """Condition a row must meet."""

    @property
    def table_name(self) -> str:
        """The table without its layer, as expressions write it."""
        return self.table.split(".", 1)[1]


@dataclass(frozen=True)
class Side:
    """A numerator or denominator: one term, or several combined as t0, t1, …"""

    text: str
    terms: tuple[Term, ...] = ()
    combine: str = "t0"


@dataclass(frozen=True)
class Benchmark:
    """A published figure to read beside the value; never shown without source and confidence."""

    text: str
    source: str
    confidence: str
    """primary, secondary, rule_of_thumb or none."""
    low: Decimal | None = None
    high: Decimal | None = None


@dataclass(frozen=True)
class Kpi:
    """One entry of the catalogue."""

    key: str
    name: str
    setting: str
    """hospital (billing type HB), physician (PB) or both."""
    dashboard: str
    phase: int
    domain: str
    description: str
    kind: str
    """ratio, value or derived."""
    numerator: Side
    denominator: Side
    scale: Decimal
    unit: str
    result_type: str
    direction: str
    """up or down is better; neutral has no target."""
    grain: tuple[str, ...]
    """Dimensions valid for numerator and denominator, and the time grains."""
    breakdown: tuple[str, ...]
    """Dimensions that split the numerator only: shares that add up to the total."""
    frequency: str
    source_category: str
    is_regulatory: bool
    regulatory_program: str | None
    definition_source: str
    benchmark: Benchmark
    lineage: tuple[str, ...]
    steward: str
    definition: str
    """The entry as canonical JSON: what results are calculated from."""
    origin: str
    """File the entry stands in."""
    formula: str | None = None
    setting_difference: str | None = None
    notes: str | None = None
    unit_label: str | None = None

    @cached_property
    def definition_hash(self) -> str:
        """sha256 of the definition."""
        return hashlib.sha256(self.definition.encode()).hexdigest()

    @property
    def billing_type(self) -> str | None:
        """The billing type its setting means, or None for both."""
        return {"hospital": "HB", "physician": "PB"}.get(self.setting)

    @cached_property
    def scale_fraction(self) -> Fraction:
        """What the quotient is multiplied by: 100 for percent."""
        return Fraction(self.scale)

    @cached_property
    def sides(self) -> tuple[tuple[str, Side], ...]:
        """Numerator and denominator with their names."""
        return (("numerator", self.numerator), ("denominator", self.denominator))

    @cached_property
    def is_monthly_average(self) -> bool:
        """True when a term is an average per month: defined for calendar months only."""
        return any(":months_in_window" in term.expr for _, side in self.sides for term in side.terms)

    @cached_property
    def date_basis(self) -> str:
        """The date that puts a row into the numerator's window, `table.column`."""
        return ", ".join(sorted({term.date_column for term in self.numerator.terms})) or "children"
