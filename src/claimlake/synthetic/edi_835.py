"""Raw 835 remittances as paid: 005010X221A1."""

from claimlake.synthetic.calendar import compact
from claimlake.synthetic.claim import Adjudication, Payment, Service
from claimlake.synthetic.edi_837 import (
    adjustment_segments,
    facility_code,
    filing_indicator,
    has_parent,
    line_control,
)
from claimlake.synthetic.money import x12_amount
from claimlake.synthetic.profile import Profile

REMITTANCE = "005010X221A1"
WITHOUT_LINE_CONTROL = {"tricare", "cigna"}
"""Payers that do not return REF*6R: their lines are found by code, date and charge."""


def payment_body(profile: Profile, payment: Payment) -> list[str]:
    """The segments of one payment between ST and SE."""
    entity = profile.entities[payment.unit.entity_id]
    payer_id, payer_name = payment.payer.identifiers[:2]
    day = compact(payment.day)
    originator = f"1{sum(payer_name.encode()) * 7919 % 10**9:09d}"
    bank = f"ACH*CCP*01*999999992*DA*{originator[2:]}*{originator}**01*999988880*DA*{entity.tax_id}"
    parts = [
        f"BPR*I*{x12_amount(payment.amount)}*C*{bank}*{day}~"
        if payment.amount
        else f"BPR*H*0*C*NON************{day}~",
        f"TRN*1*{payment.trace}*{originator}~",
        f"DTM*405*{day}~",
        f"N1*PR*{payer_name}*XV*{payer_id}~" if len(payer_id) % 2 else f"N1*PR*{payer_name}~",
        "N3*PO BOX 1000~N4*DALLAS*TX*75201~",
        "" if len(payer_id) % 2 else f"REF*2U*{payer_id}~",
        "PER*BL*PROVIDER SERVICES*TE*5555550199~",
        f"N1*PE*{entity.name.upper()}*XX*{entity.billing_npi}~REF*TJ*{entity.tax_id}~",
        "LX*1~",
    ]
    parts += [_claim(profile, answer) for answer in payment.adjudications]
    year_end = f"{day[:4]}1231"
    parts += [
        f"PLB*{entity.billing_npi}*{year_end}*{item.reason}:{item.reference}*{x12_amount(item.amount)}~"
        for item in payment.provider_adjustments
    ]
    return parts


def _claim(profile: Profile, answer: Adjudication) -> str:
    claim = answer.claim
    account, patient = claim.account, claim.account.patient
    share = answer.patient_share
    drg = f"**{account.drg}*{account.drg_weight / 10_000:.4f}" if account.drg else ""
    member = patient.member_id if claim.sequence == "P" else f"{patient.member_id}S"
    name = f"NM1*QC*1*{patient.last}*{patient.first}*{patient.middle}***MI*{member}~"
    if has_parent(account, claim.payer):
        name = (
            f"NM1*QC*1*{patient.last}*{patient.first}*{patient.middle}~"
            f"NM1*IL*1*{patient.last}*PARENT****MI*{member}~"
        )
    filing = filing_indicator(claim.payer, account.billing_type)
    parts = [
        f"CLP*{account.account_id}*{answer.status}*{x12_amount(answer.charge)}*{x12_amount(answer.paid)}*"
        f"{x12_amount(share) if share else ''}*{filing}*{answer.control}*"
        f"{facility_code(account)}*{answer.frequency}{drg}~",
        adjustment_segments(answer.adjustments),
        name,
        _rendering(answer),
        _crossover(answer),
        _remarks(answer),
        f"DTM*232*{compact(account.from_day)}~DTM*233*{compact(account.to_day)}~",
        f"DTM*050*{compact(answer.received_day)}~" if answer.received_day else "",
    ]
    parts += [_service(answer, service) for service in answer.services]
    return "".join(parts)


def _rendering(answer: Adjudication) -> str:
    provider = answer.claim.account.provider
    if answer.claim.account.billing_type == "HB":
        return ""
    return f"NM1*82*1*{provider.last}*{provider.first}****XX*{provider.npi}~"


def _crossover(answer: Adjudication) -> str:
    """NM1*TT names the payer the claim was forwarded to (CLP02 19)."""
    secondary = answer.claim.account.secondary
    if answer.status != "19" or secondary is None:
        return ""
    return f"NM1*TT*2*{secondary.identifiers[1]}*****PI*{secondary.identifiers[0]}~"


def _remarks(answer: Adjudication) -> str:
    if not answer.remarks:
        return ""
    if answer.claim.account.encounter_class == "inpatient":
        return f"MIA*0****{answer.remarks[0]}~"
    return f"MOA***{answer.remarks[0]}~"


def _service(answer: Adjudication, service: Service) -> str:
    line = service.line
    modifier = f":{line.modifier}" if line.modifier else ""
    if line.code:
        code = f"HC:{service.paid_code or line.code}{modifier}"
        revenue = line.revenue_code
    else:
        code, revenue = f"NU:{line.revenue_code}", ""
    submitted = f"*HC:{line.code}{modifier}" if service.paid_code else ""
    control = ""
    if answer.claim.payer.payer_id not in WITHOUT_LINE_CONTROL:
        control = f"REF*6R*{line_control(answer.claim.account, line)}~"
    allowed = f"AMT*B6*{x12_amount(service.allowed)}~" if service.allowed and service.charge > 0 else ""
    return (
        f"SVC*{code}*{x12_amount(service.charge)}*{x12_amount(service.paid)}*{revenue}*{line.units}{submitted}~"
        f"DTM*472*{compact(line.day)}~{adjustment_segments(service.adjustments)}{control}{allowed}"
        f"{''.join(f'LQ*HE*{remark}~' for remark in service.remarks)}"
    )
