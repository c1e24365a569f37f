"""Claim events mean the same as JSON and as delimited text."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from tests.sources.landing import deliver, rows, run, without_database

EVENTS: dict[str, list[dict[str, Any]]] = {
    "remit": [
        {
            "remit_id": "R1", "claim_id": "C1", "payer_name": "Plains", "payer_id": "P1",
            "payment_amount": "80.50",
            "adjustment_amount": "-19.50", "adjustment_reason_code": "CO-45", "check_or_eft_trace": "T1",
            "payer_control_number": "X1", "payment_date": "2026-02-01", "service_date": "2026-01-05",
        },
        {
            "remit_id": "R2", "claim_id": "C2", "payer_name": "Plains", "payer_id": "P1",
            "payment_amount": "0",
            "adjustment_amount": "-40.00", "adjustment_reason_code": "PR-1", "check_or_eft_trace": "T1",
            "payer_control_number": "X2", "payment_date": "2026-02-01", "service_date": "2026-01-06",
        },
    ],
    "ack": [
        {
            "claim_id": "C1", "status_code": "A2", "event_time": "2026-01-09T10:00:00",
            "payer_name": "Plains",
            "payer_id": "P1", "submitter_npi": "1234567893", "trace_number": "K1",
        },
    ],
    "claim": [
        {
            "claim_id": "C1", "patient_id": "M1", "encounter_id": "E1", "payer_id": "P1",
            "billed_amt": "100.00", "expected_amt": "80.50", "cpt": "99213", "as_of_date": "2026-01-08",
            "workqueue_status": "SUBMITTED",
        },
    ],
}  # fmt: skip
TABLES = {
    "era_835": "claim_id, charge_amount, paid_amount, patient_resp_amount",
    "era_835_adjustment": "group_code, carc, amount",
    "era_835_transaction": "trace_number, payment_amount, payment_date",
    "ack_277ca": "trn02, category_code, effective_date",
    "claims_flat": "claim_id, payer, charge_amount, expected_amount, claim_date",
}


def as_json(events: list[dict[str, Any]]) -> str:
    return json.dumps(events)


def as_text(delimiter: str, events: list[dict[str, Any]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(events[0]), delimiter=delimiter)
    writer.writeheader()
    writer.writerows(events)
    return text.getvalue()


@pytest.mark.parametrize("delimiter", [",", "|", "\t"])
def test_delimited_events_give_the_rows_their_json_gives(tmp_path: Path, delimiter: str) -> None:
    found = []
    for name, spell in (("json", as_json), ("text", lambda events: as_text(delimiter, events))):
        workspace = without_database(tmp_path / name)
        for kind, events in EVENTS.items():
            deliver(workspace, f"events/{kind}.{name}", spell(events))
        report = run(workspace)
        assert report.exit_code == 0, str(report)
        found.append(
            {table: rows(workspace, f"bronze.{table}", columns) for table, columns in TABLES.items()}
        )
    assert found[0] == found[1]
    assert [len(found[1][table]) for table in TABLES] == [2, 2, 2, 1, 1]
