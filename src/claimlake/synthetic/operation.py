"""What surrounds the claims: bank, schedule, pharmacy, coding, bills, staff, calls and quality figures."""

from dataclasses import dataclass, field

from claimlake.synthetic.calendar import month_ends, weekday
from claimlake.synthetic.claim import Account, Payment
from claimlake.synthetic.dice import Dice, Weighted
from claimlake.synthetic.history import History
from claimlake.synthetic.patient import Patient
from claimlake.synthetic.profile import Unit
from claimlake.synthetic.provider import Provider

AREAS = ("patient_access", "him_coding", "billing", "followup", "denials", "customer_service")
FRIDAY = 4
FRIDAY_ABSENCE = 0.32
"""Share of Friday shifts somebody misses; on other days it is a twentieth."""
INFECTIONS = ("CLABSI", "CAUTI", "CDI")
MEASURES = (("CMS122", "MIPS", True), ("CMS165", "MIPS", False), ("OP-22", "OQR", True))
REASONS = Weighted(
    [("billing", 5.0), ("payment", 3.0), ("scheduling", 2.0), ("estimate", 1.0), ("other", 1.0)]
)
UNKEPT = Weighted([("no_show", 8.0), ("cancelled", 6.0), ("open", 5.0)])
VISITS = ("outpatient", "office", "telehealth")


@dataclass(frozen=True, slots=True)
class Deposit:
    """One line of the bank; payer money has a trace, card money of patients has none."""

    unit: Unit
    day: int
    amount: int
    trace: str
    payer_id: str | None


@dataclass(frozen=True, slots=True)
class Appointment:
    """One slot; account and patient are those who came, or were to come."""

    unit: Unit
    provider: Provider
    patient: Patient | None
    account: Account | None
    day: int
    minute: int
    length: int
    status: str


@dataclass(frozen=True, slots=True)
class Fill:
    """One pharmacy transaction; amounts in cents, negative on the reversal of a fill."""

    account: Account
    number: int
    day: int
    transaction: str
    status: str
    reject: str
    ndc: str
    quantity: int
    days: int
    ingredient: int
    fee: int
    patient_pay: int

    @property
    def paid(self) -> int:
        """What the payer pays."""
        return self.ingredient + self.fee - self.patient_pay


@dataclass(frozen=True, slots=True)
class Coding:
    """One coding completion, audit or query."""

    account: Account
    kind: str
    day: int
    reviewed: int = 0
    correct: int = 0
    answered: int | None = None
    is_agreed: bool = False


@dataclass(frozen=True, slots=True)
class Bill:
    """One statement, plan or agency event of an account."""

    account: Account
    kind: str
    day: int
    amount: int
    months: int = 0


@dataclass(frozen=True, slots=True)
class Shift:
    """One shift; hours in hundredths."""

    area: str
    worker: int
    day: int
    scheduled: int
    actual: int
    overtime: int


@dataclass(frozen=True, slots=True)
class Call:
    """One call; seconds of waiting and handling, None = hung up before an answer."""

    day: int
    second: int
    wait: int
    handled: int | None
    reason: str
    caller: str


@dataclass(frozen=True, slots=True)
class Assessment:
    """One registry row; the value in hundredths."""

    source_id: str
    patient: Patient
    enrolled: int
    day: int
    value: int


@dataclass(frozen=True, slots=True)
class Measure:
    """One measure of a facility in a month."""

    facility_id: str
    measure_id: str
    program: str
    end: int
    population: int
    excluded: int
    numerator: int
    is_inverse: bool


@dataclass(frozen=True, slots=True)
class Infection:
    """One kind of infection of a hospital in a month; the prediction in ten-thousandths."""

    facility_id: str
    kind: str
    end: int
    observed: int
    predicted: int
    device_days: int
    patient_days: int


@dataclass(slots=True)
class Operations:
    """Everything of one tenant that no claim file and no ledger says."""

    deposits: list[Deposit] = field(default_factory=list)
    appointments: list[Appointment] = field(default_factory=list)
    fills: list[Fill] = field(default_factory=list)
    codings: list[Coding] = field(default_factory=list)
    bills: list[Bill] = field(default_factory=list)
    shifts: list[Shift] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    assessments: list[Assessment] = field(default_factory=list)
    measures: list[Measure] = field(default_factory=list)
    infections: list[Infection] = field(default_factory=list)


