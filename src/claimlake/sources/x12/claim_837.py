"""The 837 claim: institutional, professional and dental (005010X222, X223, X224; 004010 reads alike)."""

from claimlake.sources.x12 import child
from claimlake.sources.x12.spec import (
    Loop,
    Repeat,
    Table,
    Transaction,
    coded,
    day,
    envelope,
    in_loop,
    moment,
    money,
    number,
    ordinal,
    pick,
    quantity,
    tally,
    text,
    total,
    whole,
)

DIAGNOSES = ("BK", "ABK", "BF", "ABF", "BJ", "ABJ", "PR", "APR", "BN", "ABN")
PROCEDURES = ("BR", "BBR", "BQ", "BBQ", "BP", "BO")

LOOPS = (
    Loop("1000A", ("NM1*41",)),
    Loop("1000B", ("NM1*40",)),
    Loop("2000A", ("HL*20",), is_row=True),
    Loop("2010A", ("NM1*85", "NM1*87", "NM1*PE", "NM1*DQ"), inside=("2000A",)),
    Loop("2000B", ("HL*22",), inside=("2000A", "ST"), is_row=True),
    Loop("2010BA", ("NM1*IL",), inside=("2000B",)),
    Loop("2010BB", ("NM1*PR",), inside=("2000B",)),
    Loop("2010BC", ("NM1",), inside=("2000B",)),
    Loop("2000C", ("HL*23",), inside=("2000B", "2000A"), is_row=True),
    Loop("2010CA", ("NM1*QC",), inside=("2000C",)),
    Loop("2300", ("CLM",), inside=("2000B", "2000C", "2000A", "ST"), is_row=True),
    Loop("2310", ("NM1",), inside=("2300",)),
    Loop("2320", ("SBR",), inside=("2300",), is_row=True),
    Loop("2330A", ("NM1*IL",), inside=("2320",)),
    Loop("2330B", ("NM1*PR",), inside=("2320",)),
    Loop("2330", ("NM1",), inside=("2320",)),
    Loop("2400", ("LX",), inside=("2300",), is_row=True, body=("SV1", "SV2", "SV3")),
    Loop("2410", ("LIN",), inside=("2400",)),
    Loop("2420", ("NM1",), inside=("2400",)),
    Loop("2430", ("SVD",), inside=("2400",), is_row=True),
    Loop("2440", ("LQ",), inside=("2400",)),
)

# HI holds a list of composites: qualifier, code, and for some a date or range, an amount, a quantity.
CODE = Table(
    "claims_837_code",
    "one code of a claim (HI): diagnosis, procedure, DRG, condition, occurrence, value",
    ("2300 HI",),
    (
        number("transaction_no", "ST"),
        number("claim_no", "2300"),
        ordinal("ordinal", "2300"),
        text("qualifier", "HI 01-1+"),
        text("code", "HI 01-2+"),
        day("code_date", "HI 01-4+"),
        day("code_date_to", "HI 01-4+", is_last=True),
        money("amount", "HI 01-5+"),
        quantity("quantity", "HI 01-6+"),
        text("poa_indicator", "HI 01-9+"),
    ),
    repeat=Repeat(1, 1, 1000),
    needs=("code",),
)

DIAGNOSIS = Table(
    "claims_837_diagnosis",
    "one diagnosis of a claim (HI)",
    ("2300 HI",),
    (
        number("transaction_no", "ST"),
        number("claim_no", "2300"),
        ordinal("ordinal", "2300"),
        text("qualifier", "HI 01-1+"),
        text("code", "HI 01-2+"),
        text("poa_indicator", "HI 01-9+"),
    ),
    repeat=Repeat(1, 1, 1000),
    needs=("code",),
    only=("HI 01-1+", tuple(item.encode() for item in DIAGNOSES)),
)

PROCEDURE = Table(
    "claims_837_procedure",
    "one procedure of a claim as a whole (HI)",
    ("2300 HI",),
    (
        number("transaction_no", "ST"),
        number("claim_no", "2300"),
        ordinal("ordinal", "2300"),
        text("qualifier", "HI 01-1+"),
        text("code", "HI 01-2+"),
        day("code_date", "HI 01-4+"),
    ),
    repeat=Repeat(1, 1, 1000),
    needs=("code",),
    only=("HI 01-1+", tuple(item.encode() for item in PROCEDURES)),
)

