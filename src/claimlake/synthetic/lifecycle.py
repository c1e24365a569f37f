"""The life of one account: charges, bill, claims, answers and patient money, told in order of time."""

from claimlake.synthetic.adjudication import PAY, Plan, Request, adjudicate, adjudicate_secondary
from claimlake.synthetic.calendar import next_workday
from claimlake.synthetic.claim import Account, Adjudication, Claim, Submission
from claimlake.synthetic.denial import FULL, PARTIAL, SECONDARY, STATUS, draw_reason
from claimlake.synthetic.dice import Dice
from claimlake.synthetic.history import History
from claimlake.synthetic.patient_balance import bill_patient, collect_at_service, settle_self_pay
from claimlake.synthetic.posting import post_remittance
from claimlake.synthetic.procedure import DOWNCODED
from claimlake.synthetic.profile import BEHAVIOUR
from claimlake.synthetic.rework import Rework
from claimlake.synthetic.transmission import Transmission

NEVER_BILLED = 0.006
LOST_ANSWER = 0.012
RESENT_TOO_EARLY = 0.006
RETROSPECTIVE = 0.012
REPROCESSED = 0.013
UNDERPAID = 0.04
DOWNCODING = 0.05
STATUS_DENIAL = 0.3
CROSSOVER = 0.25


