"""Turns a tenant's history into the rows of the hidden truth."""

from claimlake.synthetic.claim import Account, Adjudication, Claim, Payment, Submission, Transaction
from claimlake.synthetic.edi_837 import line_control
from claimlake.synthetic.finance import GlRow, account_class, encounter_id
from claimlake.synthetic.history import History
from claimlake.synthetic.operation import Operations
from claimlake.synthetic.truth import SCHEMA, Value
from claimlake.tenant import Payer

Row = tuple[Value, ...]


class Witness:
    """Collects the truth of every tenant."""

    def __init__(self) -> None:
        self.tables: dict[str, list[Row]] = {name: [] for name in SCHEMA}

    def testify(self, history: History, payments: list[Payment], ledger: list[GlRow]) -> None:
        """Add one tenant's events."""
        org = history.profile.tenant.org_id
        add = self.tables
        numbers = {id(claim): number for number, claim in enumerate(history.claims, start=1)}
        for account in history.accounts:
            add["account"].append((org, *_account(history, account)))
            add["charge"] += [(org, *row) for row in _charges(history, account)]
            add["coverage"] += [(org, *row) for row in _coverages(account)]
        for claim in history.claims:
            add["claim"].append((org, numbers[id(claim)], *_claim(history, claim)))
            add["claim_line"] += [(org, numbers[id(claim)], *row) for row in _claim_lines(history, claim)]
        for number, submission in enumerate(history.submissions, start=1):
            add["submission"].append((org, number, numbers[id(submission.claim)], *_submission(submission)))
        answers = {id(answer): number for number, answer in enumerate(history.adjudications, start=1)}
        for answer in history.adjudications:
            number = answers[id(answer)]
            reverses = answers[id(answer.reverses)] if answer.reverses else None
            add["adjudication"].append(
                (org, number, numbers[id(answer.claim)], *_adjudication(answer), reverses)
            )
            add["service"] += [(org, number, *row) for row in _services(answer)]
            add["adjustment"] += [(org, number, *row) for row in _adjustments(answer)]
        add["transaction"] += [(org, *_transaction(history, row)) for row in history.transactions]
        for event in history.work_events:
            owner = (event.account.unit.entity_id, event.account.account_id)
            add["work_event"].append((org, *owner, f"WQ{event.item}", event.kind, event.item_type, event.day))
        for payment in payments:
            whom = (payment.unit.entity_id, payment.payer.payer_id)
            add["payment"].append((org, *whom, payment.day, payment.trace, payment.amount))
            add["provider_adjustment"] += [
                (org, payment.trace, item.reason, item.reference, item.amount)
                for item in payment.provider_adjustments
            ]
        for entity, kind, payer, end, _, measure, cents, closed in ledger:
            add["gl_month"].append((org, entity, kind, payer, end, measure, cents, closed))
        add["provider"] += [(org, *row) for row in _providers(history)]

    def count_feeds(self, org_id: str, found: Operations) -> None:
        """Add what one tenant's further feeds come to; whole numbers count in hundredths, as money does."""
        figures: dict[tuple[str, str], list[int]] = {
            ("bank_deposits", "amount"): [item.amount for item in found.deposits],
            ("emr_appointments", "slot_minutes"): [item.length * 100 for item in found.appointments],
            ("pharmacy_claims", "total_paid_amount"): [item.paid for item in found.fills],
            ("pharmacy_claims", "patient_pay_amount"): [item.patient_pay for item in found.fills],
            ("coding_events", "codes_reviewed"): [item.reviewed * 100 for item in found.codings],
            ("patient_billing", "amount"): [item.amount for item in found.bills],
            ("ops_staffing", "actual_hours"): [item.actual for item in found.shifts],
            ("ops_staffing", "overtime_hours"): [item.overtime for item in found.shifts],
            ("ops_call_center", "handle_seconds"): [(item.handled or 0) * 100 for item in found.calls],
            ("clinical_registry", "measure_value"): [item.value for item in found.assessments],
            ("cms_measures", "numerator_count"): [item.numerator * 100 for item in found.measures],
            ("hai_data", "observed_count"): [item.observed * 100 for item in found.infections],
        }
        self.tables["feed_total"] += [
            (org_id, table, figure, len(values), sum(values)) for (table, figure), values in figures.items()
        ]


def _id(account: Account, number: str, letter: str) -> str:
    """An id as the account's EMR spells it."""
    return number if account.unit.number < 4 else f"{letter}{number}"


def _payer_id(payer: Payer | None) -> str:
    return payer.payer_id if payer else "self_pay"


