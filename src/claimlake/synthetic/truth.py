"""The hidden ledger: what really happened, event by event, in Parquet tables no SQL model ever reads.

`SCHEMA` names every table and column. Money is decimal(18,2) in dollars; dates end in `_on`, flags begin with
`is_`. Nothing after the last generated day is in any table: a reader on that day could know all of it.

Joins: `org_id` + `entity_id` + `account_id` name an account; `org_id` + `claim_no` a claim (one family);
`org_id` + `adjudication_no` one CLP; `org_id` + `submission_no` one transmission.

* A claim's CLPs are ordered by (remit_on, trace, ordinal). An adjudication is any status but 22; 22 names the
  CLP it takes back in `reverses_no`. The latest adjudication that no 22 reversed is the effective one.
* `adjustment.category` is the category after the remark override; null is no denial. CARC 150 of a downcoded
  line is a denial like any other.
* Balance of an account on a day: charges less transactions with `post_on` up to that day.
* Unapplied cash has no account: the deposit, and the same amount negative on the day it is applied.
* A downcoded line has `paid_code`; it may carry no denial.
* A coverage of order 2 exists for an account whether or not a secondary claim was ever sent.
* Contract terms are inclusive on both ends.
* `feed_total` counts what the further feeds deliver: rows by bronze table, and sums of some figures.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path

import duckdb
import numpy as np

from claimlake.synthetic.calendar import iso
from claimlake.synthetic.money import dollars

Value = str | int | bool | None
TYPES = {"text": "varchar", "date": "date", "money": "decimal(18,2)", "int": "bigint", "bool": "boolean"}

SCHEMA: dict[str, dict[str, tuple[str, str]]] = {
    "account": {
        "org_id": ("text", "tenant"),
        "entity_id": ("text", "billing company"),
        "account_id": ("text", "CLM01; repeats across entities"),
        "source_id": ("text", "EMR that holds it: source_system_id of its rows"),
        "encounter_id": ("text", "id in that EMR; repeats across EMRs"),
        "patient_id": ("text", "medical record number in that EMR; repeats across EMRs"),
        "billing_type": ("text", "HB or PB"),
        "encounter_class": ("text", "inpatient, observation, emergency, outpatient, office, telehealth"),
        "facility_id": ("text", "place of care"),
        "department_id": ("text", "as the EMR writes it"),
        "provider_id": ("text", "attending (HB) or rendering (PB) provider, as the EMR writes it"),
        "payer_id": (
            "text",
            "primary coverage after the crosswalk; self_pay without one, unmapped if unknown",
        ),
        "payer_class": ("text", "class of payer_id; other for unmapped"),
        "secondary_payer_id": ("text", "payer of coverage order 2; null without one"),
        "arrive_on": ("date", "arrival"),
        "discharge_on": ("date", "discharge; null while in house on the last day"),
        "final_bill_on": ("date", "final bill; null when not billed by the last day"),
        "is_auth_required": ("bool", "flag on the encounter"),
        "auth_status": (
            "text",
            "status of its authorization event: approved, denied, pending, not_required; null = none",
        ),
        "balance": ("money", "account balance on the last day"),
    },
    "charge": {
        "org_id": ("text", "tenant"),
        "entity_id": ("text", "entity of the account"),
        "account_id": ("text", "account"),
        "line_number": ("int", "line of the account and of its claims"),
        "service_on": ("date", "service day"),
        "post_on": ("date", "day it enters A/R; never after the last day"),
        "revenue_code": ("text", "null on professional charges"),
        "procedure_code": ("text", "null on revenue-code-only charges"),
        "units": ("int", "units"),
        "amount": ("money", "charge"),
    },
    "coverage": {
        "org_id": ("text", "tenant"),
        "entity_id": ("text", "entity of the account"),
        "account_id": ("text", "account"),
        "coverage_order": ("int", "1 primary, 2 secondary"),
        "payer_id": ("text", "payer after the crosswalk; unmapped if unknown"),
    },
    "claim": {
        "org_id": ("text", "tenant"),
        "claim_no": ("int", "number of the claim family in the tenant"),
        "entity_id": ("text", "entity of the account"),
        "account_id": ("text", "account"),
        "billing_type": ("text", "HB or PB"),
        "payer_id": ("text", "payer billed"),
        "payer_class": ("text", "class of the payer billed"),
        "payer_sequence": ("text", "P or S"),
        "primary_payer_id": ("text", "the account's primary payer"),
        "statement_from_on": ("date", "same on every claim of the account"),
        "statement_to_on": ("date", "same on every claim of the account"),
        "charge": ("money", "total charge"),
        "expected_allowed": (
            "money",
            "contract-expected allowed of this claim's payer; null when any line has no term",
        ),
        "is_auth_required": ("bool", "encounter flag, or an authorization event other than not_required"),
        "encounter_class": ("text", "class of the encounter"),
        "department_id": ("text", "as the EMR writes it"),
        "provider_id": ("text", "as the EMR writes it"),
        "facility_id": ("text", "place of care"),
        "first_submission_on": ("date", "first transmission"),
    },
    "claim_line": {
        "org_id": ("text", "tenant"),
        "claim_no": ("int", "claim"),
        "line_number": ("int", "LX01"),
        "line_control": ("text", "REF*6R"),
        "service_on": ("date", "DTP*472"),
        "revenue_code": ("text", "null on professional lines"),
        "procedure_code": ("text", "submitted code; null on revenue-code-only lines"),
        "modifier": ("text", "null without one"),
        "units": ("int", "units"),
        "charge": ("money", "line charge"),
        "expected_allowed": (
            "money",
            "fee times units capped at the charge, else charge times rate; null without a term",
        ),
    },
    "submission": {
        "org_id": ("text", "tenant"),
        "submission_no": ("int", "number in the tenant, in order of the story"),
        "claim_no": ("int", "claim"),
        "submit_on": ("date", "BHT04"),
        "frequency": ("text", "CLM05-3: 1 original or sent again, 7 replacement"),
        "original_control": ("text", "REF*F8; null on frequency 1"),
        "control": ("text", "payer claim control number given at acceptance; null when none"),
        "outcome": (
            "text",
            "accepted, rejected, acknowledged (clearinghouse only) or no_answer on the last day",
        ),
        "rejected_by": ("text", "clearinghouse or payer; null when not rejected"),
        "rejection_level": ("text", "claim, provider, batch (277CA) or set (999); null when not rejected"),
        "rejected_on": ("date", "date of the rejection; null when not rejected"),
        "clearinghouse_on": (
            "date",
            "clearinghouse 277CA, or the 999 of a refused set; null when not there yet",
        ),
        "payer_on": ("date", "payer 277CA; null when none"),
        "batch": ("text", "BHT03"),
    },
    "adjudication": {
        "org_id": ("text", "tenant"),
        "adjudication_no": ("int", "number in the tenant, in order of the story"),
        "claim_no": ("int", "claim"),
        "remit_on": ("date", "BPR16"),
        "trace": ("text", "TRN02"),
        "ordinal": ("int", "position of the CLP in its transaction, from 1"),
        "status": ("text", "CLP02"),
        "frequency": ("text", "CLP09"),
        "control": ("text", "CLP07"),
        "charge": ("money", "CLP03"),
        "paid": ("money", "CLP04"),
        "patient_share": ("money", "Σ PR adjustments"),
        "denied": ("money", "Σ positive denial adjustments; 0 on a reversal"),
        "reverses_no": ("int", "adjudication_no a status 22 takes back"),
    },
    "service": {
        "org_id": ("text", "tenant"),
        "adjudication_no": ("int", "CLP; inpatient and whole-claim denials have no service rows"),
        "line_number": ("int", "line it answers"),
        "charge": ("money", "SVC02"),
        "paid": ("money", "SVC03"),
        "paid_code": ("text", "adjudicated code where it differs from the submitted one, else null"),
        "remark_codes": ("text", "LQ*HE, space separated; null without"),
    },
    "adjustment": {
        "org_id": ("text", "tenant"),
        "adjudication_no": ("int", "CLP"),
        "level": ("text", "claim or line"),
        "line_number": ("int", "null at claim level"),
        "group_code": ("text", "CAS01"),
        "carc": ("text", "CAS02"),
        "amount": ("money", "CAS03; negative on reversals"),
        "remark_codes": ("text", "remarks that apply: of the line, else of the claim; null without"),
        "category": ("text", "denial category after remark override; null = not a denial code"),
        "is_rfi": ("bool", "request for information"),
    },
    "transaction": {
        "org_id": ("text", "tenant"),
        "source_id": ("text", "EMR"),
        "transaction_id": ("text", "id in that EMR; repeats across EMRs"),
        "entity_id": ("text", "entity"),
        "account_id": ("text", "null = unapplied cash"),
        "transaction_type": ("text", "payment, adjustment, refund"),
        "payment_source": ("text", "payer or patient; null on adjustments"),
        "payer_id": ("text", "payer; null on patient rows and write-offs"),
        "post_on": ("date", "post date"),
        "amount": ("money", "reduces A/R when positive"),
        "adjustment_type": ("text", "contractual, write-off, reversal; null on payments"),
        "writeoff_category": (
            "text",
            "none, denial, timely_filing, bad_debt, charity, uninsured_discount, small_balance",
        ),
        "trace": ("text", "TRN02 of the remittance it posts; null otherwise"),
        "reverses_id": ("text", "transaction it reverses"),
    },
    "work_event": {
        "org_id": ("text", "tenant"),
        "entity_id": ("text", "entity of the account"),
        "account_id": ("text", "account"),
        "item_id": ("text", "work item"),
        "event_type": ("text", "entered, touched, deferred, resolved"),
        "item_type": ("text", "edit, denial, appeal, followup"),
        "event_on": ("date", "day"),
    },
    "payment": {
        "org_id": ("text", "tenant"),
        "entity_id": ("text", "payee"),
        "payer_id": ("text", "payer"),
        "remit_on": ("date", "BPR16"),
        "trace": ("text", "TRN02"),
        "amount": ("money", "BPR02"),
    },
    "provider_adjustment": {
        "org_id": ("text", "tenant"),
        "trace": ("text", "TRN02"),
        "reason": ("text", "WO, FB or L6"),
        "reference": ("text", "PLB03-2"),
        "amount": ("money", "PLB04; positive reduces the payment"),
    },
    "gl_month": {
        "org_id": ("text", "tenant"),
        "entity_id": ("text", "entity"),
        "billing_type": ("text", "HB or PB"),
        "payer_class": ("text", "payer class"),
        "month_end_on": ("date", "last day of the month"),
        "measure": ("text", "gross_revenue, npsr, net_ar, bad_debt, charity, cash"),
        "amount": ("money", "ledger value"),
        "is_closed": ("bool", "false in the last month"),
    },
    "feed_total": {
        "org_id": ("text", "tenant"),
        "table_name": ("text", "bronze table without its layer"),
        "figure": ("text", "column that is added up"),
        "row_count": ("int", "rows delivered"),
        "total": ("money", "sum of the figure over them, dollars, hours or a count"),
    },
    "provider": {
        "org_id": ("text", "tenant"),
        "source_id": ("text", "EMR"),
        "entity_id": ("text", "entity"),
        "provider_id": ("text", "id in that EMR; repeats across EMRs"),
        "npi": ("text", "NPI"),
        "provider_type": ("text", "physician or app"),
        "fte_hundredths": ("int", "clinical FTE times 100, constant over the months"),
        "department_id": ("text", "as the EMR writes it"),
    },
}


def write_truth(folder: Path, tables: dict[str, list[tuple[Value, ...]]]) -> None:
    """Write one Parquet file per table of the schema; day ordinals become dates and cents become dollars."""
    folder.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(config={"threads": 1, "preserve_insertion_order": True}) as database:
        for name, columns in SCHEMA.items():
            rows = tables[name]
            values = zip(*rows, strict=True) if rows else [() for _ in columns]
            spelled = {
                column: _spell(kind, column_values)
                for (column, (kind, _)), column_values in zip(columns.items(), values, strict=True)
            }
            casts = ", ".join(
                f"cast({column} as {TYPES[kind]}) as {column}" for column, (kind, _) in columns.items()
            )
            database.register("spelled", spelled)
            path = str(folder / f"{name}.parquet").replace("'", "''")
            database.execute(
                f"copy (select {casts} from spelled) to '{path}' (format parquet, compression zstd)"
            )
            database.unregister("spelled")


def _spell(kind: str, values: Iterable[Value]) -> "np.ndarray[tuple[int], np.dtype[np.object_]]":
    column: Sequence[str | None]
    if kind == "date":
        column = [None if value is None else iso(int(value)) for value in values]
    elif kind == "money":
        column = [None if value is None else dollars(int(value)) for value in values]
    else:
        column = [None if value is None else str(value) for value in values]
    spelled = np.empty(len(column), dtype=object)
    spelled[:] = column
    return spelled
