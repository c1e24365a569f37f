"""Raw acknowledgements: 999 of the clearinghouse and 277CA of clearinghouse and payers."""

from dataclasses import dataclass

from claimlake.synthetic.calendar import compact
from claimlake.synthetic.claim import Submission
from claimlake.synthetic.money import x12_amount
from claimlake.tenant import Entity, Payer, Tenant

ACK_999 = "005010X231A1"
ACK_277CA = "005010X214"
REASONS = {"A3": "21", "A6": "562", "A7": "164", "A8": "496"}
"""Claim status code (list 508) that goes with each rejection category."""


def body_999(implementation: str, control: int, sets: list[tuple[int, bool]]) -> list[str]:
    """The 999 of one functional group: (ST02, accepted) per transaction set."""
    accepted = sum(is_accepted for _, is_accepted in sets)
    parts = [f"AK1*HC*{control}*{implementation}~"]
    for number, is_accepted in sets:
        parts.append(f"AK2*837*{number:04d}*{implementation}~")
        if is_accepted:
            parts.append("IK5*A~")
        else:
            parts.append("IK3*NM1*8*2010AA*8~CTX*SITUATIONAL TRIGGER*REF*9**1~IK4*9*67*7*BAD~IK5*R*I5~")
    status = "A" if accepted == len(sets) else "R" if accepted == 0 else "P"
    return [*parts, f"AK9*{status}*{len(sets)}*{len(sets)}*{accepted}~"]


@dataclass(frozen=True, slots=True)
class Answer:
    """One actor's 277CA of one batch."""

    tenant: Tenant
    entity: Entity
    batch: str
    """BHT03 of the 837."""
    day: int
    submissions: list[Submission]
    payer: Payer | None = None
    """The payer who answers; None = the clearinghouse."""


def body_277ca(answer: Answer) -> list[str]:
    """The 277CA of one batch at one actor; a refused batch or provider has nothing below it."""
    level = answer.submissions[0].rejection_level
    day, amount = (
        compact(answer.day),
        x12_amount(sum(item.claim.account.charge for item in answer.submissions)),
    )
    parts = _head(answer, has_providers=level != "batch")
    if level == "batch":
        refused = f"QTY*AA*{len(answer.submissions)}~AMT*YY*{amount}~"
        return [*parts, f"STC*A8:496:41*{day}*U*{amount}~{refused}"]
    parts.append(f"STC*A1:19:PR*{day}*WQ*{amount}~")
    parts += _totals(answer, is_provider_refused=level == "provider")
    entity = answer.entity
    below = 0 if level == "provider" else 1
    parts.append(f"HL*3*2*19*{below}~NM1*85*2*{entity.name.upper()}*****XX*{entity.billing_npi}~TRN*2*0~")
    if level == "provider":
        return [*parts, f"STC*A8:496:85*{day}*U*{amount}~"]
    return parts + [_claim(answer, item, number) for number, item in enumerate(answer.submissions, start=4)]


def _head(answer: Answer, *, has_providers: bool) -> list[str]:
    payer, tenant = answer.payer, answer.tenant
    reference = f"{'P' if payer else 'C'}{answer.batch}"
    source = "NM1*AY*2*MERIDIAN CLEARINGHOUSE*****46*MERIDIAN~"
    if payer:
        source = f"NM1*PR*2*{payer.identifiers[1]}*****PI*{payer.identifiers[0]}~"
    return [
        f"BHT*0085*08*{reference}*{compact(answer.day)}*0600*TH~",
        f"HL*1**20*1~{source}TRN*1*{reference}~",
        f"DTP*050*D8*{compact(answer.submissions[0].day)}~DTP*009*D8*{compact(answer.day)}~",
        f"HL*2*1*21*{int(has_providers)}~",
        f"NM1*41*2*{tenant.name.upper()}*****46*{tenant.org_id.split('_')[0].upper()}~TRN*2*{answer.batch}~",
    ]


def _totals(answer: Answer, *, is_provider_refused: bool) -> list[str]:
    submissions = answer.submissions
    refused = [item for item in submissions if is_provider_refused or _is_refused(answer, item)]
    kept = len(submissions) - len(refused)
    lost = sum(item.claim.account.charge for item in refused)
    won = sum(item.claim.account.charge for item in submissions) - lost
    parts = [f"QTY*90*{kept}~"] if kept else []
    parts += [f"QTY*AA*{len(refused)}~"] if refused else []
    parts += [f"AMT*YU*{x12_amount(won)}~"] if kept else []
    parts += [f"AMT*YY*{x12_amount(lost)}~"] if refused else []
    return parts


def _is_refused(answer: Answer, submission: Submission) -> bool:
    return submission.rejected_by == ("payer" if answer.payer else "clearinghouse")


def _claim(answer: Answer, submission: Submission, number: int) -> str:
    claim, day = submission.claim, compact(answer.day)
    account, patient = claim.account, claim.account.patient
    amount = x12_amount(account.charge)
    member = patient.member_id if claim.sequence == "P" else f"{patient.member_id}S"
    if _is_refused(answer, submission):
        code = submission.rejection_code
        status = f"STC*{code}:{REASONS[code]}:{'85' if code == 'A8' else 'IL'}*{day}*U*{amount}~"
    else:
        status = f"STC*{'A2:20' if answer.payer else 'A1:19'}:PR*{day}*WQ*{amount}~"
    control = f"REF*1K*{submission.control}~" if answer.payer and submission.control else ""
    start, end = compact(account.from_day), compact(account.to_day)
    period = f"DTP*472*D8*{start}~" if start == end else f"DTP*472*RD8*{start}-{end}~"
    return (
        f"HL*{number}*3*PT~NM1*QC*1*{patient.last}*{patient.first}****MI*{member}~TRN*2*{account.account_id}~"
        f"{status}{control}REF*D9*{submission.trace}~{period}"
    )
