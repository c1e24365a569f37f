"""A small lakehouse of its own, so that the lake's tests do not depend on the shipped models."""

from collections.abc import Mapping
from pathlib import Path

import duckdb
import pytest

from claimlake.engines.engine import values_sql
from claimlake.lake.contract import read_contract
from claimlake.lake.table import Lake
from claimlake.workspace import Workspace

CONTRACT = """
table: visit
grain: one visit
key: [visit_id]
columns:
  visit_id: {type: text, required: true}
  payer_id: {type: text}
  charge_amount: {type: "decimal(18,2)"}
"""
VISIT = """-- One row per visit that was charged.
-- grain: org_id, visit_id
-- checks: charge_amount >= 0, warn: payer_id not null, payer_id in reference.payer

select
    visit.org_id,
    visit.visit_id,
    visit.payer_id,
    visit.charge_amount
from bronze.visit as visit
where visit.charge_amount is not null
"""
TOTAL = """-- One row per payer and what it was charged.
-- grain: org_id, payer_id

select
    visit.org_id,
    coalesce(visit.payer_id, 'none') as payer_id,
    sum(visit.charge_amount) as charge_amount,
    count(*) as visits
from silver.visit as visit
group by visit.org_id, coalesce(visit.payer_id, 'none')
"""
TENANT = """
org_id: a
name: A Health
payers:
  - {payer_id: p1, name: Payer One, class: commercial, identifiers: ["60001"]}
"""


@pytest.fixture
def content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the small lakehouse's definitions."""
    folder = tmp_path / "content"
    files = {"bronze/visit.yml": CONTRACT, "silver/visit.sql": VISIT, "gold/payer_total.sql": TOTAL}
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    monkeypatch.setattr("claimlake.workspace.content_path", lambda: folder)
    return folder


@pytest.fixture
def workspace(tmp_path: Path, content: Path) -> Workspace:
    """A workspace of one tenant, nothing landed."""
    created = Workspace.create(tmp_path / "workspace")
    (created.path / "tenants" / "a.yml").write_text(TENANT)
    return created


@pytest.fixture
def lake(workspace: Workspace) -> Lake:
    """The lake of the workspace."""
    return Lake(workspace.lake_path)


def land(workspace: Workspace, *visits: Mapping[str, str | None]) -> None:
    """Append visits to bronze.visit; the tenant is 'a' unless a visit says otherwise."""
    contract = read_contract(workspace.content("bronze", "visit.yml")[0])
    lake = Lake(workspace.lake_path)
    lake.create(contract.table, contract.schema)
    rows = [{"org_id": "a", "source_system_id": "s", "load_id": "1"} | dict(visit) for visit in visits]
    with duckdb.connect() as connection:
        lake.append(contract.table, connection.sql(values_sql(contract.schema, rows)))


def rows(lake: Lake, table: str, columns: str, *, version: int | None = None) -> list[tuple[object, ...]]:
    """The rows of a table in the order of the named columns."""
    files = lake.files(table, version=version)
    if not files:
        return []
    with duckdb.connect() as connection:
        scan = f"read_parquet({files!r}, hive_partitioning = true, hive_types_autocast = false)"
        return connection.sql(f"select {columns} from {scan} order by all").fetchall()
