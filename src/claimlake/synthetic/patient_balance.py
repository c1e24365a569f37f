"""What patients owe and what becomes of it: payments, charity, bad debt, refunds."""

from claimlake.synthetic.claim import Account
from claimlake.synthetic.dice import Dice
from claimlake.synthetic.history import History
from claimlake.synthetic.money import share
from claimlake.synthetic.posting import post_patient_payment, post_refund, post_write_off

SMALL_BALANCE = 999
WAYS = [("card", "portal"), ("card", "text"), ("check", "mail"), ("card", "ivr")]
"""(method, channel) of later patient payments."""


def collect_at_service(history: History, account: Account, dice: Dice) -> None:
    """Money taken at the front desk, sometimes more than the patient will owe."""
    if account.payer and account.payer.payer_class.startswith("medicaid"):
        return
    if not dice.chance(0.3 if account.billing_type == "PB" else 0.12):
        return
    most = 60 if account.billing_type == "PB" else 250
    amount = min(dice.between(4, most // 5) * 500, share(account.charge, 1, 4))
    day = account.arrive_day if account.encounter_class != "inpatient" else account.discharge_day
    post_patient_payment(history, account, day, amount, ("card", "front_desk"))
    account.paid_at_service = account.patient_paid


def settle_self_pay(history: History, account: Account, dice: Dice) -> None:
    """An uninsured account: discount, charity, payments or bad debt."""
    billed = account.final_bill_day or 0
    if dice.chance(0.8):
        discount = share(account.balance, 35, 100)
        post_write_off(history, account, billed + dice.between(1, 6), discount, "uninsured_discount")
    roll = dice.roll()
    if roll < 0.12:
        post_write_off(history, account, billed + dice.between(20, 70), account.balance, "charity")
    elif roll < 0.25:
        _pay(history, account, billed + dice.between(15, 60), account.balance, dice)
    elif roll < 0.45:
        part = max(100, share(account.balance, 1, 8))
        for number in range(dice.between(1, 7)):
            day = billed + 30 * (number + 1) + dice.between(-4, 4)
            _pay(history, account, day, min(part, account.balance), dice)
    elif roll < 0.9:
        post_write_off(history, account, billed + dice.between(90, 180), account.balance, "bad_debt")


def bill_patient(history: History, account: Account, dice: Dice) -> None:
    """Collect the patient's share of the latest adjudication, then give back what was too much."""
    answers = [claim.effective() for claim in account.claims]
    standing = [answer for answer in answers if answer]
    if standing:
        last = max(standing, key=lambda answer: (answer.day, answer.claim.sequence))
        owed = min(last.patient_share - account.patient_paid, account.balance)
        if owed > 0 and not _waits_for_secondary(account):
            _collect(history, account, owed, last.day, dice)
    if account.balance < 0 and dice.chance(0.7):
        post_refund(history, account, account.last_day + dice.between(20, 75), -account.balance)


def _waits_for_secondary(account: Account) -> bool:
    billed = {claim.sequence for claim in account.claims if claim.effective()}
    return account.secondary is not None and "S" not in billed


def _collect(history: History, account: Account, owed: int, day: int, dice: Dice) -> None:
    if owed <= SMALL_BALANCE and dice.chance(0.5):
        post_write_off(history, account, day + dice.between(20, 60), owed, "small_balance")
        return
    roll = dice.roll()
    if roll < 0.5:
        _pay(history, account, day + dice.between(18, 75), owed, dice)
    elif roll < 0.62:
        _pay(history, account, day + dice.between(20, 50), share(owed, 1, 3), dice)
        _pay(history, account, day + dice.between(51, 120), share(owed, 1, 3), dice)
    elif roll < 0.66:
        post_write_off(history, account, day + dice.between(30, 90), owed, "charity")
    elif roll < 0.82:
        post_write_off(history, account, day + dice.between(120, 210), owed, "bad_debt")


def _pay(history: History, account: Account, day: int, amount: int, dice: Dice) -> None:
    post_patient_payment(history, account, day, max(0, amount), dice.one_of(WAYS))
