"""The 835 claim payment: payment, claims, services, adjustments (005010X221A1; 004010X091A1 reads alike)."""

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
    joined,
    money,
    number,
    ordinal,
    quantity,
    text,
    weight,
)

LOOPS = (
    Loop("1000A", ("N1*PR",)),
    Loop("1000B", ("N1*PE",)),
    Loop("2000", ("LX",)),
    Loop("2100", ("CLP",), inside=("2000", "ST"), is_row=True),
    Loop("2110", ("SVC",), inside=("2100",), is_row=True),
    Loop("PLB", ("PLB",)),
)

PAYMENT = Table(
    "era_835_transaction",
    "one payment (BPR): a check, an EFT or a notice without payment",
    ("ST",),
    (
        number("transaction_no", "ST"),
        text("handling_code", "ST BPR 01"),
        money("payment_amount", "ST BPR 02"),
        text("credit_debit", "ST BPR 03"),
        text("payment_method", "ST BPR 04"),
        day("payment_date", "ST BPR 16"),
        text("trace_number", "ST TRN 02"),
        text("payer_originator_id", "ST TRN 03"),
        day("production_date", "ST DTM*405 02"),
        text("receiver_id", "ST REF*EV 02"),
        envelope("control_number"),
        text("payer_name", "1000A N1*PR 02"),
        text("payer_id_qualifier", "1000A N1*PR 03"),
        text("payer_id", "1000A N1*PR 04"),
        text("payer_additional_id", "1000A REF*2U 02"),
        text("payee_name", "1000B N1*PE 02"),
        text("payee_id_qualifier", "1000B N1*PE 03"),
        text("payee_id", "1000B N1*PE 04"),
        text("payee_npi", "1000B N1*PE 04 ?03=XX"),
        text("payee_tax_id", "1000B N1*PE 04 ?03=FI", "1000B REF*TJ 02"),
    ),
)

CLAIM = Table(
    "era_835",
    "one adjudicated claim (CLP)",
    ("2100",),
    (
        number("transaction_no", "ST"),
        number("claim_no", "2100"),
        ordinal("clp_ordinal", "ST"),
        text("claim_id", "2100 CLP 01"),
        coded("status_code", "2100 CLP 02", *["1", "2", "3", "4", "19", "20", "21", "22", "23", "25"]),
        money("charge_amount", "2100 CLP 03"),
        money("paid_amount", "2100 CLP 04"),
        money("patient_resp_amount", "2100 CLP 05"),
        text("filing_indicator", "2100 CLP 06"),
        text("payer_claim_control_number", "2100 CLP 07"),
        text("facility_type_code", "2100 CLP 08"),
        text("frequency_code", "2100 CLP 09"),
        text("drg_code", "2100 CLP 11"),
        weight("drg_weight", "2100 CLP 12"),
        weight("discharge_fraction", "2100 CLP 13"),
        text("patient_last_name", "2100 NM1*QC 03", phi=True),
        text("patient_first_name", "2100 NM1*QC 04", phi=True),
        text("patient_member_id", "2100 NM1*QC 09", phi=True),
        text("subscriber_id", "2100 NM1*IL 09", phi=True),
        text("corrected_member_id", "2100 NM1*74 09", phi=True),
        text("rendering_npi", "2100 NM1*82 09 ?08=XX"),
        text("crossover_payer_name", "2100 NM1*TT 03"),
        money("coverage_amount", "2100 AMT*AU 02"),
        money("interest_amount", "2100 AMT*I 02"),
        day("claim_received_date", "2100 DTM*050 02"),
        day("statement_from", "2100 DTM*232 02"),
        day("statement_to", "2100 DTM*233 02"),
        day("coverage_expiry_date", "2100 DTM*036 02"),
        joined("remark_codes", "2100 MIA 05", "2100 MIA 20:23", "2100 MOA 03:07"),
    ),
)

SERVICE = Table(
    "era_835_service",
    "one adjudicated service line (SVC)",
    ("2110",),
    (
        number("transaction_no", "ST"),
        number("claim_no", "2100"),
        number("service_no", "2110"),
        ordinal("svc_ordinal", "2100"),
        text("procedure_qualifier", "2110 SVC 01-1"),
        text("procedure_code", "2110 SVC 01-2"),
        text("modifiers", "2110 SVC 01-3:6", is_list=True),
        money("charge_amount", "2110 SVC 02"),
        money("paid_amount", "2110 SVC 03"),
        text("revenue_code", "2110 SVC 04"),
        quantity("units_paid", "2110 SVC 05"),
        text("submitted_qualifier", "2110 SVC 06-1"),
        text("submitted_code", "2110 SVC 06-2"),
        quantity("units_submitted", "2110 SVC 07"),
        day("service_date", "2110 DTM*472 02", "2110 DTM*150 02"),
        day("service_to", "2110 DTM*151 02", "2110 DTM*472 02", is_last=True),
        text("line_control_number", "2110 REF*6R 02"),
        money("allowed_amount", "2110 AMT*B6 02"),
        joined("remark_codes", "2110 LQ*HE 02"),
        text("policy_id", "2110 REF*0K 02"),
    ),
)

