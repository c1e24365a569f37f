"""The 999 implementation acknowledgement: the answer to each transaction set, its errors (005010X231A1)."""

from claimlake.sources.x12.spec import Loop, Table, Transaction, coded, joined, number, text, whole

LOOPS = (
    Loop("2000", ("AK2",), is_row=True),
    Loop("2100", ("IK3",), inside=("2000",), is_row=True),
    Loop("2110", ("IK4",), inside=("2100",), is_row=True),
    Loop("IK5", ("IK5",), inside=("2000",)),
    Loop("AK9", ("AK9",)),
)

SET = Table(
    "ack_999",
    "the answer to one transaction set (AK2 to IK5)",
    ("2000",),
    (
        number("transaction_no", "ST"),
        number("ack_no", "2000"),
        text("group_code", "ST AK1 01"),
        text("group_control_number", "ST AK1 02"),
        text("group_version", "ST AK1 03"),
        text("set_code", "2000 AK2 01"),
        text("set_control_number", "2000 AK2 02"),
        coded("set_status", "IK5 IK5 01", "A", "E", "M", "R", "W", "X"),
        joined("error_codes", "IK5 IK5 02:06"),
        text("group_status", "AK9 AK9 01"),
        whole("sets_included", "AK9 AK9 02"),
        whole("sets_received", "AK9 AK9 03"),
        whole("sets_accepted", "AK9 AK9 04"),
    ),
)

ERROR = Table(
    "ack_999_error",
    "one segment or element error of a transaction set (IK3, IK4)",
    ("2100 IK3", "2110 IK4"),
    (
        number("transaction_no", "ST"),
        number("ack_no", "2000"),
        text("segment_id", "2100 IK3 01"),
        whole("segment_position", "2100 IK3 02"),
        text("loop_id", "2100 IK3 03"),
        text("segment_error", "2100 IK3 04"),
        text("element_position", "IK4 01"),
        text("element_reference", "IK4 02"),
        text("element_error", "IK4 03"),
    ),
)

CONTEXT = Table(
    "ack_999_context",
    "one context of an error (CTX): the trigger, or the business unit it belongs to",
    ("2100 CTX", "2110 CTX"),
    (
        number("transaction_no", "ST"),
        number("ack_no", "2000"),
        text("name", "CTX 01-1"),
        text("value", "CTX 01-2", phi=True),
        text("segment_id", "CTX 02"),
        whole("segment_position", "CTX 03"),
        text("loop_id", "CTX 04"),
    ),
)

ACKNOWLEDGEMENT_999 = Transaction(
    "999",
    "implementation acknowledgement",
    LOOPS,
    (SET, ERROR),
    (CONTEXT,),
    needs=("ST AK1 01", "AK9 AK9 01"),
    watched=("AK2", "IK3", "IK4", "IK5"),
)
