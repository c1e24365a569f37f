"""Codes, forms, defaults and rules of a mapping, through a whole ingestion."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from claimlake.errors import ConfigurationError
from claimlake.lake.quarantine import quarantine
from claimlake.sources.ingest import all_contracts
from claimlake.sources.mapping import read_mapping
from claimlake.workspace import Workspace
from tests.sources.landing import deliver, only, rows, run, without_database

MAPPING = """
system: small_emr
schedule: "30 5 * * *"
codes:
  sex: {F: female, M: male}
  status:
    file: status.csv
    unmapped: warn
    rule: CLM-90
  payer: {values: {A: alpha}, unmapped: keep}
feeds:
  - feed: claims
    from: {file: "**/claims*"}
    into:
      - table: claims_flat
        fields:
          claim_id: Id
          patient_id: map_code('sex', upper(Sex))
          service_date: {value: Day, date: "%d.%m.%Y"}
          charge_amount: {value: Charge, decimal: ","}
          paid_amount: {value: Paid, implied_decimals: 2, default: 0}
          claim_status: {value: Status, codes: status, default: open}
          payer: {value: Payer, codes: payer}
        rules:
          - {rule: OWN-1, check: "charge_amount < 100000", severity: quarantine, reason: "charge is too high"}
          - {rule: OWN-2, check: "paid_amount > 0", severity: warn, reason: "nothing was paid"}
"""
CLAIMS = (
    "Id;Sex;Day;Charge;Paid;Status;Payer\n"
    "1;f;31.12.2023;1.234,50;0000012345;O;A\n"
    "2;x;31.12.2023;1,00;;O;A\n"
    "3;M;12/31/2023;1,00;;O;A\n"
    "4;M;01.02.2024;200.000,00;5;O;A\n"
    "5;;01.02.2024;10,5;-7;ZZ;Q\n"
    "6;M;01.02.2024;10,5;1.5;O;Q\n"
)


def workspace_with(folder: Path, mapping: str = MAPPING) -> Workspace:
    workspace = without_database(folder)
    (workspace.path / "sources" / "small_emr.yml").write_text(mapping)
    (workspace.path / "sources" / "status.csv").write_text("code,meaning\nO,open\nC,closed\n")
    return workspace


def test_codes_forms_defaults_and_rules_decide_what_a_record_becomes(tmp_path: Path) -> None:
    workspace = workspace_with(tmp_path)
    deliver(workspace, "emr/claims.csv", CLAIMS)
    file = only(run(workspace))
    columns = "claim_id, patient_id, service_date, charge_amount, paid_amount, claim_status, payer"
    assert rows(workspace, "bronze.claims_flat", columns) == [
        ("1", "female", date(2023, 12, 31), Decimal("1234.50"), Decimal("123.45"), "open", "alpha"),
        ("5", None, date(2024, 2, 1), Decimal("10.50"), Decimal("-0.07"), "open", "Q"),
    ]
    assert file.quarantined == {
        ("ALL-17", "code is not in the list sex"): 1,
        ("ALL-10", "date service_date is invalid or out of range"): 1,
        ("OWN-1", "charge is too high"): 1,
        ("ALL-09", "amount paid_amount is not a money value"): 1,
    }
    assert "Sex" not in str(quarantine(workspace, "north"))


def test_an_unmapped_code_that_warns_is_loaded_and_counted(tmp_path: Path) -> None:
    workspace = workspace_with(tmp_path)
    deliver(workspace, "emr/claims.csv", "Id;Sex;Day;Charge;Paid;Status;Payer\n5;M;01.02.2024;10,5;00;ZZ;Q\n")
    file = only(run(workspace))
    assert file.warnings == {
        ("CLM-90", "code is not in the list status"): 1,
        ("OWN-2", "nothing was paid"): 1,
    }
    columns = "charge_amount, claim_status, payer"
    assert rows(workspace, "bronze.claims_flat", columns) == [(Decimal("10.50"), "open", "Q")]


def test_a_mapping_knows_its_schedule(tmp_path: Path) -> None:
    workspace = workspace_with(tmp_path)
    mapping = read_mapping(workspace.path / "sources" / "small_emr.yml", all_contracts(workspace))
    assert mapping.schedule == "30 5 * * *"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("codes: status", "codes: statuses", "Did you mean 'status'?"),
        ("map_code('sex', upper(Sex))", "map_code(Sex)", "takes the name of a list and a value"),
        ("{F: female, M: male}", "{Y: yes}", "Write it in quotes"),
        ("file: status.csv", "file: ../../status.csv", "is not beside the mapping"),
        ("file: status.csv", "file: other.csv", "cannot read the codes in other.csv"),
        ("file: status.csv", "{file: status.csv, to: label}", "no column 'label' in status.csv"),
        ("unmapped: warn", "unmapped: drop", "Choose from: quarantine, warn, fail, keep"),
        ("severity: warn", "severity: maybe", "Choose from: quarantine, warn, fail"),
        ('check: "paid_amount > 0"', 'check: "paid > 0"', "'paid' is not known here"),
        ("rule: OWN-2, ", "", "a rule has no rule"),
        ("date: ", "day: ", "'service_day' is not known here. Did you mean 'service_date'?"),
        ("implied_decimals: 2", "implied_decimals: two", "is not a whole number"),
        ('file: "**/claims*"', 'file: "**/claims*", encoding: utf-99', "no encoding 'utf-99'"),
        ('file: "**/claims*"', 'file: "**/claims*", layout: {Id: [0, 3]}', "column 'Id' has no place"),
        ('file: "**/claims*"', 'file: "**/claims*", format: fixed_width', "its layout belong together"),
    ],
)
def test_a_mistake_is_named_with_its_place(tmp_path: Path, old: str, new: str, message: str) -> None:
    if new.startswith("{file"):
        old, new = "file: status.csv", "file: status.csv\n    to: label"
    assert old in MAPPING
    workspace = workspace_with(tmp_path, MAPPING.replace(old, new))
    with pytest.raises(ConfigurationError) as error:
        read_mapping(workspace.path / "sources" / "small_emr.yml", all_contracts(workspace))
    assert message in str(error.value)
    assert "small_emr.yml" in str(error.value)
