"""The filters that every page shares; they live in the address, so an address says what is shown."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import date
from urllib.parse import urlencode

from claimlake.errors import QueryError
from claimlake.metrics.period import Period

COLUMNS = {
    "entity": "entity_id",
    "payer": "payer_id",
    "payer_class": "payer_class",
    "department": "department_id",
}
"""Filter → column of the gold tables."""
SETTINGS = {"hospital": "HB", "physician": "PB"}
_VALUE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,79}")
_MONTH = re.compile(r"(\d{4})-(0[1-9]|1[0-2])")


@dataclass(frozen=True)
class Filters:
    """What the reader narrowed the figures to; empty means everything."""

    month: str = ""
    """Calendar month, 2026-07; empty: the latest complete month."""
    setting: str = ""
    """hospital or physician; empty: the one the tenant has, hospital first."""
    entity: str = ""
    payer: str = ""
    payer_class: str = ""
    department: str = ""

    @property
    def dimensions(self) -> dict[str, str]:
        """The set dimension filters by dimension name, without month and setting."""
        return {name: getattr(self, name) for name in COLUMNS if getattr(self, name)}

    @property
    def period(self) -> Period:
        """The calendar month."""
        year, month = self.month.split("-")
        return Period.month(int(year), int(month))

    @property
    def billing_type(self) -> str:
        """HB or PB."""
        return SETTINGS[self.setting]

    def link(self, path: str, also: Mapping[str, object] | None = None, /, **changes: str) -> str:
        """The address of a page with these filters, some changed, and further parameters."""
        changed = replace(self, **changes)
        values = {item.name: getattr(changed, item.name) for item in fields(changed)}
        query = {name: value for name, value in {**values, **(also or {})}.items() if value}
        return f"{path}?{urlencode(query)}" if query else path


def parse_filters(query: Mapping[str, str]) -> Filters:
    """The filters of a query string; a value of the wrong shape is refused, unknown names are left alone."""
    values = {item.name: query.get(item.name, "").strip() for item in fields(Filters)}
    for name, value in values.items():
        if value and not _is_valid(name, value):
            raise QueryError(
                f"the filter '{name}' cannot have this value.",
                where="address",
                remedy="Choose a value from the list on the page.",
            )
    return Filters(**values)


def month_text(day: date) -> str:
    """A day's month as filters write it."""
    return f"{day.year:04d}-{day.month:02d}"


def _is_valid(name: str, value: str) -> bool:
    if name == "month":
        return _MONTH.fullmatch(value) is not None and value >= "1900"
    if name == "setting":
        return value in SETTINGS
    return _VALUE.fullmatch(value) is not None
