"""Peterson's feeds: comma-separated files with ISO dates and dollars, NCPDP field ids from the pharmacy."""

from claimlake.synthetic.calendar import compact, iso
from claimlake.synthetic.feed import Sheet, by_source, clock
from claimlake.synthetic.finance import encounter_id
from claimlake.synthetic.history import History
from claimlake.synthetic.money import dollars
from claimlake.synthetic.operation import Appointment, Assessment, Bill, Coding, Deposit, Fill, Operations

Rows = list[list[str | int | None]]
AREA_NAMES = {
    "patient_access": "Patient Access",
    "him_coding": "HIM Coding",
    "billing": "Billing",
    "followup": "A/R Follow-up",
    "denials": "Denials",
    "customer_service": "Customer Service",
}
APPOINTMENTS = ["ApptId", "ProvId", "DeptId", "PatId", "EncId", "SlotStart", "Minutes", "ApptStatus"]
FILLS = [
    "TXN",
    "402-D2",
    "403-D3",
    "PatId",
    "EncId",
    "BIN",
    "411-DB",
    "407-D7",
    "442-E7",
    "405-D5",
    "401-D1",
    "103-A3",
    "112-AN",
    "511-FB",
    "506-F6",
    "507-F7",
    "505-F5",
    "509-F9",
]
CODINGS = [
    "EventId",
    "Activity",
    "EncId",
    "EventTime",
    "Coder",
    "CodesReviewed",
    "CodesCorrect",
    "QueryAnswered",
    "Agreed",
]
BILLS = ["EventId", "EventType", "EncId", "PatId", "EventDate", "Amount", "Agency"]
ASSESSMENTS = ["RegistryRow", "Registry", "PatId", "Enrolled", "Assessed", "Measure", "Result", "InControl"]
DEPOSITS = ["BankRef", "PostedDate", "Amount", "Trace", "Originator", "Type", "Entity", "Account"]
SHIFTS = [
    "ShiftId",
    "Team",
    "WorkDate",
    "EmployeeId",
    "ScheduledHours",
    "ActualHours",
    "OvertimeHours",
    "AbsenceHours",
]
CALLS = ["CallId", "Queue", "Offered", "Answered", "Ended", "HandleSeconds", "Reason", "CallerNumber"]
MEASURES = [
    "Measure",
    "Program",
    "Facility",
    "Start",
    "End",
    "Population",
    "Denominator",
    "Excluded",
    "Numerator",
    "Inverse",
]
INFECTIONS = [
    "HaiRow",
    "Facility",
    "Location",
    "Month",
    "Infection",
    "Observed",
    "Predicted",
    "DeviceDays",
    "PatientDays",
]


def peterson_sheets(history: History, found: Operations) -> list[Sheet]:
    """The files of both hospitals' systems and of the shared office."""
    office = history.profile.finance_source
    sheets = []
    for source, slots in by_source((item.unit.source_id, item) for item in found.appointments).items():
        rows = [_appointment(number, item) for number, item in enumerate(slots, start=1)]
        sheets.append(Sheet(f"{source}/scheduling/appointments.csv", ",", APPOINTMENTS, rows))
    for source, fills in by_source((item.account.unit.source_id, item) for item in found.fills).items():
        rows = [_fill(history, number, item) for number, item in enumerate(fills, start=1)]
        sheets.append(Sheet(f"{source}/pharmacy/rx_claims.txt", "|", FILLS, rows))
    for source, codings in by_source((item.account.unit.source_id, item) for item in found.codings).items():
        rows = [_coding(number, item) for number, item in enumerate(codings, start=1)]
        sheets.append(Sheet(f"{source}/coding/coding_events.csv", ",", CODINGS, rows))
    for source, bills in by_source((item.account.unit.source_id, item) for item in found.bills).items():
        rows = [_bill(number, item) for number, item in enumerate(bills, start=1)]
        sheets.append(Sheet(f"{source}/patient_billing/statements.csv", ",", BILLS, rows))
    for source, assessed in by_source((item.source_id, item) for item in found.assessments).items():
        rows = [_assessment(number, item) for number, item in enumerate(assessed, start=1)]
        sheets.append(Sheet(f"{source}/registry/registry.csv", ",", ASSESSMENTS, rows))
    months = by_source((iso(item.day)[:7], (n, item)) for n, item in enumerate(found.deposits, start=1))
    for month, deposits in months.items():
        rows = [_deposit(history, number, item) for number, item in deposits]
        sheets.append(Sheet(f"{office}/bank/bank_{month}.csv", ",", DEPOSITS, rows))
    return [*sheets, *_office(office, found)]


