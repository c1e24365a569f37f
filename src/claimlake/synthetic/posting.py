"""How remittances and patient money reach the ledger: the coordination-of-benefits posting rules."""

from claimlake.synthetic.claim import Account, Adjudication, Transaction
from claimlake.synthetic.dice import Dice
from claimlake.synthetic.history import History

SEQUENCE_NAMES = {"P": "primary", "S": "secondary", "T": "tertiary"}


def post_remittance(history: History, answer: Adjudication, dice: Dice) -> None:
    """Post a CLP 0 to 3 days after its remittance: payment, contractual amounts; never OA-23, PR or denials."""
    day = answer.day + dice.between(0, 3)
    if answer.reverses is None and answer.paid > 0 and dice.chance(0.008):
        _post_unapplied(history, answer, day, dice)
    else:
        _keep(answer, _payment(history, answer, day, None))
    for (group, carc), amount in _contractual(answer).items():
        row = history.record(
            answer.claim.account,
            "adjustment",
            day,
            amount,
            code="CONTR" if carc == "45" else "SEQ" if carc == "253" else "OTHADJ",
            adjustment_type="contractual" if answer.reverses is None else "reversal",
            writeoff_category="none",
            sequence=answer.claim.sequence,
            payer=answer.claim.payer,
            trace=answer.trace,
            group=group,
            carc=carc,
            reverses=_reversed_row(answer, group, carc),
        )
        _keep(answer, row)


def _keep(answer: Adjudication, row: Transaction | None) -> None:
    if row:
        answer.posted.append(row)


def _contractual(answer: Adjudication) -> dict[tuple[str, str], int]:
    found: dict[tuple[str, str], int] = {}
    for item in answer.every_adjustment():
        if item.category or item.group == "PR" or item.carc == "23":
            continue
        key = (item.group, item.carc)
        found[key] = found.get(key, 0) + item.amount
    return found


def _payment(history: History, answer: Adjudication, day: int, deposit_day: int | None) -> Transaction | None:
    return history.record(
        answer.claim.account,
        "payment",
        day,
        answer.paid,
        code="INSPAY" if answer.reverses is None else "INSREV",
        source="payer",
        sequence=answer.claim.sequence,
        payer=answer.claim.payer,
        method="eft",
        trace=answer.trace,
        reverses=_reversed_row(answer, "", ""),
        deposit_day=deposit_day or answer.day,
    )


def _post_unapplied(history: History, answer: Adjudication, day: int, dice: Dice) -> None:
    """The deposit waits without an account and is applied later."""
    applied = day + dice.between(6, 45)
    for moment, amount in ((day, answer.paid), (applied, -answer.paid)):
        history.record(
            None, "payment", moment, amount, unit=answer.claim.account.unit, code="UNAPPL", source="payer",
            sequence=answer.claim.sequence, payer=answer.claim.payer, method="eft", trace=answer.trace,
            deposit_day=answer.day,
        )  # fmt: skip
    _keep(answer, _payment(history, answer, applied, answer.day))


def _reversed_row(answer: Adjudication, group: str, carc: str) -> int | None:
    if answer.reverses is None:
        return None
    for row in answer.reverses.posted:
        if (row.group, row.carc) == (group, carc):
            return row.number
    return None


def post_patient_payment(
    history: History, account: Account, day: int, amount: int, method: str, channel: str
) -> None:
    """Post money from the patient; at the front desk on the day of service, otherwise later."""
    history.record(
        account, "payment", day, amount, code="PATPAY", source="patient", sequence="patient", method=method,
        channel=channel, deposit_day=day,
    )  # fmt: skip


def post_refund(history: History, account: Account, day: int, amount: int) -> None:
    """Give a credit balance back to the patient: a negative row."""
    history.record(
        account, "refund", day, -amount, code="REFUND", source="patient", sequence="patient", method="check",
        channel="mail", deposit_day=day,
    )  # fmt: skip


def post_write_off(history: History, account: Account, day: int, amount: int, category: str) -> None:
    """Write an amount off under one category."""
    history.record(
        account, "adjustment", day, amount, code=f"WO-{category[:6].upper()}", adjustment_type="write-off",
        writeoff_category=category,
    )  # fmt: skip