def operate(history: History, payments: list[Payment], seed: int) -> Operations:
    """The operations around a history; they draw from dice of their own and change nothing in it."""
    dice = Dice([seed, history.profile.number, 9])
    found = Operations()
    found.deposits = _deposits(history, payments, dice)
    for account in history.accounts:
        if account.encounter_class in VISITS:
            _schedule(history, account, found.appointments, dice)
        if account.payer and account.encounter_class in ("office", "emergency"):
            found.fills += _fills(history, account, dice)
        found.codings += _codings(history, account, dice)
    found.bills = _bills(history)
    found.shifts = _shifts(history, dice)
    found.calls = _calls(history, dice)
    found.assessments = _assessments(history, dice)
    _report_quality(history, found, dice)
    return found


def _deposits(history: History, payments: list[Payment], dice: Dice) -> list[Deposit]:
    found = []
    for payment in payments:
        roll = dice.roll()
        day = payment.day + (0 if roll < 0.7 else 1 if roll < 0.94 else 5)
        # One payment in fifty is never seen at the bank; a payment of nothing has no deposit.
        if payment.amount and roll < 0.98 and day <= history.until:
            payer = payment.payer.payer_id
            found.append(Deposit(payment.unit, day, payment.amount, payment.trace, payer))
    cards: dict[tuple[int, int], tuple[Unit, int]] = {}
    for row in history.transactions:
        if row.kind == "payment" and row.source == "patient":
            unit, before = cards.get((row.post_day, row.unit.number), (row.unit, 0))
            cards[row.post_day, row.unit.number] = (unit, before + row.amount)
    found += [Deposit(unit, day, cents, "", None) for (day, _), (unit, cents) in sorted(cards.items())]
    return sorted(found, key=lambda deposit: (deposit.day, deposit.unit.number, deposit.trace))


def _schedule(history: History, account: Account, found: list[Appointment], dice: Dice) -> None:
    length = dice.one_of([20, 30, 30, 60])
    minute = account.arrive_minute // 15 * 15
    slot = (account.unit, account.provider)
    where = (account.arrive_day, minute, length)
    found.append(Appointment(*slot, account.patient, account, *where, "completed"))
    if dice.chance(0.19):
        status = dice.draw(UNKEPT)
        people = history.patients[account.unit.source_id]
        patient = None if status == "open" else dice.one_of(people)
        found.append(Appointment(*slot, patient, None, *where, status))


def _fills(history: History, account: Account, dice: Dice) -> list[Fill]:
    day = account.arrive_day + dice.between(0, 3)
    if day > history.until or not dice.chance(0.25):
        return []
    number, ndc = account.number, f"99999{dice.between(1, 60):04d}{dice.between(1, 9):02d}"
    quantity, days = dice.one_of([(30, 30), (90, 90), (14, 7), (60, 30)])
    if dice.chance(0.06):
        reject = dice.one_of(["70", "75", "79"])
        return [Fill(account, number, day, "B1", "R", reject, ndc, quantity, days, 0, 0, 0)]
    ingredient, copay = dice.between(300, 24_000), dice.one_of([0, 500, 1_000, 2_500])
    amounts = (ingredient, 175, min(copay, ingredient))
    fills = [Fill(account, number, day, "B1", "P", "", ndc, quantity, days, *amounts)]
    if dice.chance(0.03) and day + 2 <= history.until:
        back = tuple(-amount for amount in amounts)
        fills.append(Fill(account, number, day + 2, "B2", "P", "", ndc, quantity, days, *back))
    return fills


