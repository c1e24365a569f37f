from datetime import date, datetime
from decimal import Decimal

import pytest
from interchange import interchange, picked, reading, rows, transaction

HEADER = (
    "BHT*0019*00*BATCH9*20260301*1405*CH",
    "NM1*41*2*CLEARHOUSE*****46*SUB1",
    "NM1*40*2*NORTH MUTUAL*****46*REC1",
    "HL*1**20*1",
    "PRV*BI*PXC*207Q00000X",
    "NM1*85*2*RIVER CLINIC*****XX*1234567893",
    "REF*EI*741234567",
    "NM1*87*2*RIVER PAY TO",
)
SUBSCRIBER = (
    "HL*2*1*22*1",
    "SBR*P**GRP7******CI",
    "NM1*IL*1*HOLLOWAY*TESS****MI*M100",
    "DMG*D8*19700102*F",
    "NM1*PR*2*NORTH MUTUAL*****PI*60054",
)
DEPENDENT = ("HL*3*2*23*0", "PAT*19", "NM1*QC*1*HOLLOWAY*BEN", "DMG*D8*20100506*M")
PROFESSIONAL = (
    "CLM*ACCT1*150.5***11:B:1*Y*A*Y*Y",
    "REF*D9*CH1",
    "HI*ABK:J189*ABF:E119",
    "NM1*82*1*OKORO*IDA****XX*1992999999",
    "LX*1",
    "SV1*HC:99214:25:GT*100.25*UN*1*11**1:2",
    "DTP*472*D8*20260102",
    "REF*6R*L1",
    "LX*2",
    "SV1*HC:85025*50.25*UN*2***1",
    "DTP*472*RD8*20260102-20260104",
    "LIN**N4*00011122233",
    "CTP****1*ML",
    "NM1*82*1*LIND*EVA****XX*1888888888",
)
INSTITUTIONAL = (
    "CLM*ACCT2*9000***11:A:7**A*Y*Y",
    "DTP*434*RD8*20260101-20260105",
    "DTP*435*DT*202601010930",
    "DTP*096*TM*1130",
    "CL1*1*7*01",
    "AMT*F5*25",
    "REF*F8*PCN1",
    "REF*EA*MRN5",
    "REF*G1*AUTH3",
    "HI*ABK:J189:::::::Y",
    "HI*ABJ:R05",
    "HI*DR:193",
    "HI*ABF:E119:::::::N*ABF:I10:::::::U",
    "HI*BBR:0BJ08ZZ:D8:20260102",
    "NM1*71*1*OKORO*IDA****XX*1992999999",
    "NM1*72*1*LIND*EVA****XX*1888888888",
    "SBR*S*18*GRP8******MB",
    "CAS*CO*45*100",
    "AMT*D*400.10",
    "AMT*EAF*20",
    "NM1*IL*1*HOLLOWAY*TESS****MI*M200",
    "NM1*PR*2*MEDICARE*****PI*MC1",
    "SBR*T*18*******MC",
    "AMT*D*0.90",
    "NM1*PR*2*MEDICAID*****PI*MD1",
    "LX*1",
    "SV2*0300*HC:85025*1000*UN*4",
    "LX*2",
    "SV2*0120**8000*DA*4",
)


def claims(*segments: str, version: str = "005010X222A1") -> bytes:
    return interchange(transaction("837", *segments, version=version), functional="HC", version=version)


def test_a_claim_without_a_hierarchy_has_no_patient_of_the_transaction_before() -> None:
    whole = transaction("837", *HEADER, *SUBSCRIBER, *DEPENDENT, *PROFESSIONAL)
    found = rows(
        interchange(whole, transaction("837", HEADER[0], *PROFESSIONAL, control="0002")), "claims_837"
    )
    columns = ("patient_last_name", "patient_first_name", "patient_birth_date", "subscriber_last_name")
    assert picked(found, *columns) == [
        ("HOLLOWAY", "BEN", date(2010, 5, 6), "HOLLOWAY"),
        (None, None, None, None),
    ]


def test_a_dependent_is_the_patient_and_the_subscriber_stays() -> None:
    [claim] = rows(claims(*HEADER, *SUBSCRIBER, *DEPENDENT, *PROFESSIONAL), "claims_837")
    expected = {
        "claim_type": "professional",
        "batch_reference": "BATCH9",
        "submitted_at": datetime(2026, 3, 1, 14, 5),
        "submitter_id": "SUB1",
        "receiver_id": "REC1",
        "billing_name": "RIVER CLINIC",
        "billing_npi": "1234567893",
        "billing_tax_id": "741234567",
        "billing_taxonomy": "207Q00000X",
        "payer_sequence": "P",
        "relationship_code": "19",
        "group_number": "GRP7",
        "subscriber_id": "M100",
        "subscriber_first_name": "TESS",
        "patient_first_name": "BEN",
        "patient_birth_date": date(2010, 5, 6),
        "patient_sex": "M",
        "payer_id": "60054",
        "claim_id": "ACCT1",
        "total_charge_amount": Decimal("150.50"),
        "facility_type_code": "11",
        "frequency_code": "1",
        "principal_diagnosis": "J189",
        "rendering_npi": "1992999999",
        "clearinghouse_trace": "CH1",
        "other_payer_count": 0,
        "prior_payer_paid_amount": None,
    }
    assert {name: claim[name] for name in expected} == expected


