"""Each proof fails when what it proves is not so."""

import io
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import proof
import pyarrow as pa
import pytest
from interchange import interchange, reading, transaction
from test_remittance_835 import CLAIM, PAYMENT
from test_whole import FILES, LONG, MANY, several

from claimlake.sources.x12 import Reading, read_tables

UNBALANCED = tuple(segment.replace("BPR*I*645.00", "BPR*I*645.02") for segment in PAYMENT)
CONTENT = interchange(
    transaction("835", *PAYMENT, *CLAIM),
    transaction("835", *UNBALANCED, *CLAIM, control="0002"),
    transaction("270", "BHT*0022*13", control="0003"),
)


def found() -> Reading:
    return read_tables(io.BytesIO(CONTENT), scope="lossless")


class Changed:
    """Rows of which one column was changed; can be handed over as Arrow like others."""

    def __init__(self, rows: Any, column: str, change: Callable[[list[Any]], list[Any]]) -> None:
        table = pa.RecordBatchReader.from_stream(rows).read_all()
        number = table.schema.get_field_index(column)
        values = pa.array(change(table[column].to_pylist()), table.schema.field(column).type)
        self.table = table.set_column(number, table.schema.field(column), values)

    def __len__(self) -> int:
        return len(self.table)

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self.table.__arrow_c_stream__(requested_schema)


def changed(table: str, column: str, change: Callable[[list[Any]], list[Any]]) -> Reading:
    whole = found()
    rows: Any = Changed(whole.tables[table], column, change)
    return replace(whole, tables={**whole.tables, table: rows})


@pytest.mark.parametrize("content", [CONTENT, *FILES, several(LONG, MANY) + "ÄÖ".encode("latin-1")])
def test_a_good_reading_leaves_no_doubt(content: bytes) -> None:
    assert list(proof.doubts(content, read_tables(io.BytesIO(content), scope="lossless"))) == []


def test_a_row_of_a_held_transaction_is_doubted() -> None:
    moved = changed("era_835_service", "transaction_no", lambda values: [2, *values[1:]])
    assert list(proof.doubts(CONTENT, moved)) == [
        "era_835_service has a row of a transaction that is not accepted"
    ]


def test_a_row_outside_its_transaction_is_doubted() -> None:
    moved = changed("era_835_service", "byte_offset", lambda values: [len(CONTENT), *values[1:]])
    assert list(proof.doubts(CONTENT, moved)) == [
        "era_835_service has a row that stands outside its transaction"
    ]


def test_two_cents_are_doubted() -> None:
    paid = changed("era_835_transaction", "payment_amount", lambda values: [values[0] + proof.CENT * 2])
    assert list(proof.doubts(CONTENT, paid)) == ["transaction 1 is accepted and is off by 0.02"]


@pytest.mark.parametrize(
    ("column", "change", "doubt"),
    [
        ("content", lambda values: ["JSA", *values[1:]], "does not give its"),
        ("ending", lambda values: [b"~", *values[1:]], "does not give its"),
        ("byte_offset", lambda values: [0, 5, *values[2:]], "says that it stands at 5"),
        ("byte_length", lambda values: [*values[:-1], values[-1] + 1], "behind byte"),
    ],
)
def test_a_lost_or_other_byte_is_doubted(column: str, change: Any, doubt: str) -> None:
    [told] = proof.doubts(CONTENT, changed("x12_segment", column, change))
    assert doubt in told


def test_a_byte_behind_the_last_segment_is_doubted() -> None:
    assert list(proof.doubts(CONTENT + b"X", found())) == [
        f"1 bytes behind byte {len(CONTENT)} are in no segment"
    ]


@pytest.mark.parametrize(
    ("number", "verdict", "doubts"),
    [
        (1, {"reason_code": None}, ["transaction 2 is quarantined without a rule and a reason", "of which"]),
        (1, {"reason_code": "CLP-01"}, ["transaction 2 is held by CLP-01, of which no finding tells"]),
        (1, {"transaction_no": 3}, ["transaction 3 stands in the place of number 2"]),
        (2, {"status": "lost"}, ["transaction 3 is lost by X12-00"]),
        (2, {"byte_offset": 110}, ["transactions are empty or overlap"]),
        (2, {"byte_length": 9_999}, ["transactions stand outside the file"]),
    ],
)
def test_a_verdict_without_its_reason_or_place_is_doubted(
    number: int, verdict: dict[str, Any], doubts: list[str]
) -> None:
    whole = found()
    sets = list(whole.transactions)
    sets[number] = replace(sets[number], **verdict)
    told = list(proof.doubts(CONTENT, replace(whole, transactions=tuple(sets))))
    assert all(any(doubt in item for item in told) for doubt in doubts)


def test_a_finding_without_a_place_in_the_file_is_doubted() -> None:
    whole = found()
    moved = (replace(whole.findings[0], byte_offset=len(CONTENT) + 1), *whole.findings[1:])
    assert any("stands at byte" in told for told in proof.doubts(CONTENT, replace(whole, findings=moved)))


def test_two_readings_that_differ_are_told_apart() -> None:
    other = changed("era_835_service", "charge_amount", lambda values: [values[0], values[1] + 1])
    assert list(proof.differences(found(), found())) == []
    assert list(proof.differences(found(), other)) == [
        "era_835_service differs (2 and 2 rows), first at row 1"
    ]
    assert "era_835 has rows in one reading only" in proof.differences(found(), reading(FILES[1]))
