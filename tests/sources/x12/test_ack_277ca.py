from datetime import date, datetime
from decimal import Decimal

from interchange import interchange, picked, rows, transaction

ACKNOWLEDGEMENT = (
    "BHT*0085*08*ACK5*20260302*093015*TH",
    "HL*1**20*1",
    "NM1*AY*2*CLEARHOUSE*****46*CH9",
    "TRN*1*SRC1",
    "DTP*050*D8*20260302",
    "HL*2*1*21*1",
    "NM1*41*2*RIVER CLINIC*****46*SUB1",
    "TRN*2*BATCH9",
    "STC*A1:19:PR*20260302*WQ*250.00",
    "QTY*90*1",
    "HL*3*2*19*1",
    "NM1*85*2*RIVER CLINIC*****XX*1234567893",
    "TRN*1*0",
    "STC*A3:400*20260302*U*100",
    "HL*4*3*PT",
    "NM1*QC*1*HOLLOWAY*TESS****MI*M100",
    "TRN*2*ACCT1",
    "STC*A2:20:PR*20260302*WQ*150.00******A1:19*A1:20:40",
    "REF*1K*PCN1",
    "REF*D9*CH1",
    "REF*BLT*111",
    "DTP*472*RD8*20260101-20260105",
    "HL*5*3*PT",
    "NM1*QC*1*AMARI*JO****MI*M300",
    "TRN*2*ACCT2",
    "STC*A7:562:85*20260302*U*100",
    "SVC*HC:99214*100**0",
    "STC*A7:454*20260302*U",
    "REF*FJ*L7",
    "DTP*472*D8*20260109",
)


def acknowledgement() -> bytes:
    one = transaction("277", *ACKNOWLEDGEMENT, version="005010X214")
    return interchange(one, functional="HN", version="005010X214")


def test_every_status_is_a_row_at_its_level() -> None:
    found = rows(acknowledgement(), "ack_277ca")
    assert picked(found, "status_no", "level", "trn02", "category_code", "status_code", "action_code") == [
        (1, "receiver", None, "A1", "19", "WQ"),
        (2, "provider", None, "A3", "400", "U"),
        (3, "claim", "ACCT1", "A2", "20", "WQ"),
        (4, "claim", "ACCT2", "A7", "562", "U"),
        (5, "line", "ACCT2", "A7", "454", "U"),
    ]


def test_a_status_knows_its_source_batch_provider_and_patient() -> None:
    accepted = rows(acknowledgement(), "ack_277ca")[2]
    expected = {
        "implementation": "005010X214",
        "source_entity_code": "AY",
        "source_name": "CLEARHOUSE",
        "source_id": "CH9",
        "batch_reference": "BATCH9",
        "acknowledged_at": datetime(2026, 3, 2, 9, 30, 15),
        "entity_code": "PR",
        "category_code_2": "A1",
        "status_code_2": "19",
        "entity_code_3": "40",
        "effective_date": date(2026, 3, 2),
        "charge_amount": Decimal("150.00"),
        "payer_claim_control_number": "PCN1",
        "clearinghouse_trace": "CH1",
        "bill_type": "111",
        "service_from": date(2026, 1, 1),
        "service_to": date(2026, 1, 5),
        "provider_npi": "1234567893",
        "provider_no": 1,
        "member_id": "M100",
        "patient_last_name": "HOLLOWAY",
    }
    assert {name: accepted[name] for name in expected} == expected


def test_a_line_status_has_its_line_and_not_the_next_patient() -> None:
    line = rows(acknowledgement(), "ack_277ca")[4]
    assert (line["line_control_number"], line["service_from"], line["patient_last_name"]) == (
        "L7",
        date(2026, 1, 9),
        "AMARI",
    )


def test_the_batch_status_has_no_patient_and_no_provider() -> None:
    batch = rows(acknowledgement(), "ack_277ca")[0]
    assert (batch["patient_last_name"], batch["provider_no"], batch["provider_npi"]) == (None, None, None)
