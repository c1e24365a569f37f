"""How remittances and patient money reach the ledger: the coordination-of-benefits posting rules."""

from claimlake.synthetic.claim import Account, Adjudication, Transaction
from claimlake.synthetic.dice import Dice
from claimlake.synthetic.history import History

UNAPPLIED = 0.008


def post_remittance(history: History, answer: Adjudication, dice: Dice) -> None:
    """Post a CLP 0 to 3 days after it came: payment and contractual amounts; never OA-23, PR or denials."""
    day = answer.day + dice.between(0, 3)
    if answer.reverses is None and answer.paid > 0 and dice.chance(UNAPPLIED):
        day = _wait_unapplied(history, answer, day, dice)
    rows = [history.record(_payment(answer, day))]
    for (group, carc), amount in _contractual(answer).items():
        rows.append(history.record(_adjustment(answer, day, group, carc, amount)))
    answer.posted += [row for row in rows if row]


def post_patient_payment(
    history: History, account: Account, day: int, amount: int, way: tuple[str, str]
) -> None:
    """Post money from the patient by its (method, channel); at the front desk on the day of service."""
    method, channel = way
    history.record(
        Transaction(
            account.unit,
            account,
            "payment",
            day,
            amount,
            "PATPAY",
            source="patient",
            sequence="patient",
            method=method,
            channel=channel,
            deposit_day=day,
        )
    )


def post_refund(history: History, account: Account, day: int, amount: int) -> None:
    """Give a credit balance back to the patient: a negative row."""
    history.record(
        Transaction(
            account.unit,
            account,
            "refund",
            day,
            -amount,
            "REFUND",
            source="patient",
            sequence="patient",
            method="check",
            channel="mail",
            deposit_day=day,
        )
    )


def post_write_off(history: History, account: Account, day: int, amount: int, category: str) -> None:
    """Write an amount off under one category."""
    history.record(
        Transaction(
            account.unit,
            account,
            "adjustment",
            day,
            amount,
            f"WO-{category[:6].upper()}",
            adjustment_type="write-off",
            writeoff_category=category,
        )
    )


def _payment(answer: Adjudication, day: int) -> Transaction:
    account = answer.claim.account
    return Transaction(
        account.unit,
        account,
        "payment",
        day,
        answer.paid,
        "INSPAY" if answer.reverses is None else "INSREV",
        source="payer",
        sequence=answer.claim.sequence,
        payer=answer.claim.payer,
        method="eft",
        trace=answer.trace,
        reverses=_reversed_row(answer, "", ""),
        deposit_day=answer.day,
    )


def _adjustment(answer: Adjudication, day: int, group: str, carc: str, amount: int) -> Transaction:
    account = answer.claim.account
    return Transaction(
        account.unit,
        account,
        "adjustment",
        day,
        amount,
        {"45": "CONTR", "253": "SEQ"}.get(carc, "OTHADJ"),
        sequence=answer.claim.sequence,
        payer=answer.claim.payer,
        trace=answer.trace,
        adjustment_type="contractual" if answer.reverses is None else "reversal",
        writeoff_category="none",
        group=group,
        carc=carc,
        reverses=_reversed_row(answer, group, carc),
    )


def _contractual(answer: Adjudication) -> dict[tuple[str, str], int]:
    found: dict[tuple[str, str], int] = {}
    for item in answer.every_adjustment():
        if item.category or item.group == "PR" or item.carc == "23":
            continue
        key = (item.group, item.carc)
        found[key] = found.get(key, 0) + item.amount
    return found


def _wait_unapplied(history: History, answer: Adjudication, day: int, dice: Dice) -> int:
    """The deposit waits without an account; the day on which it is applied."""
    applied = day + dice.between(6, 45)
    for moment, amount in ((day, answer.paid), (applied, -answer.paid)):
        waiting = _payment(answer, moment)
        waiting.account, waiting.amount, waiting.code = None, amount, "UNAPPL"
        history.record(waiting)
    return applied


def _reversed_row(answer: Adjudication, group: str, carc: str) -> int | None:
    if answer.reverses is None:
        return None
    for row in answer.reverses.posted:
        if (row.group, row.carc) == (group, carc):
            return row.number
    return None
