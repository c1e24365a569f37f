"""Promotion: staged results that pass their checks are published, changed ones as restatements."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from claimlake.metrics import store
from claimlake.metrics.result import REQUIRED_METADATA, Place, Result
from claimlake.metrics.value import NO_DENOMINATOR
from claimlake.workspace import Workspace

MILLION = 10**6


@dataclass(frozen=True)
class Published:
    """The newest published result of one place."""

    key: str
    value: Decimal | None
    numerator: Decimal | None
    denominator: Decimal | None
    reason: str | None

    def says_the_same(self, result: Result) -> bool:
        """Whether publishing the result would change nothing."""
        value = result.value
        return (self.value, self.numerator, self.denominator, self.reason) == (
            value.value,
            value.numerator,
            value.denominator,
            value.reason,
        )


@dataclass(frozen=True)
class Promotion:
    """What became of staged results."""

    published: tuple[Result, ...]
    """New and restated results, in the order they were staged."""
    unchanged: int
    rejected: tuple[tuple[str, str], ...]
    """Result keys that failed a check, with the reason."""
    current: Mapping[Place, str]
    """The newest result key of every place that was staged."""

    @property
    def restated(self) -> int:
        """How many published results replace an earlier value."""
        return sum("restates" in result.metadata for result in self.published)


def promote(staged: Sequence[Result], published: Mapping[Place, Published]) -> Promotion:
    """Check staged results and compare them with what is published; nothing is written."""
    rejected = tuple(find_faults(staged))
    refused = {key for key, _ in rejected}
    accepted = [result for result in staged if result.key not in refused]
    new, current = [], {}
    for result in [*accepted, *_withdrawn(accepted, published)]:
        earlier = published.get(result.place)
        if earlier and earlier.says_the_same(result):
            current[result.place] = earlier.key
            continue
        new.append(result.restating(earlier.key, earlier.value) if earlier else result)
        current[result.place] = result.key
    return Promotion(tuple(new), len(accepted) - _count_staged(new, accepted), rejected, current)


def find_faults(staged: Iterable[Result]) -> Iterable[tuple[str, str]]:
    """Results that may not be published, with the reason."""
    seen: set[str] = set()
    for result in staged:
        fault = "duplicate result" if result.key in seen else _fault(result)
        seen.add(result.key)
        if fault:
            yield result.key, fault


def _fault(result: Result) -> str | None:
    missing = [name for name in REQUIRED_METADATA if name not in result.metadata]
    if missing:
        return f"metadata {missing[0]} is missing"
    if (result.value.value is None) != (result.value.reason is not None):
        return "a result has a value or a reason, not both"
    if result.value.value is not None and (result.value.denominator or 0) < 0:
        return "a value over a negative denominator"
    if not _is_consistent(result):
        return "value is not numerator over denominator"
    return None


def _is_consistent(result: Result) -> bool:
    """Whether the stored value is the quotient of its parts, as far as their rounding lets it be known.

    With all three rounded to millionths, v * d = n * scale holds up to half a millionth of each.
    """
    value = result.value
    if value.value is None or value.numerator is None:
        return True
    stored, numerator = _millionths(value.value), _millionths(value.numerator)
    denominator = MILLION if value.denominator is None else _millionths(value.denominator)
    scale = result.kpi.scale_fraction
    difference = abs(stored * denominator * scale.denominator - numerator * scale.numerator * MILLION)
    return 2 * difference <= (denominator + 1 + abs(stored)) * scale.denominator + scale.numerator * MILLION


def _millionths(number: Decimal) -> int:
    return int(number.scaleb(6))


def _withdrawn(accepted: Sequence[Result], published: Mapping[Place, Published]) -> Iterable[Result]:
    """An empty result for every published place of a calculated period that has no rows any more."""
    found = {result.place for result in accepted}
    examples = {(place[0], place[2], place[3]): result for place, result in _by_place(accepted)}
    for place, earlier in published.items():
        example = examples.get((place[0], place[2], place[3]))
        if place in found or example is None or earlier.reason == NO_DENOMINATOR:
            continue
        value = replace(
            example.value, dims={}, value=None, numerator=None, denominator=None, reason=NO_DENOMINATOR,
            numerator_rows=0, denominator_rows=0, components={},
        )  # fmt: skip
        metadata = {**example.metadata, "numerator": None, "denominator": None, "reason": NO_DENOMINATOR}
        yield replace(example, value=value, grain_keys=place[1], metadata=metadata)


def _by_place(results: Iterable[Result]) -> Iterable[tuple[Place, Result]]:
    return ((result.place, result) for result in results)


def _count_staged(new: Sequence[Result], accepted: Sequence[Result]) -> int:
    keys = {result.key for result in accepted}
    return sum(result.key in keys for result in new)


def read_published(workspace: Workspace, org_id: str, as_of: datetime) -> dict[Place, Published]:
    """The newest published result of every place of one tenant, as of a moment."""
    rows = store.read(
        workspace,
        store.RESULT,
        "select metric_version_key, grain_keys, measurement_period_start_datetime,"
        " measurement_period_end_datetime, result_key, result_value_numeric, result_metadata"
        f" from {store.RESULT} where as_of_datetime <= timestamp '{as_of}'"
        " order by as_of_datetime, calculated_at",
        org_id=org_id,
    )
    return {_place(row): _published(row) for row in rows}


def _place(row: tuple[Any, ...]) -> Place:
    version, keys, start, end = row[:4]
    return version, keys, start, end


def _published(row: tuple[Any, ...]) -> Published:
    metadata = json.loads(row[6])
    numerator, denominator = (
        None if metadata[name] is None else Decimal(metadata[name]) for name in ("numerator", "denominator")
    )
    return Published(row[4], row[5], numerator, denominator, metadata["reason"])
