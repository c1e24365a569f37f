"""Raw 837P and 837I claims as sent to the clearinghouse: 005010X222A1 and 005010X223A2."""

from claimlake.synthetic.calendar import compact
from claimlake.synthetic.claim import Account, Adjudication, Adjustment, Claim, Line, Submission
from claimlake.synthetic.money import x12_amount
from claimlake.synthetic.profile import Profile
from claimlake.tenant import Entity, Payer

PROFESSIONAL = "005010X222A1"
INSTITUTIONAL = "005010X223A2"
FILING = {
    "medicare_ffs": "MB",
    "medicare_advantage": "16",
    "medicaid_ffs": "MC",
    "medicaid_managed": "MC",
    "commercial": "CI",
    "exchange": "CI",
    "tricare_va": "CH",
    "workers_comp": "WC",
    "other": "ZZ",
}
PLACE_OF_SERVICE = {"office": "11", "telehealth": "10"}
BILL_TYPE = {"inpatient": "11", "observation": "13", "emergency": "13", "outpatient": "13"}
ADULT_DAYS = 6_575


def filing_indicator(payer: Payer, billing_type: str) -> str:
    """SBR09 and CLP06 of a payer."""
    return "MA" if payer.payer_class == "medicare_ffs" and billing_type == "HB" else FILING[payer.payer_class]


def facility_code(account: Account) -> str:
    """CLM05-1: place of service of an office claim, first two digits of the bill type of a hospital claim."""
    return PLACE_OF_SERVICE.get(account.encounter_class) or BILL_TYPE[account.encounter_class]


def line_control(account: Account, line: Line) -> str:
    """REF*6R of a line, unique in the account."""
    return f"{account.number}L{line.number}"


def has_parent(account: Account, payer: Payer) -> bool:
    """Whether the patient is a child on a parent's plan; Medicaid children are their own members."""
    is_child = account.arrive_day - account.patient.birth_day < ADULT_DAYS
    return is_child and payer.payer_class in ("commercial", "exchange", "tricare_va")


def batch_body(
    profile: Profile, entity: Entity, batch: str, day: int, submissions: list[Submission]
) -> list[str]:
    """The segments of one transaction: one billing provider and its claims."""
    tenant = profile.tenant
    parts = [
        f"BHT*0019*00*{batch}*{compact(day)}*1800*CH~",
        f"NM1*41*2*{tenant.name.upper()}*****46*{sender_id(profile)}~",
        "PER*IC*BILLING OFFICE*TE*5555550100~",
        "NM1*40*2*MERIDIAN CLEARINGHOUSE*****46*MERIDIAN~",
        "HL*1**20*1~",
        f"PRV*BI*PXC*{'282N00000X' if entity.billing_type == 'HB' else '193200000X'}~",
        f"NM1*85*2*{entity.name.upper()}*****XX*{entity.billing_npi}~",
        f"N3*100 HOSPITAL DRIVE~N4*{profile.city}*TX*{profile.zip_code}0001~",
        f"REF*EI*{entity.tax_id}~",
    ]
    level = 1
    for submission in submissions:
        parts.append(_claim(profile, submission, level))
        level += 2 if has_parent(submission.claim.account, submission.claim.payer) else 1
    return parts


def sender_id(profile: Profile) -> str:
    """The interchange id of the tenant."""
    return profile.tenant.org_id.split("_")[0].upper()


def _claim(profile: Profile, submission: Submission, level: int) -> str:
    claim = submission.claim
    account = claim.account
    parts = [_subscriber(profile, claim, level)]
    hospital = account.billing_type == "HB"
    parts.append(_institutional(submission) if hospital else _professional(profile, submission))
    primary = _primary_answer(claim)
    if primary:
        parts.append(_other_payer(profile, claim, primary))
    paid = {service.line.number: service for service in primary.services} if primary else {}
    for number, line in enumerate(account.lines, start=1):
        parts.append(f"LX*{number}~")
        if hospital:
            code = f"HC:{line.code}{':' + line.modifier if line.modifier else ''}" if line.code else ""
            basis = "DA" if line.revenue_code in ("0120", "0200") else "UN"
            parts.append(f"SV2*{line.revenue_code}*{code}*{x12_amount(line.charge)}*{basis}*{line.units}~")
        else:
            code = f"HC:{line.code}{':' + line.modifier if line.modifier else ''}"
            pointers = "1:2" if len(account.diagnoses) > 1 else "1"
            parts.append(f"SV1*{code}*{x12_amount(line.charge)}*UN*{line.units}***{pointers}~")
        parts.append(f"DTP*472*D8*{compact(line.day)}~REF*6R*{line_control(account, line)}~")
        if primary and line.number in paid:
            service = paid[line.number]
            shown = code or f"NU:{line.revenue_code}"
            parts.append(
                f"SVD*{primary.claim.payer.identifiers[0]}*{x12_amount(service.paid)}*{shown}*"
                f"{line.revenue_code if hospital and line.code else ''}*{line.units}~"
                f"{adjustment_segments(service.adjustments)}DTP*573*D8*{compact(primary.day)}~"
            )
    return "".join(parts)


def _primary_answer(claim: Claim) -> Adjudication | None:
    if claim.sequence == "P":
        return None
    return next((other.effective() for other in claim.account.claims if other.sequence == "P"), None)


