from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest

from claimlake.serve.claim import load_claim
from claimlake.serve.missing import NotFoundError

DAY = date(2026, 8, 12)
ROWS: dict[str, list[dict[str, Any]]] = {
    "gold.fact_claim": [
        {"claim_key": "c", "account_key": "a", "payer_sequence": "P", "first_submission_date": DAY}
    ],
    "gold.fact_remit_claim": [
        {"claim_key": "c", "claim_payment_key": key, "remit_date": DAY} for key in ("again", "back")
    ],
    "silver.claim_payment": [
        {
            "claim_key": "c",
            "claim_payment_key": "again",
            "remittance_key": "r",
            "clp_ordinal": 2,
            "clp_status_code": "1",
            "is_reversal": False,
            "paid_amount": Decimal("90.00"),
        },
        {
            "claim_key": "c",
            "claim_payment_key": "back",
            "remittance_key": "r",
            "clp_ordinal": 1,
            "clp_status_code": "22",
            "is_reversal": True,
            "paid_amount": Decimal("-80.00"),
        },
    ],
    "silver.claim_submission": [
        {
            "claim_key": "c",
            "submitted_at": datetime(2026, 7, 1, 9),
            "frequency_code": "7",
            "submission_number": 2,
            "source_record_id": "f" * 64 + "@10+20",
        },
    ],
    "silver.adjustment": [
        {
            "account_key": "a",
            "post_date": DAY,
            "amount": Decimal("5.00"),
            "writeoff_category": "none",
            "adjustment_type": "contractual",
            "is_write_off": False,
            "source_record_id": "e" * 64 + "#7",
        },
    ],
}


class Reader:
    """The tables of ROWS, filtered the way a claim asks for them."""

    tables = frozenset(ROWS)

    def columns(self, table: str) -> Mapping[str, str]:
        return dict.fromkeys(ROWS.get(table, [{}])[0], "text")

    def rows(self, sql: str, params: list[str]) -> list[dict[str, Any]]:
        table, column = sql.split()[3], sql.split()[5]
        return [row for row in ROWS[table] if row[column] == params[0]]


def test_a_reversal_stands_before_the_correction_of_the_same_day() -> None:
    claim = load_claim(Reader(), "c")  # type: ignore[arg-type]
    assert [event.title for event in claim.events] == [
        "Corrected claim submitted",
        "Reversal of previous payment",
        "Processed as primary",
        "Contractual adjustment posted",
    ]


def test_events_lead_to_their_raw_records() -> None:
    claim = load_claim(Reader(), "c")  # type: ignore[arg-type]
    assert claim.events[0].raw == "/raw/" + "f" * 64 + "/10-20"
    assert claim.events[-1].raw == "/raw/" + "e" * 64 + "/row/7"


def test_an_unknown_claim_is_not_found() -> None:
    with pytest.raises(NotFoundError):
        load_claim(Reader(), "x")  # type: ignore[arg-type]
