"""A tenant: one organisation with its entities, payers and sources, as written in tenants/<org_id>.yml."""

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import yaml

from claimlake.errors import ConfigurationError

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

_IDENTIFIER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


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


def is_npi(value: str) -> bool:
    """Whether the ten digits pass the NPI check digit (ISO 7812 Luhn over 80840 + NPI)."""
    if not re.fullmatch(r"\d{10}", value):
        return False
    total = 24  # the contribution of the constant prefix 80840
    for position, character in enumerate(reversed(value)):
        digit = int(character) * (2 if position % 2 else 1)
        total += digit - 9 if digit > 9 else digit
    return total % 10 == 0


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
    keys = _Keys(content, where)
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


def _entity(keys: "_Keys") -> Entity:
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


def _facility(keys: "_Keys") -> Facility:
    facility = Facility(
        facility_id=keys.identifier("facility_id"),
        name=keys.text("name"),
        type=keys.text("type"),
        npi=keys.npi("npi"),
        staffed_beds=keys.integer("staffed_beds", default=0, low=0, high=10_000) or None,
    )
    keys.close()
    return facility


def _payer(keys: "_Keys") -> Payer:
    payer = Payer(
        payer_id=keys.identifier("payer_id"),
        name=keys.text("name"),
        payer_class=keys.choice("class", PAYER_CLASSES),
        identifiers=tuple(keys.texts("identifiers")),
    )
    keys.close()
    return payer


def _source(keys: "_Keys") -> Source:
    source = Source(
        id=keys.identifier("id"),
        system=keys.identifier("system"),
        entity_id=keys.optional("entity_id"),
        url=keys.optional("url"),
        is_active=keys.flag("is_active", default=True),
        token=next((_token(item) for item in keys.item("token")), None),
    )
    keys.close()
    return source


def _token(keys: "_Keys") -> TokenGrant:
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
    entities = {entity.entity_id for entity in tenant.entities}
    for source in tenant.sources:
        if source.entity_id is not None and source.entity_id not in entities:
            raise ConfigurationError(
                f"source '{source.id}' belongs to entity '{source.entity_id}', which is not declared",
                where=f"{where}: sources",
                remedy=_suggest(source.entity_id, entities),
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


def _suggest(name: str, known: Iterable[str]) -> str:
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=1)
    return f"Did you mean '{close[0]}'?" if close else f"Known: {', '.join(names) or 'none'}."


class _Keys:
    """Reads one YAML mapping key by key, and refuses what is missing, of the wrong type or unknown."""

    def __init__(self, content: object, where: str) -> None:
        if not isinstance(content, Mapping):
            raise ConfigurationError("expected 'key: value' lines", where=where)
        self.content = {str(key): value for key, value in content.items()}
        self.where = where
        self.used: set[str] = set()

    def _take(self, key: str) -> object:
        self.used.add(key)
        return self.content.get(key)

    def _wrong(self, key: str, what: str, remedy: str = "") -> ConfigurationError:
        return ConfigurationError(what, where=f"{self.where}: {key}", remedy=remedy)

    def optional(self, key: str) -> str | None:
        value = self._take(key)
        if value is None:
            return None
        if isinstance(value, bool | float | list | dict):
            raise self._wrong(key, f"'{value}' is not text", "Put the value in quotes.")
        return str(value).strip() or None

    def text(self, key: str, *, default: str | None = None) -> str:
        value = self.optional(key) or default
        if value is None:
            raise self._wrong(key, "is missing")
        return value

    def reference(self, key: str) -> str:
        value = self.text(key)
        if not re.fullmatch(r"[a-z]+:\S+", value):
            raise self._wrong(key, "is not a reference", "A secret stands in no file: write env:NAME.")
        return value

    def identifier(self, key: str) -> str:
        value = self.text(key)
        if not _IDENTIFIER.fullmatch(value):
            raise self._wrong(key, f"'{value}' is not an id", "Use letters, digits, '-' and '_'.")
        return value

    def choice(self, key: str, choices: tuple[str, ...]) -> str:
        value = self.text(key)
        if value not in choices:
            raise self._wrong(key, f"'{value}' is not known", f"Choose from: {', '.join(choices)}.")
        return value

    def digits(self, key: str, length: int) -> str | None:
        value = self.optional(key)
        if value is not None and not re.fullmatch(rf"\d{{{length}}}", value.replace("-", "")):
            raise self._wrong(key, f"must be {length} digits", "Put it in quotes so that zeros stay.")
        return value.replace("-", "") if value else None

    def npi(self, key: str) -> str | None:
        value = self.optional(key)
        if value is not None and not is_npi(value):
            raise self._wrong(
                key, f"'{value}' is not an NPI", "An NPI has 10 digits and passes its check digit."
            )
        return value

    def integer(self, key: str, *, default: int, low: int, high: int) -> int:
        value = self._take(key)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise self._wrong(key, f"'{value}' is not a whole number from {low} to {high}")
        return value

    def flag(self, key: str, *, default: bool) -> bool:
        value = self._take(key)
        if value is not None and not isinstance(value, bool):
            raise self._wrong(key, f"'{value}' is not true or false")
        return default if value is None else value

    def texts(self, key: str) -> list[str]:
        value = self._take(key)
        if value is None:
            return []
        if not isinstance(value, list) or any(
            isinstance(item, dict | list) or item is None for item in value
        ):
            raise self._wrong(key, "is not a list of texts", 'Example: ["60054", AETNA].')
        return [str(item) for item in value]

    def items(self, key: str) -> "list[_Keys]":
        value = self._take(key)
        if value is None:
            return []
        if not isinstance(value, list):
            raise self._wrong(key, "is not a list")
        return [_Keys(item, f"{self.where}: {key}[{number}]") for number, item in enumerate(value, start=1)]

    def item(self, key: str) -> "list[_Keys]":
        value = self._take(key)
        return [] if value is None else [_Keys(value, f"{self.where}: {key}")]

    def close(self) -> None:
        unknown = sorted(set(self.content) - self.used)
        if unknown:
            raise self._wrong(unknown[0], "is not a known key", _suggest(unknown[0], self.used))
