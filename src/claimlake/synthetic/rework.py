"""What the office does about denials, and what payers do after they paid."""

from dataclasses import replace

from claimlake.synthetic.adjudication import (
    PAY,
    Plan,
    Request,
    adjudicate,
    adjudicate_secondary,
    deny_duplicate,
    reverse,
)
from claimlake.synthetic.calendar import next_workday
from claimlake.synthetic.claim import Account, Adjudication, Claim, Submission, WorkEvent
from claimlake.synthetic.denial import FULL, RETROSPECTIVE, SOFT, Reason
from claimlake.synthetic.dice import Dice
from claimlake.synthetic.history import History
from claimlake.synthetic.posting import post_remittance, post_write_off
from claimlake.synthetic.profile import BEHAVIOUR
from claimlake.synthetic.transmission import Transmission

TOUCHED = 0.88
NEVER_CORRECTED = 0.15


class Rework:
    """Works denials: corrected claims, appeals, write-offs, or nothing."""

    def __init__(self, history: History, transmission: Transmission, dice: Dice) -> None:
        self.history = history
        self.transmission = transmission
        self.dice = dice

    def work(self, claim: Claim, denial: Adjudication) -> Adjudication | None:
        """The last answer after the work on a denied claim; None when nobody ever resolved it."""
        worked = self._touch(claim.account, denial.day)
        if all(item.group == "PR" for item in denial.every_adjustment() if item.category):
            return denial
        category = next(item.category for item in denial.every_adjustment() if item.category)
        roll = self.dice.roll()
        if worked is None or roll > 0.86:
            return None
        if category == "timely_filing" or roll > 0.7:
            self.write_off(claim.account, denial, self.dice.between(15, 120))
            return None
        if category in SOFT and roll < 0.55:
            return self._correct(claim, denial, worked)
        return self._appeal(claim, denial, worked)

    def work_secondary(self, claim: Claim, denial: Adjudication, primary: Adjudication) -> None:
        """A denied secondary claim is corrected once, written off, or left open."""
        worked = self._touch(claim.account, denial.day)
        if worked is None or self.dice.chance(0.3):
            return
        if self.dice.chance(0.4):
            self.write_off(claim.account, denial, self.dice.between(20, 90))
            return
        corrected = self.transmission.send(claim, worked, "7", denial.control)
        if corrected is None or corrected.payer_day is None or corrected.is_rejected:
            return
        day = self._answer_day(claim, corrected.payer_day)
        answer = adjudicate_secondary(Request(claim, day, corrected.control, "7"), primary, None, self.dice)
        answer.received_day = corrected.payer_day
        self._record(answer)

    def write_off(self, account: Account, denial: Adjudication, wait: int) -> None:
        """Give the denied amount up, under timely filing when that was the reason."""
        amount = min(denial.denied, max(0, account.balance))
        category = next(item.category for item in denial.every_adjustment() if item.category)
        name = "timely_filing" if category == "timely_filing" else "denial"
        post_write_off(self.history, account, denial.day + wait, amount, name)

    def answer_duplicate(self, claim: Claim, submission: Submission, paid: Adjudication) -> None:
        """The claim had been sent a second time before its payment came: the payer calls it a duplicate."""
        ready = min(submission.day + self.dice.between(8, 20), paid.day)
        again = self.transmission.send(claim, ready, "1")
        if again is None or again.payer_day is None or again.is_rejected:
            return
        day = max(paid.day + 1, self._answer_day(claim, again.payer_day))
        day = self.history.remittance_day(claim.payer, day)
        answer = deny_duplicate(Request(claim, day, again.control))
        answer.received_day = again.payer_day
        self._record(answer)

    def take_back(self, claim: Claim, paid: Adjudication) -> Adjudication | None:
        """The payer takes a payment back months later and denies the claim, at once or in a later 835."""
        dice = self.dice
        day = self.history.remittance_day(claim.payer, paid.day + dice.between(45, 150))
        if not self.reverse(paid, day, is_deferred=dice.chance(0.5)):
            return paid
        if dice.chance(NEVER_CORRECTED):
            return None
        wait = dice.between(14, 30) if dice.chance(0.3) else 0
        later = self.history.remittance_day(claim.payer, day + wait) if wait else day
        plan = Plan(dice.draw(RETROSPECTIVE))
        denial = adjudicate(Request(claim, later, paid.control), plan, self.history.contracts, dice)
        if not self._record(denial):
            return None
        return self.work(claim, denial)

    def reprocess(self, claim: Claim, paid: Adjudication) -> Adjudication:
        """The payer corrects its own price: reversal and new payment in one remittance."""
        day = self.history.remittance_day(claim.payer, paid.day + self.dice.between(21, 90))
        if not self.reverse(paid, day, is_deferred=False):
            return paid
        answer = adjudicate(Request(claim, day, paid.control), PAY, self.history.contracts, self.dice)
        self._record(answer)
        return answer

    def reverse(self, original: Adjudication, day: int, *, is_deferred: bool) -> bool:
        """Record and post a reversal; False when it would arrive after the last day."""
        taken = reverse(original, day)
        taken.is_takeback_deferred = is_deferred
        return self._record(taken)

    def open_edit(self, account: Account, day: int, resolved: int) -> None:
        """A billing edit or rejection in the work queue."""
        item = self._item(account, "edit", "billing")
        self.history.record_work(replace(item, kind="entered", day=day))
        minutes = self.dice.between(4, 20)
        self.history.record_work(replace(item, kind="resolved", day=resolved, minutes=minutes))

    def follow_up(self, account: Account, day: int) -> None:
        """A call about a claim nobody answered."""
        item = self._item(account, "followup", "follow-up")
        self.history.record_work(replace(item, kind="entered", day=day - 1))
        self.history.record_work(replace(item, kind="touched", day=day, minutes=self.dice.between(8, 25)))

    def _item(self, account: Account, item_type: str, team: str) -> WorkEvent:
        return WorkEvent(self.history.new_item(), account, "entered", item_type, 0, team, 0)

    def _touch(self, account: Account, day: int) -> int | None:
        """Day on which somebody worked the denial; None when it stays untouched."""
        dice, record = self.dice, self.history.record_work
        item = self._item(account, "denial", "denials")
        first = next_workday(day + 1)
        record(replace(item, day=first))
        if not dice.chance(TOUCHED):
            return None
        wait = dice.between(1, 6) if dice.chance(0.62) else dice.between(7, 30)
        worked = next_workday(day + wait)
        if dice.chance(0.1):
            record(replace(item, kind="deferred", day=first, minutes=2))
        record(replace(item, kind="touched", day=worked, minutes=dice.between(6, 45)))
        if dice.chance(0.5):
            done = next_workday(worked + dice.between(1, 40))
            record(replace(item, kind="resolved", day=done, minutes=dice.between(3, 20)))
        return worked

    def _correct(self, claim: Claim, denial: Adjudication, worked: int) -> Adjudication | None:
        """A replacement claim (frequency 7); a rejected one is repaired and sent again."""
        corrected = self.transmission.send(claim, worked, "7", denial.control)
        if corrected and corrected.is_rejected:
            refused = corrected.payer_day or corrected.clearinghouse_day or corrected.day
            corrected = self.transmission.send(claim, refused + self.dice.between(2, 9), "7", denial.control)
        if corrected is None or corrected.payer_day is None or corrected.is_rejected:
            return None
        day = self._answer_day(claim, corrected.payer_day)
        plan, roll = PAY, self.dice.roll()
        if roll > 0.9:
            plan = Plan(self.dice.draw(FULL))
        elif roll > 0.74:
            plan = Plan(_same_reason(denial))
        if self.dice.chance(0.4) and not self.reverse(denial, day, is_deferred=False):
            return None
        answer = adjudicate(
            Request(claim, day, corrected.control, "7"), plan, self.history.contracts, self.dice
        )
        answer.received_day = corrected.payer_day
        if not self._record(answer):
            return None
        return self._after_second(claim, answer)

    def _appeal(self, claim: Claim, denial: Adjudication, worked: int) -> Adjudication | None:
        """An appeal: overturned ones are reversed and corrected, upheld ones mostly written off."""
        dice = self.dice
        appeal = self._item(claim.account, "appeal", "appeals")
        filed = next_workday(worked + 2)
        self.history.record_work(replace(appeal, kind="touched", day=filed, minutes=40))
        decided = self.history.remittance_day(claim.payer, worked + dice.between(30, 80))
        if not dice.chance(0.58):
            if dice.chance(0.7):
                self.write_off(claim.account, denial, decided - denial.day + dice.between(5, 30))
            return None
        if not self.reverse(denial, decided, is_deferred=False):
            return None
        wait = 7 * dice.between(1, 3) if dice.chance(0.2) else 0
        day = self.history.remittance_day(claim.payer, decided + wait)
        answer = adjudicate(Request(claim, day, denial.control), PAY, self.history.contracts, dice)
        if not self._record(answer):
            return None
        return self._after_second(claim, answer)

    def _after_second(self, claim: Claim, answer: Adjudication) -> Adjudication | None:
        if answer.denied:
            self._touch(claim.account, answer.day)
            if self.dice.chance(0.6):
                self.write_off(claim.account, answer, self.dice.between(10, 90))
            return None
        return answer

    def _answer_day(self, claim: Claim, accepted: int) -> int:
        behaviour = BEHAVIOUR[claim.payer.payer_id]
        wait = self.dice.between(behaviour.first_day, behaviour.last_day)
        return self.history.remittance_day(claim.payer, accepted + wait)

    def _record(self, answer: Adjudication) -> bool:
        if not self.history.record_adjudication(answer):
            return False
        post_remittance(self.history, answer, self.dice)
        return True


def _same_reason(denial: Adjudication) -> Reason:
    item = next(item for item in denial.every_adjustment() if item.category)
    remarks = denial.remarks or next((service.remarks for service in denial.services if service.remarks), ())
    return Reason(item.carc, item.category, item.group, remarks[0] if remarks else "", item.is_rfi)
