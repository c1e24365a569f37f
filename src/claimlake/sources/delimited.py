"""Delimited text: every value as text; a row that does not fit is held with its place and cause."""

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path

import duckdb

from claimlake.engines.sql import literal, quoted
from claimlake.errors import SourceError
from claimlake.sources.record import TABLE, BrokenRecord, Records, store_broken, struct_of, unique_names

DELIMITERS = (",", "\t", "|", ";", "^", "~")
LONGEST_LINE = 16_000_000

CAUSES = {
    "MISSING COLUMNS": "row has fewer values than the header",
    "TOO MANY COLUMNS": "row has more values than the header",
    "UNQUOTED VALUE": "row has a quote that does not close",
    "LINE SIZE OVER MAXIMUM": "row is longer than 16 MB",
    "INVALID ENCODING": "row is not UTF-8",
}


def header_of(
    file: Path, encoding: str, wanted: Iterable[str], declared: str | None
) -> tuple[str, list[str]]:
    """The delimiter, judged by how many wanted columns it makes, and the column names of the first line."""
    with file.open(encoding=encoding, newline="") as reader:
        line = reader.readline(LONGEST_LINE)
        while line and not line.strip():
            line = reader.readline(LONGEST_LINE)
    names = {name.lower() for name in wanted}
    best: tuple[tuple[int, int], str, list[str]] = ((-1, -1), ",", [])
    for delimiter in dict.fromkeys([*([declared] if declared else []), *DELIMITERS]):
        header = unique_names(_cells(line, delimiter))
        score = (len(names & {name.lower() for name in header}), len(header) if not declared else 0)
        if score > best[0]:
            best = (score, delimiter, header)
    return best[1], best[2]


def _cells(line: str, delimiter: str) -> list[str]:
    """The cells of a line; none when one is longer than a column name can be."""
    try:
        return next(csv.reader(io.StringIO(line), delimiter=delimiter), [])
    except csv.Error:
        return []


def read_delimited(
    connection: duckdb.DuckDBPyConnection,
    file: Path,
    delimiter: str,
    header: Sequence[str],
    omit: Iterable[str] = (),
) -> Records:
    """Leave the records of a UTF-8 file in the record tables; `_raw` lacks the omitted columns."""
    columns = ", ".join(f"{literal(name)}: 'varchar'" for name in header)
    options = (
        f"auto_detect = false, header = true, columns = {{{columns}}}, delim = {literal(delimiter)}, "
        "quote = '\"', escape = '\"', strict_mode = true, store_rejects = true, rejects_limit = 0, "
        f"max_line_size = {LONGEST_LINE}, nullstr = ''"
    )
    connection.execute("drop table if exists reject_scans; drop table if exists reject_errors")
    try:
        connection.execute(
            "create or replace temp table accepted_row as select row_number() over () as _accepted, * "
            f"from read_csv({literal(str(file))}, {options})"
        )
    except duckdb.Error as error:
        raise SourceError("the file cannot be read as delimited text", where=file.name) from error
    broken = _broken(connection)
    store_broken(connection, broken)
    values = {name: quoted(name) for name in header}
    connection.execute(
        f"create or replace temp table {TABLE} as select *, sha256(_raw) as _hash from ("
        "select _accepted + coalesce(before.rejected, 0) as _row, cast(null as bigint) as _offset, "
        f"cast(null as bigint) as _length, {struct_of(values, omit)} as _raw, {', '.join(values.values())} "
        "from accepted_row as accepted asof left join rejected_before as before "
        "on accepted._accepted > before.accepted)"
    )
    connection.execute("drop table accepted_row")
    delivered = connection.execute(f"select count(*) from {TABLE}").fetchall()[0][0] + len(broken)
    return Records(columns=values, delivered=delivered)


def _broken(connection: duckdb.DuckDBPyConnection) -> list[BrokenRecord]:
    """The rejected rows; leaves `rejected_before`: how many were rejected after how many accepted ones."""
    connection.execute(
        "create or replace temp table rejected_row as select line - 1 as row, "
        "min(line_byte_position) as place, any_value(csv_line) as raw, "
        "arg_min(error_type, column_idx) as cause from reject_errors group by line"
    )
    connection.execute(
        "create or replace temp table rejected_before as "
        "select row - rank as accepted, max(rank) as rejected "
        "from (select row, row_number() over (order by row) as rank from rejected_row) group by accepted"
    )
    rows = connection.execute("select row, place, raw, cause from rejected_row order by row").fetchall()
    return [
        BrokenRecord(row, place, raw.strip("\r\n"), CAUSES.get(cause, "row does not parse"))
        for row, place, raw, cause in rows
    ]
