"""The encounters of one unit: who came when, for what, and what was charged."""

from dataclasses import dataclass

import numpy as np

from claimlake.synthetic.calendar import weekday
from claimlake.synthetic.claim import Account, Line
from claimlake.synthetic.contract import Contracts
from claimlake.synthetic.dice import Dice
from claimlake.synthetic.patient import Patient
from claimlake.synthetic.procedure import (
    ADVANCED,
    ANCILLARY,
    DIAGNOSES,
    DRG,
    DRUGS,
    EMERGENCY_VISIT,
    IMAGING,
    INTENSIVE_ROOM,
    LABORATORY,
    OFFICE_SERVICES,
    OFFICE_VISIT,
    ROOM,
    Procedure,
)
from claimlake.synthetic.profile import Profile, Unit
from claimlake.synthetic.provider import Provider

HOSPITAL_CLASSES = ["inpatient", "observation", "emergency", "outpatient"]
HOSPITAL_MIX = [0.13, 0.05, 0.27, 0.55]
OFFICE_CLASSES = ["office", "telehealth"]
OFFICE_MIX = [0.93, 0.07]
MEAN_STAY = 3.6


@dataclass(frozen=True, slots=True)
class Site:
    """Where encounters happen: one unit with its people and contracts."""

    profile: Profile
    unit: Unit
    patients: list[Patient]
    providers: list[Provider]
    contracts: Contracts


def invent_accounts(
    site: Site, count: int, window: tuple[int, int], seed: list[int], dice: Dice
) -> list[Account]:
    """The accounts of one unit in order of arrival, numbered from the unit's first account number."""
    start, until = window
    generator = np.random.default_rng(seed)
    is_hospital = site.profile.entities[site.unit.entity_id].billing_type == "HB"
    classes, mix = (HOSPITAL_CLASSES, HOSPITAL_MIX) if is_hospital else (OFFICE_CLASSES, OFFICE_MIX)
    drawn = generator.choice(len(classes), count, p=mix).tolist()
    # The volume grows a little over time: more mass near the end of the window.
    days = np.sort(start + (generator.random(count) ** 0.94 * (until - start + 1)).astype(int)).tolist()
    minutes = (generator.beta(4, 4, count) * 1_439).astype(int).tolist()
    stays = np.clip(generator.gamma(1.6, MEAN_STAY / 1.6, count).round(), 1, 24).astype(int).tolist()
    owners = (generator.random(count) ** 1.4 * len(site.patients)).astype(int).tolist()
    accounts = []
    for index in range(count):
        kind = classes[drawn[index]]
        patient = site.patients[owners[index]]
        account = _account(site, patient, kind, dice)
        account.arrive_day = _opening_day(kind, days[index], start)
        account.discharge_day = account.arrive_day + _stay(kind, stays[index], dice)
        account.number = site.unit.first_account + index
        account.arrive_minute = minutes[index]
        _charge(account, dice)
        _authorize(account, dice)
        _price(account, site.contracts)
        accounts.append(account)
    return accounts


def _opening_day(kind: str, day: int, start: int) -> int:
    """Scheduled visits move from the weekend to a working day."""
    is_scheduled = kind in ("outpatient", "office", "telehealth")
    return max(start, day - 2) if is_scheduled and weekday(day) > 4 else day


def _stay(kind: str, nights: int, dice: Dice) -> int:
    if kind == "inpatient":
        return nights
    return dice.between(0, 2) if kind == "observation" else 0


def _account(site: Site, patient: Patient, kind: str, dice: Dice) -> Account:
    profile, provider = site.profile, _provider(site.providers, kind, dice)
    first, second = dice.one_of(DIAGNOSES), dice.one_of(DIAGNOSES)
    return Account(
        unit=site.unit,
        billing_type=profile.entities[site.unit.entity_id].billing_type,
        number=0,
        patient=patient,
        encounter_class=kind,
        provider=provider,
        facility_id=provider.department.facility_id,
        arrive_day=0,
        arrive_minute=0,
        discharge_day=0,
        lines=[],
        payer=profile.payers[patient.payer_id] if patient.payer_id else None,
        secondary=profile.payers[patient.secondary_id] if patient.secondary_id else None,
        diagnoses=[first] if first == second else [first, second],
    )


