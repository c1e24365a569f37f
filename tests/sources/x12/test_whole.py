"""Whatever the bytes, nothing crashes, nothing is lost, and both engines read the same."""

import io
from collections.abc import Callable
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from interchange import interchange, picked, reading, rows, transaction
from test_ack_277ca import ACKNOWLEDGEMENT
from test_ack_999 import SEGMENTS
from test_claim_837 import HEADER, INSTITUTIONAL, PROFESSIONAL, SUBSCRIBER
from test_remittance_835 import CLAIM, PAYMENT

from claimlake.errors import SourceError
from claimlake.sources.x12 import Reading, kernel, read, read_tables, reader

FILES = (
    interchange(transaction("835", *PAYMENT, *CLAIM), transaction("999", *SEGMENTS)),
    interchange(
        transaction("837", *HEADER, *SUBSCRIBER, *PROFESSIONAL, *SUBSCRIBER, *INSTITUTIONAL),
        transaction("277", *ACKNOWLEDGEMENT),
        marks="|>~^",
        newline="",
    ),
    interchange(transaction("270", "BHT*0022*13"), transaction("835", *PAYMENT, *CLAIM), newline="\r\n"),
)


def segments(found: Reading) -> bytes:
    stream = found.tables["x12_segment"]
    with duckdb.connect() as connection:
        connection.register("stream", stream)
        return b"".join(
            row[0] for row in connection.sql("select raw from stream order by byte_offset").fetchall()
        )


def everything(content: bytes) -> dict[str, list[dict[str, Any]]] | str:
    """Every row of every table, or why there is none."""
    try:
        found = read_tables(io.BytesIO(content), in_detail=True)
    except SourceError as error:
        return error.what
    assert segments(found) == content
    return {name: rows(found, name) for name in found.tables if len(found.tables[name])}


@st.composite
def damaged(draw: Callable[..., Any]) -> bytes:
    """A file with some of its bytes cut, doubled or changed."""
    content = bytearray(draw(st.sampled_from(FILES)))
    if draw(st.booleans()):
        content += draw(st.sampled_from(FILES))
    for _ in range(draw(st.integers(0, 6))):
        at = draw(st.integers(0, len(content) - 1))
        length = draw(st.integers(0, 40))
        change = draw(st.sampled_from(["cut", "double", "byte", "end"]))
        if change == "cut":
            del content[at : at + length]
        elif change == "double":
            content[at:at] = content[at : at + length] * 3
        elif change == "byte":
            content[at : at + 1] = bytes([draw(st.integers(0, 255))])
        else:
            del content[at:]
        content = content or bytearray(b"ISA")
    return bytes(content)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=damaged())
def test_damaged_files_read_alike_in_both_engines_and_lose_no_byte(
    content: bytes, engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if engine == "numpy":
        everything(content)
        return
    fast = everything(content)
    with monkeypatch.context() as patch:
        patch.setattr(kernel, "library", lambda: None)
        assert everything(content) == fast


@pytest.mark.parametrize("content", FILES)
def test_the_segments_of_a_file_are_its_bytes(content: bytes) -> None:
    text = b"Some words before.\r\n" + content + b"\r\n\x1a"
    assert segments(read_tables(io.BytesIO(text), in_detail=True)) == text


def test_segments_know_their_loop_and_their_transaction() -> None:
    found = rows(read_tables(io.BytesIO(FILES[0]), in_detail=True), "x12_segment")
    listed = picked(found, "segment_id", "loop", "transaction_no")
    assert listed[:4] == [("ISA", None, None), ("GS", None, None), ("ST", "ST", 1), ("BPR", "ST", 1)]
    assert ("SVC", "2110", 1) in listed and ("IK4", "2110", 2) in listed
    assert listed[-2:] == [("GE", None, None), ("IEA", None, None)]
    assert [row["source_row"] for row in found] == list(range(1, len(found) + 1))


def test_details_come_only_when_asked_for() -> None:
    assert "era_835_date" not in reading(FILES[0]).tables
    found = read_tables(io.BytesIO(FILES[0]), in_detail=True)
    assert picked(rows(found, "era_835_date"), "loop", "qualifier", "claim_no", "service_no")[:3] == [
        ("ST", "405", None, None),
        ("2100", "232", 1, None),
        ("2100", "233", 1, None),
    ]
    assert picked(rows(found, "era_835_remark"), "service_no", "ordinal", "code") == [
        (1, 1, "N130"),
        (1, 2, "M15"),
    ]


def test_other_payers_decisions_on_lines_are_rows() -> None:
    lines = ("CLM*A*10***11:B:1", "SBR*P*18", "AMT*D*6", "LX*1", "SV1*HC:99214*10*UN*1")
    decided = ("SVD*MC1*6*HC:99214:25**1", "CAS*CO*45*3**253*1", "DTP*573*D8*20260110", "AMT*EAF*0")
    content = interchange(transaction("837", *HEADER, *SUBSCRIBER, *lines, *decided))
    found = read_tables(io.BytesIO(content), in_detail=True)
    [decision] = rows(found, "claims_837_line_adjudication")
    assert (decision["payer_id"], str(decision["paid_amount"]), decision["modifiers"]) == (
        "MC1",
        "6.00",
        "25",
    )
    assert picked(rows(found, "claims_837_adjustment"), "level", "adjudication_no", "carc") == [
        ("line", 1, "45"),
        ("line", 1, "253"),
    ]


def test_a_file_too_large_for_the_segment_table_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "_LARGEST_WHOLE", 100)
    found = read_tables(io.BytesIO(FILES[0]), in_detail=True)
    assert len(found.tables["x12_segment"]) == 0
    assert "X12-10" in [item.rule for item in found.findings]


def test_chunks_number_their_rows_on() -> None:
    content = interchange(*[transaction("835", *PAYMENT, *CLAIM, control=f"{n:04d}") for n in range(1, 6)])
    chunks = list(read(io.BytesIO(content), chunk_bytes=1))
    assert [len(chunk.transactions) for chunk in chunks] == [1] * 5
    together = rows(reading(content), "era_835_service")
    assert picked(together, "transaction_no", "claim_no", "service_no")[-1] == (5, 5, 10)
