"""The initial-denial and A/R ageing KPIs of one month: numerator and denominator, from the ledger."""

from collections.abc import Callable, Iterable
from datetime import date, timedelta
from fractions import Fraction

from tests.oracle.claim import Claims
from tests.oracle.receivable import Receivables, bucket
from tests.oracle.truth import Row, Truth, months_before

Sides = tuple[Fraction | None, Fraction | None]
Picks = Callable[[Row], object]


class Kpis:
    """All KPIs of one tenant; `where` narrows every fact to the rows of an entity, payer, …"""

    def __init__(self, truth: Truth) -> None:
        self.truth = truth
        self.claims = Claims(truth)
        self.receivables = Receivables(self.claims)
        last_days = [row["post_on"] for name in ("charge", "transaction") for row in truth.tables[name]]
        last_days += [row["remit_on"] for row in truth.tables["adjudication"]]
        last_days += [row["submit_on"] for row in truth.tables["submission"]]
        self.last_day = max(last_days)
        self.first_day = min(row["post_on"] for row in truth.tables["charge"])

    def sides(self, key: str, month: date, where: dict[str, str] | None = None) -> Sides:
        """Numerator and denominator of a KPI for the month that ends on `month`."""
        return getattr(self, key)(Month(self, month, "HB" if key.startswith("hosp_") else "PB", where or {}))

    # Initial denials, hospital

    def hosp_initial_denial_rate_claims(self, month: "Month") -> Sides:
        denied = month.claims(lambda row: row["is_initial_denied"], "initial_denial_on")
        sent = month.claims(
            lambda row: True, "first_submission_on", since=month.three_months_before, until=month.before
        )
        return Fraction(len(denied)), Fraction(len(sent), 3)

    def hosp_initial_denial_rate_dollars(self, month: "Month") -> Sides:
        denied = month.claims(lambda row: row["is_initial_denied"], "initial_denial_on")
        sent = month.claims(
            lambda row: True, "first_submission_on", since=month.three_months_before, until=month.before
        )
        return added(denied, "charge"), divided(added(sent, "charge"), 3)

    def hosp_remit_denial_rate(self, month: "Month") -> Sides:
        decided = month.remits(lambda row: not row["is_duplicate_denial"])
        return distinct([row for row in decided if row["is_denied"]]), distinct(decided)

    def hosp_primary_zero_pay_rate(self, month: "Month") -> Sides:
        decided = month.remits(
            lambda row: row["payer_sequence"] == "P" and not row["is_duplicate_denial"],
            since=month.end - timedelta(days=27),
        )
        return Fraction(sum(row["is_zero_pay"] for row in decided)), Fraction(len(decided))

    def hosp_partial_denial_rate(self, month: "Month") -> Sides:
        decided = month.remits(lambda row: True)
        return (
            distinct([row for row in decided if row["is_partial_denied"]]),
            distinct([row for row in decided if row["paid"] > 0]),
        )

    def hosp_inpatient_status_denial_rate(self, month: "Month") -> Sides:
        stays = month.claims(lambda row: row["encounter_class"] == "inpatient", "first_remit_on")
        return Fraction(sum(row["is_status_denied"] for row in stays)), Fraction(len(stays))

    def hosp_auth_denial_rate(self, month: "Month") -> Sides:
        required = month.claims(lambda row: row["is_auth_required"], "first_remit_on")
        return Fraction(sum(row["initial_denial_category"] == "authorization" for row in required)), Fraction(
            len(required)
        )

    def hosp_front_end_denial_share(self, month: "Month") -> Sides:
        denied = month.claims(lambda row: row["is_initial_denied"], "initial_denial_on")
        front = [row for row in denied if row["initial_denial_stage"] == "front"]
        return added(front, "initial_denied_expected"), added(denied, "initial_denied_expected")

    def hosp_rfi_denial_rate(self, month: "Month") -> Sides:
        asked = month.denials(lambda row: row["is_initial"] and row["is_rfi"])
        return added(asked, "denied_charge"), added(
            month.remits(lambda row: row["is_first_remit"]), "remit_charge"
        )

    def hosp_denial_inventory_days(self, month: "Month") -> Sides:
        opened = month.denials(lambda row: True, since=month.end - timedelta(days=27))
        standing = month.receivables(lambda row: row["is_denied_open"])
        return added(standing, "expected"), divided(added(opened, "denied_expected"), 28)

    # Initial denials, physician

    def phys_line_denial_rate(self, month: "Month") -> Sides:
        lines = month.lines(lambda row: True)
        return added([row for row in lines if row["is_denied_first"]], "units"), added(lines, "units")

    def phys_first_pass_denial_rate(self, month: "Month") -> Sides:
        return month.first_pass(lambda row: row["is_initial_denied"])

    def phys_denied_allowed_rate(self, month: "Month") -> Sides:
        lines = month.lines(lambda row: row["line_expected"] is not None)
        return added([row for row in lines if row["is_denied_first"]], "line_expected"), added(
            lines, "line_expected"
        )

    def phys_credentialing_denial_rate(self, month: "Month") -> Sides:
        return month.first_pass(lambda row: row["initial_denial_category"] == "credentialing")

    def phys_bundling_denial_rate(self, month: "Month") -> Sides:
        lines = month.lines(lambda row: True)
        return counted(lines, lambda row: row["first_denial_category"] == "bundling"), Fraction(len(lines))

    def phys_modifier_denial_rate(self, month: "Month") -> Sides:
        lines = month.lines(lambda row: True)
        return counted(lines, lambda row: row["first_denial_carc"] in ("4", "182")), Fraction(len(lines))

    def phys_eligibility_denial_rate(self, month: "Month") -> Sides:
        return month.first_pass(lambda row: row["initial_denial_category"] == "eligibility")

    def phys_em_downcode_rate(self, month: "Month") -> Sides:
        visits = month.lines(lambda row: row["is_em"])
        return counted(visits, lambda row: row["is_downcoded"]), Fraction(len(visits))

    def phys_duplicate_denial_rate(self, month: "Month") -> Sides:
        decided = month.remits(lambda row: True)
        return counted(decided, lambda row: row["is_duplicate_denial"]), Fraction(len(decided))

    def phys_denial_first_action_5bd(self, month: "Month") -> Sides:
        ripe = month.end - timedelta(days=8)
        cases = month.denials(lambda row: row["is_initial"])
        prompt = counted(cases, lambda row: row["first_action_on"] and row["days_to_first_action"] <= 5)
        return prompt, counted(cases, lambda row: row["first_action_on"] or row["opened_on"] <= ripe)

    # A/R ageing, hospital

    def hosp_net_days_ar(self, month: "Month") -> Sides:
        return month.ledger_stock("net_ar"), divided(month.ledger_flow("npsr"), month.days_in_3)

    def hosp_ar_over_90_billed(self, month: "Month") -> Sides:
        billed = month.receivables(lambda row: row["is_billed"])
        return added([row for row in billed if row["age_from_discharge"] > 90], "debit"), added(
            billed, "debit"
        )

    def hosp_dnfb_days(self, month: "Month") -> Sides:
        return added(month.stock(lambda row: row["bucket"] == "dnfb"), "debit"), month.charges_a_day()

    def hosp_fbns_days(self, month: "Month") -> Sides:
        return added(month.stock(lambda row: row["bucket"] == "fbns"), "debit"), month.charges_a_day()

    def hosp_credit_balance_days(self, month: "Month") -> Sides:
        return added(month.stock(lambda row: True), "credit"), divided(
            month.ledger_flow("npsr"), month.days_in_3
        )

    def hosp_denied_ar_share(self, month: "Month") -> Sides:
        rows = month.receivables(lambda row: row["is_insurance"])
        return added([row for row in rows if row["is_denied_open"]], "debit"), added(rows, "debit")

    def hosp_ar_roll_rate_61_90(self, month: "Month") -> Sides:
        rolled = [row for row in self.receivables.rolled(month.end) if month.has(row) and row["is_billed"]]
        moved = [
            min(row["debit"], row["prior"]["debit"])
            for row in rolled
            if row["prior"]
            and bucket(row["prior"]["age_from_discharge"]) == "61-90"
            and bucket(row["age_from_discharge"]) == "91-120"
        ]
        before = [
            row
            for row in self.receivables.on(month.before)
            if month.has(row) and row["is_billed"] and bucket(row["age_from_discharge"]) == "61-90"
        ]
        return Fraction(sum(moved)), added(before, "debit")

    def hosp_no_response_ar_pct(self, month: "Month") -> Sides:
        rows = month.receivables(lambda row: row["is_insurance"])
        silent = [
            row for row in rows if row["days_since_submission"] > 30 and row["days_since_response"] > 30
        ]
        return added(silent, "debit"), added(rows, "debit")

    def hosp_unapplied_cash_days(self, month: "Month") -> Sides:
        unapplied = [row for row in month.postings(since=date.min) if row["account_id"] is None]
        cash = [
            row
            for row in month.postings(since=month.two_months_before)
            if row["transaction_type"] != "adjustment"
        ]
        return added(unapplied, "amount"), divided(added(cash, "amount"), month.days_in_3)

    # A/R ageing, physician

    def phys_days_in_ar(self, month: "Month") -> Sides:
        rows = month.stock(lambda row: True)
        stock = (added(rows, "debit") or Fraction(0)) - (added(rows, "credit") or Fraction(0))
        since = months_before(month.end, 11)
        return stock, divided(month.charged(since), (month.end - since).days + 1)

    def phys_ar_over_120(self, month: "Month") -> Sides:
        rows = month.receivables(lambda row: True)
        return added([row for row in rows if row["age_from_service"] > 120], "debit"), added(rows, "debit")

    def phys_weighted_age_of_ar(self, month: "Month") -> Sides:
        rows = month.receivables(lambda row: True)
        return sum((Fraction(row["debit"]) * row["age_from_service"] for row in rows), Fraction(0)), added(
            rows, "debit"
        )

    phys_net_days_ar = hosp_net_days_ar

    def phys_patient_resp_ar_pct(self, month: "Month") -> Sides:
        rows = month.receivables(lambda row: True)
        return added([row for row in rows if row["bucket"] == "patient"], "debit"), added(rows, "debit")

    def phys_ar_per_fte(self, month: "Month") -> Sides:
        doctors = [
            row
            for row in self.truth.tables["provider"]
            if row["provider_type"] == "physician" and month.has(row)
        ]
        fte = sum((Fraction(row["fte_hundredths"], 100) for row in doctors), Fraction(0))
        return added(month.receivables(lambda row: True), "debit"), fte

    def phys_credit_balance_ratio(self, month: "Month") -> Sides:
        rows = month.receivables(lambda row: True)
        return added(rows, "credit"), added(rows, "debit")

    def phys_untouched_ar_pct(self, month: "Month") -> Sides:
        rows = month.receivables(lambda row: row["is_insurance"] and row["days_since_submission"] > 45)
        quiet = [row for row in rows if row["days_since_followup"] is None or row["days_since_followup"] > 30]
        return added(quiet, "debit"), added(rows, "debit")

    def phys_pending_secondary_pct(self, month: "Month") -> Sides:
        rows = month.receivables(lambda row: row["is_insurance"])
        return added([row for row in rows if row["bucket"] == "pending_secondary"], "debit"), added(
            rows, "debit"
        )

    def phys_unbilled_charge_days(self, month: "Month") -> Sides:
        unbilled = month.stock(lambda row: row["bucket"] in ("dnfb", "fbns"))
        return added(unbilled, "debit"), month.charges_a_day()


