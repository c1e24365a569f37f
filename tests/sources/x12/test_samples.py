"""The reader against the oracle on every sample interchange, and every sample's bytes accounted for."""

import os
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from plain_oracle import totals

from claimlake.sources.x12 import Reading, is_x12, read_tables

ROOT = Path(os.environ.get("CLAIMLAKE_SAMPLES", Path(__file__).parents[4] / "shared" / "samples")) / "x12"
FILES = sorted(path for path in ROOT.rglob("*") if path.is_file()) if ROOT.is_dir() else []
SUPPORTED = {"835", "837", "277", "999"}

QUESTIONS = {
    "CLP": ("era_835", "count(*)"),
    "CLP03": ("era_835", "sum(charge_amount)"),
    "CLP04": ("era_835", "sum(paid_amount)"),
    "CLP05": ("era_835", "sum(patient_resp_amount)"),
    "SVC": ("era_835_service", "count(*)"),
    "SVC02": ("era_835_service", "sum(charge_amount)"),
    "SVC03": ("era_835_service", "sum(paid_amount)"),
    "CAS": ("era_835_adjustment", "count(*)"),
    "CAS amount": ("era_835_adjustment", "sum(amount)"),
    "PLB": ("era_835_provider_adjustment", "count(*)"),
    "PLB amount": ("era_835_provider_adjustment", "sum(amount)"),
    "CLM": ("claims_837", "count(*)"),
    "CLM02": ("claims_837", "sum(total_charge_amount)"),
    "SV": ("claims_837_line", "count(charge_amount)"),
    "SV amount": ("claims_837_line", "sum(charge_amount)"),
    "AMT*D": ("claims_837_other_payer", "sum(paid_amount)"),
    "HI": ("claims_837_diagnosis", "count(*)"),
    "STC": ("ack_277ca", "count(*)"),
    "STC04": ("ack_277ca", "sum(charge_amount)"),
    "AK2": ("ack_999", "count(set_code)"),
    "IK3": ("ack_999_error", "count(*) filter (where element_position is null)"),
    "IK4": ("ack_999_error", "count(element_position)"),
}


def answers(found: Reading) -> dict[str, Decimal]:
    """The questions of the oracle, asked of the tables."""
    with duckdb.connect() as connection:
        for name, stream in found.tables.items():
            connection.register(name, stream)
        return {
            name: connection.sql(f"select coalesce({question}, 0) from {table}").fetchall()[0][0]
            for name, (table, question) in QUESTIONS.items()
        }


@pytest.mark.samples
@pytest.mark.skipif(not FILES, reason="the sample data is not here")
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_sample_agrees_with_the_oracle(path: Path) -> None:
    content = path.read_bytes()
    assert is_x12(content[:65536])
    found = read_tables(path)
    for item in found.transactions:
        assert content[item.byte_offset : item.byte_offset + 2] == b"ST"
        assert item.byte_length > 0
        if item.code not in SUPPORTED:
            assert (item.status, item.reason) == ("unsupported", f"not supported: {item.code}")
    expected = totals(content)
    assert sum(count for name, count in expected.items() if name.startswith("ST ")) == len(found.transactions)
    if any(item.status == "quarantined" for item in found.transactions):
        assert [item.reason_code for item in found.transactions] == ["ERA-01"]
        assert all(len(rows) == 0 for name, rows in found.tables.items() if name.startswith("era_"))
        return
    assert answers(found) == {name: expected[name] for name in QUESTIONS}
