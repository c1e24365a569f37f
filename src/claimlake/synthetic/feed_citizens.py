"""The feeds of Citizens: pipe-delimited files with eight-digit dates, whole cents and minutes, and JSON."""

from claimlake.synthetic.calendar import compact
from claimlake.synthetic.feed import JSON, Sheet, clock
from claimlake.synthetic.finance import encounter_id
from claimlake.synthetic.history import History
from claimlake.synthetic.money import dollars
from claimlake.synthetic.operation import Appointment, Deposit, Fill, Operations

AREA_CODES = {
    "patient_access": "REG",
    "him_coding": "HIM",
    "billing": "BILL",
    "followup": "FUP",
    "denials": "DEN",
    "customer_service": "CSR",
}
STATUS = {"completed": "ARR", "no_show": "NOS", "cancelled": "CAN", "open": "OPN", "booked": "BKD"}
SLOTS = ["slot_no", "resource", "location", "unit_no", "visit", "day", "time", "len", "state"]
FILLS = [
    "id",
    "rx",
    "fill",
    "mrn",
    "visit",
    "plan",
    "prescriber",
    "drug",
    "qty",
    "days",
    "filled",
    "kind",
    "answer",
    "rejects",
    "cost",
    "fee",
    "copay",
    "plan_paid",
]
CODINGS = ["id", "what", "visit", "at", "who", "looked_at", "right", "answered_at", "agreed"]
LETTERS = ["seq", "action", "visit", "unit_no", "sent", "cents", "agency"]
REGISTRY = ["row", "programme", "mrn", "since", "seen", "item", "value", "at_goal"]
DEPOSITS = ["ref", "value_date", "cents", "addenda", "payer", "kind", "owner"]
TIMECLOCK = ["punch", "dept", "day", "badge", "planned_min", "worked_min", "extra_min"]
CALLS = ["call_no", "group", "day", "ring", "pickup", "hangup", "topic", "ani"]
MEASURES = ["cms_id", "prog", "site", "from", "thru", "ipp", "excl", "num", "lower_better"]
INFECTIONS = ["rec", "site", "loc", "month", "event", "obs", "pred", "dev_days", "pt_days"]


def citizens_sheets(history: History, found: Operations) -> list[Sheet]:
    """The files of the hospital's and the clinic's shared systems."""
    source, office = history.profile.units[0].source_id, history.profile.finance_source
    deposits: dict[str, list[list[str | int | None]]] = {}
    for number, item in enumerate(found.deposits, start=1):
        deposits.setdefault(compact(item.day)[:6], []).append(_deposit(history, number, item))
    return [
        Sheet(
            f"{source}/schedule/slots.txt", "|", SLOTS,
            [_slot(number, item) for number, item in enumerate(found.appointments, start=1)],
        ),
        Sheet(
            f"{source}/pharmacy/fills.json", JSON, FILLS,
            [_fill(number, item) for number, item in enumerate(found.fills, start=1)],
        ),
        Sheet(f"{source}/encoder/events.json", JSON, CODINGS, _codings(found)),
        Sheet(f"{source}/selfpay/letters.txt", "|", LETTERS, _letters(found)),
        Sheet(f"{source}/registry/diabetes.json", JSON, REGISTRY, _registry(found)),
        *(
            Sheet(f"{office}/bank/deposits_{month}.txt", "|", DEPOSITS, rows)
            for month, rows in sorted(deposits.items())
        ),
        Sheet(f"{office}/timeclock/timeclock.txt", "|", TIMECLOCK, _timeclock(found)),
        Sheet(f"{office}/telephony/acd.json", JSON, CALLS, _calls(found)),
        Sheet(f"{office}/quality/measures.txt", "|", MEASURES, _measures(found)),
        Sheet(f"{office}/quality/infections.txt", "|", INFECTIONS, _infections(found)),
    ]  # fmt: skip


def _slot(number: int, item: Appointment) -> list[str | int | None]:
    return [
        number,
        f"DR{item.provider.provider_id}",
        f"L{item.provider.department.department_id}",
        f"M{item.patient.number:06d}" if item.patient else None,
        encounter_id(item.account) if item.account else None,
        compact(item.day),
        clock(item.minute * 60, "")[:4],
        item.length,
        STATUS[item.status],
    ]


