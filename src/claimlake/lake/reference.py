"""Reference tables: the shipped code sets, and what the tenants say about themselves."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from claimlake.engines.engine import Columns, values_sql
from claimlake.errors import ConfigurationError
from claimlake.lake.contract import read_contract
from claimlake.lake.fingerprint import BuiltTable, built_tables, fingerprint, remember
from claimlake.lake.table import Lake
from claimlake.tenant import Tenant, reference_rows
from claimlake.workspace import Workspace

LAYER = "reference"
TENANT_TABLES: dict[str, Columns] = {
    "reference.organization": (
        *(("org_id", "text"), ("org_name", "text"), ("time_zone", "text")),
        ("fiscal_year_start_month", "bigint"),
    ),
    "reference.entity": (
        *(("org_id", "text"), ("entity_id", "text"), ("entity_name", "text"), ("entity_type", "text")),
        *(("billing_type", "text"), ("tax_id", "text"), ("billing_npi", "text"), ("medicare_ccn", "text")),
        *(("bill_hold_days", "bigint"), ("is_active", "boolean")),
    ),
    "reference.facility": (
        *(("org_id", "text"), ("facility_id", "text"), ("entity_id", "text"), ("facility_name", "text")),
        *(("facility_type", "text"), ("npi", "text"), ("staffed_beds", "bigint")),
    ),
    "reference.payer": (
        *(("org_id", "text"), ("payer_id", "text"), ("payer_name", "text"), ("payer_class", "text")),
    ),
    "reference.payer_identifier": (("org_id", "text"), ("identifier_upper", "text"), ("payer_id", "text")),
    "reference.source": (
        *(("org_id", "text"), ("source_system_id", "text"), ("system", "text"), ("entity_id", "text")),
    ),
}


@dataclass(frozen=True)
class _Definition:
    table: str
    sql: str
    content: str
    """What a change of the rows changes: the SQL, and the hash of the file it reads."""
    partition_by: tuple[str, ...]


def write_references(workspace: Workspace, tenants: Sequence[Tenant]) -> dict[str, int]:
    """Version of every reference table, after writing those whose content changed."""
    lake = Lake(workspace.lake_path)
    known = built_tables(workspace)
    versions: dict[str, int] = {}
    for definition in (*_code_sets(workspace), *_tenant_tables(tenants)):
        table = definition.table
        made_of = fingerprint(definition.content, {})
        before = known.get(table)
        if before and before.fingerprint == made_of and lake.exists(table):
            versions[table] = before.version
            continue
        versions[table] = _write(lake, definition)
        remember(workspace, [BuiltTable(table, made_of, versions[table], rows=0)])
    return versions


def _code_sets(workspace: Workspace) -> Iterator[_Definition]:
    for file in workspace.content(LAYER, "*.csv"):
        contract = read_contract(_sidecar(workspace, file), LAYER)
        selected = ", ".join(
            f'cast("{column.name}" as {column.type}) as "{column.name}"' for column in contract.columns
        )
        path = str(file).replace("'", "''")
        sql = f"select {selected} from read_csv('{path}', header = true, all_varchar = true, nullstr = '')"
        content = selected + hashlib.sha256(file.read_bytes()).hexdigest()
        yield _Definition(contract.table, sql, content, ())


def _sidecar(workspace: Workspace, file: Path) -> Path:
    for contract in workspace.content(LAYER, f"{file.stem}.yml"):
        return contract
    raise ConfigurationError(
        "a code set without its contract.", where=str(file), remedy=f"Write {file.stem}.yml beside it."
    )


def _tenant_tables(tenants: Sequence[Tenant]) -> Iterator[_Definition]:
    described = [reference_rows(tenant) for tenant in tenants]
    for table, columns in TENANT_TABLES.items():
        rows = [row for tables in described for row in tables[table]]
        sql = values_sql(columns, rows)
        yield _Definition(table, sql, sql, ("org_id",))


def _write(lake: Lake, definition: _Definition) -> int:
    with duckdb.connect() as connection:
        try:
            rows = connection.sql(definition.sql)
            return lake.replace(definition.table, rows, partition_by=definition.partition_by)
        except duckdb.Error as error:
            raise ConfigurationError(
                str(error).partition("\n")[0],
                where=f"{definition.table.replace('.', '/')}.csv",
                remedy="Make the file and its contract agree.",
            ) from error
