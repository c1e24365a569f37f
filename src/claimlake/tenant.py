"""A tenant: one organisation with its entities, payers and sources, as written in tenants/<org_id>.yml."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import yaml

from claimlake.cron import check_cron
from claimlake.errors import ConfigurationError
from claimlake.keys import Keys, suggest
from claimlake.secret import check_address, check_reference

ENTITY_TYPES = ("hospital", "physician_group", "asc", "post_acute", "clinic")
BILLING_TYPES = ("HB", "PB")
PAYER_CLASSES = (
    "medicare_ffs",
    "medicare_advantage",
    "medicaid_ffs",
    "medicaid_managed",
    "commercial",
    "exchange",
    "tricare_va",
    "workers_comp",
    "auto_liability",
    "self_pay",
    "other",
)

REFERENCE = "reference"
"""Source of the rows that `claimlake reference load` brings; no tenant can have one of this id."""


@dataclass(frozen=True)
class Facility:
    """One place of care of an entity."""

    facility_id: str
    name: str
    type: str
    npi: str | None = None
    staffed_beds: int | None = None


@dataclass(frozen=True)
class Entity:
    """One billing company of the organisation."""

    entity_id: str
    name: str
    type: str
    billing_type: str
    billing_npi: str | None = None
    tax_id: str | None = None
    medicare_ccn: str | None = None
    bill_hold_days: int = 0
    is_active: bool = True
    facilities: tuple[Facility, ...] = ()


@dataclass(frozen=True)
class Payer:
    """One adjudicating payer and every id or name it is known by in the feeds."""

    payer_id: str
    name: str
    payer_class: str
    identifiers: tuple[str, ...] = ()


@dataclass(frozen=True)
class TokenGrant:
    """Where the access token of an API is fetched; id and secret are references such as env:NAME."""

    url: str
    client_id: str
    client_secret: str
    scope: str = ""


@dataclass(frozen=True)
class Source:
    """One delivering system; its id is the source_system_id of the rows it delivers."""

    id: str
    system: str
    entity_id: str | None = None
    url: str | None = None
    """Address without a password, or a reference to one with it."""
    password: str | None = None
    """Reference to the password of the address, never the password."""
    schedule: str | None = None
    """Cron expression in the tenant's time zone; without it that of the mapping, else at every look."""
    is_active: bool = True
    token: TokenGrant | None = None


@dataclass(frozen=True)
class Tenant:
    """One organisation whose data never mixes with another's."""

    org_id: str
    name: str
    time_zone: str = "America/New_York"
    fiscal_year_start_month: int = 1
    entities: tuple[Entity, ...] = ()
    payers: tuple[Payer, ...] = ()
    sources: tuple[Source, ...] = ()

    def source(self, source_id: str) -> Source:
        """The source with this id; ConfigurationError names the ones that exist."""
        for source in self.sources:
            if source.id == source_id:
                return source
        known = ", ".join(source.id for source in self.sources) or "none"
        raise ConfigurationError(
            f"no source '{source_id}'", where=f"tenant {self.org_id}", remedy=f"Sources: {known}."
        )

    @property
    def payee_identifiers(self) -> frozenset[str]:
        """The NPIs and tax ids money may be paid to; empty when the tenant declares none."""
        ids = {value for entity in self.entities for value in (entity.billing_npi, entity.tax_id) if value}
        ids |= {facility.npi for entity in self.entities for facility in entity.facilities if facility.npi}
        return frozenset(re.sub(r"\W", "", value) for value in ids)


def load_tenants(folder: Path) -> list[Tenant]:
    """The tenants of a folder in the order of their ids."""
    tenants = [load_tenant(path) for path in sorted(folder.glob("*.yml"))]
    seen: dict[str, str] = {}
    for tenant in tenants:
        if tenant.org_id.lower() in seen:
            raise ConfigurationError(f"org_id '{tenant.org_id}' is declared twice", where=str(folder))
        seen[tenant.org_id.lower()] = tenant.org_id
    return sorted(tenants, key=lambda tenant: tenant.org_id)


def load_tenant(path: Path) -> Tenant:
    """The tenant a YAML file describes; ConfigurationError names the file, the key and the fix."""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(f"cannot read the tenant ({error.strerror})", where=str(path)) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"not a YAML file ({type(error).__name__})", where=str(path)) from error
    return parse_tenant(content, where=str(path))


def parse_tenant(content: object, *, where: str) -> Tenant:
    """The tenant described by parsed YAML."""
    keys = Keys(content, where)
    tenant = Tenant(
        org_id=keys.identifier("org_id"),
        name=keys.text("name"),
        time_zone=keys.text("time_zone", default="America/New_York"),
        fiscal_year_start_month=keys.integer("fiscal_year_start_month", default=1, low=1, high=12),
        entities=tuple(_entity(item) for item in keys.items("entities")),
        payers=tuple(_payer(item) for item in keys.items("payers")),
        sources=tuple(_source(item) for item in keys.items("sources")),
    )
    keys.close()
    _check(tenant, where)
    return tenant