def _account(history: History, account: Account) -> Row:
    gone = account.discharge_day <= history.until
    patient = (
        str(100_000 + account.patient.number) if account.unit.number < 4 else f"M{account.patient.number:06d}"
    )
    return (
        account.unit.entity_id,
        account.account_id,
        account.unit.source_id,
        encounter_id(account),
        patient,
        account.billing_type,
        account.encounter_class,
        account.facility_id,
        _id(account, account.provider.department.department_id, "L"),
        _id(account, account.provider.provider_id, "DR"),
        _payer_id(account.payer),
        account_class(account),
        account.secondary.payer_id if account.secondary else None,
        account.arrive_day,
        account.discharge_day if gone else None,
        account.final_bill_day,
        account.is_auth_required,
        account.auth_status or None,
        account.balance,
    )


def _charges(history: History, account: Account) -> list[Row]:
    return [
        (
            account.unit.entity_id,
            account.account_id,
            line.number,
            line.day,
            line.post_day,
            line.revenue_code or None,
            line.code or None,
            line.units,
            line.charge,
        )
        for line in account.lines
        if line.post_day <= history.until
    ]


def _coverages(account: Account) -> list[Row]:
    return [
        (account.unit.entity_id, account.account_id, order, payer.payer_id)
        for order, payer in enumerate((account.payer, account.secondary), start=1)
        if payer
    ]


def _claim_lines(history: History, claim: Claim) -> list[Row]:
    account = claim.account
    return [
        (
            line.number,
            line_control(account, line),
            line.day,
            line.revenue_code or None,
            line.code or None,
            line.modifier or None,
            line.units,
            line.charge,
            history.contracts.expected(account.unit.entity_id, claim.payer.payer_id, line),
        )
        for line in account.lines
    ]


def _claim(history: History, claim: Claim) -> Row:
    account = claim.account
    expected = [
        history.contracts.expected(account.unit.entity_id, claim.payer.payer_id, line)
        for line in account.lines
    ]
    known = [amount for amount in expected if amount is not None]
    return (
        account.unit.entity_id,
        account.account_id,
        account.billing_type,
        claim.payer.payer_id,
        claim.payer.payer_class,
        claim.sequence,
        _payer_id(account.payer),
        account.from_day,
        account.to_day,
        account.charge,
        sum(known) if len(known) == len(expected) else None,
        account.is_auth_required or account.auth_status in ("approved", "denied", "pending"),
        account.encounter_class,
        _id(account, account.provider.department.department_id, "L"),
        _id(account, account.provider.provider_id, "DR"),
        account.facility_id,
        claim.submissions[0].day,
    )


def _submission(submission: Submission) -> Row:
    refused = submission.payer_day or submission.clearinghouse_day if submission.is_rejected else None
    return (
        submission.day,
        submission.frequency,
        submission.original_control or None,
        submission.control or None,
        submission.outcome,
        submission.rejected_by or None,
        submission.rejection_level or None,
        refused,
        submission.clearinghouse_day,
        submission.payer_day,
        submission.batch,
    )


def _adjudication(answer: Adjudication) -> Row:
    return (
        answer.day,
        answer.trace,
        answer.ordinal,
        answer.status,
        answer.frequency,
        answer.control,
        answer.charge,
        answer.paid,
        answer.patient_share,
        answer.denied,
    )


def _services(answer: Adjudication) -> list[Row]:
    return [
        (
            service.line.number,
            service.charge,
            service.paid,
            service.paid_code or None,
            " ".join(service.remarks) or None,
        )
        for service in answer.services
    ]


def _adjustments(answer: Adjudication) -> list[Row]:
    claim_remarks = " ".join(answer.remarks) or None
    rows: list[Row] = [
        ("claim", None, item.group, item.carc, item.amount, claim_remarks, item.category or None, item.is_rfi)
        for item in answer.adjustments
    ]
    for service in answer.services:
        remarks = " ".join(service.remarks) or claim_remarks
        rows += [
            (
                "line",
                service.line.number,
                item.group,
                item.carc,
                item.amount,
                remarks,
                item.category or None,
                item.is_rfi,
            )
            for item in service.adjustments
        ]
    return rows


def _transaction(history: History, row: Transaction) -> Row:
    is_number = row.unit.number < 4
    spelled = (
        (str(row.number), str(row.reverses))
        if is_number
        else (f"R{row.number:08d}", f"R{row.reverses or 0:08d}")
    )
    return (
        row.unit.source_id,
        spelled[0],
        row.unit.entity_id,
        row.account.account_id if row.account else None,
        row.kind,
        row.source or None,
        row.payer.payer_id if row.payer else None,
        row.post_day,
        row.amount,
        row.adjustment_type or None,
        row.writeoff_category or None,
        row.trace or None,
        spelled[1] if row.reverses else None,
    )


def _providers(history: History) -> list[Row]:
    rows: list[Row] = []
    for unit in history.profile.units:
        is_peterson = unit.number < 4
        for provider in history.providers[unit.entity_id]:
            department = provider.department.department_id
            rows.append(
                (
                    unit.source_id,
                    unit.entity_id,
                    provider.provider_id if is_peterson else f"DR{provider.provider_id}",
                    provider.npi,
                    provider.kind,
                    provider.fte,
                    department if is_peterson else f"L{department}",
                )
            )
    return rows
