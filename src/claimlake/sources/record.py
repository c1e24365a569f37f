"""Records of a source in the embedded database: number, place, content, hash and text values."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import duckdb
import numpy as np

from claimlake.engines.sql import quoted

TABLE = "delivered_record"
"""Temporary table: _row, _offset, _length, _raw, _hash, and what the columns are taken from."""

BROKEN = "broken_record"
"""Temporary table: _row, _offset, _length, _raw, _reason of records that could not be read."""


@dataclass
class Records:
    """What a reader left in the two tables."""

    columns: dict[str, str] = field(default_factory=dict)
    """Source column and the SQL over the table that gives its text."""
    delivered: int = 0
    """Records of the file, broken ones too."""
    repeated: tuple[str, ...] = ()
    """Names, in lower case, that the header has more than once; the first column keeps the name."""


@dataclass(frozen=True)
class BrokenRecord:
    """A record that could not be read."""

    number: int
    offset: int | None
    raw: str
    reason: str
    length: int | None = None
    """Its bytes in the file; those of `raw` in UTF-8 unless given."""


def store_broken(connection: duckdb.DuckDBPyConnection, broken: Iterable[BrokenRecord]) -> int:
    """Replace the table of broken records; their number."""
    rows = list(broken)
    broken_rows = {  # noqa: F841 - DuckDB finds it by name
        "row": np.array([row.number for row in rows], dtype=np.int64),
        "place": np.array([-1 if row.offset is None else row.offset for row in rows], dtype=np.int64),
        "bytes": np.array([-1 if row.length is None else row.length for row in rows], dtype=np.int64),
        "raw": np.array([row.raw for row in rows], dtype=object),
        "reason": np.array([row.reason for row in rows], dtype=object),
    }
    empty = "select 0::bigint as row, 0::bigint as place, 0::bigint as bytes, '' as raw, '' as reason limit 0"
    source = "from broken_rows" if rows else empty
    connection.execute(
        f"create or replace temp table {BROKEN} as select row as _row, nullif(place, -1) as _offset, "
        "cast(case when place >= 0 then coalesce(nullif(bytes, -1), strlen(raw)) end as bigint) as _length, "
        "raw as _raw, "
        f"reason as _reason from ({source})"
    )
    return len(rows)


def keep_only(connection: duckdb.DuckDBPyConnection, numbers: Mapping[int, int]) -> int:
    """Drop the records that are not asked for and give the others their new numbers; how many are left."""
    kept_rows = {  # noqa: F841 - DuckDB finds it by name
        "number": np.array(list(numbers), dtype=np.int64),
        "renumbered": np.array(list(numbers.values()), dtype=np.int64),
    }
    left = 0
    for table in (TABLE, BROKEN):
        connection.execute(f"delete from {table} where _row not in (select number from kept_rows)")
        updated = connection.execute(
            f"update {table} set _row = renumbered from kept_rows where _row = number"
        ).fetchall()
        left += int(updated[0][0])
    return left


def forget_places(connection: duckdb.DuckDBPyConnection) -> None:
    """Leave the records without a place in their file, because the file is not kept."""
    for table in (TABLE, BROKEN):
        connection.execute(f"update {table} set _offset = null, _length = null")


def unique_names(header: Iterable[str]) -> list[str]:
    """The header's names, trimmed; blank and repeated ones get a number."""
    names: list[str] = []
    seen: set[str] = set()
    for position, cell in enumerate(header, start=1):
        name = cell.strip().strip("\ufeff").strip() or f"column_{position}"
        if name.lower() in seen:
            name = f"{name}_{position}"
        seen.add(name.lower())
        names.append(name)
    return names


def struct_of(columns: Mapping[str, str], omit: Iterable[str]) -> str:
    """SQL of the columns as one JSON object, names in order, so that a column's place changes no hash."""
    hidden = {name.lower() for name in omit}
    kept = sorted((name for name in columns if name.lower() not in hidden), key=lambda name: name.lower())
    members = ", ".join(f"{quoted(name)} := {columns[name]}" for name in kept)
    return f"cast(to_json(struct_pack({members})) as varchar)"