def test_the_next_subscriber_is_not_the_last_dependent() -> None:
    second = ("HL*4*1*22*0", "SBR*P*18*******CI", "NM1*IL*1*AMARI*JO****MI*M300", "DMG*D8*19800203*U")
    content = claims(*HEADER, *SUBSCRIBER, *DEPENDENT, *PROFESSIONAL, *second, "CLM*ACCT3*10***11:B:1")
    assert picked(rows(content, "claims_837"), "claim_id", "patient_last_name", "patient_birth_date") == [
        ("ACCT1", "HOLLOWAY", date(2010, 5, 6)),
        ("ACCT3", "AMARI", date(1980, 2, 3)),
    ]
    assert rows(content, "claims_837")[1]["payer_id"] is None


def test_a_party_of_the_subscriber_ends_the_dependent() -> None:
    content = claims(*HEADER, *SUBSCRIBER, *DEPENDENT[:2], "NM1*XX*1*HOLLOWAY*BEN", *PROFESSIONAL)
    assert picked(rows(content, "claims_837"), "relationship_code", "patient_first_name") == [(None, "TESS")]


def test_lines_have_codes_pointers_dates_drugs_and_their_own_provider() -> None:
    found = rows(claims(*HEADER, *SUBSCRIBER, *PROFESSIONAL), "claims_837_line")
    assert picked(
        found, "line_number", "procedure_code", "modifiers", "charge_amount", "diagnosis_pointers"
    ) == [
        (1, "99214", "25 GT", Decimal("100.25"), "1 2"),
        (2, "85025", None, Decimal("50.25"), "1"),
    ]
    assert picked(found, "service_from", "service_to", "line_control_number", "ndc", "rendering_npi") == [
        (date(2026, 1, 2), date(2026, 1, 2), "L1", None, None),
        (date(2026, 1, 2), date(2026, 1, 4), None, "00011122233", "1888888888"),
    ]


def test_an_institutional_claim_has_stay_references_codes_and_providers() -> None:
    [claim] = rows(claims(*HEADER, *SUBSCRIBER, *INSTITUTIONAL, version="005010X223A2"), "claims_837")
    expected = {
        "claim_type": "institutional",
        "statement_from": date(2026, 1, 1),
        "statement_to": date(2026, 1, 5),
        "admission_date": date(2026, 1, 1),
        "discharge_date": None,
        "admit_type": "1",
        "admit_source": "7",
        "discharge_status": "01",
        "frequency_code": "7",
        "original_reference": "PCN1",
        "auth_number": "AUTH3",
        "medical_record_number": "MRN5",
        "drg_code": "193",
        "principal_diagnosis": "J189",
        "admitting_diagnosis": "R05",
        "patient_paid_amount": Decimal("25.00"),
        "attending_npi": "1992999999",
        "operating_npi": "1888888888",
        "prior_payer_paid_amount": Decimal("401.00"),
        "other_payer_count": 2,
        "subscriber_id": "M100",
        "payer_id": "60054",
    }
    assert {name: claim[name] for name in expected} == expected


def test_diagnoses_are_listed_in_order_with_present_on_admission() -> None:
    found = rows(claims(*HEADER, *SUBSCRIBER, *INSTITUTIONAL), "claims_837_diagnosis")
    assert picked(found, "ordinal", "qualifier", "code", "poa_indicator") == [
        (1, "ABK", "J189", "Y"),
        (2, "ABJ", "R05", None),
        (3, "ABF", "E119", "N"),
        (4, "ABF", "I10", "U"),
    ]


def test_procedures_of_a_claim_are_listed_in_order_with_their_day() -> None:
    others = ("HI*BBQ:0W9G3ZZ:D8:20260103*BBQ:3E0G76Z",)
    place = INSTITUTIONAL.index("HI*BBR:0BJ08ZZ:D8:20260102") + 1
    found = rows(
        claims(*HEADER, *SUBSCRIBER, *INSTITUTIONAL[:place], *others, *INSTITUTIONAL[place:]),
        "claims_837_procedure",
    )
    assert picked(found, "qualifier", "code", "code_date") == [
        ("BBR", "0BJ08ZZ", date(2026, 1, 2)),
        ("BBQ", "0W9G3ZZ", date(2026, 1, 3)),
        ("BBQ", "3E0G76Z", None),
    ]
    assert [row["ordinal"] for row in found] == sorted(row["ordinal"] for row in found)


