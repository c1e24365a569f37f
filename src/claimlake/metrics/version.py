"""Definitions over time: metric and metric_version rows; a changed definition is a new version."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from claimlake.lake.table import Lake
from claimlake.metrics import store
from claimlake.metrics.catalog import Catalog
from claimlake.metrics.kpi import Kpi
from claimlake.metrics.result import METADATA_SCHEMA, REQUIRED_METADATA
from claimlake.workspace import Workspace

DEVELOPER = "claimlake"


def publish_definitions(workspace: Workspace, catalog: Catalog, as_of: datetime) -> dict[str, str]:
    """The metric_version_key of every KPI, after definitions that are new, changed or gone were recorded."""
    lake = Lake(workspace.lake_path)
    known = _read(workspace, store.METRIC_VERSION)
    versions = next_versions(known, catalog, as_of)
    if versions != known:
        store.replace(lake, store.METRIC_VERSION, versions)
    metrics = [_metric_row(kpi) for kpi in catalog.kpis.values()]
    if metrics != _read(workspace, store.METRIC):
        store.replace(lake, store.METRIC, metrics)
    return {row["metric_key"]: row["metric_version_key"] for row in versions if row["is_active"]}


def next_versions(
    known: Sequence[Mapping[str, Any]], catalog: Catalog, as_of: datetime
) -> list[dict[str, Any]]:
    """All versions: known ones, closed where the definition changed or went away, and the new ones."""
    rows = [dict(row) for row in known]
    active = {row["metric_key"]: row for row in rows if row["is_active"]}
    for key, row in active.items():
        if key not in catalog.kpis or catalog.kpis[key].definition_hash != row["definition_hash"]:
            row |= {"is_active": False, "valid_to_datetime": as_of, "updated_datetime": as_of}
    for kpi in catalog.kpis.values():
        if not active.get(kpi.key, {}).get("is_active"):
            number = 1 + sum(row["metric_key"] == kpi.key for row in rows)
            rows.append(_version_row(kpi, catalog, f"v{number}.0", as_of))
    return sorted(rows, key=lambda row: str(row["metric_version_key"]))


def _metric_row(kpi: Kpi) -> dict[str, Any]:
    tags = {"setting": kpi.setting, "dashboard": kpi.dashboard, "program": kpi.regulatory_program}
    return {
        "metric_key": kpi.key,
        "metric": kpi.name,
        "metric_description": kpi.description,
        "tags": json.dumps(tags, sort_keys=True),
    }


def _version_row(kpi: Kpi, catalog: Catalog, number: str, as_of: datetime) -> dict[str, Any]:
    dimensions = [name for name in kpi.grain if name not in catalog.time_grains]
    return {
        "metric_version_key": f"{kpi.key}:{number}",
        "metric_key": kpi.key,
        "version_number": number,
        "valid_from_datetime": as_of,
        "valid_to_datetime": None,
        "metric_version_name": kpi.name,
        "metric_version_description": kpi.description,
        "grain": json.dumps({catalog.column(name, ""): "string" for name in dimensions}),
        "grain_description": f"by {', '.join(kpi.grain)}",
        "domain": kpi.domain,
        "result_type": kpi.result_type,
        "result_unit": kpi.unit_label or kpi.unit,
        "frequency": kpi.frequency,
        "source_category": kpi.source_category,
        "is_regulatory": kpi.is_regulatory,
        "regulatory_program": kpi.regulatory_program,
        "steward": kpi.steward,
        "developer": DEVELOPER,
        "is_active": True,
        "metadata_schema": json.dumps(METADATA_SCHEMA, sort_keys=True),
        "required_metadata_fields": json.dumps(REQUIRED_METADATA),
        "org_id": None,
        "definition": kpi.definition,
        "definition_hash": kpi.definition_hash,
        "created_datetime": as_of,
        "updated_datetime": as_of,
    }


def _read(workspace: Workspace, table: str) -> list[dict[str, Any]]:
    names = [name for name, _ in store.COLUMNS[table]]
    rows = store.read(workspace, table, f"select {', '.join(names)} from {table}")
    return [dict(zip(names, row, strict=True)) for row in rows]
