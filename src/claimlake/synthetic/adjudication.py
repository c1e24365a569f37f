"""How a payer decides a claim: allowed amounts, cost sharing, denials, coordination and reversals."""

from dataclasses import dataclass

from claimlake.synthetic.claim import Account, Adjudication, Adjustment, Claim, Line, Service
from claimlake.synthetic.contract import Contracts
from claimlake.synthetic.denial import Reason
from claimlake.synthetic.dice import Dice
from claimlake.synthetic.money import share
from claimlake.synthetic.procedure import DOWNCODED

MEDICARE_DEDUCTIBLE = 167_600
SEQUESTRATION_PERCENT = 2
UNCONTRACTED_PERCENT = 45
"""Share of charges a payer without a contract allows."""
WHOLE_CLAIM_DENIAL = 0.2
REMARK_ON_CLAIM = 0.15


@dataclass(frozen=True, slots=True)
class CostShare:
    """What the plan leaves to the patient: deductible first, then a share or a copay, in cents."""

    deductible: int = 0
    percent: int = 0
    copay: int = 0


@dataclass(frozen=True, slots=True)
class Plan:
    """What the payer means to do with a claim."""

    reason: Reason | None = None
    is_partial: bool = False
    is_downcoded: bool = False
    allowed_percent: int = 100
    """Allowed amount as a percentage of the contract: below 100 is an underpayment."""


PAY = Plan()
DUPLICATE = Reason("18", "duplicate", "OA")


@dataclass(frozen=True, slots=True)
class Request:
    """One answer to give: which version of a claim, under which control number, on which day."""

    claim: Claim
    day: int
    control: str
    frequency: str = "1"


def adjudicate(request: Request, plan: Plan, contracts: Contracts, dice: Dice) -> Adjudication:
    """The payer's answer to a primary claim, balanced line by line."""
    account = request.claim.account
    reason = plan.reason
    if reason and not plan.is_partial:
        has_no_lines = bool(reason.status) or not account.has_service_lines
        if has_no_lines or dice.chance(WHOLE_CLAIM_DENIAL):
            return _deny_whole(request, reason)
    portions = account.lines if account.has_service_lines else [_whole(account)]
    denied = _denied_lines(portions, plan, dice)
    desk = _Desk(request.claim, plan, contracts, dice)
    services = [desk.decide(portion, is_denied=portion.number in denied) for portion in portions]
    return _assemble(request, services, reason, dice)


def adjudicate_secondary(
    request: Request, primary: Adjudication, reason: Reason | None, dice: Dice
) -> Adjudication:
    """A later payer's answer: OA-23 covers what the primary settled, the rest is paid, reduced or denied."""
    claim = request.claim
    is_medicaid = claim.payer.payer_class.startswith("medicaid")
    pays_deductible = dice.chance(0.6)
    parts = primary.services or [
        Service(_whole(claim.account), primary.charge, primary.paid, primary.adjustments)
    ]
    services = []
    for part in parts:
        left = sum(item.amount for item in part.adjustments if item.group == "PR" and not item.category)
        adjustments = [Adjustment("OA", "23", part.charge - left)] if part.charge != left else []
        paid = 0
        if left and reason:
            adjustments.append(_denial(reason, left))
        elif left and is_medicaid:
            # Lesser-of logic: Medicaid pays what is left of its own low allowance, often nothing.
            paid = share(left, 25, 100) if dice.chance(0.3) else 0
            adjustments.append(Adjustment("CO", "45", left - paid))
        elif left:
            deductible = 0 if pays_deductible else sum(i.amount for i in part.adjustments if i.carc == "1")
            paid = left - deductible
            if deductible:
                adjustments.append(Adjustment("PR", "1", deductible))
        remarks = (reason.remark,) if reason and reason.remark and left else ()
        services.append(Service(part.line, part.charge, paid, adjustments, remarks=remarks))
    answer = _assemble(request, services, reason, dice)
    answer.status = "2"
    return answer


def deny_duplicate(request: Request) -> Adjudication:
    """The answer to a claim the payer already has: OA-18 for the whole charge."""
    return _deny_whole(request, DUPLICATE)