class Month:
    """One month of one billing type, and the facts that fall in it."""

    def __init__(self, kpis: Kpis, end: date, billing_type: str, where: dict[str, str]) -> None:
        self.kpis = kpis
        self.end = end
        self.start = end.replace(day=1)
        self.before = self.start - timedelta(days=1)
        self.two_months_before = months_before(end, 2)
        self.three_months_before = months_before(end, 3)
        self.days_in_3 = (end - self.two_months_before).days + 1
        self.billing_type = billing_type
        self.where = where

    def has(self, row: Row) -> bool:
        """Whether a fact is of this billing type and what the question is narrowed to."""
        billing_type = row.get("billing_type") or self.kpis.truth.billing_types[row["entity_id"]]
        return billing_type == self.billing_type and all(
            row[name] == value for name, value in self.where.items()
        )

    def _within(
        self, rows: Iterable[Row], column: str, since: date | None, until: date | None = None
    ) -> list[Row]:
        first, last = since or self.start, until or self.end
        return [
            row for row in rows if row[column] is not None and first <= row[column] <= last and self.has(row)
        ]

    def claims(
        self, picks: Picks, column: str, since: date | None = None, until: date | None = None
    ) -> list[Row]:
        return [row for row in self._within(self.kpis.claims.claims, column, since, until) if picks(row)]

    def first_pass(self, picks: Picks) -> Sides:
        decided = self.claims(lambda row: True, "first_remit_on")
        return counted(decided, picks), Fraction(len(decided))

    def remits(self, picks: Picks, since: date | None = None) -> list[Row]:
        rows = self._within(self.kpis.claims.remits, "remit_on", since)
        return [row for row in rows if row["is_adjudication"] and picks(row)]

    def lines(self, picks: Picks) -> list[Row]:
        return [row for row in self._within(self.kpis.claims.lines, "line_remit_on", None) if picks(row)]

    def denials(self, picks: Picks, since: date | None = None) -> list[Row]:
        return [row for row in self._within(self.kpis.claims.denials, "opened_on", since) if picks(row)]

    def receivables(self, picks: Picks) -> list[Row]:
        return [row for row in self.kpis.receivables.on(self.end) if self.has(row) and picks(row)]

    def stock(self, picks: Picks) -> list[Row]:
        """A/R by the payer class of the account, as the daily ledger shows it."""
        rows = [row | {"payer_class": row["account_class"]} for row in self.kpis.receivables.on(self.end)]
        return [row for row in rows if self.has(row) and picks(row)]

    def postings(self, since: date) -> list[Row]:
        return self._within(self._classed("transaction"), "post_on", since)

    def charged(self, since: date) -> Fraction | None:
        return added(self._within(self._classed("charge"), "post_on", since), "amount")

    def charges_a_day(self) -> Fraction | None:
        return divided(self.charged(self.two_months_before), self.days_in_3)

    def ledger_stock(self, measure: str) -> Fraction | None:
        rows = self._within(self.kpis.truth.tables["gl_month"], "month_end_on", self.end)
        return added([row for row in rows if row["measure"] == measure], "amount")

    def ledger_flow(self, measure: str) -> Fraction | None:
        rows = self._within(self.kpis.truth.tables["gl_month"], "month_end_on", self.two_months_before)
        return added([row for row in rows if row["measure"] == measure], "amount")

    def _classed(self, table: str) -> list[Row]:
        """Rows of the ledger with the payer class of their account."""
        accounts = self.kpis.claims.accounts
        classes = {row["payer_id"]: row["payer_class"] for row in self.kpis.truth.tables["account"]}
        found = []
        for row in self.kpis.truth.tables[table]:
            account = accounts.get((row["entity_id"], row["account_id"]))
            payer_class = account["payer_class"] if account else classes.get(row["payer_id"], "other")
            found.append(row | {"payer_class": payer_class})
        return found


def added(rows: list[Row], column: str) -> Fraction | None:
    """The sum of a column: 0 of no rows, unknown where rows have no amount at all."""
    known = [Fraction(row[column]) for row in rows if row[column] is not None]
    return None if rows and not known else sum(known, Fraction(0))


def counted(rows: list[Row], picks: Picks) -> Fraction:
    """How many rows meet a condition."""
    return Fraction(sum(bool(picks(row)) for row in rows))


def distinct(rows: list[Row]) -> Fraction:
    """How many claims the rows belong to."""
    return Fraction(len({row["claim_no"] for row in rows}))


def divided(value: Fraction | None, by: int) -> Fraction | None:
    """A sum per day or month."""
    return None if value is None else value / by
