"""What a KPI means, in words a person can check: for `claimlake metrics list`, `show` and `explain`."""

import json
import textwrap
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from claimlake.metrics.catalog import Catalog
from claimlake.metrics.kpi import Benchmark, Kpi, Side

WINDOW_WORDS = {
    "period": "in the period",
    "as_of": "on the last day of the period",
    "prior_as_of": "on the last day of the month before the period",
    "trailing_3m": "in the three months that end with the period",
    "trailing_12m": "in the twelve months that end with the period",
    "prior_3m": "in the three full months before the period",
    "trailing_28d": "in the 28 days that end with the period",
    "matured_90d": "in the period shifted back 90 days",
    "matured_120d": "in the period shifted back 120 days",
    "matured_180d": "in the period shifted back 180 days",
}
SETTING_WORDS = {
    "hospital": "hospital (billing type HB)",
    "physician": "physician practice (billing type PB)",
    "both": "hospital and physician practice",
}
DIRECTION_WORDS = {"up": "higher is better", "down": "lower is better", "neutral": "no target direction"}
CONFIDENCE_WORDS = {
    "primary": "from the regulator or definition owner",
    "secondary": "a published figure seen through a third party",
    "rule_of_thumb": "industry guidance without a study",
    "none": "no public figure",
}
WIDTH = 100


def list_kpis(
    catalog: Catalog, *, setting: str | None = None, dashboard: str | None = None
) -> list[dict[str, Any]]:
    """One short record per KPI in catalogue order, optionally of one setting or dashboard."""
    return [
        {
            "key": kpi.key,
            "name": kpi.name,
            "setting": kpi.setting,
            "dashboard": kpi.dashboard,
            "unit": kpi.unit,
            "direction": kpi.direction,
            "frequency": kpi.frequency,
            "steward": kpi.steward,
        }
        for kpi in catalog.kpis.values()
        if setting in (None, kpi.setting) and dashboard in (None, kpi.dashboard)
    ]


def show_kpi(catalog: Catalog, key: str) -> dict[str, Any]:
    """The whole definition of one KPI with the file it stands in and its hash."""
    kpi = catalog.kpi(key)
    definition: dict[str, Any] = json.loads(kpi.definition)
    return {**definition, "file": kpi.origin, "definition_hash": kpi.definition_hash}


def explain(catalog: Catalog, key: str) -> str:
    """One page of text: what the KPI says, how it is calculated, what to compare it with, who owns it."""
    kpi = catalog.kpi(key)
    parts = [
        f"{kpi.name}  ({kpi.key})",
        _wrapped(kpi.description),
        *_calculation(catalog, kpi),
        *_reading(kpi),
    ]
    return "\n\n".join(parts) + "\n"


def _calculation(catalog: Catalog, kpi: Kpi) -> Iterator[str]:
    yield "\n".join(
        ["How it is calculated", f"  {_formula(kpi)}", f"  Setting: {SETTING_WORDS[kpi.setting]}"]
    )
    if kpi.formula:
        children = [f"  {child}: {catalog.kpi(child).name}" for child in kpi.lineage]
        yield "\n".join(["Calculated from", *children])
    for name, side in kpi.sides:
        if side.terms:
            yield "\n".join(_side(name.capitalize(), side))
    if kpi.kind == "ratio":
        yield _wrapped(
            "Without a denominator there is no value, never 0: reason no_denominator. "
            "Nor is there one when the denominator is below 0: reason negative_denominator."
        )


def _formula(kpi: Kpi) -> str:
    scale = "" if kpi.scale == 1 else f" * {kpi.scale}"
    unit = kpi.unit_label or kpi.unit
    if kpi.formula:
        return f"{kpi.formula}{scale}, in {unit}"
    if kpi.kind == "value":
        return f"numerator{scale}, in {unit}"
    return f"numerator / denominator{scale}, in {unit}"


def _side(title: str, side: Side) -> Iterator[str]:
    yield f"{title}: {side.text}"
    for term in side.terms:
        yield f"  {term.expr}"
        yield f"  from {term.table}, {term.date_column} {WINDOW_WORDS[term.window]}"
        if term.where:
            yield _wrapped(f"where {term.where}", indent="  ")


def _reading(kpi: Kpi) -> Iterator[str]:
    dimensions = f"By {', '.join(kpi.grain)}."
    if kpi.breakdown:
        dimensions += f" Shares of the whole by {', '.join(kpi.breakdown)}."
    yield "\n".join(
        [
            "How to read it",
            f"  {DIRECTION_WORDS[kpi.direction].capitalize()}; calculated {kpi.frequency}.",
            _wrapped(dimensions, indent="  "),
            *([_wrapped(kpi.notes, indent="  ")] if kpi.notes else []),
            *([_wrapped(kpi.setting_difference, indent="  ")] if kpi.setting_difference else []),
        ]
    )
    yield "\n".join(["Benchmark", *(_wrapped(line, indent="  ") for line in _benchmark(kpi.benchmark))])
    programme = f"\n  Programme: {kpi.regulatory_program}" if kpi.regulatory_program else ""
    yield f"Definition\n  {kpi.definition_source}{programme}\n  Steward: {kpi.steward}\n  File: {kpi.origin}"


def _benchmark(benchmark: Benchmark) -> Iterator[str]:
    yield benchmark.text
    if benchmark.low is not None and benchmark.high is not None:
        yield f"Range {_plain(benchmark.low)} to {_plain(benchmark.high)}"
    yield f"Source: {benchmark.source} ({CONFIDENCE_WORDS[benchmark.confidence]})"


def _plain(number: Decimal) -> str:
    return f"{number:f}"


def _wrapped(text: str, indent: str = "") -> str:
    return textwrap.fill(text, WIDTH, initial_indent=indent, subsequent_indent=indent)
