import csv
import io
from pathlib import Path

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from claimlake.sources import place
from claimlake.sources.content import as_utf8, content_of
from claimlake.sources.delimited import read_delimited
from claimlake.sources.file_origin import FileOrigin
from claimlake.sources.layout import layout_of
from claimlake.sources.place import Text
from claimlake.sources.record import TABLE

VALUES = st.text(st.sampled_from(list("ab1 \",;|^\t\n'é€")), max_size=8).filter(
    lambda text: text == text.strip()
)
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "cp1252")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(st.lists(VALUES, min_size=3, max_size=3), min_size=1, max_size=6),
    delimiter=st.sampled_from([",", "\t", "|", ";", "^", "\x01"]),
    newline=st.sampled_from(["\n", "\r\n"]),
    encoding=st.sampled_from(ENCODINGS),
)
def test_what_a_writer_wrote_is_read_again_and_each_record_is_found_by_its_bytes(
    tmp_path: Path, rows: list[list[str]], delimiter: str, newline: str, encoding: str
) -> None:
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, delimiter=delimiter, lineterminator=newline, quoting=csv.QUOTE_ALL)
    writer.writerows([["Id", "Name", "Note"], *rows])
    file = tmp_path / "a.csv"
    file.write_bytes(stream.getvalue().encode(encoding))
    content = content_of(file, None if encoding != "cp1252" else "cp1252")
    layout = layout_of(file, content.encoding, ["Id", "Name", "Note"], FileOrigin("**"))
    text = Text(as_utf8(file, content.encoding, tmp_path / "a.utf8"), tmp_path, content.encoding)
    with duckdb.connect() as connection:
        found = read_delimited(connection, text, layout)
        read = connection.sql(
            f'select "Id", "Name", "Note", _offset, _length from {TABLE} order by _row'
        ).fetchall()
    assert found.delivered == len(rows)
    assert [[value or "" for value in row[:3]] for row in read] == rows
    codec = content.encoding.removesuffix("-sig")
    for values, (*_, offset, length) in zip(rows, read, strict=True):
        record = file.read_bytes()[offset : offset + length].decode(codec)
        assert next(csv.reader(io.StringIO(record, newline=""), delimiter=delimiter)) == values


@pytest.mark.parametrize("chunk", [1, 2, 3, 7])
def test_places_do_not_depend_on_the_pieces_a_file_is_read_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chunk: int
) -> None:
    content = 'a,b\r\n1,"x ""y""\r\nz"\r\n\r\n2,é€😀\r\n3,"q"'.encode()
    file = tmp_path / "a.csv"
    file.write_bytes(content)
    monkeypatch.setattr(place, "CHUNK", chunk)
    with duckdb.connect() as connection:
        assert place.store_places(connection, file, place.Lines(place.begin_of(file, 1), '"', '"')) == 3
        rows = connection.sql(f"select place, length from {place.TABLE} order by number").fetchall()
    assert [content[start : start + length].decode() for start, length in rows] == [
        '1,"x ""y""\r\nz"',
        "2,é€😀",
        '3,"q"',
    ]
