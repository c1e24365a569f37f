"""Adjudications gathered into payments: one balanced 835 transaction per payer, entity and day."""

from claimlake.synthetic.claim import Adjudication, Payment, ProviderAdjustment
from claimlake.synthetic.history import History
from claimlake.synthetic.money import share

INTEREST_AFTER_DAYS = 40
RECOVERY_AFTER_DAYS = 14


class _Account:
    """What a payer carries forward with one entity."""

    def __init__(self) -> None:
        self.forwarded: ProviderAdjustment | None = None
        self.recoveries: list[tuple[int, ProviderAdjustment]] = []


def gather_payments(history: History) -> list[Payment]:
    """The payments of a tenant in order of day; also numbers each CLP within its transaction."""
    groups: dict[tuple[int, str, str], list[Adjudication]] = {}
    for answer in history.adjudications:
        key = (answer.day, answer.claim.payer.payer_id, answer.claim.account.unit.entity_id)
        groups.setdefault(key, []).append(answer)
    carried: dict[tuple[str, str], _Account] = {}
    payments = []
    for key in sorted(groups):
        answers = groups[key]
        for ordinal, answer in enumerate(answers, start=1):
            answer.ordinal = ordinal
        payments.append(_settle(answers, carried.setdefault(key[1:], _Account())))
    return payments


def _settle(answers: list[Adjudication], account: _Account) -> Payment:
    """BPR02 = ΣCLP04 - ΣPLB and never negative: a deficit is forwarded (FB) to the next payment."""
    first = answers[0]
    day, trace = first.day, first.trace
    found = _due(account, day)
    for answer in answers:
        if answer.is_takeback_deferred and answer.paid:
            found.append(ProviderAdjustment("WO", answer.control, answer.paid))
            recovery = ProviderAdjustment("WO", answer.control, -answer.paid)
            account.recoveries.append((day + RECOVERY_AFTER_DAYS, recovery))
        interest = _interest(answer)
        if interest:
            found.append(ProviderAdjustment("L6", answer.control, -interest))
    amount = sum(answer.paid for answer in answers) - sum(item.amount for item in found)
    if amount < 0:
        found.append(ProviderAdjustment("FB", trace, amount))
        account.forwarded = ProviderAdjustment("FB", trace, -amount)
        amount = 0
    return Payment(first.claim.payer, first.claim.account.unit, day, trace, answers, found, amount)


def _due(account: _Account, day: int) -> list[ProviderAdjustment]:
    found = [account.forwarded] if account.forwarded else []
    account.forwarded = None
    found += [recovery for due, recovery in account.recoveries if due <= day]
    account.recoveries = [(due, recovery) for due, recovery in account.recoveries if due > day]
    return found


def _interest(answer: Adjudication) -> int:
    """Prompt-pay interest of a late payment: 1.5 % a month from the 40th day, in cents."""
    late = answer.day - (answer.received_day or answer.day) - INTEREST_AFTER_DAYS
    if late <= 0 or answer.paid <= 0 or answer.status == "22":
        return 0
    return share(answer.paid, 15 * late, 30_000)
