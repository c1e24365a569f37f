from datetime import datetime

from interchange import interchange, picked, rows, transaction

SEGMENTS = (
    "AK1*HC*7*005010X222A1",
    "AK2*837*0001*005010X222A1",
    "IK5*A",
    "AK2*837*0002",
    "IK3*CLM*22*2300*8",
    "CTX*CLM01:ACCT1",
    "IK4*2*782*1",
    "IK3*REF*57**3",
    "IK5*R*5*I5",
    "AK9*P*2*2*1",
)


def answer() -> bytes:
    return interchange(transaction("999", *SEGMENTS, version="005010X231A1"), functional="FA")


def test_every_set_has_its_answer_and_that_of_its_group() -> None:
    found = rows(answer(), "ack_999")
    assert picked(found, "ack_no", "set_code", "set_control_number", "set_status", "error_codes") == [
        (1, "837", "0001", "A", None),
        (2, "837", "0002", "R", "5 I5"),
    ]
    assert (
        picked(found, "group_code", "group_control_number", "group_status", "sets_accepted")
        == [("HC", "7", "P", 1)] * 2
    )


def test_errors_name_the_segment_and_the_element() -> None:
    found = rows(answer(), "ack_999_error")
    assert picked(found, "ack_no", "segment_id", "segment_position", "loop_id", "segment_error") == [
        (2, "CLM", 22, "2300", "8"),
        (2, "CLM", 22, "2300", "8"),
        (2, "REF", 57, None, "3"),
    ]
    assert picked(found, "element_position", "element_reference", "element_error") == [
        (None, None, None),
        ("2", "782", "1"),
        (None, None, None),
    ]


def test_a_ta1_answers_the_interchange() -> None:
    content = answer().replace(b"GS*", b"TA1*000000101*260301*1405*R*024~\nGS*", 1)
    [found] = rows(content, "ack_ta1")
    assert (found["interchange_control"], found["status"], found["note_code"]) == ("000000101", "R", "024")
    assert found["interchange_at"] == datetime(2026, 3, 1, 14, 5)
