"""Delimited text: every value as text; a row that does not fit is held with its place and cause."""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import duckdb

from claimlake.engines.sql import literal, quoted
from claimlake.errors import SourceError
from claimlake.sources import place
from claimlake.sources.content import CHUNK
from claimlake.sources.layout import LONGEST_LINE, Layout
from claimlake.sources.place import Lines, Text, begin_of, store_places
from claimlake.sources.record import TABLE, BrokenRecord, Records, store_broken, struct_of

CAUSES = {
    "MISSING COLUMNS": "row has fewer values than the header",
    "TOO MANY COLUMNS": "row has more values than the header",
    "UNQUOTED VALUE": "row has a quote that does not close",
    "LINE SIZE OVER MAXIMUM": "row is longer than 16 MB",
    "INVALID ENCODING": "row is not UTF-8",
}


def read_delimited(
    connection: duckdb.DuckDBPyConnection, text: Text, layout: Layout, omit: Iterable[str] = ()
) -> Records:
    """Leave the records of a text in the record tables; `_raw` lacks the omitted columns."""
    values = {name: quoted(name) for name in layout.columns}
    number = scan_rows(connection, text, layout)
    connection.execute(
        f"create or replace temp table {TABLE} as select *, sha256(_raw) as _hash from ("
        f"select _row, _offset, _length, {struct_of(values, omit)} as _raw, {', '.join(values.values())} "
        f"from ({NUMBERED}))"
    )
    forget_rows(connection)
    return Records(columns=values, delivered=number, repeated=layout.repeated)


NUMBERED = """
    with free as (
        select number, row_number() over (order by number) as _accepted from record_place
        where number not in (select number from rejected_row)
    )
    select place.number as _row, place.place as _offset, place.length as _length,
        accepted_row.* exclude (_accepted)
    from accepted_row join free using (_accepted) join record_place as place using (number)
"""
"""The rows of a scan with _row, _offset and _length."""


def scan_rows(
    connection: duckdb.DuckDBPyConnection, text: Text, layout: Layout, *, keeps_blank: bool = False
) -> int:
    """Leave what NUMBERED reads and the broken rows; how many rows came."""
    lines = Lines(
        begin_of(text.path, layout.lines),
        layout.quote,
        layout.escape,
        text.encoding,
        keeps_blank=keeps_blank or len(layout.columns) == 1,
    )
    skipped, places = layout.lines, -1
    if layout.is_plain:
        with suppress(duckdb.Error):
            _scan(connection, text.path, layout)
            places = store_places(connection, text.path, lines)
    if places < 0 or places > _count(connection, "accepted_row") + _count(connection, "reject_errors"):
        skipped, places = 0, _scan_copy(connection, text, layout, lines)
    accepted = _count(connection, "accepted_row")
    rejected = _place_rejected(connection)
    if rejected is None or accepted + rejected != places:
        rejected = _number_by_order(connection, accepted, skipped)
    broken = connection.execute(
        "select number, place, raw, cause, length "
        "from rejected_row join record_place using (number) order by number"
    ).fetchall()
    store_broken(
        connection,
        [
            BrokenRecord(number, offset, raw, CAUSES.get(cause, "row does not parse"), length)
            for number, offset, raw, cause, length in broken
        ],
    )
    return accepted + rejected


def forget_rows(connection: duckdb.DuckDBPyConnection) -> None:
    """Drop what a scan left."""
    connection.execute("drop table accepted_row; drop table rejected_row; drop table record_place")


def _scan(connection: duckdb.DuckDBPyConnection, text: Path, layout: Layout) -> None:
    columns = ", ".join(f"{literal(name)}: 'varchar'" for name in layout.columns)
    options = (
        f"auto_detect = false, header = false, skip = {layout.lines}, columns = {{{columns}}}, "
        f"delim = {literal(layout.delimiter)}, quote = {literal(layout.quote)}, "
        f"escape = {literal(layout.escape)}, max_line_size = {LONGEST_LINE}, nullstr = '', "
        "strict_mode = true, store_rejects = true, rejects_limit = 0"
    )
    connection.execute("drop table if exists reject_scans; drop table if exists reject_errors")
    connection.execute(
        "create or replace temp table accepted_row as select row_number() over () as _accepted, * "
        f"from read_csv({literal(str(text))}, {options})"
    )


def _scan_copy(connection: duckdb.DuckDBPyConnection, text: Text, layout: Layout, lines: Lines) -> int:
    """Read the records from a copy without what is before them, whose lines all end the same way."""
    copy = text.spill / f"{text.path.name}.lines"
    try:
        _even(text.path, lines.begin, copy)
        _scan(connection, copy, replace(layout, lines=0))
        count = store_places(connection, copy, replace(lines, begin=0, encoding="utf-8"))
        connection.execute(f"create or replace temp table even_place as from {place.TABLE}")
        if store_places(connection, text.path, lines) != count:
            return -1
        connection.execute(
            f"create or replace temp table {place.TABLE} as "
            "select number, even.start, came.place, came.length "
            f"from {place.TABLE} as came join even_place as even using (number)"
        )
        return count
    except duckdb.Error as error:
        raise SourceError("the file cannot be read as delimited text", where=text.path.name) from error
    finally:
        copy.unlink(missing_ok=True)


def _even(text: Path, begin: int, copy: Path) -> None:
    with text.open("rb") as reader, copy.open("wb") as writer:
        reader.seek(begin)
        held = b""
        while chunk := held + reader.read(CHUNK):
            held = b"\r" if len(chunk) > 1 and chunk.endswith(b"\r") else b""
            writer.write(chunk[: len(chunk) - len(held)].replace(b"\r\n", b"\n").replace(b"\r", b"\n"))


def _place_rejected(connection: duckdb.DuckDBPyConnection) -> int | None:
    """Leave the rejected rows, each with the number of its record; None when that is not certain."""
    # A rejected line comes with the blank lines before it; its position counts from 1, from 0 after CRLF.
    connection.execute(
        "create or replace temp table rejected_row as select bad.*, number from ("
        "select line, any_value(trim(csv_line, chr(10) || chr(13))) as raw, "
        "arg_min(error_type, column_idx) as cause, "
        "min(line_byte_position + strlen(csv_line) - strlen(ltrim(csv_line, chr(10) || chr(13)))) as at "
        "from reject_errors group by line) as bad "
        "asof left join record_place as place on bad.at >= place.start"
    )
    query = "select count(*), count(distinct number) from rejected_row"
    count, distinct = connection.execute(query).fetchall()[0]
    return int(count) if count == distinct else None


def _count(connection: duckdb.DuckDBPyConnection, table: str) -> int:
    return int(connection.execute(f"select count(*) from {table}").fetchall()[0][0])


def _number_by_order(connection: duckdb.DuckDBPyConnection, accepted: int, skipped: int) -> int:
    """Number rows whose places are not certain by their order, and leave them without places."""
    rejected = _count(connection, "rejected_row")
    total = accepted + rejected
    connection.execute(
        f"create or replace temp table rejected_row as select raw, cause, least(line - {skipped}, "
        f"{total - rejected} + row_number() over (order by line)) as number from rejected_row"
    )
    connection.execute(
        f"create or replace temp table {place.TABLE} as select unnest(range(1, {total + 1})) as number, "
        "cast(null as bigint) as start, cast(null as bigint) as place, cast(null as bigint) as length"
    )
    return rejected
