"""Which results make up a result: components of derived KPIs, and entities of an organisation."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from claimlake.metrics.result import Place, Result

LARGEST_WEIGHT = Decimal("9.9999")
UNIT = Decimal("0.0001")


def lineage_rows(
    staged: Sequence[Result], current: Mapping[Place, str], new: set[str]
) -> list[dict[str, Any]]:
    """Rows of metrics.metric_lineage for pairs of which at least one result is new."""
    pairs = [*_components(staged), *_rollups(staged)]
    return [
        {
            "org_id": parent.run.org_id,
            "parent_result_key": current[parent.place],
            "child_result_key": current[child.place],
            "contribution_weight": weight,
            "relation": relation,
        }
        for parent, child, weight, relation in pairs
        if parent.place in current and child.place in current
        if current[parent.place] in new or current[child.place] in new
    ]


def _components(staged: Sequence[Result]) -> Iterable[tuple[Result, Result, Decimal | None, str]]:
    """A derived result and each KPI result in its formula, weighted by its share of the value."""
    by_kpi = {(result.kpi.key, result.grain_keys, result.value.period): result for result in staged}
    for parent in staged:
        for key in parent.kpi.lineage:
            child = by_kpi.get((key, parent.grain_keys, parent.value.period))
            if child:
                yield parent, child, weight(child.value.value, parent.value.value), "component"


def _rollups(staged: Sequence[Result]) -> Iterable[tuple[Result, Result, Decimal | None, str]]:
    """An organisation's result and those of its entities, weighted by their part of the denominator."""
    parents = {(result.kpi.key, result.value.period): result for result in staged if not result.value.dims}
    for child in staged:
        parent = parents.get((child.kpi.key, child.value.period))
        if parent and set(child.value.dims) == {"entity"} and not child.kpi.formula:
            yield parent, child, _part(child, parent), "rollup"


def _part(child: Result, parent: Result) -> Decimal | None:
    if child.kpi.kind == "value":
        return weight(child.value.numerator, parent.value.numerator)
    return weight(child.value.denominator, parent.value.denominator)


def weight(part: Decimal | None, whole: Decimal | None) -> Decimal | None:
    """Part over whole with four decimals within ±9.9999; None when the whole is missing or zero."""
    if part is None or not whole:
        return None
    share = (part / whole).quantize(UNIT, rounding=ROUND_HALF_EVEN)
    return max(-LARGEST_WEIGHT, min(LARGEST_WEIGHT, share))
