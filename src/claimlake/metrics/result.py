"""A metric value as a row of the canonical model: key, grain, value, and the metadata that explains it."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, time
from decimal import Decimal
from functools import cached_property
from typing import Any

import claimlake
from claimlake.metrics.catalog import Catalog
from claimlake.metrics.kpi import Kpi
from claimlake.metrics.value import MetricValue

REQUIRED_METADATA = ("numerator", "denominator", "date_basis")
METADATA_SCHEMA = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "required": list(REQUIRED_METADATA),
    "properties": {
        "numerator": {"type": ["string", "null"], "description": "exact decimal"},
        "denominator": {"type": ["string", "null"], "description": "exact decimal"},
        "date_basis": {"type": "string", "description": "column that puts a row into the window"},
        "numerator_rows": {"type": "integer"},
        "denominator_rows": {"type": "integer"},
        "is_window_covered": {"type": "boolean"},
        "reason": {"type": ["string", "null"], "description": "why there is no value"},
        "snapshot_id": {"type": "integer", "description": "the published state it was calculated from"},
        "components": {"type": "object", "description": "values a derived metric was calculated from"},
        "restates": {"type": "string", "description": "result_key of the value published before"},
        "previous_value": {"type": ["string", "null"]},
    },
}
SMALLEST_CELL = 11
"""Counts of 1 to 10 are not shown outside the tenant (CMS cell suppression policy)."""

Place = tuple[str, str, datetime, datetime]
"""Metric version, grain keys, first and last moment: what a result is about, whenever it was calculated."""


@dataclass(frozen=True)
class Run:
    """What all results of one calculation share."""

    org_id: str
    snapshot_id: int
    as_of: datetime
    """When the snapshot was published."""
    calculated_at: datetime
    versions: Mapping[str, str]
    """KPI key → metric_version_key."""


@dataclass(frozen=True)
class Result:
    """One calculated result, not yet or already published."""

    run: Run
    kpi: Kpi
    value: MetricValue
    grain_keys: str
    metadata: Mapping[str, Any]

    @cached_property
    def place(self) -> Place:
        """What the result is about."""
        return (
            self.run.versions[self.kpi.key],
            self.grain_keys,
            datetime.combine(self.value.period_start, time.min),
            datetime.combine(self.value.period_end, time.max).replace(microsecond=0),
        )

    @cached_property
    def key(self) -> str:
        """sha256 of what the result is about and the state of the data it was calculated from."""
        version, grain_keys, start, end = self.place
        state = (self.run.as_of.isoformat(), str(self.run.snapshot_id))
        parts = (version, grain_keys, start.isoformat(), end.isoformat(), *state)
        return hashlib.sha256("|".join(parts).encode()).hexdigest()

    @property
    def is_suppressed(self) -> bool:
        """Whether a cell it shows or reveals counts 1 to 10."""
        rows = (self.value.numerator_rows, self.value.denominator_rows)
        return any(0 < count < SMALLEST_CELL for count in (*rows, rows[1] - rows[0]))

    def restating(self, previous_key: str, previous_value: Decimal | None) -> "Result":
        """The same result, saying which published value it replaces."""
        previous = None if previous_value is None else str(previous_value)
        metadata = {**self.metadata, "restates": previous_key, "previous_value": previous}
        return replace(self, metadata=metadata)

    def staged_row(self) -> dict[str, Any]:
        """The row of metrics.staging_result."""
        return dict(self._row)

    @cached_property
    def _row(self) -> Mapping[str, Any]:
        version, grain_keys, start, end = self.place
        return {
            "org_id": self.run.org_id,
            "result_key": self.key,
            "grain_keys": grain_keys,
            "metric_version_key": version,
            "result_value_numeric": self.value.value,
            "measurement_period_start_datetime": start,
            "measurement_period_end_datetime": end,
            "as_of_datetime": self.run.as_of,
            "result_metadata": canonical(self.metadata),
            "calculated_at": self.run.calculated_at,
            "calculation_version": f"{claimlake.__version__}+{self.kpi.definition_hash[:12]}",
        }

    def published_row(self) -> dict[str, Any]:
        """The row of metrics.result."""
        return {**self._row, "is_suppressed": self.is_suppressed}


def canonical(content: Mapping[str, Any]) -> str:
    """JSON with sorted keys: equal content is equal text."""
    return json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def grain_keys(org_id: str, dims: Mapping[str, str | None], catalog: Catalog) -> str:
    """The grain of a result as JSON, org_id and then the dimensions by column name."""
    named = {catalog.column(dimension, ""): value for dimension, value in dims.items()}
    return canonical({"org_id": org_id, **named})


def make_result(run: Run, catalog: Catalog, value: MetricValue) -> Result:
    """The result of one value."""
    kpi = catalog.kpi(value.key)
    metadata: dict[str, Any] = {
        "numerator": _text(value.numerator),
        "denominator": _text(value.denominator),
        "date_basis": kpi.date_basis,
        "numerator_rows": value.numerator_rows,
        "denominator_rows": value.denominator_rows,
        "is_window_covered": value.is_window_covered,
        "reason": value.reason,
        "snapshot_id": run.snapshot_id,
    }
    if value.components:
        metadata["components"] = {key: _text(component) for key, component in value.components.items()}
    return Result(run, kpi, value, grain_keys(run.org_id, value.dims, catalog), metadata)


def _text(number: Decimal | None) -> str | None:
    return None if number is None else str(number)