def _fill(number: int, item: Fill) -> list[str | int | None]:
    payer = item.account.payer
    return [
        f"RX{number:06d}",
        str(item.number),
        0,
        f"M{item.account.patient.number:06d}",
        encounter_id(item.account),
        payer.identifiers[item.account.unit.payer_code] if payer else None,
        item.account.provider.npi,
        f"{item.ndc[:5]}-{item.ndc[5:9]}-{item.ndc[9:]}",
        item.quantity,
        item.days,
        compact(item.day),
        "reversal" if item.transaction == "B2" else "billing",
        "rejected" if item.status == "R" else "paid",
        item.reject or None,
        *(dollars(cents) for cents in (item.ingredient, item.fee, item.patient_pay, item.paid)),
    ]


def _codings(found: Operations) -> list[list[str | int | None]]:
    return [
        [
            number,
            item.kind[0].upper(),
            encounter_id(item.account),
            f"{compact(item.day)}1500",
            f"C{item.account.number % 3 + 1}",
            item.reviewed or None,
            item.correct if item.reviewed else None,
            f"{compact(item.answered)}0900" if item.answered else None,
            ("yes" if item.is_agreed else "no") if item.answered else None,
        ]
        for number, item in enumerate(found.codings, start=1)
    ]


def _letters(found: Operations) -> list[list[str | int | None]]:
    return [
        [
            number,
            "LETTER" if item.kind == "statement" else "AGENCY",
            encounter_id(item.account),
            f"M{item.account.patient.number:06d}",
            compact(item.day),
            item.amount,
            "Gulf Bend Collections" if item.kind == "placement" else None,
        ]
        for number, item in enumerate(found.bills, start=1)
    ]


def _registry(found: Operations) -> list[list[str | int | None]]:
    return [
        [
            number,
            "DM",
            f"M{item.patient.number:06d}",
            compact(item.enrolled),
            compact(item.day),
            "A1C",
            dollars(item.value),
            "1" if item.value < 800 else "0",
        ]
        for number, item in enumerate(found.assessments, start=1)
    ]


def _deposit(history: History, number: int, item: Deposit) -> list[str | int | None]:
    payer = history.profile.payers[item.payer_id] if item.payer_id else None
    return [
        number,
        compact(item.day),
        item.amount,
        f"TRN*1*{item.trace}" if item.trace else None,
        payer.identifiers[1] if payer else "MERCHANT SVC",
        "A" if payer else "M",
        item.unit.entity_id,
    ]


def _timeclock(found: Operations) -> list[list[str | int | None]]:
    return [
        [
            number,
            AREA_CODES[item.area],
            compact(item.day),
            item.worker,
            *(hours * 60 // 100 for hours in (item.scheduled, item.actual, item.overtime)),
        ]
        for number, item in enumerate(found.shifts, start=1)
    ]


def _calls(found: Operations) -> list[list[str | int | None]]:
    return [
        [
            number,
            "CSR",
            compact(item.day),
            clock(item.second),
            clock(item.second + item.wait) if item.handled is not None else None,
            clock(item.second + item.wait + (item.handled or 0)),
            item.reason.upper(),
            item.caller,
        ]
        for number, item in enumerate(found.calls, start=1)
    ]


def _measures(found: Operations) -> list[list[str | int | None]]:
    return [
        [
            item.measure_id,
            item.program,
            item.facility_id,
            f"{compact(item.end)[:6]}01",
            compact(item.end),
            item.population,
            item.excluded,
            item.numerator,
            int(item.is_inverse),
        ]
        for item in found.measures
    ]


def _infections(found: Operations) -> list[list[str | int | None]]:
    return [
        [
            number,
            item.facility_id,
            "MSICU",
            compact(item.end)[:6],
            item.kind,
            item.observed,
            f"{item.predicted / 10_000:.4f}",
            item.device_days,
            item.patient_days,
        ]
        for number, item in enumerate(found.infections, start=1)
    ]
