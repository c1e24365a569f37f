"""Whatever the bytes, nothing crashes, nothing is lost, and both engines read the same."""

import io
import time
from collections.abc import Callable
from typing import Any

import pytest
from fuzzer import MEASURES, forget_peak, megabytes
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from interchange import interchange, picked, reading, rows, transaction
from test_ack_277ca import ACKNOWLEDGEMENT
from test_ack_999 import SEGMENTS
from test_claim_837 import HEADER, INSTITUTIONAL, PROFESSIONAL, SUBSCRIBER
from test_remittance_835 import CLAIM, PAYMENT

from claimlake.errors import SourceError
from claimlake.sources.x12 import Reading, kernel, read, read_tables, segment
from claimlake.sources.x12.whole import restored

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

NAMES = ("835 and 999", "837 and 277", "270 and 835")


def segments(found: Reading) -> bytes:
    kept = sorted(rows(found, "x12_segment"), key=lambda row: row["byte_offset"])
    return b"".join(restored(row["content"], row["ending"], row["raw"]) for row in kept)


def everything(content: bytes, **how: Any) -> dict[str, list[dict[str, Any]]] | str:
    """Every row of every table, or why there is none."""
    try:
        found = read_tables(io.BytesIO(content), scope="lossless", **how)
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


@pytest.mark.parametrize("engine", ["kernel"], indirect=True)
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=damaged())
def test_damaged_files_read_alike_in_both_engines_and_lose_no_byte(
    content: bytes, engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert engine == "kernel"
    fast = everything(content)
    with monkeypatch.context() as patch:
        patch.setattr(kernel, "library", lambda: None)
        assert everything(content) == fast


@pytest.mark.parametrize("content", FILES, ids=NAMES)
def test_the_segments_of_a_file_are_its_bytes(content: bytes) -> None:
    text = b"Some words before.\r\n" + content + b"\r\n\x1a"
    assert segments(read_tables(io.BytesIO(text), scope="lossless")) == text


def test_segments_know_their_loop_and_their_transaction() -> None:
    found = rows(read_tables(io.BytesIO(FILES[0]), scope="lossless"), "x12_segment")
    listed = picked(found, "segment_id", "loop", "transaction_no")
    assert listed[:4] == [("ISA", None, None), ("GS", None, None), ("ST", "ST", 1), ("BPR", "ST", 1)]
    assert ("SVC", "2110", 1) in listed and ("IK4", "2110", 2) in listed
    assert listed[-2:] == [("GE", None, None), ("IEA", None, None)]
    assert [row["source_row"] for row in found] == list(range(1, len(found) + 1))


def test_details_come_only_when_asked_for() -> None:
    assert "era_835_date" not in reading(FILES[0]).tables
    found = read_tables(io.BytesIO(FILES[0]), scope="lossless")
    assert picked(rows(found, "era_835_date"), "loop", "qualifier", "claim_no", "service_no")[:3] == [
        ("ST", "405", None, None),
        ("2100", "232", 1, None),
        ("2100", "233", 1, None),
    ]
    assert picked(rows(found, "era_835_remark"), "service_no", "ordinal", "code") == [
        (1, 1, "N130"),
        (1, 2, "M15"),
    ]


def test_what_is_wrong_in_a_detail_holds_nothing() -> None:
    body = (*LONG[:6], "MIA*1*****X", *LONG[6:])
    found = read_tables(io.BytesIO(several(body)), scope="lossless")
    assert [item.status for item in found.transactions] == ["accepted"]
    assert [item.rule for item in found.findings if "MIA 06" in item.reason] == ["X12-09"]
    assert picked(rows(found, "era_835_inpatient"), "disproportionate_share_amount") == [(None,)]


def test_other_payers_decisions_on_lines_are_rows() -> None:
    lines = ("CLM*A*10***11:B:1", "SBR*P*18", "AMT*D*6", "LX*1", "SV1*HC:99214*10*UN*1")
    decided = ("SVD*MC1*6*HC:99214:25**1", "CAS*CO*45*3**253*1", "DTP*573*D8*20260110", "AMT*EAF*0")
    content = interchange(transaction("837", *HEADER, *SUBSCRIBER, *lines, *decided))
    found = read_tables(io.BytesIO(content), scope="lossless")
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


def several(*bodies: tuple[str, ...]) -> bytes:
    return interchange(*[transaction("835", *body, control=f"{n:04d}") for n, body in enumerate(bodies, 1)])


def test_chunks_number_their_rows_on() -> None:
    content = several(*[(*PAYMENT, *CLAIM)] * 5)
    chunks = list(read(io.BytesIO(content), chunk_bytes=len(content) // 5))
    assert [len(chunk.transactions) for chunk in chunks] == [1] * 5
    together = rows(reading(content), "era_835_service")
    assert picked(together, "transaction_no", "claim_no", "service_no")[-1] == (5, 5, 10)


# Two claims of 30.00 paid 20.00 each, and one provider adjustment behind the last claim.
LONG = (
    *(
        "BPR*I*45.5*C*ACH************20260301",
        "TRN*1*T1*1512345678",
        "N1*PR*NORTH",
        "N1*PE*CLINIC*XX*1234567893",
    ),
    *("LX*1", "CLP*A*1*30*20*0*12*P1", "NM1*QC*1*ASH*IDA", "SVC*HC:99213*30*20", "CAS*CO*45*10", "REF*6R*L1"),
    *("CLP*B*1*30*20*0*12*P2", "SVC*HC:99213*30*20", "CAS*CO*45*4**253*6", "LQ*HE*N1"),
    "PLB*1234567893*20261231*72:X*-5.5",
)


CLAIMS = [line for n in range(60) for line in (f"CLP*A{n}*1*30*20*0*12*P{n}", "CAS*CO*45*10", f"REF*1L*G{n}")]
MANY = ("BPR*I*1194.5*C", "TRN*1*T1*1512345678", "LX*1", *CLAIMS, "PLB*1234567893*20261231*72:X*5.5")
ANSWERS = [line for n in range(80) for line in (f"AK2*837*{n:04d}", "IK3*CLM*22*2300*8", "IK5*R*5")]
TA1 = interchange(control="000000007", marks="|>!^").replace(b"GE|", b"TA1|000000101|260301|1405|A|000!\nGE|")


@pytest.mark.parametrize("size", [1, 300, 1_000])
@pytest.mark.parametrize(
    "content",
    [
        *FILES,
        several(LONG),
        several(LONG, LONG) + FILES[1],
        several(MANY, LONG, MANY),
        TA1 + several(MANY),
        b"Some words before.\r\n" + interchange(transaction("999", "AK1*HC*1", *ANSWERS, "AK9*R*80*80*0")),
        interchange(transaction("270", *CLAIMS), transaction("835", *LONG, control="0002"), newline="\r\n"),
    ],
    ids=[*NAMES, "one", "several", "many", "TA1", "words", "unsupported"],
)
def test_a_large_transaction_is_read_in_pieces_that_are_the_whole(content: bytes, size: int) -> None:
    assert everything(content, chunk_bytes=size) == everything(content)


def test_a_large_transaction_that_is_cut_off_gives_back_its_bytes_and_no_more() -> None:
    content = interchange(transaction("270", *CLAIMS))
    cut = content[: content.rindex(b"*")]
    assert segments(read_tables(io.BytesIO(cut), scope="lossless", chunk_bytes=300)) == cut


def test_a_segment_id_with_a_zero_byte_opens_nothing() -> None:
    content = several(LONG, LONG).replace(b"LX*1~", b"ST\0*835*0009~LX*1~")
    found = everything(content)
    assert not isinstance(found, str)
    assert picked(found["x12_transaction"], "transaction_no", "status") == [(1, "accepted"), (2, "accepted")]
    assert len(found["era_835"]) == 4


def test_a_transaction_cut_inside_a_segment_ends_where_the_next_interchange_begins() -> None:
    cut = several(LONG)[: several(LONG).index(b"*30*20~") + 4]
    found = read_tables(io.BytesIO(cut + several(LONG)))
    assert [item.status for item in found.transactions] == ["quarantined", "accepted"]
    assert {item.rule for item in found.findings if item.transaction_no == 1} >= {"ERA-01", "X12-06"}
    assert "X12-08" not in {item.rule for item in found.findings}


def test_a_trailer_without_its_end_takes_no_byte_of_the_next_interchange() -> None:
    cut = several(LONG).split(b"SE*17*")[0] + b"SE*17*0001*"
    found = read_tables(io.BytesIO(cut + several(LONG)))
    assert [item.status for item in found.transactions] == ["accepted", "accepted"]
    assert found.transactions[0].byte_offset + found.transactions[0].byte_length == len(cut)


@pytest.mark.parametrize("count", [b"\xb2", b"9" * 5_000, b"-1", b""])
def test_a_trailer_that_counts_in_no_digits_is_told(count: bytes) -> None:
    content = several(LONG).replace(b"SE*17*", b"SE*" + count + b"*")
    assert content != several(LONG)
    found = read_tables(io.BytesIO(content))
    assert [item.status for item in found.transactions] == ["accepted"]
    assert [item.rule for item in found.findings] == ["X12-01"]


def test_a_number_beyond_its_type_is_told_and_null() -> None:
    content = several(
        tuple(line.replace("SVC*HC:99213*30*20", "SVC*HC:99213*30*20**9999999999") for line in LONG)
    )
    found = read_tables(io.BytesIO(content))
    assert {row["units_paid"] for row in rows(found, "era_835_service")} == {None}
    assert {item.rule for item in found.findings} == {"X12-09"}


@pytest.mark.parametrize(
    ("written", "amount"),
    [
        ("0" * 300_000 + "30", "30.00"),
        ("+" + "0" * 60 + "30.0" + "0" * 60, "30.00"),
        ("-" + "0" * 40 + "1234567890123456.78", "-1234567890123456.78"),
        ("0" * 40 + "12345678901234567.00", None),
        ("30." + "0" * 60 + "1", None),
        ("." + "." * 60, None),
        ("-" * 300_000, None),
    ],
    ids=["zeros", "plus", "negative", "19 digits", "third decimal", "points", "dashes"],
)
def test_a_number_of_any_length_is_read_or_told_in_no_time(written: str, amount: str | None) -> None:
    content = several(tuple(line.replace("CLP*B*1*30*", f"CLP*B*1*{written}*") for line in LONG))
    started = time.process_time()
    found = read_tables(io.BytesIO(content))
    assert time.process_time() - started < 2
    read = [str(row["charge_amount"]) for row in rows(found, "era_835") if row["claim_id"] == "B"]
    assert read == [amount] * (amount is not None)
    assert ("X12-08" in {item.rule for item in found.findings}) == (amount is None)


@pytest.mark.parametrize("size", [2_000, 2_000_000])
@pytest.mark.parametrize("blank", [b"\0", b" ", b"\r\n"])
def test_a_megabyte_of_blanks_is_passed_in_no_time(blank: bytes, size: int) -> None:
    blanks = blank * (1_000_000 // len(blank))
    content = several(LONG).replace(b"CLP*B", blanks + b"CLP*B") + several(LONG) + blanks
    started = time.process_time()
    found = read_tables(io.BytesIO(content), scope="lossless", chunk_bytes=size)
    assert time.process_time() - started < 2
    assert [item.status for item in found.transactions] == ["accepted", "accepted"]
    assert segments(found) == content


def test_a_large_transaction_is_judged_as_a_whole() -> None:
    wrong = tuple(segment.replace("BPR*I*45.5", "BPR*I*45.6") for segment in LONG)
    content = several(wrong, LONG)
    found = everything(content, chunk_bytes=1)
    assert found == everything(content)
    assert not isinstance(found, str)
    assert picked(found["x12_transaction"], "status", "reason_code") == [
        ("quarantined", "ERA-01"),
        ("accepted", None),
    ]
    assert {row["transaction_no"] for row in found["era_835"]} == {2}


def repeating(reference: str) -> list[str]:
    """A transaction whose every claim repeats its batch reference."""
    claims = [f"CLM*{number}*1***11:B:1" for number in range(5_000)]
    head = (f"BHT*0019*00*{reference}*20260101*1200*CH", "HL*1**20*1", "HL*2*1*22*0", "SBR*P")
    return transaction("837", *head, *claims)


def many_claims(reference: str) -> bytes:
    """Such a transaction before one that is well."""
    return interchange(repeating(reference), transaction("835", *LONG, control="0002"))


def test_a_file_that_repeats_a_value_to_fill_the_memory_is_held() -> None:
    found = read_tables(io.BytesIO(many_claims("X" * 1_000)))
    assert [item.status for item in found.transactions] == ["quarantined", "accepted"]
    assert found.transactions[0].reason_code == "X12-10"
    assert len(found.tables["claims_837"]) == 0


@pytest.mark.parametrize(
    ("reference", "status"),
    [
        (b"X" + b" " * 1_000, "accepted"),  # padding is no value
        (b"\xdc" * 325, "accepted"),
        (b"\xdc" * 345, "quarantined"),
        (("\xdc" * 325).encode(), "accepted"),
        (("\xdc" * 345).encode(), "quarantined"),
    ],
    ids=["padded", "Latin-1, less", "Latin-1, more", "UTF-8, less", "UTF-8, more"],
)
def test_what_fills_the_memory_is_counted_as_it_is_stored(reference: bytes, status: str) -> None:
    found = read_tables(io.BytesIO(interchange(repeating("@")).replace(b"@", reference)))
    assert [item.status for item in found.transactions] == [status]


def test_one_that_fills_the_memory_does_not_hold_its_neighbours() -> None:
    good = transaction("837", *HEADER, *SUBSCRIBER, *PROFESSIONAL, control="0003")
    content = interchange(good, repeating("X" * 1_000), good)
    found = read_tables(io.BytesIO(content))
    assert [item.status for item in found.transactions] == ["accepted", "quarantined", "accepted"]
    assert picked(rows(found, "claims_837"), "transaction_no", "claim_no") == [(1, 1), (3, 5_002)]


def test_a_text_longer_than_any_element_is_told_and_left_to_the_segment_table() -> None:
    found = read_tables(io.BytesIO(many_claims("X" * 1_025)), scope="lossless")
    assert [item.status for item in found.transactions] == ["accepted", "accepted"]
    assert {row["batch_reference"] for row in rows(found, "claims_837")} == {None}
    told = {item.reason for item in found.findings if item.rule == "X12-09"}
    assert any(reason.startswith("claims_837.batch_reference (ST BHT 03) is not a text") for reason in told)
    assert any("X" * 1_025 in row["content"] for row in rows(found, "x12_segment"))


def test_a_rule_broken_thousands_of_times_is_told_a_thousand_times() -> None:
    claims = [
        segment for number in range(1_500) for segment in (f"CLP*A{number}*1*30*20*0*12", "CAS*CO*45*9")
    ]
    content = several(("BPR*I*30000*C", "TRN*1*T1*1512345678", *claims))
    findings = [item for item in read_tables(io.BytesIO(content)).findings if item.rule == "CLP-01"]
    assert len(findings) == 1_000
    assert findings[-1].reason.endswith("; so are 500 more of this transaction")


def test_many_texts_outside_ascii_need_no_more_memory_than_they_are_long() -> None:
    claims = [segment for n in range(200) for segment in (f"CLP*A{n}*1*0*0*0*12", "NM1*QC*1*MÜLLER*ZOË")]
    content = several(("BPR*I*0*C", "TRN*1*T1*1512345678", *claims)).decode().encode("latin-1")
    found = read_tables(io.BytesIO(content), scope="lossless")
    assert {row["patient_last_name"] for row in rows(found, "era_835")} == {"MÜLLER"}
    assert segments(found) == content


@pytest.mark.parametrize("is_inside", [True, False], ids=["in a transaction", "between transactions"])
def test_many_segments_that_no_loop_knows_come_in_several_chunks(is_inside: bool) -> None:
    strange = ["A"] * 1_200_000
    sets = [transaction("835", *LONG, *strange)] if is_inside else [transaction("835", *LONG), strange]
    content = interchange(*sets, newline="")
    chunks = [
        chunk.tables["x12_segment"] for chunk in read(io.BytesIO(content), scope="lossless", chunk_bytes=1)
    ]
    assert sum(len(chunk) for chunk in chunks) == content.count(b"~")
    assert max(len(chunk) for chunk in chunks) <= 2**20


@pytest.mark.skipif(not MEASURES, reason="the system does not tell the peak of a moment")
@pytest.mark.parametrize("engine", ["kernel"], indirect=True)
def test_hundreds_of_small_interchanges_need_little_memory(engine: str) -> None:
    claims = [f"CLP*{number}*1*1*1**12" for number in range(60)]
    one = transaction("835", "BPR*I*60*C", "TRN*1*T1*1512345678", *claims)
    content = (interchange(one) + interchange(one, marks="|>!^")) * 300  # each a part of its own
    forget_peak()
    before = megabytes()
    found = read_tables(io.BytesIO(content), scope="lossless")
    assert len(found.tables["era_835"]) == 36_000
    assert megabytes() - before < 128


@pytest.mark.parametrize("block", [20, 150])
def test_segments_in_several_chunks_are_those_of_one(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    claims = [f"CLP*A{n}*1*30*20*0*12~~~~ ~\r\n~" for n in range(40)]
    sets = [transaction("835", *LONG, *claims, *["A~"] * 40), [*["B~~"] * 40], transaction("835", *LONG)]
    content = interchange(*sets)
    whole = rows(read_tables(io.BytesIO(content), scope="lossless"), "x12_segment")
    monkeypatch.setattr(segment, "_BLOCK", block)
    for size in (1, 200, 1_000):
        found = read_tables(io.BytesIO(content), scope="lossless", chunk_bytes=size)
        assert rows(found, "x12_segment") == whole
