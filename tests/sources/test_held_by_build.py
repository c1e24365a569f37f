"""A record that only built tables show to be wrong is held out of them, and comes in when it is mended."""

from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from claimlake.errors import QueryError
from claimlake.lake.land import scan_sql
from claimlake.lake.quarantine import Filter, QuarantineRow, held_records, one_record
from claimlake.lake.table import Lake
from claimlake.pipeline import build_models
from claimlake.sources.ingest import ingest
from claimlake.sources.replay import replay
from claimlake.workspace import Workspace
from tests.sources.test_third_hospital import MAPPING, TENANT

pytestmark = pytest.mark.xdist_group("third_hospital")

FILES = {
    "persons.csv": "Nr;Name;Born;Sex;Changed\n1;ALPHA;1950-01-31;F;2026-01-01\n",
    "visits.csv": "Visit;Nr;Kind;Came;Left_\nV1;1;A;2026-02-02 09:00;2026-02-02 10:00\n"
    "V2;2;A;2026-02-03 09:00;2026-02-03 10:00\n",
    "items.csv": "Visit;Pos;Day;Code;Qty;Price\nV1;1;2026-02-02;80053;1;120,50\n"
    "V2;1;2026-02-03;71046;1;300,00\nV3;1;2026-02-03;71046;1;70,00\nV3;2;2026-02-03;71046;1;five\n",
}


def deliver(workspace: Workspace, files: dict[str, str]) -> tuple[int, int, int]:
    folder = workspace.landing / "mesa" / "mesa_files"
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text)
    report = ingest(workspace, settle_seconds=0)
    build_models(workspace, lambda _: None)
    counts = [file.counts for file in report.files if file.path in files]
    return (
        sum(count.delivered for count in counts),
        sum(count.loaded for count in counts),
        sum(count.quarantined for count in counts),
    )


def built(workspace: Workspace, table: str, columns: str) -> list[tuple[object, ...]]:
    scan = scan_sql(Lake(workspace.lake_path), table, "mesa")
    return duckdb.sql(f"select {columns} from {scan} order by all").fetchall() if scan else []


def places(records: list[QuarantineRow]) -> list[tuple[str, str, str, int | None]]:
    return sorted(
        (record.rule_id, record.table_name, record.source_file, record.source_row) for record in records
    )


def test_an_encounter_of_an_unknown_patient_and_its_charges_wait_for_the_patient(tmp_path: Path) -> None:
    workspace = Workspace.create(tmp_path / "workspace")
    (workspace.path / "tenants" / "mesa.yml").write_text(TENANT)
    (workspace.path / "sources" / "mesa_export.yml").write_text(MAPPING)
    assert deliver(workspace, FILES) == (7, 6, 1)
    held = held_records(workspace, "mesa", Filter())
    assert places(held) == [
        ("ALL-09", "bronze.emr_charges", "items.csv", 4),
        ("CHG-01", "silver.encounter_item", "items.csv", 2),
        ("CHG-01", "silver.encounter_item", "items.csv", 3),
        ("ENC-01", "silver.encounter", "visits.csv", 2),
    ]
    for layer in ("silver.encounter_item", "gold.fact_charge"):
        assert built(workspace, layer, "charge_amount") == [(Decimal("120.50"),)]
    # Every charge that was loaded is in the table or held, and nothing is both.
    kept = {row for (row,) in built(workspace, "silver.encounter_item", "charge_id")}
    loaded = built(workspace, "bronze.emr_charges", "charge_id, source_row")
    rows_held = {record.source_row for record in held if record.table_name == "silver.encounter_item"}
    assert sorted(charge for charge, row in loaded if (charge in kept) == (row in rows_held)) == []

    (encounter,) = (record for record in held if record.rule_id == "ENC-01")
    with pytest.raises(QueryError, match="held by a build, not by a load"):
        replay(workspace, "mesa", Filter(ids=[encounter.quarantine_id]))

    deliver(workspace, {"persons_2.csv": "Nr;Name;Born;Sex;Changed\n2;BETA;1999-12-01;M;2026-01-01\n"})
    assert places(held_records(workspace, "mesa", Filter())) == [
        ("ALL-09", "bronze.emr_charges", "items.csv", 4),
        ("CHG-01", "silver.encounter_item", "items.csv", 3),
    ]
    assert one_record(workspace, "mesa", encounter.quarantine_id).resolution == "replayed"
    assert built(workspace, "gold.fact_charge", "charge_amount") == [
        (Decimal("120.50"),),
        (Decimal("300.00"),),
    ]
