"""Accounts receivable on any day, bucket by bucket, from charges, postings, submissions and remittances."""

from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal

from tests.oracle.claim import Claims
from tests.oracle.truth import Row, latest, month_end, share, total

SEQUENCES = {"P": 1, "S": 2, "T": 3}
BUCKETS = ((30, "0-30"), (60, "31-60"), (90, "61-90"), (120, "91-120"), (180, "121-180"), (365, "181-365"))
BILLED = {"insurance", "pending_secondary", "patient", "patient_plan"}
INSURANCE = {"insurance", "pending_secondary"}


def bucket(age: int) -> str:
    """The ageing bucket of an age in days."""
    return next((name for limit, name in BUCKETS if age <= limit), "366+")


class Receivables:
    """The A/R of one tenant."""

    def __init__(self, claims: Claims) -> None:
        self.claims = claims
        truth = claims.truth
        self.charges = truth.grouped("charge", "entity_id", "account_id")
        self.postings = truth.grouped("transaction", "entity_id", "account_id")
        self.coverages = truth.grouped("coverage", "entity_id", "account_id")
        self.work = truth.grouped("work_event", "entity_id", "account_id")
        self.claims_of: dict[tuple[str, str], list[Row]] = {}
        for claim in claims.claims:
            self.claims_of.setdefault((claim["entity_id"], claim["account_id"]), []).append(claim)
        self.cases_of: dict[tuple[str, str], list[Row]] = {}
        for case in claims.denials:
            self.cases_of.setdefault((case["entity_id"], case["account_id"]), []).append(case)
        self._days: dict[date, list[Row]] = {}

    def on(self, day: date) -> list[Row]:
        """Every row of A/R at the end of a day."""
        if day not in self._days:
            self._days[day] = [
                row for account in self.claims.accounts.values() for row in self._account(account, day)
            ]
        return self._days[day]

    def balance(self, key: tuple[str, str], day: date) -> Decimal:
        """Charges less payments and adjustments posted by the end of a day."""
        charges = [row for row in self.charges.get(key, []) if row["post_on"] <= day]
        postings = [row for row in self.postings.get(key, []) if row["post_on"] <= day]
        return total(charges, "amount") - total(postings, "amount")

    def _account(self, account: Row, day: date) -> Iterable[Row]:
        key = (account["entity_id"], account["account_id"])
        balance = self.balance(key, day)
        if not balance:
            return
        if balance < 0:
            yield self._row(account, day, "credit", balance)
            return
        discharged = account["discharge_on"]
        is_stay = account["billing_type"] == "HB" and account["encounter_class"] in (
            "inpatient",
            "observation",
        )
        if is_stay and (discharged is None or discharged > day):
            yield self._row(account, day, "in_house", balance)
        elif account["final_bill_on"] is None or account["final_bill_on"] > day:
            yield self._row(account, day, "dnfb", balance)
        elif account["payer_class"] == "self_pay":
            yield self._row(account, day, "patient", balance)
        elif self._is_not_submitted(key, day):
            yield self._row(account, day, "fbns", balance)
        else:
            yield from self._split(account, key, day, balance)

    def _submissions(self, key: tuple[str, str], day: date) -> list[Row]:
        return [
            row
            for claim in self.claims_of.get(key, [])
            for row in self.claims.submissions.get(claim["claim_no"], [])
            if row["submit_on"] <= day
        ]

    def _is_not_submitted(self, key: tuple[str, str], day: date) -> bool:
        last = latest(self._submissions(key, day), lambda row: (row["submit_on"], row["submission_no"]))
        return last is None or (last["rejected_on"] is not None and last["rejected_on"] <= day)

    def _split(self, account: Row, key: tuple[str, str], day: date, balance: Decimal) -> Iterable[Row]:
        deciding = self._deciding(key, day)
        owed = Decimal(0)
        if deciding:
            items = self.claims.adjustments.get(deciding["adjudication_no"], [])
            owed = total([row for row in items if row["group_code"] == "PR"], "amount")
        paid = [
            row
            for row in self.postings.get(key, [])
            if row["post_on"] <= day and row["payment_source"] == "patient"
        ]
        patient = min(balance, max(Decimal(0), owed - total(paid, "amount")))
        if patient:
            yield self._row(account, day, "patient", patient)
        if balance - patient:
            yield self._insurance(account, key, day, balance - patient)

    def _deciding(self, key: tuple[str, str], day: date) -> Row | None:
        standing = []
        for claim in self.claims_of.get(key, []):
            known = [row for row in self.claims.by_claim.get(claim["claim_no"], []) if row["remit_on"] <= day]
            taken_back = {row["reverses_no"] for row in known}
            standing += [
                row | {"sequence": SEQUENCES[claim["payer_sequence"]]}
                for row in known
                if row["status"] in ("1", "2", "3", "4", "19", "20", "21")
                and row["adjudication_no"] not in taken_back
            ]
        return latest(standing, lambda row: (row["remit_on"], row["sequence"], row["trace"], row["ordinal"]))

    def _insurance(self, account: Row, key: tuple[str, str], day: date, amount: Decimal) -> Row:
        cases = [
            case
            for case in self.cases_of.get(key, [])
            if case["opened_on"] <= day and (case["resolved_on"] is None or case["resolved_on"] > day)
        ]
        claims = {claim["payer_sequence"]: claim for claim in self.claims_of.get(key, [])}
        primary, secondary = claims.get("P"), claims.get("S")
        answered = self.claims.effective(primary["claim_no"], day) if primary else None
        is_sent = secondary is not None and any(
            row["submit_on"] <= day for row in self.claims.submissions.get(secondary["claim_no"], [])
        )
        has_other = any(row["coverage_order"] == 2 for row in self.coverages.get(key, []))
        is_primary_denied = any(case["claim_no"] == (primary and primary["claim_no"]) for case in cases)
        if (
            answered
            and not is_primary_denied
            and has_other
            and not is_sent
            and answered["status"] not in ("19", "20", "21")
        ):
            return self._row(account, day, "pending_secondary", amount)
        has_decided = primary is not None and any(
            row["remit_on"] <= day for row in self.claims.adjudications(primary["claim_no"])
        )
        responsible = secondary if is_sent and has_decided else primary
        row = self._row(account, day, "insurance", amount, is_denied_open=bool(cases))
        assert responsible is not None
        return row | {"payer_id": responsible["payer_id"], "payer_class": responsible["payer_class"]}

    def _row(
        self, account: Row, day: date, name: str, balance: Decimal, *, is_denied_open: bool = False
    ) -> Row:
        key = (account["entity_id"], account["account_id"])
        services = [row["service_on"] for row in self.charges[key]]
        discharged = account["discharge_on"] or max(services)
        return {
            **{
                column: account[column]
                for column in (
                    "entity_id", "account_id", "billing_type", "facility_id", "department_id",
                    "provider_id", "payer_id", "payer_class",
                )
            },
            "account_class": account["payer_class"],
            "bucket": name,
            "is_billed": name in BILLED,
            "is_insurance": name in INSURANCE,
            "is_denied_open": is_denied_open,
            "debit": max(balance, Decimal(0)),
            "credit": max(-balance, Decimal(0)),
            "expected": self._expected(key, name, balance),
            "age_from_service": (day - min(services)).days,
            "age_from_discharge": (day - discharged).days,
            **self._silence(key, day),
        }  # fmt: skip

    def _expected(self, key: tuple[str, str], name: str, balance: Decimal) -> Decimal | None:
        primary = next(
            (claim for claim in self.claims_of.get(key, []) if claim["payer_sequence"] == "P"), None
        )
        if name not in INSURANCE or primary is None:
            return None
        return share(balance, primary["expected_allowed"], primary["charge"])

    def _silence(self, key: tuple[str, str], day: date) -> Row:
        sent = self._submissions(key, day)
        answers = [row[column] for row in sent for column in ("clearinghouse_on", "payer_on") if row[column]]
        answers += [
            row["remit_on"]
            for claim in self.claims_of.get(key, [])
            for row in self.claims.by_claim.get(claim["claim_no"], [])
        ]
        answers = [answer for answer in answers if answer <= day]
        touched = [
            row["event_on"]
            for row in self.work.get(key, [])
            if row["event_type"] == "touched" and row["event_on"] <= day
        ]
        first_answer = max(answers) if answers else min((row["submit_on"] for row in sent), default=None)
        return {
            "days_since_submission": (day - max(row["submit_on"] for row in sent)).days if sent else None,
            "days_since_response": (day - first_answer).days if first_answer else None,
            "days_since_followup": (day - max(touched)).days if touched else None,
        }

    def rolled(self, day: date) -> list[Row]:
        """The rows of a month end with the same account and bucket a month earlier."""
        before = day.replace(day=1) - timedelta(days=1)
        assert before == month_end(before)
        earlier = {(row["entity_id"], row["account_id"], row["bucket"]): row for row in self.on(before)}
        return [
            row | {"prior": earlier.get((row["entity_id"], row["account_id"], row["bucket"]))}
            for row in self.on(day)
        ]
