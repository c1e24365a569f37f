"""Invented people: names from word lists, no real person's data."""

from dataclasses import dataclass

import numpy as np

from claimlake.synthetic.dice import Dice
from claimlake.synthetic.profile import Profile

FIRST_FEMALE = ["AVA", "NORA", "LENA", "MAYA", "ISLA", "RUTH", "ELSA", "JUNE", "CORA", "TESS", "OPAL", "IRIS"]
FIRST_MALE = ["OTTO", "LIAM", "EZRA", "HUGO", "OWEN", "DEAN", "MILO", "ABEL", "LEON", "SETH", "GUY", "IVAN"]
LAST = [
    "ALDERWICK", "BRAMSTONE", "CALDERFORD", "DUNMOREL", "ELDERGATE", "FENHOLLOW", "GREYMARSH", "HOLTWICK",
    "IRONVALE", "JUNIPERSON", "KESTREL", "LARKSPUR", "MARROWBY", "NETHERTON", "OAKENSHAW", "PELLHAM",
    "QUILLFORD", "ROWANLEA", "STONEBRIDGE", "THISTLEDOWN", "UNDERHILL", "VALEWOOD", "WHITMERE", "YARROWAY",
]  # fmt: skip
SENIORS = 0.36
SENIOR_DAYS = 23_742
STREETS = ["CEDAR", "PECAN", "MESQUITE", "JUNIPER", "LIVE OAK", "BLUEBONNET", "MAIN", "RIVER"]


@dataclass(frozen=True, slots=True)
class Patient:
    """One person as one EMR knows them; ids repeat across the EMRs of a system."""

    number: int
    first: str
    middle: str
    last: str
    birth_day: int
    sex: str
    street: str
    zip_code: str
    phone: str
    payer_id: str | None
    """Primary payer; None = uninsured."""
    secondary_id: str | None
    member_id: str
    modified_day: int


def invent_patients(profile: Profile, count: int, start: int, seed: list[int], dice: Dice) -> list[Patient]:
    """The people of one EMR, a third of them over 65."""
    generator = np.random.default_rng(seed)
    is_senior = generator.random(count) < SENIORS
    ages = np.where(is_senior, generator.integers(66, 95, count), generator.integers(0, 64, count))
    births = (start - ages * 365.25 - generator.integers(0, 300, count)).astype(int).tolist()
    draws = generator.integers(0, 1 << 30, (count, 6)).tolist()
    return [
        _patient(profile, index + 1, (births[index], start), draws[index], dice) for index in range(count)
    ]


def _patient(profile: Profile, number: int, life: tuple[int, int], draws: list[int], dice: Dice) -> Patient:
    birth, start = life
    is_senior = start - birth >= SENIOR_DAYS
    payer_id = dice.draw(profile.over_65 if is_senior else profile.under_65)
    is_female = draws[5] % 100 < 53
    names = FIRST_FEMALE if is_female else FIRST_MALE
    return Patient(
        number=number,
        first=names[draws[0] % len(names)],
        middle="ABCDEFGHJKLMNPRST"[draws[1] % 17],
        last=LAST[draws[2] % len(LAST)],
        birth_day=birth,
        sex="F" if is_female else "M",
        street=f"{draws[3] % 9000 + 100} {STREETS[draws[4] % len(STREETS)]} ST",
        zip_code=profile.zip_code,
        phone=f"555{draws[1] % 10_000_000:07d}",
        payer_id=payer_id,
        secondary_id=_secondary(profile, payer_id, dice),
        member_id=f"{'ABCDEFGHJK'[draws[0] % 10]}{draws[3] % 10**9:09d}",
        modified_day=start - draws[4] % 200,
    )


def _secondary(profile: Profile, payer_id: str | None, dice: Dice) -> str | None:
    if payer_id == "medicare":
        roll = dice.roll()
        return profile.supplement if roll < 0.42 else "tx_medicaid" if roll < 0.52 else None
    if payer_id == "bcbs_tx" and dice.chance(0.05):
        return "tx_medicaid"
    return None
