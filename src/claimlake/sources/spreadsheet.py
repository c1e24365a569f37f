"""Workbooks (XLSX): one sheet, a row at a time, every value as the sheet shows it."""

import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError

import duckdb
import numpy as np
import openpyxl

from claimlake.engines.sql import quoted
from claimlake.errors import SourceError
from claimlake.sources.archive import refuse_bomb
from claimlake.sources.file_origin import FileOrigin
from claimlake.sources.record import TABLE, BrokenRecord, Records, store_broken, struct_of, unique_names

BATCH = 5_000
DIGITS = 15
"""What a sheet shows of a number: it keeps 17 digits, of which the last two are noise."""
ZEROS = re.compile(r"0+")
BAD_WORKBOOK = (
    zipfile.BadZipFile,
    KeyError,
    ValueError,
    OSError,
    ParseError,
    EOFError,
    TypeError,
    AttributeError,
)
"""What the library raises for a damaged workbook."""

Row = tuple[Any, ...]


def columns_of_sheet(file: Path, origin: FileOrigin) -> list[str]:
    """The names of a sheet's columns."""
    with _rows(file, origin) as rows:
        return _header(rows, origin)[0]


def read_sheet(
    connection: duckdb.DuckDBPyConnection, file: Path, origin: FileOrigin, omit: Iterable[str] = ()
) -> Records:
    """Leave the records of a sheet in the record tables, by the number of their row in the sheet."""
    with _rows(file, origin) as rows:
        names, first = _header(rows, origin)
        columns = ", ".join(f"{quoted(name)} varchar" for name in names)
        connection.execute(f"create or replace temp table sheet_row (_row bigint, {columns})")
        broken: list[BrokenRecord] = []
        batch: list[list[str | None]] = []
        numbers: list[int] = []
        for number, row in _filled(rows, first):
            values = [_shown(cell) for cell in row]
            if any(value is not None for value in values[len(names) :]):
                raw = " | ".join(value or "" for value in values)
                broken.append(BrokenRecord(number, None, raw, "row has more values than the header"))
                continue
            batch.append((values + [None] * len(names))[: len(names)])
            numbers.append(number)
            if len(batch) == BATCH:
                _store(connection, numbers, batch)
        _store(connection, numbers, batch)
    store_broken(connection, broken)
    values_sql = {name: quoted(name) for name in names}
    connection.execute(
        f"create or replace temp table {TABLE} as select *, sha256(_raw) as _hash from ("
        "select _row, cast(null as bigint) as _offset, cast(null as bigint) as _length, "
        f"{struct_of(values_sql, omit)} as _raw, {', '.join(values_sql.values())} from sheet_row)"
    )
    connection.execute("drop table sheet_row")
    delivered = int(connection.execute(f"select count(*) from {TABLE}").fetchall()[0][0]) + len(broken)
    return Records(columns=values_sql, delivered=delivered)


@contextmanager
def _rows(file: Path, origin: FileOrigin) -> Iterator[Iterator[tuple[int, Row]]]:
    """The rows of the sheet with their numbers, read from the file as they are asked for."""
    refuse_bomb(file)
    with file.open("rb") as reader:  # an open file, because the library goes by the ending of a name
        try:
            workbook = openpyxl.load_workbook(reader, read_only=True, data_only=True)
        except BAD_WORKBOOK as error:
            raise _unreadable(file) from error
        try:
            sheet = workbook[_sheet_name(workbook.sheetnames, origin.sheet, file)]
            sheet.reset_dimensions()  # what the file says of its size can be wrong
            yield _numbered(sheet, file)
        finally:
            workbook.close()


def _sheet_name(names: Sequence[str], wanted: str | None, file: Path) -> str:
    if wanted is None:
        return names[0]
    found = next((name for name in names if name.strip().lower() == wanted.strip().lower()), None)
    if found is None:
        raise SourceError(f"the workbook has no sheet '{wanted}'", where=file.name)
    return found


def _numbered(sheet: Any, file: Path) -> Iterator[tuple[int, Row]]:
    try:
        yield from enumerate(sheet.iter_rows(), start=1)
    except BAD_WORKBOOK as error:
        raise _unreadable(file) from error


def _header(rows: Iterator[tuple[int, Row]], origin: FileOrigin) -> tuple[list[str], tuple[int, Row] | None]:
    """The names of the columns, and the row that was read and is no header."""
    for number, row in rows:
        if number <= origin.skip or not any(_shown(cell) for cell in row):
            continue
        if origin.names:
            return unique_names(origin.names), (number, row)
        cells = [_shown(cell) or "" for cell in row]
        while cells and not cells[-1]:
            cells.pop()
        return unique_names(cells), None
    return unique_names(origin.names), None


def _filled(rows: Iterator[tuple[int, Row]], first: tuple[int, Row] | None) -> Iterator[tuple[int, Row]]:
    if first is not None:
        yield first
    for number, row in rows:
        if any(cell.value is not None for cell in row):
            yield number, row


def _store(connection: duckdb.DuckDBPyConnection, numbers: list[int], batch: list[list[str | None]]) -> None:
    if batch:
        sheet_rows = {"_row": np.array(numbers, dtype=np.int64)} | {
            f"c{place}": np.array(column, dtype=object)
            for place, column in enumerate(zip(*batch, strict=True))
        }
        casts = ", ".join(f"cast({name} as varchar)" for name in sheet_rows if name != "_row")
        connection.execute(f"insert into sheet_row select _row, {casts} from sheet_rows")
    numbers.clear()
    batch.clear()


def _shown(cell: Any) -> str | None:
    """The text a sheet shows for a value; numbers in full, dates as ISO 8601."""
    value = cell.value
    match value:
        case None:
            return None
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case datetime():
            return value.date().isoformat() if value.time() == time() else value.isoformat(sep=" ")
        case int() | float():
            return _number(value, str(cell.number_format))
    return value.isoformat() if isinstance(value, date | time) else str(value)


def _number(value: float, form: str) -> str:
    if isinstance(value, int):
        text = str(value)
        return (
            text.zfill(len(form)) if ZEROS.fullmatch(form) else text
        )  # 00000 shows the zip code 02134 in full
    exact = Decimal(f"{value:.{DIGITS}g}")
    return format(exact.normalize() if exact == exact.to_integral() else exact, "f")


def _unreadable(file: Path) -> SourceError:
    return SourceError(
        "the workbook is damaged", where=file.name, remedy="Ask the sender for the file again."
    )
