"""Bounds of values in the bytes to typed Arrow columns: text, exact money, dates; what is none is null."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Any

import nanoarrow as na  # type: ignore[import-untyped]
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from claimlake.sources.x12.array import Mask, Positions
from claimlake.sources.x12.number import MOST_DIGITS, numbers

LONGEST_TEXT = 1024
"""Bytes of a value of a text column; no element of the guides is longer, and rows may repeat it."""
MOST_TEXT, LEAST_TEXT = 32, 1 << 20
"""A column's text is at most so many times the bytes of its transactions, or else so many bytes."""


class TooLargeError(Exception):
    """Values that rows repeat would take many times the bytes of the transactions themselves."""


_DECIMAL = re.compile(r"decimal\((\d+),(\d+)\)")
_EPOCH = date(1970, 1, 1)


@dataclass(frozen=True)
class Values:
    """The bounds, in some bytes, of one value per row; an empty one is null."""

    data: NDArray[np.uint8]
    start: Positions
    end: Positions
    separators: bytes = b""
    """Bytes that become a blank: the separators inside a list."""


@dataclass(frozen=True)
class Typed:
    """A column of a type: what is stored, what is there, and what could not be read."""

    type: str
    values: NDArray[Any]
    """Decimals in units of the last place, whole numbers, days, microseconds, or the offsets of text."""
    is_valid: Mask
    is_bad: Mask
    text: bytes = b""

    def array(self) -> Any:
        """The column as an Arrow array."""
        length = len(self.is_valid)
        validity = None if self.is_valid.all() else np.packbits(self.is_valid, bitorder="little")
        buffers: list[Any] = [validity]
        if self.type in ("text", "binary"):
            buffers += [self.values, np.frombuffer(self.text, dtype=np.uint8)]
        elif self.type.startswith("decimal"):
            wide = np.empty((length, 2), dtype=np.int64)
            wide[:, 0] = self.values
            wide[:, 1] = self.values >> 63
            buffers.append(wide.view(np.uint8).reshape(-1))
        else:
            buffers.append(self.values)
        return na.c_array_from_buffers(schema_of(self.type), length, buffers)

    def take(self, rows: Mask | Positions) -> "Typed":
        """These rows: those a mask keeps, or by number."""
        if self.type != "text":
            return Typed(self.type, self.values[rows], self.is_valid[rows], self.is_bad[rows])
        start, end = self.values[:-1][rows].astype(np.int64), self.values[1:][rows].astype(np.int64)
        data = np.frombuffer(self.text, dtype=np.uint8)
        offsets, text = gathered(data, start, end)
        return Typed("text", offsets, self.is_valid[rows], self.is_bad[rows], text)


@cache
def schema_of(kind: str) -> Any:
    """The Arrow type of a contract type."""
    if match := _DECIMAL.fullmatch(kind):
        return na.decimal128(int(match[1]), int(match[2]))
    plain = {
        "text": na.string,
        "binary": na.binary,
        "int": na.int32,
        "bigint": na.int64,
        "date": na.date32,
        "boolean": na.bool_,
    }
    return na.timestamp("us") if kind == "timestamp" else plain[kind]()


def typed(values: Values, kind: str, *, is_last: bool = False) -> Typed:
    """The values read as a type."""
    if kind == "text":
        return _text(values)
    if match := _DECIMAL.fullmatch(kind):
        return _decimal(values, kind, int(match[2]), most=10 ** int(match[1]) - 1)
    if kind in ("int", "bigint"):
        most = np.iinfo(np.int32).max if kind == "int" else 10**MOST_DIGITS - 1
        found = _decimal(values, kind, 0, most=int(most))
        store = np.int32 if kind == "int" else np.int64
        return Typed(kind, found.values.astype(store), found.is_valid, found.is_bad)
    if kind == "timestamp":
        return _moment(values)
    return _day(values, is_last=is_last)


def _text(values: Values) -> Typed:
    start, end = values.start, values.end.copy()
    is_bad = end - start > LONGEST_TEXT
    end = np.where(is_bad, start, end)
    while True:  # padding at the end of a value carries nothing
        is_blank = (start < end) & (values.data[np.maximum(end - 1, 0)] == 0x20)
        if not is_blank.any():
            break
        end -= is_blank
    offsets, text = gathered(values.data, start, np.maximum(end, start))
    is_valid = offsets[1:] > offsets[:-1]
    if values.separators:
        text = text.translate(bytes.maketrans(values.separators, b" " * len(values.separators)))
    return _finished(offsets, text, is_valid, is_bad, is_list=bool(values.separators))


