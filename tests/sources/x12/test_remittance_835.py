from datetime import date
from decimal import Decimal

from interchange import interchange, picked, reading, rows, transaction

PAYMENT = (
    "BPR*I*645.00*C*ACH*CCP*01*011*DA*33*1512345678**01*022*DA*44*20260301",
    "TRN*1*TRACE77*1512345678",
    "DTM*405*20260228",
    "N1*PR*NORTH MUTUAL*XV*P-100",
    "REF*2U*NM01",
    "N1*PE*RIVER CLINIC*XX*1234567893",
    "REF*TJ*741234567",
)

CLAIM = (
    "LX*1",
    "CLP*ACCT1*1*1000*650*100*12*PCN1*11*1",
    "CAS*CO*45*200*1*253*13.00",
    "NM1*QC*1*HOLLOWAY*TESS****MI*M100",
    "NM1*82*1*OKORO*IDA****XX*1992999999",
    "MOA***N130*MA18",
    "DTM*232*20260101",
    "DTM*233*20260105",
    "SVC*HC:99214:25:GT*600*500**2",
    "DTM*472*20260102",
    "CAS*PR*1*60**2*40",
    "REF*6R*L1",
    "AMT*B6*560",
    "LQ*HE*N130",
    "LQ*HE*M15",
    "SVC*HC:85025*400*363*0300*1*HC:85027**3",
    "CAS*CO*97*37*2",
    "DTM*150*20260103",
    "DTM*151*20260104",
    "PLB*1234567893*20261231*WO:REF9*10*L6*-5.00",
)


def remittance(*segments: str) -> bytes:
    return interchange(transaction("835", *segments))


def test_a_remittance_gives_its_payment_with_payer_and_payee() -> None:
    [payment] = rows(remittance(*PAYMENT, *CLAIM), "era_835_transaction")
    expected = {
        "transaction_no": 1,
        "payment_amount": Decimal("645.00"),
        "payment_date": date(2026, 3, 1),
        "production_date": date(2026, 2, 28),
        "trace_number": "TRACE77",
        "payer_originator_id": "1512345678",
        "payer_name": "NORTH MUTUAL",
        "payer_id": "P-100",
        "payer_additional_id": "NM01",
        "payee_npi": "1234567893",
        "payee_tax_id": "741234567",
    }
    assert {name: payment[name] for name in expected} == expected


def test_a_claim_carries_its_amounts_people_dates_and_remarks() -> None:
    [claim] = rows(remittance(*PAYMENT, *CLAIM), "era_835")
    expected = {
        "claim_id": "ACCT1",
        "claim_no": 1,
        "clp_ordinal": 1,
        "charge_amount": Decimal("1000.00"),
        "paid_amount": Decimal("650.00"),
        "patient_resp_amount": Decimal("100.00"),
        "payer_claim_control_number": "PCN1",
        "patient_last_name": "HOLLOWAY",
        "patient_member_id": "M100",
        "rendering_npi": "1992999999",
        "statement_from": date(2026, 1, 1),
        "statement_to": date(2026, 1, 5),
        "remark_codes": "N130 MA18",
    }
    assert {name: claim[name] for name in expected} == expected


def test_service_lines_keep_codes_modifiers_units_and_dates() -> None:
    found = rows(remittance(*PAYMENT, *CLAIM), "era_835_service")
    assert picked(found, "service_no", "svc_ordinal", "procedure_code", "modifiers", "units_paid") == [
        (1, 1, "99214", "25 GT", Decimal("2.000")),
        (2, 2, "85025", None, Decimal("1.000")),
    ]
    assert picked(found, "revenue_code", "submitted_code", "units_submitted", "remark_codes") == [
        (None, None, None, "N130 M15"),
        ("0300", "85027", None, None),
    ]
    assert picked(found, "service_date", "service_to", "line_control_number", "allowed_amount") == [
        (date(2026, 1, 2), date(2026, 1, 2), "L1", Decimal("560.00")),
        (date(2026, 1, 3), date(2026, 1, 4), None, None),
    ]


def test_every_reason_of_a_cas_is_a_row_at_its_own_level() -> None:
    found = rows(remittance(*PAYMENT, *CLAIM), "era_835_adjustment")
    assert picked(
        found, "level", "service_no", "cas_ordinal", "group_code", "carc", "amount", "quantity"
    ) == [
        ("claim", None, 1, "CO", "45", Decimal("200.00"), Decimal("1.000")),
        ("claim", None, 2, "CO", "253", Decimal("13.00"), None),
        ("line", 1, 1, "PR", "1", Decimal("60.00"), None),
        ("line", 1, 2, "PR", "2", Decimal("40.00"), None),
        ("line", 2, 1, "CO", "97", Decimal("37.00"), Decimal("2.000")),
    ]


def test_six_reasons_in_one_cas_are_all_read() -> None:
    reasons = "*".join(f"{code}*{code}.10*{code}" for code in (1, 2, 3, 4, 5, 6))
    found = rows(remittance(*PAYMENT, *CLAIM[:2], f"CAS*PR*{reasons}", CLAIM[-1]), "era_835_adjustment")
    assert picked(found, "carc", "amount") == [(str(n), Decimal(f"{n}.10")) for n in range(1, 7)]


def test_every_pair_of_a_plb_is_a_row() -> None:
    found = rows(remittance(*PAYMENT, *CLAIM), "era_835_provider_adjustment")
    assert picked(found, "plb_ordinal", "provider_id", "reason_code", "reference_id", "amount") == [
        (1, "1234567893", "WO", "REF9", Decimal("10.00")),
        (2, "1234567893", "L6", None, Decimal("-5.00")),
    ]


