"""How each tenant and payer behaves: mix, rates, lags; who they are comes from the tenant's own file."""

from dataclasses import dataclass, field

from claimlake.synthetic.dice import Weighted
from claimlake.tenant import Entity, Payer, Tenant

UNMAPPED = Payer(
    "unmapped", "Coastal Direct", "other", ("88123", "COASTAL DIRECT PLAN", "CDP", "777", "Coastal Direct")
)
"""A payer no crosswalk knows: its identifiers are in the feeds and not in the tenant file."""


@dataclass(frozen=True, slots=True)
class Behaviour:
    """How one payer pays."""

    hospital_rate: int
    """Contracted share of hospital charges, per million."""
    fee_rate: int
    """Contracted professional fee as a share of list price, per million; 0 = no professional contract."""
    first_day: int
    last_day: int
    """Days from the payer's acceptance to its remittance."""
    denial_rate: float
    weekday: int = 2
    """The payer's remittance day when files are weekly."""


BEHAVIOUR = {
    "medicare": Behaviour(268_000, 412_000, 14, 19, 0.078, 0),
    "humana_ma": Behaviour(281_000, 405_000, 12, 34, 0.178),
    "wellcare_ma": Behaviour(275_500, 398_500, 12, 38, 0.186),
    "aetna": Behaviour(514_000, 618_000, 10, 32, 0.128),
    "bcbs_tx": Behaviour(487_500, 596_250, 9, 24, 0.104),
    "uhc": Behaviour(502_250, 607_500, 11, 36, 0.149),
    "cigna": Behaviour(533_000, 621_000, 10, 33, 0.131),
    "oscar": Behaviour(438_000, 0, 14, 40, 0.152),
    "tx_medicaid": Behaviour(214_000, 287_000, 18, 45, 0.116),
    "superior": Behaviour(226_000, 301_000, 14, 42, 0.138),
    "molina": Behaviour(221_500, 296_500, 14, 44, 0.142),
    "tricare": Behaviour(352_000, 455_000, 16, 40, 0.094),
    "texas_mutual": Behaviour(611_000, 702_000, 25, 60, 0.161),
    "medigap": Behaviour(268_000, 412_000, 10, 25, 0.06),
    "aarp_supplement": Behaviour(268_000, 412_000, 10, 26, 0.06),
    "unmapped": Behaviour(0, 0, 20, 45, 0.14),
}


@dataclass(frozen=True, slots=True)
class Unit:
    """One billing company of the network and where its records live."""

    entity_id: str
    source_id: str
    share: float
    """Its share of the network's accounts."""
    payer_code: int
    """Which of a payer's identifiers its EMR writes."""
    first_account: int
    """Accounts are numbered from here; two hospitals of one system may start at the same number."""
    number: int


@dataclass(frozen=True, slots=True)
class Profile:
    """Everything about one tenant that its events depend on."""

    tenant: Tenant
    units: tuple[Unit, ...]
    under_65: Weighted[str | None]
    over_65: Weighted[str | None]
    supplement: str
    """Payer that most often stands behind Medicare."""
    city: str
    zip_code: str
    edi_source: str
    finance_source: str
    contract_code: int
    """Which of a payer's identifiers contracts and the general ledger write."""
    number: int
    entities: dict[str, Entity] = field(default_factory=dict)
    payers: dict[str, Payer] = field(default_factory=dict)


PETERSON = {
    "units": (
        Unit("peterson_general", "peterson_general_emr", 0.24, 2, 700_001, 1),
        Unit("peterson_valley", "peterson_valley_emr", 0.13, 3, 700_001, 2),
        Unit("peterson_physicians", "peterson_general_emr", 0.29, 2, 5_000_001, 3),
    ),
    "under_65": Weighted(
        [
            ("aetna", 20.0), ("bcbs_tx", 26.0), ("uhc", 16.0), ("oscar", 5.0), ("tx_medicaid", 6.0),
            ("superior", 14.0), ("tricare", 4.0), ("unmapped", 1.2), (None, 7.0),
        ]
    ),
    "over_65": Weighted([("medicare", 61.0), ("humana_ma", 33.0), ("bcbs_tx", 4.0), (None, 1.0)]),
    "supplement": "medigap",
    "city": "KERRVILLE",
    "zip_code": "78028",
    "contract_code": 4,
    "number": 1,
}  # fmt: skip
CITIZENS = {
    "units": (
        Unit("citizens_hospital", "citizens_emr", 0.18, 2, 100_001, 4),
        Unit("citizens_clinic", "citizens_emr", 0.16, 2, 600_001, 5),
    ),
    "under_65": Weighted(
        [
            ("bcbs_tx", 34.0), ("cigna", 22.0), ("tx_medicaid", 9.0), ("molina", 17.0),
            ("texas_mutual", 3.0), (None, 9.0),
        ]
    ),
    "over_65": Weighted([("medicare", 66.0), ("wellcare_ma", 28.0), ("cigna", 4.0), (None, 1.0)]),
    "supplement": "aarp_supplement",
    "city": "VICTORIA",
    "zip_code": "77901",
    "contract_code": 3,
    "number": 2,
}  # fmt: skip
SYSTEMS = {"peterson_health": PETERSON, "citizens_medical_center": CITIZENS}


def profile(tenant: Tenant) -> Profile:
    """The behaviour of a tenant of the synthetic network joined with its identity."""
    system = SYSTEMS[tenant.org_id]
    short = tenant.org_id.split("_")[0]
    return Profile(
        tenant=tenant,
        edi_source=f"{short}_edi",
        finance_source=f"{short}_finance",
        entities={entity.entity_id: entity for entity in tenant.entities},
        payers={payer.payer_id: payer for payer in (*tenant.payers, UNMAPPED)},
        **system,  # type: ignore[arg-type]
    )
