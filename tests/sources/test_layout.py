"""Text files as systems really write them; a broken row is held with its place and the others are read."""

from pathlib import Path

import duckdb
import pytest

from claimlake.sources.content import as_utf8, content_of
from claimlake.sources.delimited import read_delimited
from claimlake.sources.file_origin import FileOrigin
from claimlake.sources.layout import layout_of
from claimlake.sources.place import Text
from claimlake.sources.record import BROKEN, TABLE

Rows = list[tuple[object, ...]]


def read(folder: Path, content: bytes, origin: FileOrigin = FileOrigin("**")) -> tuple[Rows, Rows]:  # noqa: B008
    """Rows (number, a, b, bytes) and broken rows (number, bytes, reason)."""
    file = folder / "file"
    file.write_bytes(content)
    known = content_of(file, origin.encoding)
    layout = layout_of(file, known.encoding, ("a", "b"), origin)
    text = Text(as_utf8(file, known.encoding, folder / "text"), folder, known.encoding)
    with duckdb.connect() as connection:
        read_delimited(connection, text, layout)
        rows = connection.sql(f"select _row, a, b, _offset, _length from {TABLE} order by _row").fetchall()
        held = connection.sql(
            f"select _row, _offset, _length, _reason from {BROKEN} order by _row"
        ).fetchall()
    return (
        [(number, a, b, _bytes(content, at, length)) for number, a, b, at, length in rows],
        [(number, _bytes(content, at, length), reason) for number, at, length, reason in held],
    )


def _bytes(content: bytes, at: int | None, length: int | None) -> bytes | None:
    return None if at is None or length is None else content[at : at + length]


FEW = "row has fewer values than the header"


@pytest.mark.parametrize(
    ("content", "origin"),
    [
        (b"a,b\n1,2\n3\n4,5\n", FileOrigin("**")),
        (b"\n\na,b\n1,2\n\n3\n\n4,5", FileOrigin("**")),
        (b'report of\n"May\n\na,b\n1,2\n3\n4,5\n', FileOrigin("**", skip=2)),
        (b"1,2\n3\n4,5\n", FileOrigin("**", names=("a", "b"))),
        (b"total: 3\n1,2\n3\n4,5\n", FileOrigin("**", names=("a", "b"), skip=1)),
        (b"\xef\xbb\xbfa,b\r\n1,2\r\n3\r\n4,5\r\n", FileOrigin("**")),
        (b"a,b\r\n1,2\n3\n4,5\r\n", FileOrigin("**")),
        (b"a,b\r1,2\r3\r4,5\r", FileOrigin("**")),
    ],
    ids=[
        "plain",
        "blank lines",
        "preamble",
        "no header",
        "preamble, no header",
        "mark",
        "mixed ends",
        "old Mac",
    ],
)
def test_a_short_row_is_held_with_its_number_and_place(
    tmp_path: Path, content: bytes, origin: FileOrigin
) -> None:
    rows, held = read(tmp_path, content, origin)
    assert rows == [(1, "1", "2", b"1,2"), (3, "4", "5", b"4,5")]
    assert held == [(2, b"3", FEW)]


def test_positions_count_in_the_encoding_the_file_came_in(tmp_path: Path) -> None:
    content = "a;b\r\n1;é😀\r\n3\r\n4;5\r\n".encode("utf-16-le")
    for mark in (b"\xff\xfe", b""):
        rows, held = read(tmp_path, mark + content)
        assert [row[:3] for row in rows] == [(1, "1", "é😀"), (3, "4", "5")]
        assert rows[1][3] == "4;5".encode("utf-16-le")
        assert held == [(2, "3".encode("utf-16-le"), FEW)]


def test_an_encoding_that_no_byte_tells_is_declared(tmp_path: Path) -> None:
    content = "a|b\n1|Müller\n3\n".encode("cp037").replace(b"\x25", b"\n")
    rows, held = read(
        tmp_path, "a|b\n1|M\u0081\n3\n".encode("latin-1"), FileOrigin("**", encoding="iso8859-1")
    )
    assert (rows[0][2], held) == ("M\u0081", [(2, b"3", FEW)])
    assert content_of(_file(tmp_path, content), "utf-8").problem == "is not utf-8 text, as its feed says"


def _file(folder: Path, content: bytes) -> Path:
    (folder / "other").write_bytes(content)
    return folder / "other"


@pytest.mark.parametrize(
    ("content", "values"),
    [
        (b'a,b\n"say ""hi""",2\n', 'say "hi"'),
        (b'a,b\n"say \\"hi\\" now",2\n', 'say "hi" now'),
        (b'a,b\n"C:\\",2\n', "C:\\"),
        (b'a|b\n5" tube|2\n', '5" tube'),
        (b'a,b\n"x\ny",2\n', "x\ny"),
    ],
    ids=["doubled", "escaped", "a backslash at the end", "a quote inside", "line end"],
)
def test_quotes_are_read_as_they_are_meant(tmp_path: Path, content: bytes, values: str) -> None:
    rows, held = read(tmp_path, content)
    assert ([row[1] for row in rows], held) == ([values], [])


def test_a_header_whose_names_hold_line_ends_is_one_header(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text('"first\nname",b\nx,1\n')
    assert layout_of(file, "utf-8", ["b"], FileOrigin("**")).columns == ("first name", "b")
    rows, held = read(tmp_path, b'"a",b,"c\nd"\n1,2,3\n4,5\n')
    assert (rows, held) == ([(1, "1", "2", b"1,2,3")], [(2, b"4,5", FEW)])


def test_half_a_last_row_is_held(tmp_path: Path) -> None:
    rows, held = read(tmp_path, b'a,b\n1,2\n3,"four and')
    assert rows == [(1, "1", "2", b"1,2")]
    assert held == [(2, b'3,"four and', "row has a quote that does not close")]


def test_a_separator_of_several_characters_is_declared(tmp_path: Path) -> None:
    rows, _ = read(tmp_path, b"a||b\n1||2\n", FileOrigin("**", delimiter="||"))
    assert rows == [(1, "1", "2", b"1||2")]