def _subscriber(profile: Profile, claim: Claim, level: int) -> str:
    account, payer = claim.account, claim.payer
    patient = account.patient
    filing = filing_indicator(payer, account.billing_type)
    member = patient.member_id if claim.sequence == "P" else f"{patient.member_id}S"
    address = f"N3*{patient.street}~N4*{profile.city}*TX*{patient.zip_code}~"
    payer_loop = f"NM1*PR*2*{payer.identifiers[1]}*****PI*{payer.identifiers[0]}~"
    birth = f"DMG*D8*{compact(patient.birth_day)}*{patient.sex}~"
    if not has_parent(account, payer):
        return (
            f"HL*{level + 1}*1*22*0~SBR*{claim.sequence}*18*GRP{payer.identifiers[0]}******{filing}~"
            f"NM1*IL*1*{patient.last}*{patient.first}*{patient.middle}***MI*{member}~{address}{birth}{payer_loop}"
        )
    return (
        f"HL*{level + 1}*1*22*1~SBR*{claim.sequence}**GRP{payer.identifiers[0]}******{filing}~"
        f"NM1*IL*1*{patient.last}*PARENT*{patient.middle}***MI*{member}~{address}"
        f"DMG*D8*{compact(patient.birth_day - 10_500)}*F~{payer_loop}"
        f"HL*{level + 2}*{level + 1}*23*0~PAT*19~"
        f"NM1*QC*1*{patient.last}*{patient.first}*{patient.middle}~{address}{birth}"
    )


def _references(submission: Submission) -> str:
    account = submission.claim.account
    auth = f"REF*G1*AU{account.number}~" if account.auth_status == "approved" else ""
    original = f"REF*F8*{submission.original_control}~" if submission.original_control else ""
    return f"{auth}{original}REF*D9*{submission.trace}~REF*EA*{account.patient.number}~"


def _institutional(submission: Submission) -> str:
    account = submission.claim.account
    is_inpatient = account.encounter_class == "inpatient"
    kind = "1" if account.encounter_class in ("inpatient", "emergency") else "3"
    admitted = (
        f"{compact(account.arrive_day)}{account.arrive_minute // 60:02d}{account.arrive_minute % 60:02d}"
    )
    others = ":".join(["ABF", account.diagnoses[1]]) if len(account.diagnoses) > 1 else ""
    provider = account.provider
    parts = [
        f"CLM*{account.account_id}*{x12_amount(account.charge)}***{facility_code(account)}:A:{submission.frequency}"
        "**A*Y*Y~",
        "DTP*096*TM*1100~" if is_inpatient else "",
        f"DTP*434*RD8*{compact(account.from_day)}-{compact(account.to_day)}~",
        f"DTP*435*DT*{admitted}~" if is_inpatient else "",
        f"CL1*{kind}*1*01~",
        _references(submission),
        f"HI*ABK:{account.diagnoses[0]}~",
        f"HI*ABJ:{account.diagnoses[0]}~" if is_inpatient else "",
        f"HI*DR:{account.drg}~" if account.drg else "",
        f"HI*{others}~" if others else "",
        f"NM1*71*1*{provider.last}*{provider.first}****XX*{provider.npi}~",
    ]
    return "".join(parts)


def _professional(profile: Profile, submission: Submission) -> str:
    account = submission.claim.account
    provider = account.provider
    facilities = profile.entities[account.unit.entity_id].facilities
    facility = next(place for place in facilities if place.facility_id == account.facility_id)
    diagnoses = "*".join(
        f"{'ABF' if index else 'ABK'}:{code}" for index, code in enumerate(account.diagnoses)
    )
    paid = f"AMT*F5*{x12_amount(account.paid_at_service)}~" if account.paid_at_service > 0 else ""
    return "".join(
        [
            f"CLM*{account.account_id}*{x12_amount(account.charge)}***{facility_code(account)}:B:"
            f"{submission.frequency}*Y*A*Y*Y~",
            paid,
            _references(submission),
            f"HI*{diagnoses}~",
            f"NM1*82*1*{provider.last}*{provider.first}****XX*{provider.npi}~",
            f"PRV*PE*PXC*{provider.department.taxonomy}~",
            f"NM1*77*2*{facility.name.upper()}*****XX*{facility.npi}~",
            f"N3*200 CLINIC ROAD~N4*{profile.city}*TX*{profile.zip_code}0001~",
        ]
    )


def _other_payer(profile: Profile, claim: Claim, primary: Adjudication) -> str:
    account, patient, payer = claim.account, claim.account.patient, primary.claim.payer
    claim_level = adjustment_segments(primary.adjustments)
    return (
        f"SBR*P*18*GRP{payer.identifiers[0]}******{filing_indicator(payer, account.billing_type)}~"
        f"{claim_level}AMT*D*{x12_amount(primary.paid)}~AMT*EAF*{x12_amount(primary.patient_share)}~OI***Y***Y~"
        f"NM1*IL*1*{patient.last}*{patient.first}*{patient.middle}***MI*{patient.member_id}~"
        f"N3*{patient.street}~N4*{profile.city}*TX*{patient.zip_code}~"
        f"NM1*PR*2*{payer.identifiers[1]}*****PI*{payer.identifiers[0]}~"
        f"{'DTP*573*D8*' + compact(primary.day) + '~' if not primary.services else ''}"
    )


def adjustment_segments(adjustments: list[Adjustment]) -> str:
    """CAS segments: one per group code, up to six triples each, in order."""
    groups: dict[str, list[Adjustment]] = {}
    for item in adjustments:
        groups.setdefault(item.group, []).append(item)
    parts = []
    for group, items in groups.items():
        for start in range(0, len(items), 6):
            triples = "**".join(f"{item.carc}*{x12_amount(item.amount)}" for item in items[start : start + 6])
            parts.append(f"CAS*{group}*{triples}~")
    return "".join(parts)