def reverse(original: Adjudication, day: int) -> Adjudication:
    """CLP02 22: the original with every amount negated and its group codes kept."""
    services = [
        Service(
            service.line,
            -service.charge,
            -service.paid,
            [_negate(item) for item in service.adjustments],
            service.paid_code,
            (),
        )
        for service in original.services
    ]
    return Adjudication(
        claim=original.claim,
        day=day,
        status="22",
        frequency=original.frequency,
        control=original.control,
        charge=-original.charge,
        paid=-original.paid,
        adjustments=[_negate(item) for item in original.adjustments],
        services=services,
        reverses=original,
    )


def _negate(item: Adjustment) -> Adjustment:
    return item._replace(amount=-item.amount)


def _whole(account: Account) -> Line:
    expected = [line.expected for line in account.lines]
    known = [amount for amount in expected if amount is not None]
    return Line(
        number=0,
        day=account.from_day,
        post_day=0,
        revenue_code="",
        code="",
        modifier="",
        units=1,
        charge=account.charge,
        expected=sum(known) if len(known) == len(expected) else None,
    )


def _deny_whole(request: Request, reason: Reason) -> Adjudication:
    answer = _blank(request)
    answer.status = reason.status or "1"
    answer.adjustments = [_denial(reason, answer.charge)]
    answer.remarks = (reason.remark,) if reason.remark else ()
    return answer


def _blank(request: Request) -> Adjudication:
    return Adjudication(
        claim=request.claim,
        day=request.day,
        status="1",
        frequency=request.frequency,
        control=request.control,
        charge=request.claim.account.charge,
        paid=0,
        adjustments=[],
        services=[],
    )


def _denial(reason: Reason, amount: int) -> Adjustment:
    return Adjustment(reason.group, reason.carc, amount, reason.category, reason.is_rfi)


def _denied_lines(portions: list[Line], plan: Plan, dice: Dice) -> set[int]:
    if plan.reason is None:
        return set()
    numbers = [portion.number for portion in portions]
    if not plan.is_partial or len(numbers) == 1:
        return set(numbers)
    keep = dice.one_of(numbers)
    denied = {number for number in numbers if number != keep and dice.chance(0.4)}
    return denied or {dice.one_of([number for number in numbers if number != keep])}


def _cost_share(claim: Claim, dice: Dice) -> CostShare:
    """What a plan of the payer's class leaves to the patient on this kind of encounter."""
    account, payer_class = claim.account, claim.payer.payer_class
    if payer_class == "medicare_ffs":
        if account.encounter_class == "inpatient":
            return CostShare(deductible=MEDICARE_DEDUCTIBLE if dice.chance(0.75) else 0)
        return CostShare(deductible=25_700 if dice.chance(0.1) else 0, percent=20)
    if payer_class == "medicare_advantage":
        return _advantage_share(account, dice)
    if payer_class in ("commercial", "exchange", "other"):
        return _commercial_share(account, dice)
    is_charged = payer_class.startswith("medicaid") and dice.chance(0.1)
    return CostShare(percent=15 if payer_class == "tricare_va" else 0, copay=300 if is_charged else 0)


def _advantage_share(account: Account, dice: Dice) -> CostShare:
    if account.encounter_class == "inpatient":
        return CostShare(copay=dice.one_of([29_500, 59_000, 118_000]))
    if account.billing_type == "PB":
        return CostShare(copay=dice.one_of([1_500, 2_500, 4_500]))
    return CostShare(percent=12)


def _commercial_share(account: Account, dice: Dice) -> CostShare:
    if account.billing_type == "PB" and dice.chance(0.55):
        return CostShare(copay=dice.one_of([2_500, 3_500, 5_000]))
    deductible = dice.between(20, 300) * 1_000 if dice.chance(0.34) else 0
    return CostShare(deductible=deductible, percent=dice.one_of([0, 10, 20, 20]))


