"""Why payers deny: reasons with the published category shares, group codes and remark codes."""

from dataclasses import dataclass

from claimlake.synthetic.dice import Dice, Weighted


@dataclass(frozen=True, slots=True)
class Reason:
    """One way a payer says no; category is the one after the remark override."""

    carc: str
    category: str
    group: str = "CO"
    remark: str = ""
    is_rfi: bool = False
    fits_line: bool = True
    status: str = ""
    """CLP02 where the payer uses another than processed-as-primary."""


REASONS: list[tuple[Reason, float]] = [
    (Reason("27", "eligibility", fits_line=False), 6.0),
    (Reason("27", "eligibility", "PR", fits_line=False), 3.5),
    (Reason("31", "eligibility", "PR", fits_line=False, status="4"), 3.5),
    (Reason("26", "eligibility", fits_line=False), 2.0),
    (Reason("140", "eligibility", fits_line=False), 2.0),
    (Reason("16", "eligibility", remark="N382", fits_line=False), 4.5),
    (Reason("177", "eligibility", "PR", fits_line=False), 1.0),
    (Reason("109", "eligibility", fits_line=False), 2.5),
    (Reason("16", "claim_data", remark="N290"), 5.0),
    (Reason("16", "claim_data", remark="MA130", fits_line=False), 3.0),
    (Reason("16", "claim_data", remark="M53"), 4.0),
    (Reason("206", "claim_data", fits_line=False), 2.0),
    (Reason("16", "claim_data"), 2.0),
    (Reason("197", "authorization"), 8.0),
    (Reason("198", "authorization"), 2.5),
    (Reason("288", "authorization"), 1.0),
    (Reason("15", "authorization"), 1.5),
    (Reason("16", "authorization", remark="M62"), 1.0),
    (Reason("252", "documentation", remark="N706", is_rfi=True), 4.0),
    (Reason("226", "documentation", remark="M127", is_rfi=True), 3.0),
    (Reason("163", "documentation", is_rfi=True), 1.5),
    (Reason("16", "documentation", remark="N29", is_rfi=True), 2.0),
    (Reason("251", "documentation", is_rfi=True), 1.0),
    (Reason("204", "non_covered", "PR"), 3.0),
    (Reason("96", "non_covered", remark="N130"), 4.0),
    (Reason("96", "non_covered", "PR", remark="N381"), 2.0),
    (Reason("119", "non_covered", "PR"), 1.5),
    (Reason("11", "coding"), 2.0),
    (Reason("4", "coding"), 2.0),
    (Reason("182", "coding"), 0.8),
    (Reason("16", "coding", remark="M51"), 1.2),
    (Reason("181", "coding"), 1.0),
    (Reason("50", "medical_necessity"), 2.6),
    (Reason("151", "medical_necessity"), 1.2),
    (Reason("96", "medical_necessity", remark="N115"), 1.2),
    (Reason("50", "medical_necessity", "PI"), 0.6),
    (Reason("97", "bundling"), 2.2),
    (Reason("236", "bundling"), 1.2),
    (Reason("16", "bundling", remark="M80"), 0.6),
    (Reason("22", "cob", "OA", fits_line=False), 2.6),
    (Reason("16", "cob", remark="MA04", fits_line=False), 1.4),
    (Reason("148", "cob"), 0.6),
    (Reason("29", "timely_filing", fits_line=False), 3.0),
    (Reason("18", "duplicate", "OA", fits_line=False), 1.0),
    (Reason("185", "credentialing", fits_line=False), 1.5),
    (Reason("B7", "credentialing", fits_line=False), 1.0),
    (Reason("A1", "credentialing", remark="N570", fits_line=False), 0.7),
    # A code newer than the category map: it must surface as unmapped and still count.
    (Reason("P13", "unmapped"), 0.5),
]
WHOLE_CLAIM_EMPHASIS = {"eligibility": 2.3, "claim_data": 1.3, "coding": 0.7, "bundling": 0.6}
ONE_LINE_EMPHASIS = {"bundling": 1.4, "claim_data": 1.5, "non_covered": 1.3, "medical_necessity": 0.6}
"""Registration errors sink whole claims; edits and benefit limits take single lines."""
FULL = Weighted(
    [(reason, weight * WHOLE_CLAIM_EMPHASIS.get(reason.category, 1)) for reason, weight in REASONS]
)
PARTIAL = Weighted(
    [
        (reason, weight * ONE_LINE_EMPHASIS.get(reason.category, 1))
        for reason, weight in REASONS
        if reason.fits_line
    ]
)
STATUS = Weighted(
    [
        (Reason("50", "medical_necessity"), 4.0),
        (Reason("186", "medical_necessity"), 3.0),
        (Reason("58", "medical_necessity"), 1.0),
        (Reason("152", "medical_necessity"), 1.0),
        (Reason("78", "medical_necessity"), 2.0),
    ]
)
"""Inpatient status and level-of-care denials."""
SECONDARY = Weighted(
    [
        (Reason("22", "cob", "OA"), 3.0),
        (Reason("29", "timely_filing"), 2.0),
        (Reason("252", "documentation", remark="N706", is_rfi=True), 2.0),
        (Reason("16", "cob", remark="MA04"), 2.0),
    ]
)
RETROSPECTIVE = Weighted(
    [
        (Reason("197", "authorization"), 2.0),
        (Reason("50", "medical_necessity"), 3.0),
        (Reason("27", "eligibility"), 3.0),
        (Reason("22", "cob", "OA"), 1.0),
    ]
)
SOFT = {"claim_data", "coding", "documentation", "eligibility", "cob", "bundling", "credentialing"}
"""Categories a corrected claim can usually repair."""


def draw_reason(weighted: Weighted[Reason], dice: Dice, *, is_auth_required: bool) -> Reason:
    """A reason that suits the claim: authorization denials fall mostly on claims that needed one."""
    reason = dice.draw(weighted)
    if is_auth_required and dice.chance(0.25):
        return Reason("197", "authorization")
    if reason.category == "authorization" and not is_auth_required and dice.chance(0.5):
        reason = dice.draw(weighted)
    return reason
