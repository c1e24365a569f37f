"""Parquet: every value as exact text, nested ones as JSON; records by the number of their row."""

from collections.abc import Iterable
from pathlib import Path

import duckdb

from claimlake.engines.sql import literal, quoted
from claimlake.errors import SourceError
from claimlake.sources.record import TABLE, Records, store_broken, struct_of

NESTED = ("STRUCT", "MAP", "UNION", "VARIANT", "JSON")


def columns_of_parquet(file: Path) -> list[str]:
    """The names of a file's columns."""
    with duckdb.connect() as connection:
        return list(_types(connection, file))


def read_parquet(connection: duckdb.DuckDBPyConnection, file: Path, omit: Iterable[str] = ()) -> Records:
    """Leave the records of a file in the record tables; `_raw` lacks the omitted columns."""
    columns = {
        name: f"{_text(quoted(name), kind)} as {quoted(name)}"
        for name, kind in _types(connection, file).items()
    }
    values = {name: quoted(name) for name in columns}
    try:
        connection.execute(
            f"create or replace temp table {TABLE} as select *, sha256(_raw) as _hash from ("
            "select _row, cast(null as bigint) as _offset, cast(null as bigint) as _length, "
            f"{struct_of(values, omit)} as _raw, {', '.join(values.values())} from ("
            f"select file_row_number + 1 as _row, {', '.join(columns.values())} "
            f"from read_parquet({literal(str(file))}, file_row_number = true)))"
        )
    except duckdb.Error as error:
        raise _unreadable(file) from error
    store_broken(connection, [])
    delivered = int(connection.execute(f"select count(*) from {TABLE}").fetchall()[0][0])
    return Records(columns=values, delivered=delivered)


def _types(connection: duckdb.DuckDBPyConnection, file: Path) -> dict[str, str]:
    try:
        rows = connection.execute(f"describe from read_parquet({literal(str(file))})").fetchall()
    except duckdb.Error as error:
        raise _unreadable(file) from error
    return {name: kind for name, kind, *_ in rows}


def _unreadable(file: Path) -> SourceError:
    return SourceError(
        "the Parquet file is damaged", where=file.name, remedy="Ask the sender for the file again."
    )


def _text(value: str, kind: str) -> str:
    if kind.endswith("]") or kind.startswith(NESTED):
        return f"cast(to_json({value}) as varchar)"
    if kind == "BLOB":  # text of writers that do not say so, or bytes
        return f"coalesce(try(decode({value})), hex({value}))"
    if kind == "TIMESTAMP WITH TIME ZONE":
        return f"cast(make_timestamp(epoch_us({value})) as varchar)"
    return f"cast({value} as varchar)"
