"""Database tables that one feed reads."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from claimlake.errors import ConfigurationError
from claimlake.sources.document import Key, names_of, one_of, refuse_unknown, text_at, texts_at
from claimlake.sources.file_origin import LOADS

Lookback = timedelta | int
"""How far before the newest loaded value an incremental load starts: a span of time, or of numbers."""

TABLE_KEYS = (
    Key("table", "text", "name, with schema if needed", is_required=True),
    Key("load", "text", "`full`, or `incremental` from the newest watermark in bronze on", LOADS),
    Key("watermark", "text", "column of the last change; needed for `incremental`"),
    Key("key", "texts", "columns that order the extract"),
    Key("lookback", "text", "how far before the newest watermark to read again: `3 days`, or a whole number"),
    Key("active", "flag", "`false` turns the feed off"),
)


@dataclass(frozen=True)
class TableOrigin:
    """A database table that one feed reads."""

    table: str
    load: str = "full"
    watermark: str | None = None
    """Column of the source's last change; an incremental load reads from its newest loaded value on."""
    key: tuple[str, ...] = ()
    """Columns that order the extract."""
    lookback: Lookback | None = None
    """For rows that become visible later than the time they carry: how far back to read again."""


def read_table_origin(given: Mapping[str, Any], where: str) -> TableOrigin:
    """The table that a mapping names."""
    refuse_unknown(given, names_of(TABLE_KEYS), f"{where}: from")
    load = one_of(str(given.get("load", "full")).lower(), "load", LOADS, where)
    watermark = text_at(given, "watermark")
    if load == "incremental" and watermark is None:
        raise ConfigurationError(
            "an incremental load has no watermark", where=where, remedy="Add 'watermark: <column>'."
        )
    key = texts_at(given, "key", where)
    return TableOrigin(str(given["table"]), load, watermark, key, _lookback(given.get("lookback"), where))


def _lookback(value: object, where: str) -> Lookback | None:
    """'3 days' as a span of time, 1000 as a number; ConfigurationError for anything else."""
    if value is None:
        return None
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    amount, _, unit = str(value).partition(" ")
    unit = unit.strip().removesuffix("s") + "s"
    if amount.isdecimal() and unit in ("minutes", "hours", "days"):
        return timedelta(**{unit: int(amount)})
    raise ConfigurationError(
        f"lookback '{value}'", where=where, remedy="Write a span as '3 days', '12 hours', or a whole number."
    )


def refuse_omitted_watermark(origin: TableOrigin, omit: tuple[str, ...], where: str) -> None:
    """Refuse a mapping that would not keep the column its next load starts from."""
    if origin.watermark and origin.watermark.lower() in {name.lower() for name in omit}:
        raise ConfigurationError(
            f"watermark '{origin.watermark}' is among the omitted columns, so it is not kept.",
            where=where,
            remedy="Take it out of 'omit', or load in full.",
        )