def _codings(history: History, account: Account, dice: Dice) -> list[Coding]:
    if not account.final_bill_day:
        return []
    day = min(account.final_bill_day, account.discharge_day + 2)
    found = [Coding(account, "coded", day)]
    if dice.chance(0.04) and day + 20 <= history.until:
        reviewed = len(account.lines) + len(account.diagnoses)
        correct = reviewed - (1 if dice.chance(0.3) else 0)
        found.append(Coding(account, "audited", day + 20, reviewed, correct))
    if account.encounter_class == "inpatient" and dice.chance(0.2):
        answered = account.discharge_day + dice.between(1, 9)
        is_answered = answered <= history.until and dice.chance(0.9)
        asked = min(account.discharge_day, history.until)
        agreed = dice.chance(0.8)
        found.append(Coding(account, "query", asked, 0, 0, answered if is_answered else None, agreed))
    return found


def _bills(history: History) -> list[Bill]:
    """A statement before each later payment; three before bad debt, and then the agency."""
    found = []
    for row in history.transactions:
        account = row.account
        if account is None or not account.final_bill_day:
            continue
        if row.source == "patient" and row.kind == "payment" and row.channel != "front_desk":
            found.append(Bill(account, "statement", max(account.arrive_day, row.post_day - 12), row.amount))
        elif row.writeoff_category == "bad_debt":
            days = [row.post_day - ago for ago in (84, 56, 28)]
            found += [Bill(account, "statement", max(account.arrive_day, day), row.amount) for day in days]
            found.append(Bill(account, "placement", row.post_day, row.amount))
    return sorted(found, key=lambda bill: (bill.day, bill.account.unit.number, bill.account.number))


def _shifts(history: History, dice: Dice) -> list[Shift]:
    found = []
    for day in range(history.start, history.until + 1):
        if weekday(day) > FRIDAY:
            continue
        absent = FRIDAY_ABSENCE if weekday(day) == FRIDAY else 0.05
        for worker, area in enumerate(AREAS, start=1):
            if dice.chance(absent):
                found.append(Shift(area, worker, day, 800, dice.one_of([0, 0, 400]), 0))
            else:
                extra = dice.one_of([0, 0, 0, 50, 125])
                found.append(Shift(area, worker, day, 800, 800 + extra, extra))
    return found


def _calls(history: History, dice: Dice) -> list[Call]:
    found = []
    for account in history.accounts:
        day = account.discharge_day + dice.between(5, 60)
        if day > history.until or weekday(day) > FRIDAY or not dice.chance(0.3):
            continue
        # Whoever is short of staff answers late: Fridays.
        wait = dice.between(5, 900 if weekday(day) == FRIDAY else 240)
        handled = None if wait > 300 and dice.chance(0.6) else dice.between(60, 1_200)
        second = dice.between(8 * 3_600, 17 * 3_600)
        found.append(Call(day, second, wait, handled, dice.draw(REASONS), account.patient.phone))
    return sorted(found, key=lambda call: (call.day, call.second, call.caller))


def _assessments(history: History, dice: Dice) -> list[Assessment]:
    found = []
    for source_id, people in history.patients.items():
        for person in people:
            if dice.chance(0.08):
                day = dice.between(history.start, history.until)
                found.append(
                    Assessment(source_id, person, history.start - 200, day, dice.between(500, 1_190))
                )
    return found


def _report_quality(history: History, found: Operations, dice: Dice) -> None:
    """A row per facility and month: measures of all, infections of hospitals with beds."""
    for end in month_ends(history.start, history.until):
        for entity in history.profile.entities.values():
            for facility in entity.facilities:
                for measure_id, program, is_inverse in MEASURES:
                    population = dice.between(40, 180)
                    excluded = dice.between(0, 9)
                    row = Measure(
                        facility.facility_id,
                        measure_id,
                        program,
                        end,
                        population,
                        excluded,
                        dice.between(0, population - excluded),
                        is_inverse,
                    )
                    found.measures.append(row)
                if facility.staffed_beds:
                    found.infections += _infections(facility.facility_id, facility.staffed_beds, end, dice)


def _infections(facility_id: str, beds: int, end: int, dice: Dice) -> list[Infection]:
    patient_days = beds * dice.between(18, 26)
    found = []
    for kind in INFECTIONS:
        device_days = patient_days * dice.between(12, 30) // 100
        observed = dice.one_of([0, 0, 1, 1, 2, 3])
        found.append(
            Infection(
                facility_id, kind, end, observed, dice.between(9_000, 26_000), device_days, patient_days
            )
        )
    return found