# CAS02-04, 05-07, … 17-19: up to six reasons of one group; the claim and the line level never overlap.
ADJUSTMENT = Table(
    "era_835_adjustment",
    "one reason of a claim or line adjustment (CAS)",
    ("2100 CAS", "2110 CAS"),
    (
        number("transaction_no", "ST"),
        number("claim_no", "2100"),
        number("service_no", "2110"),
        in_loop("level", _2100="claim", _2110="line"),
        ordinal("cas_ordinal", "2110", "2100"),
        coded("group_code", "CAS 01", "CO", "OA", "PI", "PR"),
        text("carc", "CAS 02+"),
        money("amount", "CAS 03+"),
        quantity("quantity", "CAS 04+"),
    ),
    repeat=Repeat(2, 3, 6),
    needs=("carc", "amount"),
)

PROVIDER_ADJUSTMENT = Table(
    "era_835_provider_adjustment",
    "one adjustment of the payment that belongs to no claim (PLB)",
    ("PLB PLB",),
    (
        number("transaction_no", "ST"),
        ordinal("plb_ordinal", "ST"),
        text("provider_id", "PLB 01"),
        day("fiscal_period_date", "PLB 02"),
        text("reason_code", "PLB 03-1+"),
        text("reference_id", "PLB 03-2+"),
        money("amount", "PLB 04+"),
    ),
    repeat=Repeat(3, 2, 6),
    needs=("reason_code", "amount"),
)

KEYS = (number("transaction_no", "ST"), number("claim_no", "2100"), number("service_no", "2110"))
EVERYWHERE = ("ST", "1000A", "1000B", "2100", "2110")

SUMMARY = Table(
    "era_835_provider_summary",
    "one provider summary (TS3, TS2)",
    ("2000 TS3", "2000 TS2"),
    (
        number("transaction_no", "ST"),
        text("provider_id", "TS3 01"),
        text("facility_type_code", "TS3 02"),
        day("fiscal_period_date", "TS3 03"),
        quantity("claim_count", "TS3 04"),
        money("charge_amount", "TS3 05"),
        money("drg_amount", "TS2 01"),
        money("federal_amount", "TS2 02"),
        money("hospital_amount", "TS2 03"),
        money("disproportionate_share_amount", "TS2 04"),
        money("capital_amount", "TS2 05"),
        money("outlier_amount", "TS2 07"),
    ),
)

INPATIENT = Table(
    "era_835_inpatient",
    "the inpatient adjudication of a claim (MIA)",
    ("2100 MIA",),
    (
        *KEYS[:2],
        quantity("covered_days", "MIA 01"),
        money("outlier_amount", "MIA 02"),
        quantity("psychiatric_days", "MIA 03"),
        money("drg_amount", "MIA 04"),
        text("remark_code", "MIA 05"),
        money("disproportionate_share_amount", "MIA 06"),
        money("pass_through_amount", "MIA 07"),
        money("capital_amount", "MIA 08"),
        quantity("cost_report_days", "MIA 15"),
        money("education_amount", "MIA 18"),
        money("non_payable_amount", "MIA 19"),
        text("more_remark_codes", "MIA 20:23", is_list=True),
    ),
)

OUTPATIENT = Table(
    "era_835_outpatient",
    "the outpatient adjudication of a claim (MOA)",
    ("2100 MOA",),
    (
        *KEYS[:2],
        weight("reimbursement_rate", "MOA 01"),
        money("hcpcs_payable_amount", "MOA 02"),
        text("remark_codes", "MOA 03:07", is_list=True),
        money("end_stage_renal_amount", "MOA 08"),
        money("non_payable_amount", "MOA 09"),
    ),
)

REMARK = Table(
    "era_835_remark",
    "one remark of a service line (LQ)",
    ("2110 LQ",),
    (*KEYS, ordinal("ordinal", "2110"), text("code_list", "LQ 01"), text("code", "LQ 02")),
)

DETAILS = (
    SUMMARY,
    INPATIENT,
    OUTPATIENT,
    REMARK,
    child.references("era_835_reference", EVERYWHERE, KEYS),
    child.dates("era_835_date", "DTM", EVERYWHERE, KEYS),
    child.amounts("era_835_amount", ("2100", "2110"), KEYS),
    child.quantities("era_835_quantity", ("2100", "2110"), KEYS),
    child.parties("era_835_party", ("2100",), KEYS),
    child.addresses("era_835_address", ("1000A", "1000B"), KEYS[:1]),
    child.contacts("era_835_contact", ("1000A", "1000B", "2100"), KEYS[:2]),
)

REMITTANCE = Transaction(
    "835",
    "claim payment",
    LOOPS,
    (PAYMENT, CLAIM, SERVICE, ADJUSTMENT, PROVIDER_ADJUSTMENT),
    DETAILS,
    needs=("ST BPR 02", "ST TRN 02"),
    pieces=("2100",),
    watched=("BPR", "CLP", "SVC", "CAS", "PLB"),
)