def _finished(
    offsets: NDArray[np.int32], text: bytes, is_valid: Mask, is_bad: Mask, *, is_list: bool
) -> Typed:
    if text.isascii() and not (is_list and _has_gaps(text, offsets)):
        return Typed("text", offsets, is_valid, is_bad, text)
    bounds = offsets.tolist()
    pieces: list[str | None] = []
    for row, there in enumerate(is_valid.tolist()):
        word = text[bounds[row] : bounds[row + 1]]
        members = [readable(member) for member in word.split(b" ") if member] if is_list else [readable(word)]
        pieces.append((" ".join(members) or None) if there else None)
    return replace(text_column(pieces), is_bad=is_bad)


def _has_gaps(text: bytes, offsets: NDArray[np.int32]) -> bool:
    """Whether a list has empty members: two blanks in a row, or one at either end of a value."""
    if b"  " in text:
        return True
    data = np.frombuffer(text, dtype=np.uint8)
    first, last = offsets[:-1], offsets[1:]
    there = last > first
    return bool((data[first[there]] == 0x20).any() or (data[last[there] - 1] == 0x20).any())


def listed(values: Values, rows: Positions, size: int) -> Typed:
    """For every row, its values (ascending by row) as one text, separated by blanks."""
    is_long = values.end - values.start > LONGEST_TEXT
    is_bad = np.bincount(rows[is_long], minlength=size) > 0
    rows, start, end = rows[~is_long], values.start[~is_long], values.end[~is_long]
    is_final = np.ones(len(rows), dtype=bool)
    is_final[:-1] = rows[1:] != rows[:-1]
    # A value's separator or terminator follows it in the bytes: it is taken along, to become the blank.
    offsets, text = gathered(values.data, start, end + ~is_final)
    joints = np.frombuffer(text, dtype=np.uint8).copy()
    joints[offsets[1:][~is_final] - 1] = 0x20
    words = joints.tobytes().translate(bytes.maketrans(values.separators, b" " * len(values.separators)))
    lengths = np.bincount(rows + 1, weights=np.diff(offsets), minlength=size + 1)
    bounds = np.cumsum(lengths).astype(np.int32)
    return _finished(bounds, words, np.diff(bounds) > 0, is_bad, is_list=True)


def readable(value: bytes) -> str:
    """The bytes as text: UTF-8, or else Latin-1, which older systems still send."""
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value.decode("latin-1")


_WIDEST = 48
"""Values up to this long are gathered as rows of a matrix, which is several times faster."""


def gathered(data: NDArray[np.uint8], start: Positions, end: Positions) -> tuple[NDArray[np.int32], bytes]:
    """The values one after the other, and where each of them begins."""
    size = end - start
    offsets = np.zeros(len(start) + 1, dtype=np.int64)
    np.cumsum(size, out=offsets[1:])
    total, widest = int(offsets[-1]), int(size.max(initial=0))
    if total > np.iinfo(np.int32).max:
        raise TooLargeError
    if 0 < widest <= _WIDEST and int(start.max()) + widest <= len(data):
        matrix = sliding_window_view(data, widest)[start]
        return offsets.astype(np.int32), matrix[np.arange(widest) < size[:, None]].tobytes()
    source = np.arange(total) + np.repeat(start - offsets[:-1], size)
    return offsets.astype(np.int32), data[source].tobytes()


def _decimal(values: Values, kind: str, places: int, *, most: int) -> Typed:
    number, there, bad = numbers(values.data, values.start, values.end, places)
    bad |= np.abs(number) > most
    is_valid = there & ~bad
    return Typed(kind, np.where(is_valid, number, 0), is_valid, bad)


def _number_at(data: NDArray[np.uint8], start: Positions, width: int) -> tuple[Positions, Mask]:
    number = np.zeros(len(start), dtype=np.int64)
    is_number = np.ones(len(start), dtype=bool)
    for offset in range(width):
        digit = data[np.minimum(start + offset, len(data) - 1)].astype(np.int64) - 0x30
        is_number &= (digit >= 0) & (digit <= 9)
        number = number * 10 + digit
    return number, is_number


