"""The metric tables of the lake: their columns, and rows in and out of them."""

from collections.abc import Mapping, Sequence
from typing import Any

import duckdb
import numpy as np

from claimlake.engines.duckdb import DuckDBEngine
from claimlake.engines.engine import Columns
from claimlake.lake.table import Lake
from claimlake.workspace import Workspace

METRIC = "metrics.metric"
METRIC_VERSION = "metrics.metric_version"
STAGING_RESULT = "metrics.staging_result"
RESULT = "metrics.result"
METRIC_LINEAGE = "metrics.metric_lineage"

_STAGED: Columns = (
    ("org_id", "text"),
    ("result_key", "text"),
    ("grain_keys", "text"),
    ("metric_version_key", "text"),
    ("result_value_numeric", "decimal(24,6)"),
    ("result_value_datetime", "timestamp"),
    ("result_value_text", "text"),
    ("result_value_boolean", "boolean"),
    ("result_value_json", "text"),
    ("measurement_period_start_datetime", "timestamp"),
    ("measurement_period_end_datetime", "timestamp"),
    ("as_of_datetime", "timestamp"),
    ("result_metadata", "text"),
    ("calculated_at", "timestamp"),
    ("calculation_version", "text"),
)
COLUMNS: Mapping[str, Columns] = {
    METRIC: (("metric_key", "text"), ("metric", "text"), ("metric_description", "text"), ("tags", "text")),
    METRIC_VERSION: (
        ("metric_version_key", "text"),
        ("metric_key", "text"),
        ("version_number", "text"),
        ("valid_from_datetime", "timestamp"),
        ("valid_to_datetime", "timestamp"),
        ("metric_version_name", "text"),
        ("metric_version_description", "text"),
        ("grain", "text"),
        ("grain_description", "text"),
        ("domain", "text"),
        ("result_type", "text"),
        ("result_unit", "text"),
        ("frequency", "text"),
        ("source_category", "text"),
        ("is_regulatory", "boolean"),
        ("regulatory_program", "text"),
        ("steward", "text"),
        ("developer", "text"),
        ("is_active", "boolean"),
        ("metadata_schema", "text"),
        ("required_metadata_fields", "text"),
        ("org_id", "text"),
        ("definition", "text"),
        ("definition_hash", "text"),
        ("created_datetime", "timestamp"),
        ("updated_datetime", "timestamp"),
    ),
    STAGING_RESULT: _STAGED,
    RESULT: (*_STAGED, ("is_suppressed", "boolean")),
    METRIC_LINEAGE: (
        ("org_id", "text"),
        ("parent_result_key", "text"),
        ("child_result_key", "text"),
        ("contribution_weight", "decimal(5,4)"),
        ("relation", "text"),
    ),
}
STANDARD = (METRIC, METRIC_VERSION)
"""Tables of definitions: the same for every tenant, so not partitioned by tenant."""

Row = Mapping[str, Any]


def create_tables(lake: Lake) -> None:
    """Create the metric tables that do not exist."""
    for table, columns in COLUMNS.items():
        lake.create(table, columns, partition_by=() if table in STANDARD else ("org_id",))


def append(lake: Lake, table: str, rows: Sequence[Row], *, transaction: str) -> None:
    """Add rows in one commit, once: the transaction's second commit adds nothing."""
    if rows:
        with duckdb.connect() as connection:
            lake.append(table, _relation(connection, table, rows), transaction=(transaction, 1))


def replace(lake: Lake, table: str, rows: Sequence[Row]) -> None:
    """Replace the rows of a table of definitions in one commit."""
    with duckdb.connect() as connection:
        lake.replace(table, _relation(connection, table, rows), partition_by=())


def read(workspace: Workspace, table: str, sql: str, *, org_id: str | None = None) -> list[tuple[Any, ...]]:
    """The rows a SELECT gives on the newest version of a metric table, of one tenant where it has tenants."""
    engine = DuckDBEngine(spill_path=workspace.spill_path, memory_limit=workspace.settings.memory_limit)
    try:
        engine.bind(table, Lake(workspace.lake_path).read(table, org_id=org_id))
        return engine.rows(sql)
    finally:
        engine.close()


def _relation(
    connection: duckdb.DuckDBPyConnection, table: str, rows: Sequence[Row]
) -> duckdb.DuckDBPyRelation:
    columns = COLUMNS[table]
    # Text keeps decimals exact on the way into typed columns.
    arrays = {
        name: np.array(
            [None if (value := row.get(name)) is None else str(value) for row in rows], dtype=object
        )
        for name, _ in columns
    }
    connection.register("given", arrays)
    selected = ", ".join(f'cast("{name}" as {kind}) as "{name}"' for name, kind in columns)
    return connection.sql(f"select {selected} from given")