def _provider(providers: list[Provider], kind: str, dice: Dice) -> Provider:
    if kind in ("office", "telehealth"):
        return dice.one_of(providers)
    wanted = {"emergency": "emergency", "inpatient": "inpatient", "observation": "inpatient"}.get(kind)
    fitting = [provider for provider in providers if wanted in (None, provider.department.service_line)]
    return dice.one_of(fitting[8:] if wanted is None else fitting)


def _charge(account: Account, dice: Dice) -> None:
    day = account.arrive_day
    if account.encounter_class == "inpatient":
        _charge_stay(account, dice)
    elif account.encounter_class in ("emergency", "observation"):
        _add(account, dice.draw(EMERGENCY_VISIT), day, 1, dice)
        _some(account, LABORATORY, 0.35, day, dice)
        _some(account, IMAGING, 0.25, day, dice)
        _some(account, DRUGS, 0.3, account.discharge_day, dice)
    elif account.encounter_class == "outpatient":
        if dice.chance(0.3):
            _add(account, dice.one_of(ADVANCED), day, 1, dice)
        _some(account, LABORATORY, 0.3, day, dice)
        _some(account, IMAGING, 0.2, day, dice)
    else:
        _add(account, dice.draw(OFFICE_VISIT), day, 1, dice)
        if account.encounter_class == "office":
            _some(account, OFFICE_SERVICES, 0.1, day, dice)
            _some(account, LABORATORY[:3], 0.2, day, dice)
    if not account.lines:
        _add(account, dice.one_of(LABORATORY), day, 1, dice)


def _charge_stay(account: Account, dice: Dice) -> None:
    day, nights = account.arrive_day, account.discharge_day - account.arrive_day
    (account.drg, account.drg_weight, account.diagnoses[0]) = dice.draw(DRG)
    _add(account, INTENSIVE_ROOM if dice.chance(0.15) else ROOM, day, nights, dice)
    for procedure in ANCILLARY:
        if dice.chance(0.6):
            _add(account, procedure, dice.between(day, account.discharge_day), 1 + nights // 3, dice)


def _some(account: Account, items: list[Procedure], probability: float, day: int, dice: Dice) -> None:
    for procedure in items:
        if dice.chance(probability):
            units = dice.between(1, 3) if procedure.code.startswith("J") else 1
            _add(account, procedure, day, units, dice)


def _add(account: Account, procedure: Procedure, day: int, units: int, dice: Dice) -> None:
    price = procedure.price
    if not procedure.code:
        price = price * dice.between(60, 180) // 100
    account.lines.append(
        Line(
            number=len(account.lines) + 1,
            day=day,
            post_day=day + (dice.between(0, 2) if dice.chance(0.7) else 3),
            revenue_code=procedure.revenue_code,
            code=procedure.code,
            modifier=procedure.modifier or ("95" if account.encounter_class == "telehealth" else ""),
            units=units,
            charge=price * units,
        )
    )
    account.is_auth_required = account.is_auth_required or procedure.needs_authorization


def _authorize(account: Account, dice: Dice) -> None:
    if account.payer is None or account.payer.payer_class in ("medicare_ffs", "self_pay"):
        account.is_auth_required = False
        return
    if account.encounter_class == "inpatient":
        account.is_auth_required = True
    if account.is_auth_required:
        account.auth_status = "approved" if dice.chance(0.85) else "pending" if dice.chance(0.5) else "denied"
    elif dice.chance(0.06):
        account.auth_status = "approved" if dice.chance(0.3) else "not_required"


def _price(account: Account, contracts: Contracts) -> None:
    if account.payer is None:
        return
    for line in account.lines:
        line.expected = contracts.expected(account.unit.entity_id, account.payer.payer_id, line)
