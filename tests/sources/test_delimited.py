from pathlib import Path

import duckdb

from claimlake.sources.delimited import read_delimited
from claimlake.sources.file_origin import FileOrigin
from claimlake.sources.layout import layout_of
from claimlake.sources.place import Text
from claimlake.sources.record import BROKEN, TABLE, Records


def read(connection: duckdb.DuckDBPyConnection, file: Path, wanted: list[str]) -> Records:
    layout = layout_of(file, "utf-8-sig", wanted, FileOrigin("**"))
    return read_delimited(connection, Text(file, file.parent), layout)


def test_the_delimiter_is_the_one_that_makes_the_wanted_columns(tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    file.write_text("Name, first;ID;ID;\nx;1;2;3\n")
    layout = layout_of(file, "utf-8", ["id"], FileOrigin("**", delimiter=","))
    assert (layout.delimiter, layout.columns) == (";", ("Name, first", "ID", "ID_3", "column_4"))
    assert layout.repeated == ("id",)


def test_broken_rows_are_held_with_number_place_and_cause_and_the_others_keep_theirs(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_bytes(
        b'\xef\xbb\xbfID,Name,Amt\r\n1,"a, b",1.5\r\n2,x\r\n3,"multi\r\nline",2\r\n4,y,2,9\r\n'
        b'5,"un"q,3\r\n6,z,4\r\n7,"open'
    )
    connection = duckdb.connect()
    found = read(connection, file, ["ID", "Name", "Amt"])
    assert found.delivered == 7
    assert connection.sql(f'select _row, "ID", "Name" from {TABLE} order by _row').fetchall() == [
        (1, "1", "a, b"),
        (3, "3", "multi\r\nline"),
        (6, "6", "z"),
    ]
    broken = connection.sql(f"select _row, _offset, _length, _reason from {BROKEN} order by _row").fetchall()
    assert [(row, reason) for row, _, _, reason in broken] == [
        (2, "row has fewer values than the header"),
        (4, "row has more values than the header"),
        (5, "row has a quote that does not close"),
        (7, "row has a quote that does not close"),
    ]
    content = file.read_bytes()
    assert [content[place : place + length] for _, place, length, _ in broken] == [
        b"2,x",
        b"4,y,2,9",
        b'5,"un"q,3',
        b'7,"open',
    ]


def test_row_numbers_hold_in_a_file_of_many_blocks(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    lines = [f'{number},"text {number}\nmore",x' for number in range(1, 60_001)]
    lines[29_999] = "30000,short"
    file.write_text("ID,Text,X\n" + "\n".join(lines) + "\n")
    connection = duckdb.connect()
    found = read(connection, file, ["ID", "Text", "X"])
    assert found.delivered == 60_000
    wrong = connection.sql(f'select count(*) from {TABLE} where _row <> cast("ID" as bigint)').fetchall()
    assert wrong == [(0,)]
    assert connection.sql(f"select _row from {BROKEN}").fetchall() == [(30_000,)]


def test_the_order_of_the_columns_does_not_change_the_hash(tmp_path: Path) -> None:
    connection = duckdb.connect()
    hashes = []
    for text in ("A,b\n1,2\n", "b,A\n2,1\n"):
        file = tmp_path / "a.csv"
        file.write_text(text)
        read(connection, file, text.splitlines()[0].split(","))
        hashes += connection.sql(f"select _hash from {TABLE}").fetchall()
    assert hashes[0] == hashes[1]
