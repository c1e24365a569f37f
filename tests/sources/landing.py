"""A small workspace to ingest into: one tenant, one mapping, invented people."""

from pathlib import Path
from typing import Any

import duckdb

from claimlake.lake.land import scan_sql
from claimlake.lake.table import Lake
from claimlake.sources.ingest import ingest
from claimlake.sources.report import FileReport, IngestReport
from claimlake.workspace import Workspace

TENANT = """
org_id: north
name: North Clinics
entities:
  - entity_id: general
    name: General
    type: hospital
    billing_type: HB
    billing_npi: "1234567893"
    tax_id: "741234567"
sources:
  - {id: emr, system: small_emr, url: "sqlite:///emr.sqlite"}
  - {id: edi, system: x12}
  - {id: events, system: claims_json}
"""

MAPPING = """
system: small_emr
feeds:
  - feed: patients
    from: {file: "**/patients*", format: delimited}
    omit: [SSN]
    into:
      - table: emr_patients
        fields:
          patient_id: coalesce(ID, MRN)
          last_name: LName
          birth_date: DOB
          ssn_hash: keyed_hash(SSN)
          modified_at: Updated
  - feed: lines
    from: {file: "**/lines*", format: delimited}
    into:
      - table: emr_charges
        fields:
          charge_id: Id
          encounter_id: Enc
          service_date: Day
          units: "1"
          charge_amount: float_money(Amount)
      - table: emr_transactions
        where: Paid is not null and coalesce(try_cast(Paid as double), 1) <> 0
        fields:
          transaction_id: Id
          encounter_id: Enc
          transaction_type: "'payment'"
          post_date: Day
          amount: Paid
  - feed: charge_table
    from: {table: charges, load: incremental, watermark: changed, key: [id]}
    into:
      - table: emr_charges
        fields:
          charge_id: id
          encounter_id: enc
          service_date: day
          charge_amount: amount
          units: "1"
          modified_at: changed
  - feed: department_table
    from: {table: departments, load: full, key: [id]}
    into:
      - table: emr_departments
        fields: {department_id: id, department_name: name}
"""


def make(folder: Path) -> Workspace:
    """A workspace with the tenant and the mapping, and nothing delivered."""
    workspace = Workspace.create(folder / "workspace")
    (workspace.path / "tenants" / "north.yml").write_text(TENANT)
    (workspace.path / "sources" / "small_emr.yml").write_text(MAPPING)
    return workspace


def without_database(folder: Path) -> Workspace:
    """The same without the database source's address."""
    workspace = make(folder)
    (workspace.path / "tenants" / "north.yml").write_text(TENANT.replace(', url: "sqlite:///emr.sqlite"', ""))
    return workspace


def deliver(workspace: Workspace, path: str, content: str | bytes) -> None:
    """Put a file in the landing folder: 'source/file'."""
    file = workspace.landing / "north" / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content if isinstance(content, bytes) else content.encode())


def run(workspace: Workspace) -> IngestReport:
    """Ingest without waiting for files to settle."""
    return ingest(workspace, settle_seconds=0)


def only(report: IngestReport) -> FileReport:
    """The one file the run touched."""
    (file,) = report.files
    return file


def rows(workspace: Workspace, table: str, columns: str = "*", order: str = "all") -> list[tuple[Any, ...]]:
    """Some columns of the rows of a table of the tenant."""
    scan = scan_sql(Lake(workspace.lake_path), table, "north")
    return duckdb.sql(f"select {columns} from {scan} order by {order}").fetchall() if scan else []


def versions(workspace: Workspace) -> dict[str, int | None]:
    """The Delta version of every table."""
    lake = Lake(workspace.lake_path)
    return {name: lake.version(name) for layer in ("bronze", "platform") for name in lake.names(layer)}
