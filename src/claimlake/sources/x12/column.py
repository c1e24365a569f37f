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
from numpy.typing import NDArray

from claimlake.sources.x12.array import Mask, Positions
from claimlake.sources.x12.day import days, moments
from claimlake.sources.x12.number import MOST_DIGITS, decimals

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
    """Numbers and days are read as words: `word.MARGIN` bytes stand before the first and behind the last."""
    start: Positions
    end: Positions
    separators: bytes = b""
    """Bytes that become a blank: the separators inside a list."""

    @property
    def is_nothing(self) -> bool:
        """Whether it is plain that there is no value at all: starts and ends are one array."""
        return self.start is self.end

    def take(self, rows: Mask | Positions) -> "Values":
        """These rows: those a mask keeps, or by number."""
        start = self.start[rows]
        return Values(self.data, start, start if self.is_nothing else self.end[rows], self.separators)


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
        return na.c_array_from_buffers(_c_schema(self.type), length, buffers)

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


@cache
def _c_schema(kind: str) -> Any:
    return na.c_schema(schema_of(kind))


def typed(values: Values, kind: str, *, is_last: bool = False) -> Typed:
    """The values read as a type."""
    if values.is_nothing:
        return nothing(kind, len(values.start))
    if kind == "text":
        return _text(values)
    bounds = values.data, values.start, values.end
    if kind == "timestamp":
        return Typed(kind, *moments(*bounds))
    if kind == "date":
        found, is_valid, is_bad = days(*bounds, is_last=is_last)
        return Typed(kind, found.astype(np.int32), is_valid, is_bad)
    if match := _DECIMAL.fullmatch(kind):
        return Typed(kind, *decimals(*bounds, int(match[2]), 10 ** int(match[1]) - 1))
    most = int(np.iinfo(np.int32).max) if kind == "int" else 10**MOST_DIGITS - 1
    found, is_valid, is_bad = decimals(*bounds, 0, most)
    return Typed(kind, found.astype(np.int32 if kind == "int" else np.int64), is_valid, is_bad)


def nothing(kind: str, length: int) -> Typed:
    """A column without a value."""
    is_text, is_half = kind == "text", kind in ("int", "date")
    values = np.zeros(length + is_text, dtype=np.int32 if is_text or is_half else np.int64)
    return Typed(kind, values, np.zeros(length, dtype=bool), np.zeros(length, dtype=bool))


def _text(values: Values) -> Typed:
    start, end = values.start, values.end
    size = end - start
    is_bad = np.zeros(len(size), dtype=bool)
    if int(size.max(initial=0)) > LONGEST_TEXT:
        is_bad = size > LONGEST_TEXT
        end = np.where(is_bad, start, end)
    while True:  # padding at the end of a value carries nothing
        is_blank = values.data.take(end - 1, mode="clip") == 0x20
        if is_blank.any():
            is_blank &= start < end
        if not is_blank.any():
            break
        end = end - is_blank
    offsets, text = gathered(values.data, start, end)
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
_THINNEST = 8
"""At most so many times the bytes of the values, a matrix may have."""


def gathered(data: NDArray[np.uint8], start: Positions, end: Positions) -> tuple[NDArray[np.int32], bytes]:
    """The values one after the other, and where each of them begins."""
    size = end - start
    widest, rows = int(size.max(initial=0)), len(size)
    if not widest:
        return np.zeros(rows + 1, dtype=np.int32), b""
    is_even = int(size.min()) == widest
    total = rows * widest if is_even else int(size.sum())
    if total > np.iinfo(np.int32).max:
        raise TooLargeError
    if is_even:
        offsets = np.arange(0, total + 1, widest, dtype=np.int32)
    else:
        offsets = np.zeros(rows + 1, dtype=np.int32)
        np.cumsum(size, out=offsets[1:])
    is_thin = widest <= _WIDEST and rows * widest <= _THINNEST * total
    if is_thin and int(start.max()) + widest <= len(data):
        words = np.ndarray((len(data) - widest + 1,), dtype=f"V{widest}", buffer=data.data, strides=(1,))[
            start
        ]
        if is_even:
            return offsets, words.tobytes()
        is_own = _own(widest).take(size)
        return offsets, np.compress(is_own.view(bool), words.view(np.uint8)).tobytes()
    source = np.arange(total) + np.repeat(start - offsets[:-1], size)
    return offsets, data[source].tobytes()


@cache
def _own(width: int) -> NDArray[np.void]:
    """For every size, which of so many bytes belong to a value of that size."""
    is_own = np.arange(width) < np.arange(width + 1)[:, None]
    return is_own.view(f"V{width}").ravel()


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
