"""Claims, lines, remittances and denial cases as the ledger tells them (its own reading of the rules)."""

from bisect import bisect_right
from collections import defaultdict
from datetime import date
from decimal import Decimal
from itertools import groupby

from tests.oracle.truth import Row, Truth, code_set, latest, share, total

ADJUDICATED = {"1", "2", "3", "4", "19", "20", "21"}
ZERO = Decimal(0)


class Claims:
    """Facts about one tenant's claims."""

    def __init__(self, truth: Truth) -> None:
        self.truth = truth
        self.carcs = code_set("carc", "carc")
        self.visits = code_set("em_code", "procedure_code")
        self.business_days = [
            date.fromisoformat(day)
            for day, row in code_set("calendar", "date").items()
            if row["is_business_day"] == "true"
        ]
        self.adjustments = truth.grouped("adjustment", "adjudication_no")
        self.services = truth.grouped("service", "adjudication_no")
        self.submissions = truth.grouped("submission", "claim_no")
        self.accounts = {(row["entity_id"], row["account_id"]): row for row in truth.tables["account"]}
        self.by_claim = {
            number: sorted(rows, key=lambda row: (row["remit_on"], row["trace"], row["ordinal"]))
            for number, rows in truth.grouped("adjudication", "claim_no").items()
        }
        self.claims = [self._claim(row) for row in truth.tables["claim"]]
        self.remits = [remit for claim in self.claims for remit in self._remits(claim)]
        self.lines = self._lines()
        self.denials = [case for claim in self.claims for case in self._denials(claim)]

    def denied(self, adjudication: Row) -> list[Row]:
        """The denial adjustments of one CLP: positive, of a denial category, not on a reversal."""
        if adjudication["status"] not in ADJUDICATED:
            return []
        found = self.adjustments.get(adjudication["adjudication_no"], [])
        return [row for row in found if row["category"] is not None and row["amount"] > 0]

    def adjudications(self, claim_no: int) -> list[Row]:
        """The CLPs of a claim that decide something, in order."""
        return [row for row in self.by_claim.get(claim_no, []) if row["status"] in ADJUDICATED]

    def _claim(self, row: Row) -> Row:
        decided = self.adjudications(row["claim_no"])
        first = decided[0] if decided else None
        denied = self.denied(first) if first else []
        carc = self._main_carc(denied)
        category = self._main_category(denied)
        fact = dict(row) | {
            "first_remit_on": first and first["remit_on"],
            "is_initial_denied": bool(denied),
            "initial_denial_on": first["remit_on"] if first and denied else None,
            "initial_denial_category": category,
            "initial_denial_stage": self.carcs[carc]["stage"]
            if carc in self.carcs
            else ("back" if denied else None),
            "is_status_denied": row["encounter_class"] == "inpatient"
            and any(self.carcs.get(item["carc"], {}).get("is_level_of_care") == "true" for item in denied),
            "initial_denied_expected": None,
        }
        if first and denied:
            amount = row["charge"] if first["charge"] > 0 and first["paid"] == 0 else total(denied, "amount")
            fact["initial_denied_expected"] = share(amount, row["expected_allowed"], row["charge"])
        return fact

    def _main_category(self, denied: list[Row]) -> str | None:
        sums: dict[str, Decimal] = defaultdict(Decimal)
        for row in denied:
            sums[row["category"]] += row["amount"]
        return min(sums, key=lambda name: (-sums[name], name), default=None)

    def _main_carc(self, denied: list[Row]) -> str | None:
        category = self._main_category(denied)
        sums: dict[str, Decimal] = defaultdict(Decimal)
        for row in denied:
            if row["category"] == category:
                sums[row["carc"]] += row["amount"]
        return min(sums, key=lambda code: (-sums[code], code), default=None)

    def _remits(self, claim: Row) -> list[Row]:
        decided = self.adjudications(claim["claim_no"])
        found = []
        for row in self.by_claim.get(claim["claim_no"], []):
            denied = self.denied(row)
            is_adjudication = row["status"] in ADJUDICATED
            found.append(
                claim
                | {
                    "adjudication_no": row["adjudication_no"],
                    "remit_on": row["remit_on"],
                    "remit_charge": row["charge"],
                    "paid": row["paid"],
                    "is_adjudication": is_adjudication,
                    "is_first_remit": bool(decided) and row is decided[0],
                    "is_zero_pay": is_adjudication and row["charge"] > 0 and row["paid"] == 0,
                    "is_denied": bool(denied),
                    "is_partial_denied": row["paid"] > 0 and bool(denied),
                    "is_duplicate_denial": any(
                        item["carc"] == "18" for item in self.adjustments.get(row["adjudication_no"], [])
                    ),
                }
            )
        return found

    def _lines(self) -> list[Row]:
        by_claim = {claim["claim_no"]: claim for claim in self.claims}
        return [self._line(line, by_claim[line["claim_no"]]) for line in self.truth.tables["claim_line"]]

    def _line(self, line: Row, claim: Row) -> Row:
        decided = self.adjudications(claim["claim_no"])
        number = decided[0]["adjudication_no"] if decided else None
        answered = [row for row in self.services.get(number, []) if row["line_number"] == line["line_number"]]
        items = [
            row
            for row in self.adjustments.get(number, [])
            if row["level"] == "line" and row["line_number"] == line["line_number"]
        ]
        denied = (
            [row for row in items if row["category"] is not None and row["amount"] > 0] if answered else []
        )
        top = min(denied, key=lambda row: (-row["amount"], row["carc"]), default=None)
        submitted = self.visits.get(line["procedure_code"] or "")
        paid = next(
            (self.visits[row["paid_code"]] for row in answered if row["paid_code"] in self.visits), None
        )
        is_lower = bool(submitted and paid and int(paid["em_level"]) < int(submitted["em_level"]))
        return claim | {
            "line_number": line["line_number"],
            "units": Decimal(line["units"]),
            "line_expected": line["expected_allowed"],
            "line_remit_on": decided[0]["remit_on"] if answered else None,
            "is_denied_first": bool(denied),
            "first_denial_carc": top and top["carc"],
            "first_denial_category": top and top["category"],
            "is_em": submitted is not None,
            "is_downcoded": bool(answered) and (is_lower or any(row["carc"] == "150" for row in items)),
        }

    def _denials(self, claim: Row) -> list[Row]:
        decided = self.adjudications(claim["claim_no"])
        carried = [{row["category"] for row in self.denied(item)} for item in decided]
        cases = []
        for category in sorted(set().union(*carried)) if carried else []:
            marked = [(category in found, index) for index, found in enumerate(carried)]
            for has_category, run in groupby(marked, key=lambda pair: pair[0]):
                if has_category:
                    members = [index for _, index in run]
                    cases.append(self._case(claim, category, decided, members))
        return cases

    def _case(self, claim: Row, category: str, decided: list[Row], members: list[int]) -> Row:
        opening = decided[members[0]]
        items = [row for row in self.denied(opening) if row["category"] == category]
        amount = total(items, "amount")
        case = claim | {
            "category": category,
            "opened_on": opening["remit_on"],
            "is_initial": members[0] == 0,
            "is_rfi": category == "documentation" or any(row["is_rfi"] for row in items),
            "denied_charge": amount,
            "denied_expected": share(amount, claim["expected_allowed"], claim["charge"]),
        }
        events = [
            row for index in members for row in self.denied(decided[index]) if row["category"] == category
        ]
        case["resolved_on"] = self._resolved(case, decided, members, events)
        action = self._first_action(case)
        case["first_action_on"] = action
        case["days_to_first_action"] = action and self._business_day(action) - self._business_day(
            case["opened_on"]
        )
        return case

    def _resolved(self, case: Row, decided: list[Row], members: list[int], events: list[Row]) -> date | None:
        days = []
        if members[-1] + 1 < len(decided):
            days.append(decided[members[-1] + 1]["remit_on"])
        written = [
            row
            for row in self._transactions(case)
            if row["writeoff_category"] in ("denial", "timely_filing") and row["post_on"] >= case["opened_on"]
        ]
        if total(written, "amount") >= Decimal("0.01"):
            days.append(max(row["post_on"] for row in written))
        if events and all(row["group_code"] == "PR" for row in events):
            days.append(case["opened_on"])
        return min(days, default=None)

    def _transactions(self, case: Row) -> list[Row]:
        if not hasattr(self, "_by_account"):
            self._by_account = self.truth.grouped("transaction", "entity_id", "account_id")
        return self._by_account.get((case["entity_id"], case["account_id"]), [])

    def _first_action(self, case: Row) -> date | None:
        if not hasattr(self, "_work"):
            self._work = self.truth.grouped("work_event", "entity_id", "account_id")
        days = [
            row["submit_on"]
            for row in self.submissions.get(case["claim_no"], [])
            if row["frequency"] == "7" and row["submit_on"] >= case["opened_on"]
        ]
        days += [
            row["event_on"]
            for row in self._work.get((case["entity_id"], case["account_id"]), [])
            if row["event_type"] in ("touched", "resolved")
            and row["item_type"] in ("denial", "appeal")
            and row["event_on"] >= case["opened_on"]
        ]
        return min(days, default=None)

    def _business_day(self, day: date) -> int:
        return bisect_right(self.business_days, day)

    def effective(self, claim_no: int, on: date) -> Row | None:
        """The claim's latest adjudication on a day that no reversal of that day or before takes back."""
        known = [row for row in self.by_claim.get(claim_no, []) if row["remit_on"] <= on]
        reversed_numbers = {row["reverses_no"] for row in known}
        standing = [
            row
            for row in known
            if row["status"] in ADJUDICATED and row["adjudication_no"] not in reversed_numbers
        ]
        return latest(standing, lambda row: (row["remit_on"], row["trace"], row["ordinal"]))
