"""Answers worked by hand; amounts in cents."""

from typing import Any

from claimlake.synthetic.adjudication import PAY, Plan, Request, adjudicate, adjudicate_secondary, reverse
from claimlake.synthetic.claim import Account, Adjudication, Adjustment, Claim, Line, Service, Submission
from claimlake.synthetic.denial import Reason
from claimlake.synthetic.dice import Dice
from claimlake.synthetic.money import dollars, share, x12_amount
from claimlake.synthetic.patient import Patient
from claimlake.synthetic.profile import Unit
from claimlake.synthetic.provider import Department, Provider
from claimlake.tenant import Payer

DAY = 739_500
MEDICARE = Payer("medicare", "Medicare", "medicare_ffs", ("1", "MEDICARE"))
MEDIGAP = Payer("medigap", "Medigap", "commercial", ("2", "MEDIGAP"))
MEDICAID = Payer("tx_medicaid", "Medicaid", "medicaid_ffs", ("3", "MEDICAID"))
WORKERS = Payer("texas_mutual", "Workers", "workers_comp", ("4", "WORKERS"))
DEPARTMENT = Department("10", "Clinic", "Family Medicine", "207Q00000X", "primary care", "clinic", "main")
PROVIDER = Provider("1", "1234567893", "ADA", "MARSH", DEPARTMENT, 100, "physician")
PATIENT = Patient(
    number=1, first="ADA", middle="Q", last="MARSH", birth_day=700_000, sex="F", street="1 ELM ST",
    zip_code="78028", phone="5555550100", payer_id="medicare", secondary_id="medigap", member_id="A1",
    modified_day=DAY,
)  # fmt: skip


class Fees:
    """Contracts without a lower code."""

    def fee(self, *_: Any) -> None:
        return None


def claim(payer: Payer, *lines: Line, sequence: str = "P") -> Claim:
    account = Account(
        unit=Unit("clinic", "emr", 1.0, 2, 1, 1), billing_type="PB", number=1, patient=PATIENT,
        encounter_class="office", provider=PROVIDER, facility_id="main",
        arrive_day=DAY, arrive_minute=600, discharge_day=DAY,
        lines=list(lines), payer=payer, secondary=MEDIGAP, diagnoses=["I10"],
    )  # fmt: skip
    return Claim(account, payer, sequence)


def line(number: int, charge: int, expected: int) -> Line:
    return Line(number, DAY, DAY, "", "93000", "", 1, charge, expected)


def decide(of: Claim, plan: Plan) -> Adjudication:
    return adjudicate(Request(of, DAY + 20, "ICN1"), plan, Fees(), Dice([1]))  # type: ignore[arg-type]


def test_sequestration_is_two_percent_of_the_medicare_payment() -> None:
    answer = decide(claim(MEDICARE, line(1, 50_000, 20_000)), PAY)
    coinsurance = answer.patient_share
    paid_before = 20_000 - coinsurance
    assert coinsurance in (4_000, 20_000)
    assert answer.paid == paid_before - share(paid_before, 2, 100)
    assert ("CO", "45", 30_000) in [item[:3] for item in answer.every_adjustment()]


def test_a_partial_denial_pays_the_other_lines() -> None:
    reason = Reason("97", "bundling", remark="M15")
    answer = decide(
        claim(WORKERS, line(1, 10_000, 6_000), line(2, 4_000, 2_000)), Plan(reason, is_partial=True)
    )
    denied = [service for service in answer.services if service.paid == 0]
    paid = [service for service in answer.services if service.paid > 0]
    assert len(denied) == len(paid) == 1
    assert answer.paid == paid[0].line.expected
    assert answer.denied in (denied[0].line.charge, denied[0].line.expected)
    assert answer.paid + sum(item.amount for item in answer.every_adjustment()) == 14_000


def test_an_underpayment_stays_balanced() -> None:
    answer = decide(claim(WORKERS, line(1, 10_000, 6_000)), Plan(allowed_percent=90))
    assert answer.paid == 5_400
    assert [item[:3] for item in answer.every_adjustment()] == [("CO", "45", 4_600)]


def test_the_secondary_covers_what_the_primary_left() -> None:
    """Charge 500, primary 300 paid, 125 contractual, 75 to the patient: OA-23 is 425."""
    primary_claim = claim(MEDICARE, line(1, 50_000, 37_500))
    primary = Adjudication(primary_claim, DAY, "1", "1", "A", 50_000, 30_000, [], [])
    adjustments = [Adjustment("CO", "45", 12_500), Adjustment("PR", "2", 7_500)]
    primary.services = [Service(primary_claim.account.lines[0], 50_000, 30_000, adjustments)]
    second = Claim(primary_claim.account, MEDIGAP, "S")
    answer = adjudicate_secondary(Request(second, DAY + 30, "B"), primary, None, Dice([3]))
    assert answer.status == "2"
    assert answer.paid == 7_500
    assert [item[:3] for item in answer.every_adjustment()] == [("OA", "23", 42_500)]

    medicaid = Claim(primary_claim.account, MEDICAID, "S")
    lesser = adjudicate_secondary(Request(medicaid, DAY + 30, "C"), primary, None, Dice([3]))
    contractual = next(item.amount for item in lesser.every_adjustment() if item.carc == "45")
    assert lesser.paid + contractual == 7_500
    assert lesser.patient_share == 0


def test_a_reversal_negates_and_leaves_the_original_ineffective() -> None:
    one = claim(WORKERS, line(1, 10_000, 6_000))
    original = decide(one, PAY)
    taken = reverse(original, DAY + 60)
    assert (taken.status, taken.charge, taken.paid) == ("22", -10_000, -6_000)
    assert taken.denied == 0
    one.adjudications = [original]
    assert one.effective() is original
    one.adjudications = [original, taken]
    assert one.effective() is None


def test_a_submission_is_rejected_only_by_its_outcome() -> None:
    sent = Submission(claim(WORKERS, line(1, 100, 50)), DAY, "1")
    assert not sent.is_rejected
    sent.outcome = "rejected"
    assert sent.is_rejected


def test_money_is_rounded_half_up_and_spelled_exactly() -> None:
    assert share(101, 1, 2) == 51
    assert share(100, 268_000, 1_000_000) == 27
    assert [dollars(5), dollars(-105), dollars(120_000)] == ["0.05", "-1.05", "1200.00"]
    assert [x12_amount(12_050), x12_amount(-7), x12_amount(300), x12_amount(0)] == [
        "120.5",
        "-0.07",
        "3",
        "0",
    ]
