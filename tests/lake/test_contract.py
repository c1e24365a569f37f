from pathlib import Path

import pytest

from claimlake.errors import ConfigurationError
from claimlake.lake.contract import read_contract

CONTRACT = """
table: visit
grain: one visit
key: [source_system_id, visit_id]
columns:
  visit_id: {type: text, required: true}
  patient_name: {type: text, phi: true, about: full name}
  charge_amount: {type: "decimal(18,2)"}
expectations:
  - {rule: V-01, check: charge_amount >= 0, severity: quarantine, reason: charge below zero}
"""


def _write(folder: Path, text: str) -> Path:
    file = folder / "visit.yml"
    file.write_text(text)
    return file


def test_contract_carries_standard_and_own_columns(tmp_path: Path) -> None:
    contract = read_contract(_write(tmp_path, CONTRACT))
    assert contract.table == "bronze.visit"
    assert contract.schema[0] == ("org_id", "text")
    assert contract.schema[-1] == ("charge_amount", "decimal(18,2)")
    assert [column.name for column in contract.columns if column.phi] == ["patient_name"]
    assert contract.expectations[0].severity == "quarantine"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("table: visit", "table: visits", "table: visit"),
        ("visit_id]", "visit_no]", "'visit_no' is not known"),
        ('"decimal(18,2)"', "money", "'charge_amount' has type 'money'"),
        ("required: true", "mandatory: true", "'mandatory' is not known"),
        ("severity: quarantine", "severity: drop", "quarantine, warn, fail"),
        ("check: charge_amount >= 0, ", "", "has no check"),
        ("grain: one visit", "grain: [", "not valid YAML"),
    ],
)
def test_wrong_contract_says_what_to_write(tmp_path: Path, old: str, new: str, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        read_contract(_write(tmp_path, CONTRACT.replace(old, new)))
