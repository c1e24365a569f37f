"""The state of the network: accounts, claims, submissions and adjudications as they happened."""

from dataclasses import dataclass, field
from typing import NamedTuple

from claimlake.synthetic.patient import Patient
from claimlake.synthetic.profile import Unit
from claimlake.synthetic.provider import Provider
from claimlake.tenant import Payer


@dataclass(slots=True)
class Line:
    """One charge of an account and, at the same time, one line of its claims."""

    number: int
    day: int
    post_day: int
    revenue_code: str
    code: str
    modifier: str
    units: int
    charge: int
    expected: int | None = None
    """What the primary contract allows; None where no term applies."""


@dataclass(slots=True)
class Account:
    """One encounter and its billing account."""

    unit: Unit
    billing_type: str
    number: int
    patient: Patient
    encounter_class: str
    provider: Provider
    facility_id: str
    arrive_day: int
    arrive_minute: int
    discharge_day: int
    lines: list[Line]
    payer: Payer | None
    secondary: Payer | None
    diagnoses: list[str]
    drg: str = ""
    drg_weight: int = 0
    is_auth_required: bool = False
    auth_status: str = ""
    """Status of its authorization event, empty = none."""
    final_bill_day: int | None = None
    balance: int = 0
    patient_paid: int = 0
    paid_at_service: int = 0
    last_day: int = 0
    """Day of the latest ledger row."""
    claims: "list[Claim]" = field(default_factory=list)

    @property
    def account_id(self) -> str:
        """The patient control number every claim of the account carries in CLM01."""
        return str(self.number)

    @property
    def charge(self) -> int:
        """Total charges in cents."""
        return sum(line.charge for line in self.lines)

    @property
    def from_day(self) -> int:
        """First day of the statement period."""
        return min(line.day for line in self.lines) if self.billing_type == "PB" else self.arrive_day

    @property
    def to_day(self) -> int:
        """Last day of the statement period."""
        return max(line.day for line in self.lines) if self.billing_type == "PB" else self.discharge_day

    @property
    def has_service_lines(self) -> bool:
        """Whether payers adjudicate it line by line; inpatient claims are priced as a whole."""
        return self.encounter_class != "inpatient"


@dataclass(slots=True)
class Claim:
    """One obligation: an account at one payer in one sequence, with every version and answer."""

    account: Account
    payer: Payer
    sequence: str
    submissions: "list[Submission]" = field(default_factory=list)
    adjudications: "list[Adjudication]" = field(default_factory=list)

    def effective(self) -> "Adjudication | None":
        """The latest adjudication that no reversal took back."""
        reversed_ones = {id(item.reverses) for item in self.adjudications if item.reverses}
        standing = [a for a in self.adjudications if a.status != "22" and id(a) not in reversed_ones]
        return standing[-1] if standing else None


@dataclass(slots=True)
class Submission:
    """One transmission of one version of a claim."""

    claim: Claim
    day: int
    frequency: str
    original_control: str = ""
    control: str = ""
    """Payer claim control number given at acceptance."""
    outcome: str = "no_answer"
    """accepted, acknowledged, rejected or no_answer."""
    rejected_by: str = ""
    """clearinghouse or payer."""
    rejection_level: str = ""
    """claim, provider, batch or set."""
    rejection_code: str = ""
    clearinghouse_day: int | None = None
    payer_day: int | None = None
    batch: str = ""
    trace: str = ""

    @property
    def is_rejected(self) -> bool:
        """Whether the clearinghouse or the payer refused it."""
        return self.outcome == "rejected"


class Adjustment(NamedTuple):
    """One CAS triple; a positive amount reduces the payment."""

    group: str
    carc: str
    amount: int
    category: str = ""
    """Denial category after remark override; empty when it is no denial."""
    is_rfi: bool = False


@dataclass(slots=True)
class Service:
    """One SVC loop: what the payer did with one line."""

    line: Line
    charge: int
    paid: int
    adjustments: list[Adjustment]
    paid_code: str = ""
    """The adjudicated code where the payer changed it, else empty."""
    remarks: tuple[str, ...] = ()
    allowed: int = 0


@dataclass(slots=True)
class Adjudication:
    """One CLP loop of an 835."""

    claim: Claim
    day: int
    status: str
    frequency: str
    control: str
    charge: int
    paid: int
    adjustments: list[Adjustment]
    services: list[Service]
    remarks: tuple[str, ...] = ()
    reverses: "Adjudication | None" = None
    trace: str = ""
    ordinal: int = 0
    received_day: int | None = None
    is_takeback_deferred: bool = False
    posted: "list[Transaction]" = field(default_factory=list)
    """The ledger rows it led to."""

    def every_adjustment(self) -> list[Adjustment]:
        """Claim-level adjustments, then those of each line."""
        return self.adjustments + [item for service in self.services for item in service.adjustments]

    @property
    def patient_share(self) -> int:
        """Σ PR adjustments."""
        return sum(item.amount for item in self.every_adjustment() if item.group == "PR")

    @property
    def denied(self) -> int:
        """Σ positive denial adjustments; a reversal denies nothing."""
        if self.status == "22":
            return 0
        return sum(item.amount for item in self.every_adjustment() if item.category and item.amount > 0)


@dataclass(slots=True)
class Transaction:
    """One ledger row of an EMR; payments and adjustments that reduce A/R are positive."""

    unit: Unit
    account: Account | None
    """None = unapplied cash."""
    kind: str
    """payment, adjustment, refund or transfer."""
    post_day: int
    amount: int
    code: str
    source: str = ""
    """payer or patient; empty for adjustments."""
    sequence: str = ""
    payer: Payer | None = None
    method: str = ""
    channel: str = ""
    trace: str = ""
    adjustment_type: str = ""
    writeoff_category: str = ""
    group: str = ""
    carc: str = ""
    reverses: int | None = None
    deposit_day: int | None = None
    number: int = 0
    """Given when it is recorded."""


@dataclass(slots=True)
class WorkEvent:
    """One event of a work-queue item."""

    item: int
    account: Account
    kind: str
    """entered, touched, deferred or resolved."""
    item_type: str
    day: int
    team: str
    minutes: int


@dataclass(slots=True)
class ProviderAdjustment:
    """One PLB amount; a positive amount reduces the payment."""

    reason: str
    reference: str
    amount: int


@dataclass(slots=True)
class Payment:
    """One 835 transaction set: one payer's payment to one entity on one day."""

    payer: Payer
    unit: Unit
    day: int
    trace: str
    adjudications: list[Adjudication]
    provider_adjustments: list[ProviderAdjustment]
    amount: int
