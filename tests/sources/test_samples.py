"""Conformance with data nobody here wrote; skipped where it is not there."""

from collections import Counter
from decimal import Decimal

from claimlake.sources.report import IngestReport
from claimlake.workspace import Workspace
from tests.sources.landing import rows
from tests.sources.samples import MARKS

pytestmark = MARKS


def test_every_record_of_every_file_is_accounted_for(ingested: tuple[Workspace, IngestReport]) -> None:
    workspace, report = ingested
    assert (report.errors, report.exit_code) == ([], 1)
    files = [file for file in (workspace.landing / "north").rglob("*") if file.is_file()]
    assert len(report.files) == len(files)
    for file in report.files:
        counts = file.counts
        parts = counts.loaded + counts.quarantined + counts.duplicates + counts.unsupported
        assert counts.delivered == parts > 0, file.path


def test_the_money_of_every_file_is_loaded_held_or_known(ingested: tuple[Workspace, IngestReport]) -> None:
    workspace, report = ingested
    names = {name for file in report.files for name in file.amounts}
    assert {"bronze.claims_837.total_charge_amount", "bronze.emr_charges.charge_amount"} < names
    for name in sorted(names):
        table, _, column = name.rpartition(".")
        landed: Counter[str] = Counter()
        for file_id, amount in rows(workspace, table, f"file_id, coalesce({column}, 0)"):
            landed[file_id] += amount
        for file in report.files:
            if name in file.amounts:
                one = file.amounts[name]
                assert one.delivered == one.loaded + one.quarantined + one.duplicates, (file.path, name)
                assert one.loaded == landed[file.file_id], (file.path, name)


def test_colliding_ids_of_two_hospitals_stay_apart(ingested: tuple[Workspace, IngestReport]) -> None:
    workspace, _ = ingested
    for table in ("emr_departments", "emr_patients", "emr_encounters", "emr_charges", "claims_flat"):
        systems = Counter(system for (system,) in rows(workspace, f"bronze.{table}", "source_system_id"))
        assert systems["hos-a"] == systems["hos-b"] > 0


def test_money_of_float_columns_comes_out_in_cents(ingested: tuple[Workspace, IngestReport]) -> None:
    workspace, _ = ingested
    charges = dict(
        rows(workspace, "bronze.emr_charges", "source_system_id || charge_id, charge_amount", "all")
    )
    assert charges["hos-aTRANS000001"] == Decimal("988.37")
    assert sum(key.startswith("hos-") for key in charges) == 20_000


def test_a_json_remittance_balances(ingested: tuple[Workspace, IngestReport]) -> None:
    workspace, _ = ingested
    claims = rows(
        workspace,
        "bronze.era_835",
        "file_id, claim_no, charge_amount - paid_amount",
        "all",
    )
    columns = "file_id, claim_no, source_system_id, amount"
    adjustments = {
        (file, claim): amount
        for file, claim, system, amount in rows(workspace, "bronze.era_835_adjustment", columns)
        if system == "events"
    }
    assert len(adjustments) == 240
    reduced = {(file, claim): amount for file, claim, amount in claims if (file, claim) in adjustments}
    assert reduced == adjustments


def test_unsupported_transactions_are_named(ingested: tuple[Workspace, IngestReport]) -> None:
    _, report = ingested
    named: Counter[str] = Counter()
    for file in report.files:
        named.update(file.unsupported)
    assert {"not supported: 270", "not supported: 834", "not supported: 820"} <= set(named)
    assert sum(named.values()) == report.total.unsupported