class Lifecycle:
    """Plays the accounts of one tenant and records what happened."""

    def __init__(self, history: History, dice: Dice) -> None:
        self.history = history
        self.dice = dice
        self.transmission = Transmission(history, dice)
        self.rework = Rework(history, self.transmission, dice)

    def play(self, account: Account) -> None:
        """Record everything that happens to one account."""
        dice = self.dice
        account.balance = sum(line.charge for line in account.lines if line.post_day <= self.history.until)
        account.last_day = max(line.post_day for line in account.lines)
        self.history.accounts.append(account)
        collect_at_service(self.history, account, dice)
        self._bill(account)
        if account.final_bill_day is None or account.final_bill_day > self.history.until:
            account.final_bill_day = None
            return
        if account.payer is None:
            settle_self_pay(self.history, account, dice)
            return
        claim = self.history.open_claim(account, account.payer, "P")
        self._pursue(claim)
        bill_patient(self.history, account, dice)

    def _bill(self, account: Account) -> None:
        dice = self.dice
        if dice.chance(NEVER_BILLED):
            return
        hold = self.history.profile.entities[account.unit.entity_id].bill_hold_days
        lag = dice.between(15, 45) if dice.chance(0.03) else dice.between(0, 4)
        posted = max(line.post_day for line in account.lines)
        account.final_bill_day = max(account.discharge_day + hold + lag, posted)

    def _pursue(self, claim: Claim) -> None:
        held = self.dice.between(8, 30) if self.dice.chance(0.04) else self.dice.between(0, 2)
        bill_day = claim.account.final_bill_day or 0
        if held > 2:
            self.rework.open_edit(claim.account, bill_day, bill_day + held)
        submission = self._submit_until_accepted(claim, bill_day + held)
        if submission is None or submission.payer_day is None:
            return
        if self.dice.chance(LOST_ANSWER):
            submission = self._chase(claim, submission)
            if submission is None or submission.payer_day is None:
                return
        first = self._first_answer(claim, submission)
        if first is None:
            return
        if first.denied:
            final = self.rework.work(claim, first)
        else:
            final = self._after_payment(claim, submission, first)
        if final and claim.account.secondary and not final.denied:
            self._bill_secondary(claim, final)

    def _submit_until_accepted(self, claim: Claim, ready: int) -> Submission | None:
        """The first submission the payer accepts; a rejected one is mostly repaired and sent again."""
        submission = self.transmission.send(claim, ready, "1")
        for _ in range(3):
            if submission is None or not submission.is_rejected:
                break
            refused = submission.payer_day or submission.clearinghouse_day or submission.day
            is_batch = submission.rejection_level != "claim"
            if not is_batch and not self.dice.chance(0.8):
                return None
            again = refused + (1 if is_batch else self.dice.between(2, 14))
            self.rework.open_edit(claim.account, refused, again)
            submission = self.transmission.send(claim, again, "1")
        return submission if submission and submission.outcome == "accepted" else None

    def _chase(self, claim: Claim, submission: Submission) -> Submission | None:
        """No remittance comes; some claims are followed up and sent a second time."""
        if not self.dice.chance(0.5):
            return None
        called = submission.day + self.dice.between(31, 60)
        self.rework.follow_up(claim.account, called)
        again = self.transmission.send(claim, called + self.dice.between(1, 10), "1")
        return again if again and again.outcome == "accepted" else None

    def _first_answer(self, claim: Claim, submission: Submission) -> Adjudication | None:
        behaviour = BEHAVIOUR[claim.payer.payer_id]
        ready = (submission.payer_day or 0) + self.dice.between(behaviour.first_day, behaviour.last_day)
        day = self.history.remittance_day(claim.payer, ready)
        request = Request(claim, day, submission.control)
        answer = adjudicate(request, self._plan(claim), self.history.contracts, self.dice)
        answer.received_day = submission.payer_day
        account = claim.account
        if account.secondary and answer.patient_share and not answer.denied and self.dice.chance(CROSSOVER):
            # Forwarded to the next payer; the office bills it as well.
            answer.status = "19"
        if not self.history.record_adjudication(answer):
            return None
        post_remittance(self.history, answer, self.dice)
        return answer

    def _plan(self, claim: Claim) -> Plan:
        dice, account = self.dice, claim.account
        rate = BEHAVIOUR[claim.payer.payer_id].denial_rate
        if account.encounter_class == "inpatient":
            rate *= 1.35
        if dice.chance(rate):
            can_be_partial = len(account.lines) > 1
            is_partial = can_be_partial and dice.chance(0.4)
            if account.encounter_class == "inpatient" and dice.chance(STATUS_DENIAL):
                return Plan(dice.draw(STATUS), is_partial=is_partial)
            weighted = PARTIAL if is_partial else FULL
            reason = draw_reason(weighted, dice, is_auth_required=account.is_auth_required)
            return Plan(reason, is_partial=is_partial)
        if dice.chance(UNDERPAID):
            return Plan(allowed_percent=dice.between(82, 96))
        is_strict = claim.payer.payer_class in ("commercial", "exchange", "medicare_advantage")
        if is_strict and dice.chance(DOWNCODING) and any(line.code in DOWNCODED for line in account.lines):
            return Plan(is_downcoded=True)
        return PAY

    def _after_payment(self, claim: Claim, submission: Submission, paid: Adjudication) -> Adjudication | None:
        """What may still befall a paid claim: a duplicate, a better price, or a takeback."""
        dice = self.dice
        if claim.account.secondary is None:
            if dice.chance(RESENT_TOO_EARLY):
                self.rework.answer_duplicate(claim, submission, paid)
            elif dice.chance(RETROSPECTIVE):
                return self.rework.take_back(claim, paid)
            elif dice.chance(REPROCESSED):
                return self.rework.reprocess(claim, paid)
        return paid

    def _bill_secondary(self, primary: Claim, answer: Adjudication) -> None:
        account, dice = primary.account, self.dice
        if account.secondary is None or answer.patient_share == 0 or dice.chance(0.05):
            return
        wait = dice.between(30, 90) if dice.chance(0.1) else dice.between(2, 15)
        claim = self.history.open_claim(account, account.secondary, "S")
        submission = self._submit_until_accepted(claim, next_workday(answer.day + wait))
        if submission is None or submission.payer_day is None or dice.chance(LOST_ANSWER):
            return
        behaviour = BEHAVIOUR[claim.payer.payer_id]
        ready = submission.payer_day + dice.between(behaviour.first_day, behaviour.last_day)
        reason = dice.draw(SECONDARY) if dice.chance(behaviour.denial_rate) else None
        day = self.history.remittance_day(claim.payer, ready)
        second = adjudicate_secondary(Request(claim, day, submission.control), answer, reason, dice)
        second.received_day = submission.payer_day
        if not self.history.record_adjudication(second):
            return
        post_remittance(self.history, second, dice)
        if second.denied:
            self.rework.work_secondary(claim, second, answer)