def reference_rows(tenant: Tenant) -> dict[str, list[dict[str, Any]]]:
    """The rows of the reference tables that describe this tenant, by table name."""
    org = {"org_id": tenant.org_id}
    return {
        "reference.organization": [
            org
            | {
                "org_name": tenant.name,
                "time_zone": tenant.time_zone,
                "fiscal_year_start_month": tenant.fiscal_year_start_month,
            }
        ],
        "reference.entity": [org | _entity_row(entity) for entity in tenant.entities],
        "reference.facility": [
            org | _facility_row(entity, facility)
            for entity in tenant.entities
            for facility in entity.facilities
        ],
        "reference.payer": [
            org | {"payer_id": payer.payer_id, "payer_name": payer.name, "payer_class": payer.payer_class}
            for payer in tenant.payers
        ],
        "reference.payer_identifier": [
            org | {"identifier_upper": identifier, "payer_id": payer.payer_id}
            for payer in tenant.payers
            for identifier in sorted({value.strip().upper() for value in payer.identifiers})
        ],
        "reference.source": [
            org | {"source_system_id": source.id, "system": source.system, "entity_id": source.entity_id}
            for source in tenant.sources
        ],
    }


def _entity_row(entity: Entity) -> dict[str, Any]:
    return {
        "entity_id": entity.entity_id,
        "entity_name": entity.name,
        "entity_type": entity.type,
        "billing_type": entity.billing_type,
        "tax_id": entity.tax_id,
        "billing_npi": entity.billing_npi,
        "medicare_ccn": entity.medicare_ccn,
        "bill_hold_days": entity.bill_hold_days,
        "is_active": entity.is_active,
    }


def _facility_row(entity: Entity, facility: Facility) -> dict[str, Any]:
    return {
        "facility_id": facility.facility_id,
        "entity_id": entity.entity_id,
        "facility_name": facility.name,
        "facility_type": facility.type,
        "npi": facility.npi,
        "staffed_beds": facility.staffed_beds,
    }


def _entity(keys: "Keys") -> Entity:
    entity = Entity(
        entity_id=keys.identifier("entity_id"),
        name=keys.text("name"),
        type=keys.choice("type", ENTITY_TYPES),
        billing_type=keys.choice("billing_type", BILLING_TYPES),
        billing_npi=keys.npi("billing_npi"),
        tax_id=keys.digits("tax_id", 9),
        medicare_ccn=keys.optional("medicare_ccn"),
        bill_hold_days=keys.integer("bill_hold_days", default=0, low=0, high=60),
        is_active=keys.flag("is_active", default=True),
        facilities=tuple(_facility(item) for item in keys.items("facilities")),
    )
    keys.close()
    return entity


def _facility(keys: "Keys") -> Facility:
    facility = Facility(
        facility_id=keys.identifier("facility_id"),
        name=keys.text("name"),
        type=keys.text("type"),
        npi=keys.npi("npi"),
        staffed_beds=keys.integer("staffed_beds", default=0, low=0, high=10_000) or None,
    )
    keys.close()
    return facility


def _payer(keys: "Keys") -> Payer:
    payer = Payer(
        payer_id=keys.identifier("payer_id"),
        name=keys.text("name"),
        payer_class=keys.choice("class", PAYER_CLASSES),
        identifiers=tuple(keys.texts("identifiers")),
    )
    keys.close()
    return payer


def _source(keys: "Keys") -> Source:
    source = Source(
        id=keys.identifier("id"),
        system=keys.identifier("system"),
        entity_id=keys.optional("entity_id"),
        url=keys.checked("url", check_address),
        password=keys.checked("password", check_reference),
        schedule=keys.checked("schedule", check_cron),
        is_active=keys.flag("is_active", default=True),
        token=next((_token(item) for item in keys.item("token")), None),
    )
    keys.close()
    return source


def _token(keys: "Keys") -> TokenGrant:
    grant = TokenGrant(
        url=keys.text("url"),
        client_id=keys.text("client_id"),
        client_secret=keys.reference("client_secret"),
        scope=keys.optional("scope") or "",
    )
    keys.close()
    return grant


def _check(tenant: Tenant, where: str) -> None:
    try:
        ZoneInfo(tenant.time_zone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ConfigurationError(
            f"no time zone '{tenant.time_zone}'",
            where=f"{where}: time_zone",
            remedy="Example: America/Chicago.",
        ) from error
    _unique([entity.entity_id for entity in tenant.entities], "entity_id", where)
    _unique(
        [place.facility_id for entity in tenant.entities for place in entity.facilities], "facility_id", where
    )
    _unique([payer.payer_id for payer in tenant.payers], "payer_id", where)
    _unique([source.id for source in tenant.sources], "source id", where)
    if any(source.id == REFERENCE for source in tenant.sources):
        raise ConfigurationError(
            f"source id '{REFERENCE}' is taken by the code sets that 'claimlake reference load' brings",
            where=f"{where}: sources",
            remedy="Give the source another id.",
        )
    entities = {entity.entity_id for entity in tenant.entities}
    for source in tenant.sources:
        if source.entity_id is not None and source.entity_id not in entities:
            raise ConfigurationError(
                f"source '{source.id}' belongs to entity '{source.entity_id}', which is not declared",
                where=f"{where}: sources",
                remedy=suggest(source.entity_id, entities),
            )
    owners: dict[str, str] = {}
    for payer in tenant.payers:
        for identifier in {value.strip().upper() for value in payer.identifiers}:
            if identifier in owners:
                raise ConfigurationError(
                    f"'{identifier}' names both '{owners[identifier]}' and '{payer.payer_id}'",
                    where=f"{where}: payers",
                    remedy="One identifier must name one payer.",
                )
            owners[identifier] = payer.payer_id


def _unique(values: Iterable[str], what: str, where: str) -> None:
    seen: set[str] = set()
    for value in values:
        if value in seen:
            raise ConfigurationError(f"{what} '{value}' is declared twice", where=where)
        seen.add(value)
