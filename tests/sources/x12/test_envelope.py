import gzip
import io
import zipfile
from decimal import Decimal
from itertools import pairwise

import numpy as np
import pytest
from interchange import interchange, picked, reading, rows, transaction

from claimlake.errors import SourceError
from claimlake.sources.x12 import envelope, is_x12
from claimlake.sources.x12.envelope import outline

CLAIMS = ("CLP*ACCT1*1*100*60**12*PCN1", "SVC*HC:99214:25*100*60", "CAS*CO*45*40")
PAYMENT = ("BPR*I*60*C*NON", "TRN*1*T1*1", "N1*PR*NORTH MUTUAL", "N1*PE*RIVER CLINIC*XX*1234567893")
REMITTANCE = transaction("835", *PAYMENT, *CLAIMS)


def service(content: bytes) -> list[tuple[object, ...]]:
    return picked(rows(content, "era_835_service"), "procedure_code", "modifiers", "paid_amount")


EXPECTED = [("99214", "25", Decimal("60.00"))]


@pytest.mark.parametrize("marks", ["*:~^", "|>~^", "+>'^", "\x1d\x1f\x1c\x1e", "*:\n^"])
@pytest.mark.parametrize("newline", ["", "\n", "\r\n"])
def test_delimiters_are_those_of_the_interchange(marks: str, newline: str) -> None:
    assert service(interchange(REMITTANCE, marks=marks, newline=newline)) == EXPECTED


def test_interchanges_of_one_file_may_differ_in_their_delimiters() -> None:
    content = interchange(REMITTANCE) + interchange(REMITTANCE, marks="|>!^", newline="", control="000000102")
    found = reading(content)
    assert service(content) == EXPECTED * 2
    assert picked(rows(found, "x12_interchange"), "interchange_no", "control_number") == [
        (1, "000000101"),
        (2, "000000102"),
    ]
    assert picked(rows(found, "x12_transaction"), "transaction_no", "interchange_no") == [(1, 1), (2, 2)]


@pytest.mark.parametrize(
    "wrap",
    [
        lambda content: b"\xef\xbb\xbf" + content,
        lambda content: b" \r\n\n" + content,
        lambda content: b"Scenario one: the payer pays LISA in full.\r\n\r\n" + content,
        lambda content: content + b"\x1a",
        lambda content: content + b"\r\n\r\n",
        lambda content: content.rstrip(b"\n~"),
        gzip.compress,
    ],
)
def test_what_stands_around_an_interchange_does_no_harm(wrap) -> None:  # type: ignore[no-untyped-def]
    content = wrap(interchange(REMITTANCE))
    found = reading(content)
    assert service(content) == EXPECTED
    assert [item.status for item in found.transactions] == ["accepted"]


def test_members_of_a_zip_are_read_one_after_the_other() -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("a.835", interchange(REMITTANCE))
        archive.writestr("b.835", interchange(REMITTANCE, marks="|>~^"))
    assert service(packed.getvalue()) == EXPECTED * 2


def test_an_isa_that_is_not_padded_reads() -> None:
    content = interchange(REMITTANCE).replace(b" " * 10, b"").replace(b"CLEARHOUSE     ", b"CLEARHOUSE")
    assert service(content) == EXPECTED


@pytest.mark.parametrize("first", [b"GS*", b"ST*"])
def test_a_fragment_without_isa_reads(first: bytes) -> None:
    content = interchange(REMITTANCE)
    assert service(content[content.index(first) :]) == EXPECTED


def test_names_in_latin_1_and_utf_8_are_kept() -> None:
    content = interchange(REMITTANCE)
    assert picked(
        rows(content.replace(b"RIVER", "Ríver".encode("latin-1")), "era_835_transaction"), "payee_name"
    ) == [("Ríver CLINIC",)]
    assert picked(rows(content.replace(b"RIVER", "Ríver".encode()), "era_835_transaction"), "payee_name") == [
        ("Ríver CLINIC",)
    ]


def test_transactions_that_are_not_supported_are_named_and_the_rest_goes_on() -> None:
    eligibility = transaction("270", "BHT*0022*13*X*20260301*1405", "HL*1**20*1", control="0009")
    content = interchange(eligibility, REMITTANCE)
    found = reading(content)
    assert [(item.code, item.status, item.reason) for item in found.transactions] == [
        ("270", "unsupported", "not supported: 270"),
        ("835", "accepted", None),
    ]
    assert service(content) == EXPECTED
    first = found.transactions[0]
    text = content[first.byte_offset : first.byte_offset + first.byte_length]
    assert text.startswith(b"ST*270") and text.endswith(b"SE*4*0009~")


