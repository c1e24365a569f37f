from datetime import date, datetime
from pathlib import Path

import duckdb
import openpyxl
import pytest

from claimlake.errors import SourceError
from claimlake.sources.content import content_of
from claimlake.sources.file_origin import FileOrigin
from claimlake.sources.record import BROKEN, TABLE
from claimlake.sources.spreadsheet import read_sheet


@pytest.fixture
def file(tmp_path: Path) -> Path:
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    sheet.title = "Deposits"
    sheet.append(["Deposits of May"])
    sheet.append([])
    sheet.append(["Day", "Amount", "Zip", "At", "Paid", None])
    sheet.append([date(2024, 5, 1), 0.1 + 0.2, 2134, datetime(2024, 5, 1, 10, 30), True])
    sheet.append([])
    sheet.append([None, 1234567893, "02134", None, None, None, "beyond"])
    sheet.append([None, -1250.5, 1e21, None, False])
    sheet["C4"].number_format = "00000"
    workbook.create_sheet("Other").append(["X"])
    workbook.save(tmp_path / "a")
    return tmp_path / "a"


def test_values_are_read_as_the_sheet_shows_them(file: Path) -> None:
    assert content_of(file).format == "xlsx"
    with duckdb.connect() as connection:
        found = read_sheet(connection, file, FileOrigin("**", skip=1, sheet="deposits"))
        rows = connection.sql(
            f"select * exclude (_raw, _hash, _offset, _length) from {TABLE} order by _row"
        ).fetchall()
        held = connection.sql(f"select _row, _reason from {BROKEN}").fetchall()
    assert list(found.columns) == ["Day", "Amount", "Zip", "At", "Paid"]
    assert rows == [
        (4, "2024-05-01", "0.3", "02134", "2024-05-01 10:30:00", "true"),
        (7, None, "-1250.5", "1000000000000000000000", None, "false"),
    ]
    assert held == [(6, "row has more values than the header")]
    assert found.delivered == 3


def test_a_missing_sheet_and_half_a_workbook_are_named(file: Path) -> None:
    with duckdb.connect() as connection, pytest.raises(SourceError, match="no sheet 'May'"):
        read_sheet(connection, file, FileOrigin("**", sheet="May"))
    file.write_bytes(file.read_bytes()[:-200])
    assert content_of(file).problem == "is a zip archive that is cut short or damaged"
