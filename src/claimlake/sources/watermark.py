"""The watermark of an incremental load: the newest value bronze holds, and where the next read starts.

It is read from the rows themselves, so it moves in the commit that adds them. Values more than a day ahead of
the clock do not count: one row dated 9999 would otherwise hide every later change.
"""

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

import sqlalchemy

from claimlake.engines.sql import literal
from claimlake.errors import SourceError
from claimlake.lake.land import embedded, own_sql, scan_sql
from claimlake.lake.replay_file import own_loads
from claimlake.lake.table import Lake
from claimlake.sources.mapping import Feed
from claimlake.sources.source_table import SourceTable
from claimlake.sources.table_origin import Lookback, TableOrigin
from claimlake.workspace import Workspace

NOT_SORTABLE = re.compile(r"\d{1,2}[/.-]\d{1,2}[/.-]\d{2,4}|\d{1,2}-[A-Za-z]{3}-\d{2,4}")
"""Dates written as text with the day or the month first, whose order is not that of time."""


@dataclass(frozen=True)
class Bronze:
    """What the lake holds of one source of one tenant."""

    workspace: Workspace
    org_id: str
    source_id: str
    system: str
    """Source system its rows carry."""


@dataclass(frozen=True)
class Start:
    """Where an incremental read starts: rows of this value on, and those without one."""

    column: str
    value: str
    kind: str
    """'number', 'time' or 'text': how the database compares it."""


def start_of(bronze: Bronze, feed: Feed, table: SourceTable, column: str, *, is_sqlite: bool) -> Start | None:
    """Where the next read of a feed's table starts; None when all of it is to be read."""
    origin = feed.origin
    if not isinstance(origin, TableOrigin) or origin.load != "incremental":
        return None
    kind = table.types[column]
    compared = _kind(kind, is_sqlite=is_sqlite)
    where = f"watermark {column}"
    newest = _newest(bronze, feed, origin, table.labels[column], compared)
    if newest is None:
        return None
    _refuse_other(newest, compared, kind, where)
    if origin.lookback:
        newest = _earlier(newest, compared, origin.lookback, where)
    elif compared == "text" and re.match(r"\d{4}-\d\d-\d\dT", newest):
        newest = newest[:10]  # '2024-03-02 11:00' sorts before '2024-03-02T10:00': take the whole day again
    return Start(column, newest, compared)


def _kind(kind: Any, *, is_sqlite: bool) -> str:
    if isinstance(kind, sqlalchemy.Integer | sqlalchemy.Numeric):
        return "number"
    is_time = isinstance(kind, sqlalchemy.DateTime | sqlalchemy.Date)
    return "time" if is_time and not is_sqlite else "text"  # SQLite keeps dates and times as text


def _newest(bronze: Bronze, feed: Feed, origin: TableOrigin, label: str, compared: str) -> str | None:
    """The newest value among the rows the feed itself brought: another may read the same table."""
    loads = own_loads(bronze.workspace, bronze.org_id, bronze.source_id, feed.name)
    if not loads:
        return None
    path = literal("/" + label.replace("~", "~0").replace("/", "~1"))  # a JSON pointer: any name fits
    extract = literal(f"table:{origin.table}")
    order = "try_cast(value as decimal(38, 9))" if compared == "number" else "value"
    other = "false" if compared == "time" else "true"  # 'infinity' is no time to start from
    lake = Lake(bronze.workspace.lake_path)
    scans = [scan_sql(lake, table, bronze.org_id) for table in sorted({target.table for target in feed.into})]
    values = " union all ".join(
        f"select json_extract_string(raw, {path}) as value from {scan} "
        f"where source_system_id = {literal(bronze.system)} and source_file = {extract} "
        f"and {own_sql(loads)}"
        for scan in scans
        if scan
    )
    if not values:
        return None
    with embedded(bronze.workspace) as connection:
        found = connection.execute(
            f"select arg_max(value, {order}) from ({values}) where value is not null and "
            f"coalesce(try_cast(value as timestamp) <= cast(now() as timestamp) + interval 1 day, {other})"
        ).fetchall()[0][0]
    return str(found) if found is not None else None


def _refuse_other(newest: str, compared: str, kind: Any, where: str) -> None:
    """SourceError when the newest loaded value cannot be compared with the column as it is now."""
    try:
        if compared == "number":
            Decimal(newest)
        elif compared == "time":
            (date if isinstance(kind, sqlalchemy.Date) else datetime).fromisoformat(newest)
    except (ValueError, InvalidOperation) as error:
        raise SourceError(
            f"the newest loaded value is no {type(kind).__name__.lower()}, as the database now keeps it.",
            where=where,
            remedy="Restore the column's type, or load the table in full.",
        ) from error
    if compared == "text" and NOT_SORTABLE.match(newest):
        raise SourceError(
            "its dates are texts with the day or the month first, whose order is not that of time.",
            where=where,
            remedy="Load the table in full, or read a view that writes them as 2024-03-31.",
        )


def _earlier(newest: str, compared: str, lookback: Lookback, where: str) -> str:
    try:
        if isinstance(lookback, int):
            return format(Decimal(newest) - lookback, "f")
        if len(newest) == 10:
            return (date.fromisoformat(newest) - _whole_days(lookback)).isoformat()
        separator = "T" if "T" in newest else " "
        return (datetime.fromisoformat(newest) - lookback).isoformat(sep=separator)
    except (ValueError, InvalidOperation, OverflowError) as error:
        wanted = "a number" if isinstance(lookback, int) else "a date or time"
        raise SourceError(
            f"its 'lookback' needs {wanted}, and the newest loaded value is none.",
            where=where,
            remedy="Give 'lookback' as a number for numbers, as '3 days' for dates and times.",
        ) from error


def _whole_days(lookback: timedelta) -> timedelta:
    return timedelta(days=-(-lookback // timedelta(days=1)))