def test_other_payers_keep_what_they_paid() -> None:
    found = rows(claims(*HEADER, *SUBSCRIBER, *INSTITUTIONAL), "claims_837_other_payer")
    assert picked(found, "payer_sequence", "payer_id", "paid_amount", "remaining_amount") == [
        ("S", "MC1", Decimal("400.10"), Decimal("20.00")),
        ("T", "MD1", Decimal("0.90"), None),
    ]


def test_dental_lines_are_read() -> None:
    dental = ("CLM*ACCT4*80***11:B:1*Y*A*Y*Y", "LX*1", "SV3*AD:D1110*80****1", "TOO*JP*12")
    found = claims(*HEADER, *SUBSCRIBER, *dental, version="005010X224A2")
    assert rows(found, "claims_837")[0]["claim_type"] == "dental"
    assert picked(rows(found, "claims_837_line"), "procedure_code", "charge_amount", "units") == [
        ("D1110", Decimal("80.00"), Decimal("1.000"))
    ]


def test_a_row_says_where_its_loop_stands_in_the_file() -> None:
    content = claims(*HEADER, *SUBSCRIBER, *PROFESSIONAL)
    [claim] = rows(content, "claims_837")
    text = content[claim["byte_offset"] : claim["byte_offset"] + claim["byte_length"]].decode()
    assert text.startswith("CLM*ACCT1*") and text.endswith("XX*1888888888~")
    assert content.split(b"~")[claim["source_row"] - 1].strip().startswith(b"CLM*ACCT1")


@pytest.mark.parametrize(
    ("version", "kind"), [("004010X098A1", "professional"), ("004010X096A1", "institutional")]
)
def test_4010_reads_alike_and_keeps_its_implementation(version: str, kind: str) -> None:
    header = tuple(
        item.replace("XX*1234567893", "24*741234567") for item in HEADER if not item.startswith("REF")
    )
    found = reading(
        claims(*header, *SUBSCRIBER, "CLM*A*5***11::1", "LX*1", "SV1*HC:1*5*UN*1", version=version)
    )
    [claim] = rows(found, "claims_837")
    assert (claim["claim_type"], claim["billing_tax_id"], claim["billing_npi"]) == (kind, "741234567", None)
    assert found.transactions[0].implementation == version


def test_a_line_without_lx_and_a_second_service_in_one_line_are_lines_too() -> None:
    lines = ("CLM*A*30***11:B:1", "SV1*HC:1*10*UN*1", "LX*1", "SV1*HC:2*10*UN*1", "SV1*HC:3*10*UN*1")
    found = reading(claims(*HEADER, *SUBSCRIBER, *lines))
    numbered = picked(rows(found, "claims_837_line"), "line_no", "procedure_code")
    assert numbered == [(1, "1"), (2, "2"), (3, "3")]


def test_a_service_outside_any_claim_is_told() -> None:
    found = reading(claims(*HEADER, *SUBSCRIBER, "SV1*HC:1*10*UN*1"))
    assert [(item.rule, item.segment) for item in found.findings] == [("X12-11", "SV1")]


def test_a_claim_whose_lines_do_not_add_up_is_told_and_stays() -> None:
    assert reading(claims(*HEADER, *SUBSCRIBER, *PROFESSIONAL)).findings == ()
    off = [item.replace("CLM*ACCT1*150.5*", "CLM*ACCT1*150.6*") for item in PROFESSIONAL]
    found = reading(claims(*HEADER, *SUBSCRIBER, *off))
    assert [(item.rule, item.loop) for item in found.findings] == [("CLM-03", "2300")]
    assert len(found.tables["claims_837"]) == 1


@pytest.mark.parametrize(("payers", "status"), [(1, "accepted"), (2, "quarantined"), (12, "quarantined")])
def test_amounts_whose_sum_no_amount_holds_are_told(payers: int, status: str) -> None:
    others = [line for _ in range(payers) for line in ("SBR*S*18", "AMT*D*9999999999999999.99")]
    lines = ("CLM*A*10***11:B:1", *others, "LX*1", "SV1*HC:99214*10*UN*1")
    found = reading(interchange(transaction("837", *HEADER, *SUBSCRIBER, *lines)))
    assert [item.status for item in found.transactions] == [status]
    told = [item.reason for item in found.findings if item.rule == "X12-08"]
    reason = "claims_837.prior_payer_paid_amount (sum of 2320 AMT*D 02) is not an amount"
    assert [item.partition(" that fits")[0] for item in told] == [reason] * (status == "quarantined")
