"""What happened at one tenant up to the last day, and the only place where events are recorded."""

from itertools import count

from claimlake.synthetic.calendar import julian, next_weekday, next_workday
from claimlake.synthetic.claim import (
    Account,
    Adjudication,
    Claim,
    Submission,
    Transaction,
    WorkEvent,
)
from claimlake.synthetic.contract import Contracts
from claimlake.synthetic.patient import Patient
from claimlake.synthetic.profile import BEHAVIOUR, Profile, Unit
from claimlake.synthetic.provider import Provider
from claimlake.tenant import Payer

SUBMISSION_WEEKDAY = 1


class History:
    """The events of one tenant; what would happen after the last day is never recorded."""

    def __init__(
        self, profile: Profile, contracts: Contracts, start: int, until: int, *, is_weekly: bool
    ) -> None:
        self.profile = profile
        self.contracts = contracts
        self.start = start
        self.until = until
        self.is_weekly = is_weekly
        self.patients: dict[str, list[Patient]] = {}
        self.providers: dict[str, list[Provider]] = {}
        self.accounts: list[Account] = []
        self.claims: list[Claim] = []
        self.submissions: list[Submission] = []
        self.adjudications: list[Adjudication] = []
        self.transactions: list[Transaction] = []
        self.work_events: list[WorkEvent] = []
        self._controls = count(1)
        self._transactions = {unit.source_id: count(1) for unit in profile.units}
        self._items = count(1)

    def submission_day(self, ready: int) -> int:
        """The day the next batch leaves."""
        return next_weekday(ready, SUBMISSION_WEEKDAY) if self.is_weekly else next_workday(ready)

    def remittance_day(self, payer: Payer, ready: int) -> int:
        """The day of the payer's next payment run."""
        if self.is_weekly:
            return next_weekday(ready, BEHAVIOUR[payer.payer_id].weekday)
        return next_workday(ready)

    def new_control(self, payer: Payer, day: int) -> str:
        """A payer claim control number, unique in the tenant."""
        return f"{payer.identifiers[0][:3]}{julian(day)}{next(self._controls):07d}"

    def open_claim(self, account: Account, payer: Payer, sequence: str) -> Claim:
        """A claim that exists once its first submission is recorded."""
        return Claim(account, payer, sequence)

    def record_submission(self, submission: Submission) -> bool:
        """Record a transmission; False when it would leave after the last day."""
        if submission.day > self.until:
            return False
        claim = submission.claim
        if not claim.submissions:
            self.claims.append(claim)
            claim.account.claims.append(claim)
        claim.submissions.append(submission)
        self.submissions.append(submission)
        return True

    def record_adjudication(self, answer: Adjudication) -> bool:
        """Record a CLP; False when it would arrive after the last day."""
        if answer.day > self.until:
            return False
        answer.claim.adjudications.append(answer)
        self.adjudications.append(answer)
        answer.trace = self.trace(answer.claim.payer, answer.claim.account.unit, answer.day)
        return True

    def trace(self, payer: Payer, unit: Unit, day: int) -> str:
        """The check or EFT trace of one payer's payment to one entity on one day."""
        number = list(self.profile.payers).index(payer.payer_id)
        return f"{self.profile.number}{unit.number}{number:02d}{julian(day)}"

    def record(self, transaction: Transaction) -> Transaction | None:
        """Number a ledger row and move its account's balance; None when it is zero or after the last day."""
        if transaction.post_day > self.until or transaction.amount == 0:
            return None
        transaction.number = next(self._transactions[transaction.unit.source_id])
        self.transactions.append(transaction)
        account = transaction.account
        if account:
            account.balance -= transaction.amount
            account.patient_paid += transaction.amount if transaction.source == "patient" else 0
            account.last_day = max(account.last_day, transaction.post_day)
        return transaction

    def new_item(self) -> int:
        """The number of a new work item."""
        return next(self._items)

    def record_work(self, event: WorkEvent) -> None:
        """Record a work-queue event unless it lies after the last day."""
        if event.day <= self.until:
            self.work_events.append(event)
