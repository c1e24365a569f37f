"""A hospital nobody has heard of goes live with a tenant file, a mapping and its exports, without Python."""

from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from claimlake.lake.land import scan_sql
from claimlake.lake.table import Lake
from claimlake.pipeline import build_models
from claimlake.sources.ingest import ingest
from claimlake.workspace import Workspace

pytestmark = pytest.mark.xdist_group("third_hospital")

TENANT = """
org_id: mesa
name: Mesa County Hospital
time_zone: America/Denver
entities:
  - entity_id: mesa_main
    name: Mesa Main
    type: hospital
    billing_type: HB
    billing_npi: "1234567893"
    tax_id: "840000001"
    facilities: [{facility_id: mm, name: Main, type: hospital, npi: "1234567893", staffed_beds: 20}]
payers:
  - {payer_id: plains, name: Plains Health, class: commercial, identifiers: ["PLN", "PLAINS HEALTH PLAN"]}
sources:
  - {id: mesa_files, system: mesa_export, entity_id: mesa_main}
"""
MAPPING = """
system: mesa_export
about: nightly text files of the Mesa system
feeds:
  - feed: persons
    from: {file: "**/persons*.csv", delimiter: ";"}
    into:
      - table: emr_patients
        fields: {patient_id: Nr, last_name: Name, birth_date: Born, sex: Sex, modified_at: Changed}
  - feed: visits
    from: {file: "**/visits*.csv", delimiter: ";"}
    into:
      - table: emr_encounters
        fields:
          encounter_id: Visit
          account_id: Visit
          patient_id: Nr
          entity_id: "'mesa_main'"
          encounter_class: case Kind when 'A' then 'outpatient' when 'S' then 'inpatient' end
          billing_type: "'HB'"
          admit_at: Came
          discharge_at: Left_
  - feed: items
    from: {file: "**/items*.csv", delimiter: ";"}
    into:
      - table: emr_charges
        fields:
          charge_id: concat(Visit, '-', Pos)
          encounter_id: Visit
          service_date: Day
          post_date: Day
          procedure_code: Code
          units: Qty
          charge_amount: replace(Price, ',', '.')
  - feed: bank
    from: {file: "**/bank*.csv", delimiter: ";"}
    into:
      - table: bank_deposits
        fields:
          deposit_id: Ref
          deposit_date: Day
          amount: replace(Sum, ',', '.')
          trace_number: Trace
          deposit_type: "'eft'"
          payer: Payer
  - feed: shifts
    from: {file: "**/shifts*.csv", delimiter: ";"}
    into:
      - table: ops_staffing
        fields:
          shift_id: Id
          functional_area: Area
          work_date: Day
          scheduled_hours: Plan
          actual_hours: Worked
"""
FILES = {
    "persons.csv": "Nr;Name;Born;Sex;Changed\n1;ALPHA;1950-01-31;F;2026-01-01\n"
    "2;BETA;1999-12-01;M;2026-01-01\n",
    "visits.csv": "Visit;Nr;Kind;Came;Left_\nV1;1;A;2026-02-02 09:00;2026-02-02 10:00\n"
    "V2;2;S;2026-02-03 09:00;2026-02-05 10:00\n",
    "items.csv": "Visit;Pos;Day;Code;Qty;Price\nV1;1;2026-02-02;80053;1;120,50\n"
    "V2;1;2026-02-03;71046;2;300,00\n"
    "V2;2;2026-02-03;71046;1;twelve\n",
    "bank.csv": "Ref;Day;Sum;Trace;Payer\nD1;2026-03-01;99,95;T77;Plains Health Plan\n",
    "shifts.csv": "Id;Area;Day;Plan;Worked\nS1;billing;2026-03-06;8;6.5\nS2;billing;2026-03-06;8;80\n",
}


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    workspace = Workspace.create(tmp_path_factory.mktemp("third") / "workspace")
    (workspace.path / "tenants" / "mesa.yml").write_text(TENANT)
    (workspace.path / "sources" / "mesa_export.yml").write_text(MAPPING)
    folder: Path = workspace.landing / "mesa" / "mesa_files"
    folder.mkdir(parents=True)
    for name, text in FILES.items():
        (folder / name).write_text(text)
    report = ingest(workspace, settle_seconds=0)
    assert not report.errors
    build_models(workspace, lambda _: None)
    return workspace


def silver(workspace: Workspace, table: str, columns: str) -> list[tuple[object, ...]]:
    scan = scan_sql(Lake(workspace.lake_path), f"silver.{table}", "mesa")
    assert scan
    return duckdb.sql(f"select {columns} from {scan} order by all").fetchall()


def test_its_people_and_accounts_are_in_silver(workspace: Workspace) -> None:
    assert silver(workspace, "patient", "last_name") == [("ALPHA",), ("BETA",)]
    assert silver(workspace, "encounter", "encounter_class, entity_id") == [
        ("inpatient", "mesa_main"),
        ("outpatient", "mesa_main"),
    ]
    assert silver(workspace, "encounter_item", "charge_amount") == [
        (Decimal("120.50"),),
        (Decimal("300.00"),),
    ]


def test_its_bank_and_its_shifts_are_in_silver(workspace: Workspace) -> None:
    assert silver(workspace, "bank_deposit", "trace_number, amount, payer_id, entity_id") == [
        ("T77", Decimal("99.95"), "plains", "mesa_main")
    ]
    assert silver(workspace, "staffing_shift", "shift_id, actual_hours, entity_id") == [
        ("S1", Decimal("6.50"), "mesa_main")
    ]


def test_what_breaks_a_rule_is_held_with_its_reason(workspace: Workspace) -> None:
    scan = scan_sql(Lake(workspace.lake_path), "platform.quarantine_record", "mesa")
    held = duckdb.sql(f"select rule_id, source_file, source_row, reason from {scan} order by all").fetchall()
    assert held == [
        ("ALL-09", "items.csv", 3, "amount charge_amount is not a money value"),
        ("STF-01", "shifts.csv", 2, "shift hours impossible"),
    ]
