"""Fixed-width text: each line cut at the declared positions; a line that ends too soon is held."""

from collections.abc import Iterable

import duckdb

from claimlake.engines.sql import literal, quoted
from claimlake.sources.delimited import NUMBERED, forget_rows, scan_rows
from claimlake.sources.file_origin import FileOrigin
from claimlake.sources.layout import Layout
from claimlake.sources.place import Text
from claimlake.sources.record import BROKEN, TABLE, Records, struct_of

LINE = "_line"
NO_DELIMITER = "\x01"
"""A character that stands in no line, so that the whole line is one value."""


def read_fixed_width(
    connection: duckdb.DuckDBPyConnection, text: Text, origin: FileOrigin, omit: Iterable[str] = ()
) -> Records:
    """Leave the records of a text in the record tables; `_raw` lacks the omitted columns."""
    layout = Layout(NO_DELIMITER, (LINE,), lines=origin.skip, quote="", escape="")
    scan_rows(connection, text, layout, keeps_blank=True)
    last = max(field.start + field.length - 1 for field in origin.layout)
    least = 1 if origin.is_trimmed else last
    columns = {field.name: f"substr({LINE}, {field.start}, {field.length})" for field in origin.layout}
    values = ", ".join(f"{sql} as {quoted(name)}" for name, sql in columns.items())
    named = {name: quoted(name) for name in columns}
    trimmed = {name: f"nullif(trim({column}), '')" for name, column in named.items()}
    connection.execute(f"create or replace temp table cut_row as from ({NUMBERED}) where {LINE} is not null")
    connection.execute(
        f"create or replace temp table {TABLE} as select *, sha256(_raw) as _hash from ("
        f"select _row, _offset, _length, {struct_of(trimmed, omit)} as _raw, {', '.join(named.values())} "
        f"from (select _row, _offset, _length, {values} from cut_row where length({LINE}) >= {least}))"
    )
    reason = literal(f"line is shorter than the {last} characters of its layout")
    connection.execute(
        f"insert into {BROKEN} by name select _row, _offset, _length, {LINE} as _raw, {reason} as _reason "
        f"from cut_row where length({LINE}) < {least}"
    )
    connection.execute("drop table cut_row")
    forget_rows(connection)
    delivered = sum(
        int(connection.execute(f"select count(*) from {table}").fetchall()[0][0]) for table in (TABLE, BROKEN)
    )
    return Records(columns=named, delivered=delivered)
