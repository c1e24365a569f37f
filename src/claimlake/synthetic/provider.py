"""Invented clinicians and departments with check-digit-valid NPIs."""

from dataclasses import dataclass

from claimlake.synthetic.dice import Dice
from claimlake.synthetic.patient import FIRST_FEMALE, FIRST_MALE, LAST
from claimlake.synthetic.profile import Profile, Unit

HOSPITAL_DEPARTMENTS = [
    ("Emergency", "Emergency Medicine", "207P00000X", "emergency"),
    ("Medicine", "Internal Medicine", "207R00000X", "inpatient"),
    ("Surgery", "General Surgery", "208600000X", "surgery"),
    ("Imaging", "Radiology", "2085R0202X", "imaging"),
    ("Laboratory", "Pathology", "207ZP0102X", "laboratory"),
]
GROUP_DEPARTMENTS = [
    ("Family Medicine", "Family Medicine", "207Q00000X", "primary care"),
    ("Cardiology Clinic", "Cardiology", "207RC0000X", "cardiology"),
    ("Orthopedic Clinic", "Orthopedic Surgery", "207X00000X", "orthopedics"),
    ("Dermatology Clinic", "Dermatology", "207N00000X", "dermatology"),
]


@dataclass(frozen=True, slots=True)
class Department:
    """One department of one entity."""

    department_id: str
    name: str
    specialty: str
    taxonomy: str
    service_line: str
    entity_id: str
    facility_id: str


@dataclass(frozen=True, slots=True)
class Provider:
    """One clinician of one department."""

    provider_id: str
    npi: str
    first: str
    last: str
    department: Department
    fte: int
    """Clinical full-time equivalent in hundredths."""
    kind: str
    """physician or app."""


def npi(nine: int) -> str:
    """The ten-digit NPI over nine digits: ISO 7812 check digit with the prefix 80840."""
    digits = [int(digit) for digit in f"80840{nine}"]
    doubled = [digit * 2 if index % 2 == 0 else digit for index, digit in enumerate(reversed(digits))]
    total = sum(digit - 9 if digit > 9 else digit for digit in doubled)
    return f"{nine}{-total % 10}"


def staff(profile: Profile, unit: Unit, dice: Dice) -> list[Provider]:
    """The departments of one unit, each with a handful of clinicians."""
    entity = profile.entities[unit.entity_id]
    wanted = HOSPITAL_DEPARTMENTS if entity.billing_type == "HB" else GROUP_DEPARTMENTS
    providers: list[Provider] = []
    for index, (name, specialty, taxonomy, line) in enumerate(wanted):
        facility = entity.facilities[index % len(entity.facilities)]
        base = 10 if entity.billing_type == "HB" else 30
        department = Department(
            str(base + index), name, specialty, taxonomy, line, unit.entity_id, facility.facility_id
        )
        providers += [_clinician(profile, unit, department, index * 5 + number, dice) for number in range(4)]
    return providers


def _clinician(profile: Profile, unit: Unit, department: Department, number: int, dice: Dice) -> Provider:
    base = 200 if profile.entities[unit.entity_id].billing_type == "HB" else 500
    is_physician = number % 5 != 3
    return Provider(
        provider_id=str(base + number),
        npi=npi(140_000_000 + profile.number * 100_000 + unit.number * 1_000 + number),
        first=dice.one_of(FIRST_FEMALE + FIRST_MALE),
        last=dice.one_of(LAST),
        department=department,
        fte=dice.one_of([100, 100, 90, 80, 50]),
        kind="physician" if is_physician else "app",
    )