CLAIM = Table(
    "claims_837",
    "one claim as submitted (loop 2300)",
    ("2300",),
    (
        number("transaction_no", "ST"),
        number("claim_no", "2300"),
        envelope("claim_type"),
        text("batch_reference", "ST BHT 03"),
        moment("submitted_at", "ST BHT 04:05"),
        text("purpose_code", "ST BHT 02"),
        text("transaction_type", "ST BHT 06"),
        envelope("control_number"),
        envelope("interchange_control"),
        text("submitter_id", "1000A NM1*41 09"),
        text("receiver_id", "1000B NM1*40 09"),
        text("billing_name", "2010A NM1*85 03"),
        text("billing_npi", "2010A NM1*85 09 ?08=XX"),
        text(
            "billing_tax_id",
            "2010A REF*EI|SY|TJ 02",
            "2010A NM1*85 09 ?08=24",
            "2010A NM1*85 09 ?08=34",
        ),
        text("billing_taxonomy", "2000A PRV*BI 03"),
        coded("payer_sequence", "2000B SBR 01", *"PSTABCDEFGHU"),
        text("relationship_code", "2000C PAT 01", "2000B SBR 02"),
        text("group_number", "2000B SBR 03"),
        text("filing_indicator", "2000B SBR 09"),
        text("subscriber_id", "2010BA NM1*IL 09", phi=True),
        text("subscriber_last_name", "2010BA NM1*IL 03", phi=True),
        text("subscriber_first_name", "2010BA NM1*IL 04", phi=True),
        day("subscriber_birth_date", "2010BA DMG 02", phi=True),
        text("subscriber_sex", "2010BA DMG 03"),
        text("patient_last_name", "2010CA NM1*QC 03", "2010BA NM1*IL 03", phi=True, by_row=True),
        text("patient_first_name", "2010CA NM1*QC 04", "2010BA NM1*IL 04", phi=True, by_row=True),
        day("patient_birth_date", "2010CA DMG 02", "2010BA DMG 02", phi=True, by_row=True),
        text("patient_sex", "2010CA DMG 03", "2010BA DMG 03", by_row=True),
        text("payer_name", "2010BB NM1*PR 03"),
        text("payer_id", "2010BB NM1*PR 09"),
        text("claim_id", "2300 CLM 01"),
        money("total_charge_amount", "2300 CLM 02"),
        text("facility_type_code", "2300 CLM 05-1"),
        text("facility_qualifier", "2300 CLM 05-2"),
        text("frequency_code", "2300 CLM 05-3"),
        text("assignment_code", "2300 CLM 07"),
        text("delay_reason_code", "2300 CLM 20"),
        day("statement_from", "2300 DTP*434 03"),
        day("statement_to", "2300 DTP*434 03", is_last=True),
        day("admission_date", "2300 DTP*435 03"),
        day("discharge_date", "2300 DTP*096 03 ?02=D8", "2300 DTP*096 03 ?02=DT"),
        text("admit_type", "2300 CL1 01"),
        text("admit_source", "2300 CL1 02"),
        text("discharge_status", "2300 CL1 03"),
        text("original_reference", "2300 REF*F8 02"),
        text("auth_number", "2300 REF*G1 02"),
        text("referral_number", "2300 REF*9F 02"),
        text("clearinghouse_trace", "2300 REF*D9 02"),
        text("medical_record_number", "2300 REF*EA 02", phi=True),
        pick("drg_code", CODE, "DR"),
        pick("principal_diagnosis", CODE, "BK", "ABK"),
        pick("admitting_diagnosis", CODE, "BJ", "ABJ"),
        money("patient_paid_amount", "2300 AMT*F5 02"),
        text("attending_npi", "2310 NM1*71 09 ?08=XX"),
        text("rendering_npi", "2310 NM1*82 09 ?08=XX"),
        text("referring_npi", "2310 NM1*DN|P3 09 ?08=XX"),
        text("operating_npi", "2310 NM1*72 09 ?08=XX"),
        text("facility_npi", "2310 NM1*77|FA|LI|TL 09 ?08=XX"),
        total("prior_payer_paid_amount", "2320 AMT*D 02"),
        tally("other_payer_count", "2320"),
    ),
)

LINE = Table(
    "claims_837_line",
    "one service line as submitted (loop 2400)",
    ("2400",),
    (
        number("transaction_no", "ST"),
        number("claim_no", "2300"),
        number("line_no", "2400"),
        whole("line_number", "2400 LX 01"),
        text("revenue_code", "2400 SV2 01"),
        text("procedure_qualifier", "2400 SV1 01-1", "2400 SV2 02-1", "2400 SV3 01-1"),
        text("procedure_code", "2400 SV1 01-2", "2400 SV2 02-2", "2400 SV3 01-2"),
        text("modifiers", "2400 SV1 01-3:6", "2400 SV2 02-3:6", "2400 SV3 01-3:6", is_list=True),
        money("charge_amount", "2400 SV1 02", "2400 SV2 03", "2400 SV3 02"),
        text("unit_basis", "2400 SV1 03", "2400 SV2 04"),
        quantity("units", "2400 SV1 04", "2400 SV2 05", "2400 SV3 06"),
        text("place_of_service", "2400 SV1 05", "2400 SV3 03"),
        text("diagnosis_pointers", "2400 SV1 07-1:4", "2400 SV3 11-1:4", is_list=True),
        day("service_from", "2400 DTP*472 03"),
        day("service_to", "2400 DTP*472 03", is_last=True),
        text("line_control_number", "2400 REF*6R 02"),
        text("ndc", "2410 LIN 03 ?02=N4"),
        text("rendering_npi", "2420 NM1*82 09 ?08=XX"),
    ),
)