class _CostSharing:
    """Spends a claim's deductible and copay over its lines in order."""

    def __init__(self, cost: CostShare) -> None:
        self.cost = cost
        self.deductible = cost.deductible
        self.copay = cost.copay

    def take(self, allowed: int) -> list[Adjustment]:
        """The PR adjustments of one line with this allowed amount."""
        found = []
        deductible = min(self.deductible, allowed)
        self.deductible -= deductible
        coinsurance = share(allowed - deductible, self.cost.percent, 100)
        copay = min(self.copay, allowed - deductible - coinsurance)
        self.copay -= copay
        for carc, amount in (("1", deductible), ("2", coinsurance), ("3", copay)):
            if amount:
                found.append(Adjustment("PR", carc, amount))
        return found


class _Desk:
    """Decides the lines of one claim under one plan."""

    def __init__(self, claim: Claim, plan: Plan, contracts: Contracts, dice: Dice) -> None:
        self.claim = claim
        self.plan = plan
        self.contracts = contracts
        self.dice = dice
        self.sharing = _CostSharing(_cost_share(claim, dice))

    def decide(self, line: Line, *, is_denied: bool) -> Service:
        """The answer to one line; the line numbered 0 is a whole inpatient claim."""
        plan = self.plan
        contract = (
            line.expected if line.expected is not None else share(line.charge, UNCONTRACTED_PERCENT, 100)
        )
        if is_denied and plan.reason and line.number:
            return _deny_line(line, contract, plan.reason, self.dice)
        allowed = min(line.charge, share(contract, plan.allowed_percent, 100))
        denials: list[Adjustment] = []
        paid_code = ""
        if is_denied and plan.reason:
            denials.append(_denial(plan.reason, share(allowed, self.dice.between(15, 70), 100)))
        elif plan.is_downcoded and line.code in DOWNCODED:
            paid_code = DOWNCODED[line.code]
            lower = self._lower_fee(line, paid_code, contract)
            if self.dice.chance(0.5) and allowed > lower:
                denials.append(Adjustment("CO", "150", allowed - lower, "medical_necessity"))
            else:
                allowed = lower
        service = self._pay(line, allowed, denials)
        service.paid_code = paid_code
        if is_denied and plan.reason and plan.reason.remark:
            service.remarks = (plan.reason.remark,)
        return service

    def _pay(self, line: Line, allowed: int, denials: list[Adjustment]) -> Service:
        """Charge = contractual + denied + patient share + sequestration + paid, in cents."""
        contractual = [Adjustment("CO", "45", line.charge - allowed)] if line.charge > allowed else []
        payable = allowed - sum(item.amount for item in denials)
        owed = self.sharing.take(payable)
        paid = payable - sum(item.amount for item in owed)
        is_medicare = self.claim.payer.payer_class == "medicare_ffs"
        sequestered = share(paid, SEQUESTRATION_PERCENT, 100) if is_medicare else 0
        reductions = [Adjustment("CO", "253", sequestered)] if sequestered else []
        adjustments = [*contractual, *denials, *owed, *reductions]
        return Service(line, line.charge, paid - sequestered, adjustments, allowed=payable)

    def _lower_fee(self, line: Line, code: str, contract: int) -> int:
        entity_id = self.claim.account.unit.entity_id
        fee = self.contracts.fee(entity_id, self.claim.payer.payer_id, line.day, code)
        return min(fee * line.units, contract) if fee is not None else share(contract, 72, 100)


def _deny_line(line: Line, contract: int, reason: Reason, dice: Dice) -> Service:
    remarks = (reason.remark,) if reason.remark else ()
    adjustments = [_denial(reason, line.charge)]
    if dice.chance(0.25) and 0 < contract < line.charge:
        adjustments = [Adjustment("CO", "45", line.charge - contract), _denial(reason, contract)]
    return Service(line, line.charge, 0, adjustments, remarks=remarks)


def _assemble(request: Request, services: list[Service], reason: Reason | None, dice: Dice) -> Adjudication:
    answer = _blank(request)
    answer.paid = sum(service.paid for service in services)
    if not request.claim.account.has_service_lines:
        answer.adjustments = services[0].adjustments
        answer.remarks = services[0].remarks
        return answer
    answer.services = services
    if reason and reason.remark and dice.chance(REMARK_ON_CLAIM):
        # Some payers put the remark on the claim (MOA) and leave the lines bare.
        answer.remarks = (reason.remark,)
        for service in services:
            service.remarks = ()
    return answer