def _appointment(number: int, item: Appointment) -> list[str | int | None]:
    return [
        number,
        item.provider.provider_id,
        item.provider.department.department_id,
        100_000 + item.patient.number if item.patient else None,
        encounter_id(item.account) if item.account else None,
        f"{iso(item.day)} {clock(item.minute * 60)}",
        item.length,
        item.status.replace("_", " ").title(),
    ]


def _fill(history: History, number: int, item: Fill) -> list[str | int | None]:
    payer = item.account.payer
    unit = item.account.unit
    return [
        number,
        item.number,
        0,
        100_000 + item.account.patient.number,
        encounter_id(item.account),
        history.profile.payers[payer.payer_id].identifiers[unit.payer_code] if payer else None,
        item.account.provider.npi,
        item.ndc,
        item.quantity,
        item.days,
        compact(item.day),
        item.transaction,
        item.status,
        item.reject,
        *(dollars(cents) for cents in (item.ingredient, item.fee, item.patient_pay, item.paid)),
    ]


def _coding(number: int, item: Coding) -> list[str | int | None]:
    return [
        number,
        item.kind.upper(),
        encounter_id(item.account),
        f"{iso(item.day)} 15:00:00",
        f"CODER{item.account.number % 5 + 1}",
        item.reviewed or None,
        item.correct if item.reviewed else None,
        f"{iso(item.answered)} 09:00:00" if item.answered else None,
        ("Y" if item.is_agreed else "N") if item.answered else None,
    ]


def _bill(number: int, item: Bill) -> list[str | int | None]:
    return [
        number,
        item.kind,
        encounter_id(item.account),
        100_000 + item.account.patient.number,
        iso(item.day),
        dollars(item.amount),
        "Hill Country Recovery" if item.kind == "placement" else None,
    ]


def _assessment(number: int, item: Assessment) -> list[str | int | None]:
    return [
        number,
        "diabetes",
        100_000 + item.patient.number,
        iso(item.enrolled),
        iso(item.day),
        "hba1c",
        dollars(item.value),
        "Y" if item.value < 800 else "N",
    ]


def _deposit(history: History, number: int, item: Deposit) -> list[str | int | None]:
    payer = history.profile.payers[item.payer_id] if item.payer_id else None
    return [
        f"B{number:07d}",
        iso(item.day),
        dollars(item.amount),
        item.trace or None,
        payer.identifiers[1] if payer else "CARD SETTLEMENT",
        "EFT" if payer else "CARD",
        item.unit.entity_id,
        "0042",
    ]


def _office(office: str, found: Operations) -> list[Sheet]:
    shifts: Rows = [
        [
            number,
            AREA_NAMES[item.area],
            iso(item.day),
            f"E{item.worker:03d}",
            *(dollars(hours) for hours in (item.scheduled, item.actual, item.overtime)),
            dollars(max(0, item.scheduled - item.actual)),
        ]
        for number, item in enumerate(found.shifts, start=1)
    ]
    calls: Rows = [
        [
            f"CALL{number}",
            "business office",
            f"{iso(item.day)} {clock(item.second)}",
            f"{iso(item.day)} {clock(item.second + item.wait)}" if item.handled is not None else None,
            f"{iso(item.day)} {clock(item.second + item.wait + (item.handled or 0))}",
            item.handled,
            item.reason,
            item.caller,
        ]
        for number, item in enumerate(found.calls, start=1)
    ]
    measures: Rows = [
        [
            item.measure_id,
            item.program,
            item.facility_id,
            f"{iso(item.end)[:8]}01",
            iso(item.end),
            item.population,
            item.population,
            item.excluded,
            item.numerator,
            "Y" if item.is_inverse else "N",
        ]
        for item in found.measures
    ]
    infections: Rows = [
        [
            number,
            item.facility_id,
            "ICU",
            f"{iso(item.end)[:8]}01",
            item.kind,
            item.observed,
            f"{item.predicted / 10_000:.4f}",
            item.device_days,
            item.patient_days,
        ]
        for number, item in enumerate(found.infections, start=1)
    ]
    return [
        Sheet(f"{office}/workforce/staffing.csv", ",", SHIFTS, shifts),
        Sheet(f"{office}/telephony/calls.csv", ",", CALLS, calls),
        Sheet(f"{office}/quality/cms_measures.csv", ",", MEASURES, measures),
        Sheet(f"{office}/quality/hai_data.csv", ",", INFECTIONS, infections),
    ]