OTHER_PAYER = Table(
    "claims_837_other_payer",
    "one other payer of a claim and what it has paid (loop 2320)",
    ("2320",),
    (
        number("transaction_no", "ST"),
        number("claim_no", "2300"),
        number("other_payer_no", "2320"),
        text("payer_sequence", "2320 SBR 01"),
        text("filing_indicator", "2320 SBR 09"),
        text("payer_id", "2330B NM1*PR 09"),
        text("payer_name", "2330B NM1*PR 03"),
        money("paid_amount", "2320 AMT*D 02"),
        money("remaining_amount", "2320 AMT*EAF 02"),
    ),
)

KEYS = (
    number("transaction_no", "ST"),
    number("billing_no", "2000A"),
    number("subscriber_no", "2000B"),
    number("patient_no", "2000C"),
    number("claim_no", "2300"),
    number("other_payer_no", "2320"),
    number("line_no", "2400"),
)
HEADERS = ("1000A", "1000B", "2010A", "2010BA", "2010BB", "2010BC", "2010CA")
OF_CLAIM = ("2300", "2310", "2320", "2330A", "2330B", "2330", "2400", "2410", "2420", "2430")

HIERARCHY = Table(
    "claims_837_hierarchy",
    "the billing provider, subscriber and patient around a claim",
    ("2300",),
    KEYS[:5],
)

# COB: what other payers decided, for the claim (2320) and for its lines (2430).
DECISION = Table(
    "claims_837_line_adjudication",
    "one other payer's decision on a line (loop 2430)",
    ("2430",),
    (
        *KEYS[:1],
        *KEYS[4:5],
        *KEYS[6:],
        number("adjudication_no", "2430"),
        text("payer_id", "2430 SVD 01"),
        money("paid_amount", "2430 SVD 02"),
        text("procedure_qualifier", "2430 SVD 03-1"),
        text("procedure_code", "2430 SVD 03-2"),
        text("modifiers", "2430 SVD 03-3:6", is_list=True),
        text("revenue_code", "2430 SVD 04"),
        quantity("units_paid", "2430 SVD 05"),
        text("bundled_line_number", "2430 SVD 06"),
        day("adjudication_date", "2430 DTP*573 03"),
        money("remaining_amount", "2430 AMT*EAF 02"),
    ),
)

ADJUSTMENT = Table(
    "claims_837_adjustment",
    "one reason of another payer's adjustment (CAS)",
    ("2320 CAS", "2430 CAS"),
    (
        *KEYS[:1],
        *KEYS[4:],
        number("adjudication_no", "2430"),
        in_loop("level", _2320="claim", _2430="line"),
        ordinal("cas_ordinal", "2320", "2430"),
        text("group_code", "CAS 01"),
        text("carc", "CAS 02+"),
        money("amount", "CAS 03+"),
        quantity("quantity", "CAS 04+"),
    ),
    repeat=Repeat(2, 3, 6),
    needs=("carc", "amount"),
)

TOOTH = Table(
    "claims_837_tooth",
    "one tooth of a dental line (TOO)",
    ("2400 TOO",),
    (*KEYS[:1], *KEYS[4:5], *KEYS[6:], text("tooth", "TOO 02"), text("surfaces", "TOO 03-1:5", is_list=True)),
)

NOTE = Table(
    "claims_837_note",
    "one note (NTE)",
    ("2300 NTE", "2400 NTE"),
    (*KEYS[:1], *KEYS[4:5], *KEYS[6:], text("reference_code", "NTE 01"), text("note", "NTE 02", phi=True)),
)

DETAILS = (
    CODE,
    HIERARCHY,
    DECISION,
    ADJUSTMENT,
    TOOTH,
    NOTE,
    child.references("claims_837_reference", HEADERS + OF_CLAIM, KEYS),
    child.dates("claims_837_date", "DTP", OF_CLAIM, KEYS),
    child.amounts("claims_837_amount", ("2300", "2320", "2400", "2430"), KEYS),
    child.quantities("claims_837_quantity", ("2300", "2320", "2400"), KEYS),
    child.parties("claims_837_party", HEADERS + OF_CLAIM, KEYS),
    child.addresses("claims_837_address", HEADERS + OF_CLAIM, KEYS),
    child.contacts("claims_837_contact", HEADERS + OF_CLAIM, KEYS),
)

CLAIM_837 = Transaction(
    "837",
    "claim",
    LOOPS,
    (CLAIM, LINE, DIAGNOSIS, PROCEDURE, OTHER_PAYER),
    DETAILS,
    needs=("ST BHT 03",),
    pieces=("2300",),
    watched=("CLM", "SV1", "SV2", "SV3"),
)
