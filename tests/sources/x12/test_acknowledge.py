from datetime import datetime

from interchange import interchange, picked, reading, rows, transaction
from test_remittance_835 import CLAIM, PAYMENT

from claimlake.sources.x12 import Reading, acknowledge

AT = datetime(2026, 3, 2, 9, 30)


def acknowledgement(found: Reading, *, at: datetime, control_number: int = 1) -> bytes:
    return acknowledge.acknowledgement(
        found.transactions, found.findings, at=at, control_number=control_number
    )


def test_a_999_answers_every_set_and_reads_back() -> None:
    good = transaction("835", *PAYMENT, *CLAIM)
    held = transaction("835", PAYMENT[0].replace("645.00", "646.00"), *PAYMENT[1:], *CLAIM, control="0002")
    odd = transaction("835", PAYMENT[0].replace("20260301", "20260231"), *PAYMENT[1:], *CLAIM, control="0003")
    other = transaction("270", "BHT*0022*13", control="0004")
    answer = reading(acknowledgement(reading(interchange(good, held, odd, other)), at=AT, control_number=7))
    assert [(item.code, item.status) for item in answer.transactions] == [("999", "accepted")]
    assert answer.findings == ()
    assert picked(rows(answer, "ack_999"), "set_code", "set_control_number", "set_status", "error_codes") == [
        ("835", "0001", "A", None),
        ("835", "0002", "R", "5"),
        ("835", "0003", "E", "5"),
        ("270", "0004", "R", "1"),
    ]
    assert picked(rows(answer, "ack_999"), "group_status", "sets_accepted", "sets_received")[0] == ("P", 2, 4)
    [sent] = rows(answer, "x12_interchange")
    assert (sent["sender_id"], sent["receiver_id"], sent["control_number"]) == (
        "NORTHWIND",
        "CLEARHOUSE",
        "000000007",
    )


def test_acknowledgements_are_not_acknowledged() -> None:
    answer = acknowledgement(reading(interchange(transaction("835", *PAYMENT, *CLAIM))), at=AT)
    assert acknowledgement(reading(answer), at=AT) == b""


def test_what_the_file_says_cannot_end_an_element_of_the_answer() -> None:
    content = (
        interchange(transaction("835", *PAYMENT, *CLAIM, control="A"))
        .replace(b"*", b"|")
        .replace(b"~\n", b"\n")
    )
    content = content.replace(b"|A\n", b"|~*\n").replace(b"CLEARHOUSE  ", "S*~É".encode("latin-1").ljust(12))
    answer = acknowledgement(reading(content), at=AT)
    assert answer.isascii()
    again = reading(answer)
    assert [item.code for item in again.transactions] == ["999"]
    assert again.findings == ()
