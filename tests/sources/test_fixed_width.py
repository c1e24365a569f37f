from pathlib import Path

import duckdb

from claimlake.sources.file_origin import Field, FileOrigin
from claimlake.sources.fixed_width import read_fixed_width
from claimlake.sources.place import Text
from claimlake.sources.record import BROKEN, TABLE

LAYOUT = (Field("id", 1, 4), Field("name", 5, 6), Field("amount", 11, 5))


def test_columns_are_cut_at_their_places_and_a_short_line_is_held(tmp_path: Path) -> None:
    file = tmp_path / "claims.txt"
    content = 'HEADER\nC001Zoë "x00150\n\nC002Al\nC003Ivy   02000filler\n'.encode()
    file.write_bytes(content)
    with duckdb.connect() as connection:
        origin = FileOrigin("**", "fixed_width", layout=LAYOUT, skip=1)
        found = read_fixed_width(connection, Text(file, tmp_path), origin, ["name"])
        rows = connection.sql(
            f"select _row, id, name, amount, _raw, _offset, _length from {TABLE} order by 1"
        ).fetchall()
        held = connection.sql(f"select _row, _raw, _reason, _offset from {BROKEN}").fetchall()
    assert found.delivered == 3
    assert [row[1:4] for row in rows] == [("C001", 'Zoë "x', "00150"), ("C003", "Ivy   ", "02000")]
    assert rows[0][4] == '{"amount":"00150","id":"C001"}'
    assert content[rows[1][5] : rows[1][5] + rows[1][6]] == b"C003Ivy   02000filler"
    assert held == [
        (3, "C002Al", "line is shorter than the 15 characters of its layout", content.index(b"C002"))
    ]


def test_lines_that_lost_their_last_blanks_are_read_where_that_is_declared(tmp_path: Path) -> None:
    file = tmp_path / "claims.txt"
    file.write_text("C001Zoe\n")
    with duckdb.connect() as connection:
        origin = FileOrigin("**", "fixed_width", layout=LAYOUT, is_trimmed=True)
        read_fixed_width(connection, Text(file, tmp_path), origin)
        assert connection.sql(f"select id, name, amount from {TABLE}").fetchall() == [("C001", "Zoe", "")]