def test_a_remittance_that_does_not_balance_is_held_whole() -> None:
    other = transaction("835", *PAYMENT, *CLAIM, control="0002")
    broken = transaction("835", PAYMENT[0].replace("645.00", "645.02"), *PAYMENT[1:], *CLAIM)
    found = reading(interchange(broken, other))
    assert [item.status for item in found.transactions] == ["quarantined", "accepted"]
    assert found.transactions[0].reason_code == "ERA-01"
    assert found.transactions[0].reason == (
        "remittance does not balance: payment 645.02, claims 650.00, provider adjustments 5.00"
    )
    assert picked(rows(found, "era_835"), "transaction_no", "claim_no") == [(2, 2)]
    assert len(found.tables["era_835_adjustment"]) == 5


def test_a_cent_is_within_the_tolerance() -> None:
    found = reading(remittance(PAYMENT[0].replace("645.00", "645.01"), *PAYMENT[1:], *CLAIM))
    assert found.transactions[0].status == "accepted"


def test_a_negative_payment_is_held() -> None:
    found = reading(remittance("BPR*I*-5*C*NON", "TRN*1*T*1", "PLB*1*20261231*WO:X*5"))
    assert found.transactions[0].reason_code == "ERA-04"


def test_a_remittance_without_payment_segment_is_held() -> None:
    found = reading(remittance("TRN*1*T*1", "CLP*A*1*10*0"))
    assert (found.transactions[0].status, found.transactions[0].reason_code) == ("quarantined", "X12-07")


def test_a_reversal_keeps_its_negative_amounts() -> None:
    reversal = ("BPR*I*0*C*NON", "TRN*1*T*1", "CLP*A*22*-1000*-600", "CAS*CO*45*-300", "CAS*PR*2*-100")
    found = reading(remittance(*reversal, "PLB*1*20261231*WO:A*-600"))
    assert picked(rows(found, "era_835"), "charge_amount", "paid_amount") == [
        (Decimal("-1000.00"), Decimal("-600.00"))
    ]
    assert sum(row["amount"] for row in rows(found, "era_835_adjustment")) == Decimal("-400.00")


def test_an_amount_that_is_none_holds_the_transaction() -> None:
    found = reading(remittance(*PAYMENT, *CLAIM[:1], CLAIM[1].replace("1000", "10O0"), CLAIM[-1]))
    assert (found.transactions[0].status, found.transactions[0].reason_code) == ("quarantined", "X12-08")


def test_a_date_that_is_none_is_null_and_told() -> None:
    found = reading(remittance(PAYMENT[0].replace("20260301", "20260230"), *PAYMENT[1:], *CLAIM))
    assert rows(found, "era_835_transaction")[0]["payment_date"] is None
    assert [item.rule for item in found.findings] == ["X12-09"]


def test_amounts_are_exact_to_the_cent() -> None:
    texts = ("0.1", ".2", "-.03", "9999999999999.99", "+4", "5.", "6.700", "0007")
    claims = tuple(f"CLP*A*1*{text}*0" for text in texts)
    found = rows(remittance("BPR*I*0*C*NON", "TRN*1*T*1", *claims), "era_835")
    assert [row["charge_amount"] for row in found] == [
        Decimal(text)
        for text in ("0.10", "0.20", "-0.03", "9999999999999.99", "4.00", "5.00", "6.70", "7.00")
    ]


def told(content: bytes) -> list[tuple[str, str]]:
    return [(item.rule, item.segment) for item in reading(content).findings]


# Twenty amounts whose cents are 2 ** 64 and 500 more: 64 bits hold only the 500.
WRAPPED = ["9223372036854775.80"] * 19 + ["9223372036854780.96"]


def test_amounts_that_64_bits_cannot_hold_balance_with_nothing() -> None:
    assert sum(int(amount.replace(".", "")) for amount in WRAPPED) == 2**64 + 500
    paid = [f"CLP*A{number}*1*{amount}*{amount}*0*12" for number, amount in enumerate(WRAPPED)]
    [item] = reading(remittance("BPR*I*5*C", "TRN*1*T1*1512345678", *paid)).transactions
    assert (item.status, item.reason_code) == ("quarantined", "ERA-01")
    lines = [f"SVC*HC:99213*{amount}*0" for amount in WRAPPED]
    found = reading(remittance("BPR*I*0*C", "TRN*1*T1*1512345678", "CLP*A*1*5*0*5*12", *lines))
    assert "CLP-03" in {finding.rule for finding in found.findings}


def test_claims_and_lines_that_do_not_balance_are_told_and_stay() -> None:
    assert told(remittance(*PAYMENT, *CLAIM)) == []
    line = [item.replace("CAS*PR*1*60", "CAS*PR*1*61") for item in CLAIM]
    assert told(remittance(*PAYMENT, *line)) == [("CLP-01", "CLP"), ("SVC-01", "SVC")]
    charge = [item.replace("SVC*HC:85025*400*363", "SVC*HC:85025*401*364") for item in CLAIM]
    assert told(remittance(*PAYMENT, *charge)) == [("CLP-03", "CLP")]


def test_codes_outside_their_list_are_told() -> None:
    odd = [item.replace("CAS*CO*97", "CAS*CR*97").replace("CLP*ACCT1*1*", "CLP*ACCT1*5*") for item in CLAIM]
    assert told(remittance(*PAYMENT, *odd)) == [("X12-13", "CLP"), ("X12-13", "CAS")]