def _calendar(data: NDArray[np.uint8], start: Positions, end: Positions) -> tuple[Positions, Mask]:
    """Days since 1970 of CCYYMMDD (or YYMMDD, of 1950 to 2049), and whether it is a day."""
    size = end - start
    is_short = size == 6
    year, is_year = _number_at(data, np.where(is_short, start, start), 4)
    short, is_short_year = _number_at(data, start, 2)
    year = np.where(is_short, short + np.where(short < 50, 2000, 1900), year)
    rest, is_rest = _number_at(data, np.where(is_short, start + 2, start + 4), 4)
    good = is_rest & np.where(is_short, is_short_year, is_year) & (is_short | (size >= 8))
    month, of_month = rest // 100, rest % 100
    good &= (month >= 1) & (month <= 12) & (of_month >= 1) & (of_month <= 31) & (year >= 1)
    months = np.where(good, (year - 1970) * 12 + month - 1, 0).astype("datetime64[M]")
    days = months.astype("datetime64[D]").astype(np.int64) + np.where(good, of_month - 1, 0)
    is_in_month = days < (months + 1).astype("datetime64[D]").astype(np.int64)
    return np.where(good & is_in_month, days, 0), good & is_in_month


def _find(values: Values, mark: int) -> Positions:
    """Where the byte first stands in each value, at the day's end or later; else the value's end."""
    place = values.start + 6
    found = values.end.copy()
    for offset in range(6):
        at = place + offset
        hit = (
            (at < values.end)
            & (values.data[np.minimum(at, len(values.data) - 1)] == mark)
            & (found == values.end)
        )
        found = np.where(hit, at, found)
    return found


def _day(values: Values, *, is_last: bool) -> Typed:
    there = values.end > values.start
    dash = _find(values, 0x2D)
    is_range = dash < values.end
    start = np.where(is_range, dash + 1, values.start) if is_last else values.start
    end = values.end if is_last else np.where(is_range, dash, values.end)
    days, good = _calendar(values.data, start, end)
    return Typed("date", np.where(there, days, 0).astype(np.int32), there & good, there & ~good)


def _moment(values: Values) -> Typed:
    """Day and time of two neighbouring elements: CCYYMMDD or YYMMDD, then HHMM, HHMMSS or HHMMSSDD."""
    there = values.end > values.start
    mark = values.start + 8
    is_short = (values.end > values.start + 6) & _is_not_digit(values.data, values.start + 6)
    mark = np.where(is_short, values.start + 6, mark)
    mark = np.minimum(mark, values.end)
    days, good = _calendar(values.data, values.start, mark)
    clock = mark + 1
    size = values.end - clock
    hours, is_hours = _number_at(values.data, clock, 4)
    seconds, is_seconds = _number_at(values.data, clock + 4, 2)
    has_time = is_hours & (size >= 4) & (hours // 100 < 24) & (hours % 100 < 60)
    minutes = np.where(has_time, hours // 100 * 60 + hours % 100, 0)
    second = np.where(has_time & is_seconds & (size >= 6) & (seconds < 60), seconds, 0)
    micros = ((days * 1440 + minutes) * 60 + second) * 1_000_000
    good &= there
    return Typed("timestamp", np.where(good, micros, 0), good, there & ~good)


def _is_not_digit(data: NDArray[np.uint8], position: Positions) -> Mask:
    byte = data[np.minimum(position, len(data) - 1)]
    return (byte < 0x30) | (byte > 0x39)


def text_column(values: Sequence[str | None]) -> Typed:
    """A text column of Python strings."""
    encoded = [b"" if value is None else value.encode() for value in values]
    offsets = np.cumsum([0, *(len(value) for value in encoded)], dtype=np.int64).astype(np.int32)
    is_valid = np.array([value is not None for value in values], dtype=bool)
    return Typed("text", offsets, is_valid, np.zeros(len(values), dtype=bool), b"".join(encoded))


def plain_column(values: Sequence[Any], kind: str) -> Typed:
    """A column of Python values (str, int, Decimal, date, datetime or None)."""
    if kind == "text":
        return text_column(values)
    is_valid = np.array([value is not None for value in values], dtype=bool)
    stored = [0 if value is None else _stored(value, kind) for value in values]
    store = np.int32 if kind in ("int", "date") else np.int64
    return Typed(kind, np.array(stored, dtype=store), is_valid, np.zeros(len(values), dtype=bool))


def _stored(value: Any, kind: str) -> int:
    if isinstance(value, Decimal):
        match = _DECIMAL.fullmatch(kind)
        return int(value.scaleb(int(match[2]) if match else 0))
    if isinstance(value, datetime):
        since = value - datetime(1970, 1, 1)
        return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
    if isinstance(value, date):
        return (value - _EPOCH).days
    return int(value)


def whole_column(values: NDArray[np.int64], kind: str, is_valid: Mask | None = None) -> Typed:
    """A column of whole numbers."""
    valid = np.ones(len(values), dtype=bool) if is_valid is None else is_valid
    store = np.int32 if kind == "int" else np.int64
    return Typed(kind, np.where(valid, values, 0).astype(store), valid, np.zeros(len(values), dtype=bool))
