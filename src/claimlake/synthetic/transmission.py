"""How submissions travel: batches, acknowledgements and every way a claim is turned away."""

from claimlake.synthetic.claim import Claim, Submission
from claimlake.synthetic.dice import Dice
from claimlake.synthetic.history import History

CLEARINGHOUSE_REJECTION = 0.024
PAYER_REJECTION = 0.011
SILENCE = 0.006
REJECTION_CODES = ["A3", "A6", "A7", "A8"]
OUTAGE_LEVELS = {17: "set", 34: "batch", 51: "provider"}
"""Batches of each entity refused as a whole: by 999, or by the clearinghouse at batch or provider level."""


class Transmission:
    """Sends claims and decides what the clearinghouse and the payer answer."""

    def __init__(self, history: History, dice: Dice) -> None:
        self.history = history
        self.dice = dice
        first = history.submission_day(history.start)
        step = 7 if history.is_weekly else 1
        self.outages = {
            history.submission_day(first + step * (number + unit.number)): level
            for number, level in OUTAGE_LEVELS.items()
            for unit in history.profile.units[:1]
        }
        self.outage_unit = history.profile.units[0].entity_id

    def send(self, claim: Claim, ready: int, frequency: str, original_control: str = "") -> Submission | None:
        """The recorded submission with its answers; None when it would leave after the last day."""
        day = self.history.submission_day(ready)
        submission = Submission(claim, day, frequency, original_control)
        submission.trace = (
            f"{claim.account.unit.number}{claim.account.number}{claim.sequence}{len(claim.submissions) + 1}"
        )
        if not self.history.record_submission(submission):
            return None
        if claim.account.unit.entity_id == self.outage_unit and day in self.outages:
            self._refuse_batch(submission, self.outages[day])
        else:
            self._answer(submission)
        return submission

    def _refuse_batch(self, submission: Submission, level: str) -> None:
        """Nothing below is answered claim by claim: the refusal of the whole counts for each."""
        if submission.day + 1 <= self.history.until:
            submission.outcome, submission.rejected_by = "rejected", "clearinghouse"
            submission.rejection_level = level
            submission.rejection_code = "" if level == "set" else "A8"
            submission.clearinghouse_day = submission.day + 1
        else:
            submission.outcome = "no_answer"

    def _answer(self, submission: Submission) -> None:
        dice, until = self.dice, self.history.until
        claim = submission.claim
        acknowledged = submission.day + 1
        answered = acknowledged + (2 if self.history.is_weekly else 1 + len(claim.payer.payer_id) % 3)
        is_refused = dice.chance(CLEARINGHOUSE_REJECTION)
        is_refused_by_payer = dice.chance(PAYER_REJECTION)
        is_silent = dice.chance(SILENCE)
        code = dice.one_of(REJECTION_CODES)
        if acknowledged > until:
            return
        submission.clearinghouse_day = acknowledged
        submission.outcome = "acknowledged"
        if is_refused:
            submission.outcome, submission.rejected_by = "rejected", "clearinghouse"
            submission.rejection_level, submission.rejection_code = "claim", code
        elif answered <= until and not is_silent:
            submission.payer_day = answered
            if is_refused_by_payer:
                submission.outcome, submission.rejected_by = "rejected", "payer"
                submission.rejection_level, submission.rejection_code = "claim", code
            else:
                submission.outcome = "accepted"
                submission.control = self.history.new_control(submission.claim.payer, answered)
