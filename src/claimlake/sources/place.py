"""Where each record of a text stands: found from its line ends, a piece of the file at a time."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
from numpy.typing import NDArray

from claimlake.sources.content import CHUNK, UTF8

TABLE = "record_place"
"""Temporary table: number, start (byte of the text that is read), place and length (bytes of the file)."""

Numbers = NDArray[np.int64]
Bytes = NDArray[np.uint8]
NEWLINE, RETURN, BACKSLASH = 10, 13, 92


@dataclass(frozen=True)
class Text:
    """A text in UTF-8, and the file it is the content of."""

    path: Path
    spill: Path
    """Folder for a copy, should one be needed."""
    encoding: str = "utf-8"
    """Encoding of the file that came, whose bytes places count."""


@dataclass(frozen=True)
class Lines:
    """How the records of a UTF-8 text end."""

    begin: int = 0
    """Byte of the first record, after the header."""
    quote: str = ""
    escape: str = ""
    encoding: str = "utf-8"
    """Encoding of the file the text was made from."""
    keeps_blank: bool = False
    """Whether a line without a character is a record."""


def begin_of(text: Path, lines: int) -> int:
    """The byte after so many lines; after the mark of the encoding when there are none."""
    end = _line_end(text)
    begin = 0
    with text.open("rb") as reader:
        mark = reader.read(3)
        if lines == 0:
            return 3 if mark == b"\xef\xbb\xbf" else 0
        reader.seek(0)
        while lines and (chunk := reader.read(CHUNK)):
            found = np.flatnonzero(np.frombuffer(chunk, dtype=np.uint8) == end)
            if len(found) >= lines:
                return begin + int(found[lines - 1]) + 1
            lines -= len(found)
            begin += len(chunk)
    return begin


def store_places(connection: duckdb.DuckDBPyConnection, text: Path, lines: Lines) -> int:
    """Leave the places of all records in the table; their number."""
    connection.execute(
        f"create or replace temp table {TABLE} (number bigint, start bigint, place bigint, length bigint)"
    )
    count = 0
    for starts, places, lengths in _Splitter(text, lines).pieces():
        piece = {  # noqa: F841 - DuckDB finds it by name
            "number": np.arange(count + 1, count + 1 + len(starts)),
            "start": starts,
            "place": places,
            "length": lengths,
        }
        connection.execute(f"insert into {TABLE} from piece")
        count += len(starts)
    return count


def _line_end(text: Path) -> int:
    with text.open("rb") as reader:
        head = reader.read(CHUNK)
    return RETURN if b"\n" not in head and b"\r" in head else NEWLINE


class _Splitter:
    """Walks a text and finds its records: line ends that stand in no quotes."""

    def __init__(self, text: Path, lines: Lines) -> None:
        self._text = text
        self._lines = lines
        self._end = _line_end(text)
        self._is_inside = 0
        self._last = NEWLINE
        self._units = 0
        self._start = np.int64(lines.begin)
        self._place = np.int64(lines.begin)

    def pieces(self) -> Iterator[tuple[Numbers, Numbers, Numbers]]:
        """Start, place and length of the records that end in each piece of the text."""
        with self._text.open("rb") as reader:
            self._units = sum(self._weigh(head)[-1] for head in self._head(reader.read(self._lines.begin)))
            self._place = np.int64(self._units)
            at = self._lines.begin
            while chunk := reader.read(CHUNK):
                yield self._piece(np.frombuffer(chunk, dtype=np.uint8), at)
                at += len(chunk)
            if at > self._start:
                yield self._records(np.array([at]), np.array([self._units]), np.array([self._last == RETURN]))

    def _head(self, skipped: bytes) -> list[Bytes]:
        return [np.frombuffer(skipped, dtype=np.uint8)] if skipped else []

    def _piece(self, data: Bytes, at: int) -> tuple[Numbers, Numbers, Numbers]:
        ends = np.flatnonzero(data == self._end)
        if self._lines.quote:
            quotes = self._quotes(data)
            ends = ends[(np.searchsorted(quotes, ends) + self._is_inside) % 2 == 0]
            self._is_inside = (self._is_inside + len(quotes)) % 2
        before = np.concatenate(([self._last], data[:-1]))
        weights = self._weigh(data)
        units = self._units + weights[ends]
        found = self._records(at + ends, units - self._width, before[ends] == RETURN, units)
        self._last = int(data[-1])
        self._units += int(weights[-1])
        return found

    def _quotes(self, data: Bytes) -> Numbers:
        quotes = np.flatnonzero(data == ord(self._lines.quote))
        if self._lines.escape != "\\":
            return quotes
        before = np.concatenate(([self._last], data[:-1]))
        is_escaped: NDArray[np.bool_] = before[quotes] == BACKSLASH
        free: Numbers = quotes[~is_escaped]
        return free

    def _records(
        self, ends: Numbers, stops: Numbers, has_return: NDArray[np.bool_], nexts: Numbers | None = None
    ) -> tuple[Numbers, Numbers, Numbers]:
        """The records that end at these bytes of the text, which are these units of the file."""
        if not len(ends):
            return ends, ends, ends
        following = stops if nexts is None else nexts
        starts = np.concatenate(([self._start], ends[:-1] + 1))
        places = np.concatenate(([self._place], following[:-1]))
        lengths = stops - places - np.where(has_return, self._width, 0)
        self._start, self._place = ends[-1] + 1, following[-1]
        kept = np.full(len(ends), fill_value=True) if self._lines.keeps_blank else lengths > 0
        return starts[kept], places[kept], lengths[kept]

    @property
    def _width(self) -> int:
        """Bytes of a line end in the file that came."""
        return 2 if self._lines.encoding.startswith("utf-16") else 1

    def _weigh(self, data: Bytes) -> Numbers:
        """Bytes of the file that came up to and with each byte of its text in UTF-8."""
        if self._lines.encoding in UTF8:
            return np.arange(1, len(data) + 1)
        weights = ((data & 0xC0) != 0x80).astype(np.int64)
        if self._width == 2:
            weights = 2 * (weights + (data >= 0xF0))
        return np.cumsum(weights, dtype=np.int64)
