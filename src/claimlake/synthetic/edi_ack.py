"""Raw acknowledgements: 999 of the clearinghouse and 277CA of clearinghouse and payers."""

from claimlake.synthetic.calendar import compact
from claimlake.synthetic.claim import Submission
from claimlake.synthetic.money import x12_amount
from claimlake.synthetic.profile import Profile
from claimlake.tenant import Entity, Payer

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


def _head(reference: str, day: int, source: str, sent: int) -> list[str]:
    return [
        f"BHT*0085*08*{reference}*{compact(day)}*0600*TH~",
        "HL*1**20*1~",
        source,
        f"TRN*1*{reference}~",
        f"DTP*050*D8*{compact(sent)}~DTP*009*D8*{compact(day)}~",
    ]


def clearinghouse_source() -> str:
    """2100A of the clearinghouse."""
    return "NM1*AY*2*MERIDIAN CLEARINGHOUSE*****46*MERIDIAN~"


def payer_source(payer: Payer) -> str:
    """2100A of a payer."""
    return f"NM1*PR*2*{payer.identifiers[1]}*****PI*{payer.identifiers[0]}~"


def body_277ca(
    profile: Profile,
    entity: Entity,
    batch: str,
    source: str,
    day: int,
    submissions: list[Submission],
    *,
    is_payer: bool,
) -> list[str]:
    """The 277CA of one batch at one actor; a refused batch or provider has nothing below it."""
    sent = submissions[0].day
    level = submissions[0].rejection_level
    total = sum(item.claim.account.charge for item in submissions)
    reference = f"{'P' if is_payer else 'C'}{batch}"
    parts = _head(reference, day, source, sent)
    tenant = profile.tenant
    below = 0 if level == "batch" else 1
    parts.append(
        f"HL*2*1*21*{below}~NM1*41*2*{tenant.name.upper()}*****46*{tenant.org_id.split('_')[0].upper()}~TRN*2*{batch}~"
    )
    if level == "batch":
        parts.append(f"STC*A8:496:41*{compact(day)}*U*{x12_amount(total)}~QTY*AA*{len(submissions)}~")
        parts.append(f"AMT*YY*{x12_amount(total)}~")
        return parts
    parts.append(f"STC*A1:19:PR*{compact(day)}*WQ*{x12_amount(total)}~")
    parts += _totals(submissions, by_payer=is_payer, is_provider_refused=level == "provider")
    below = 0 if level == "provider" else 1
    parts.append(f"HL*3*2*19*{below}~NM1*85*2*{entity.name.upper()}*****XX*{entity.billing_npi}~TRN*2*0~")
    if level == "provider":
        parts.append(f"STC*A8:496:85*{compact(day)}*U*{x12_amount(total)}~")
        return parts
    parts += [
        _claim(item, number, day, is_payer=is_payer) for number, item in enumerate(submissions, start=4)
    ]
    return parts


def _totals(submissions: list[Submission], *, by_payer: bool, is_provider_refused: bool) -> list[str]:
    refused = [item for item in submissions if is_provider_refused or _is_refused(item, is_payer=by_payer)]
    kept = len(submissions) - len(refused)
    lost = sum(item.claim.account.charge for item in refused)
    won = sum(item.claim.account.charge for item in submissions) - lost
    parts = [f"QTY*90*{kept}~"] if kept else []
    parts += [f"QTY*AA*{len(refused)}~"] if refused else []
    parts += [f"AMT*YU*{x12_amount(won)}~"] if kept else []
    parts += [f"AMT*YY*{x12_amount(lost)}~"] if refused else []
    return parts


def _is_refused(submission: Submission, *, is_payer: bool) -> bool:
    return submission.rejected_by == ("payer" if is_payer else "clearinghouse")


def _claim(submission: Submission, number: int, day: int, *, is_payer: bool) -> str:
    claim = submission.claim
    account, patient = claim.account, claim.account.patient
    amount = x12_amount(account.charge)
    member = patient.member_id if claim.sequence == "P" else f"{patient.member_id}S"
    if _is_refused(submission, is_payer=is_payer):
        code = submission.rejection_code
        entity = "85" if code == "A8" else "IL"
        status = f"STC*{code}:{REASONS[code]}:{entity}*{compact(day)}*U*{amount}~"
    else:
        status = f"STC*{'A2:20' if is_payer else 'A1:19'}:PR*{compact(day)}*WQ*{amount}~"
    control = f"REF*1K*{submission.control}~" if is_payer and submission.control else ""
    start, end = compact(account.from_day), compact(account.to_day)
    period = f"DTP*472*D8*{start}~" if start == end else f"DTP*472*RD8*{start}-{end}~"
    return (
        f"HL*{number}*3*PT~NM1*QC*1*{patient.last}*{patient.first}****MI*{member}~TRN*2*{account.account_id}~"
        f"{status}{control}REF*D9*{submission.trace}~{period}"
    )