@pytest.mark.parametrize(
    ("right", "wrong", "rule"),
    [
        (b"SE*9*0001", b"SE*8*0001", "X12-01"),
        (b"SE*9*0001", b"SE*9*0002", "X12-02"),
        (b"GE*1*7", b"GE*2*7", "X12-03"),
        (b"GE*1*7", b"GE*1*8", "X12-03"),
        (b"IEA*1*000000101", b"IEA*3*000000101", "X12-04"),
        (b"IEA*1*000000101", b"IEA*1*000000109", "X12-04"),
        (b"GE*1*7~", b"", "X12-05"),
        (b"IEA*1*000000101~", b"", "X12-05"),
        (b"SE*9*0001~", b"", "X12-05"),
    ],
)
def test_a_wrong_or_missing_trailer_is_told_and_the_rows_stay(right: bytes, wrong: bytes, rule: str) -> None:
    content = interchange(REMITTANCE)
    assert right in content
    found = reading(content.replace(right, wrong))
    assert [item.rule for item in found.findings] == [rule]
    assert found.findings[0].severity == "warn"
    assert service(content.replace(right, wrong)) == EXPECTED


def test_a_remittance_cut_off_within_its_claims_is_held() -> None:
    content = interchange(REMITTANCE)
    found = reading(content[: content.index(b"CLP*") + 12])
    assert [(item.status, item.reason_code) for item in found.transactions] == [("quarantined", "X12-06")]
    assert len(found.tables["era_835"]) == 0


def test_claims_cut_off_at_the_end_of_the_file_are_held() -> None:
    claim = (
        "BHT*0019*00*B*20260301*1405*CH",
        "HL*1**20*1",
        "HL*2*1*22*0",
        "CLM*A*5***11:B:1",
        "LX*1",
        "SV1*HC:1*5*UN*1",
    )
    content = interchange(transaction("837", *claim))
    cut = content[: content.index(b"\nSE*")]
    assert [item.reason_code for item in reading(cut).transactions] == ["X12-06"]
    no_trailer = content.replace(b"SE*8*0001~\n", b"")
    assert [item.status for item in reading(no_trailer).transactions] == ["accepted"]
    lost_line = no_trailer.replace(b"LX*1~\nSV1*HC:1*5*UN*1~\n", b"")
    assert [item.reason_code for item in reading(lost_line).transactions] == ["X12-06"]


def test_repeated_control_numbers_are_two_transactions() -> None:
    assert service(interchange(REMITTANCE, REMITTANCE) * 2) == EXPECTED * 4


@pytest.mark.parametrize(
    "content",
    [b"", b" \n", b"claim_id,amount\n1,2\n", b"ISA", b"ISA*00*", b"\x1f\x8b\x00", b"PK\x03\x04nothing"],
)
def test_what_is_not_x12_is_a_source_error(content: bytes) -> None:
    with pytest.raises(SourceError):
        reading(content)


def test_x12_is_known_by_its_content() -> None:
    assert is_x12(interchange(REMITTANCE))
    assert is_x12(b"Some words first\n" + interchange(REMITTANCE))
    assert is_x12(b"ST*835*0001~BPR*I*0~")
    assert not is_x12(b"claim_id,LISA*x\n")
    assert not is_x12(b'{"ISA": 1}')
    assert not is_x12(b"")


def test_empty_segments_are_none_where_a_letter_ends_them() -> None:
    segments = ("ST*999*0001", f"AK1*HC*{'1' * 90}", "AK9*R*1*1*0", "SE*4*0001", "IEA*0*000000101")
    content = interchange()[:105] + b"G" + "".join(f"{segment}GG" for segment in segments).encode()
    found = reading(content)
    assert [item.segment_count for item in found.transactions] == [4]
    assert "X12-01" not in {item.rule for item in found.findings}


def test_a_large_interchange_is_given_back_as_its_envelope_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(envelope, "_BLOCK", 1_000)
    content = interchange(*[transaction("835", *PAYMENT, *CLAIMS, control=f"{n:04}") for n in range(1, 21)])
    told: list[int] = []
    found = outline(content, np.frombuffer(content, dtype=np.uint8), told.append)
    again = told[told.index(len(content)) + 1 : -1]  # every segment is counted before the envelope is read
    assert len(found.transactions) == 20
    assert again == sorted(again)
    assert max(after - before for before, after in pairwise([0, *again, len(content)])) < 2_000
