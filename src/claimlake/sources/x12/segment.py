"""Bytes to segments: where every segment and element begins and ends, a whole interchange at once."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from claimlake.sources.x12 import kernel
from claimlake.sources.x12.array import Mask, Positions

_IS_BLANK = np.isin(np.arange(256), (0x20, 0x0A, 0x0D, 0x09, 0x1A, 0x00))
_IS_LINE_END = np.isin(np.arange(256), (0x0A, 0x0D))
_FEW_BLANKS = 64
"""More than so many in a row are passed in blocks of `_RUN` bytes, segment by segment."""
_RUN = 64 * 1024


@dataclass(frozen=True)
class Delimiters:
    """The four separators of an interchange, as byte values."""

    element: int = 0x2A
    component: int = 0x3A
    terminator: int = 0x7E
    repetition: int = 0x5E


@dataclass(frozen=True)
class Segments:
    """The segments of some bytes; every position is an index into `data`."""

    data: NDArray[np.uint8]
    start: Positions
    end: Positions
    """One past the last byte of the segment; its terminator stands at or after it."""
    key: Positions
    """The segment id as a number, see `key_of`."""
    first: Positions
    """Index into `separators` of the first element separator."""
    count: Positions
    """How many elements the segment has."""
    separators: Positions
    components: Positions

    def __len__(self) -> int:
        return len(self.start)

    def id_end(self) -> Positions:
        """One past the last byte of every segment's id."""
        return np.where(self.count > 0, _at(self.separators, self.first), self.end)

    def element(
        self, which: Positions, number: int | Positions, last: int | None = None
    ) -> tuple[Positions, Positions]:
        """The bounds of element `number` (or `number` to `last`) of these segments; empty where none."""
        count, first = self.count[which], self.first[which]
        until = np.minimum(number if last is None else last, count)
        exists = number <= count
        start = _at(self.separators, first + (number - 1)) + 1
        after = np.where(until == count, self.end[which], _at(self.separators, first + until))
        return np.where(exists, start, 0), np.where(exists, after, 0)

    def component(
        self, start: Positions, end: Positions, first: int, last: int
    ) -> tuple[Positions, Positions]:
        """The bounds of components `first` to `last` of composites; empty where there are none."""
        if len(self.components) == 0:
            return (start, end) if first == 1 else (start, start.copy())
        inner = np.searchsorted(self.components, start)
        here = start
        if first > 1:
            mark = _at(self.components, inner + first - 2, beyond=np.iinfo(np.int64).max - 1)
            here = np.where(mark < end, mark + 1, end)
        mark = _at(self.components, inner + last - 1, beyond=np.iinfo(np.int64).max - 1)
        return here, np.where(mark < end, np.maximum(mark, here), end)


def _at(values: Positions, index: Positions, beyond: int = 0) -> Positions:
    if len(values) == 0:
        return np.full(len(index), beyond, dtype=np.int64)
    found = values.take(index, mode="clip")
    return found if beyond == 0 else np.where(index < len(values), found, beyond)


def key_of(segment_id: str) -> int:
    """The number of a segment id of up to three characters."""
    return int.from_bytes(segment_id.encode("latin-1")[:3].ljust(3, b"\0"), "big")


def tokenise(data: NDArray[np.uint8], begin: int, end: int, delimiters: Delimiters) -> Segments:
    """The segments between two positions, under one set of delimiters."""
    starts, ends = _bounds(data, begin, end, delimiters)
    piece = data[begin:end]
    separators = np.flatnonzero(piece == delimiters.element) + begin
    components = np.flatnonzero(piece == delimiters.component) + begin
    # Counting the separators up to every byte costs less than looking up two positions a segment.
    before = np.zeros(len(piece) + 1, dtype=np.int32)
    np.cumsum(piece == delimiters.element, out=before[1:])
    first = before[starts - begin].astype(np.int64)
    count = before[ends - begin] - first
    name_end = np.where(count > 0, _at(separators, first), ends)
    key = pack(data, starts, name_end, 3)
    return Segments(data, starts, ends, key, first, count, separators, components)


def _bounds(
    data: NDArray[np.uint8], begin: int, end: int, delimiters: Delimiters
) -> tuple[Positions, Positions]:
    """Where every segment starts and ends, without the blanks around it."""
    ends = np.flatnonzero(data[begin:end] == delimiters.terminator) + begin
    if len(ends) == 0 or ends[-1] != end - 1:
        ends = np.append(ends, end)
    starts = np.empty_like(ends)
    starts[0] = begin
    starts[1:] = ends[:-1] + 1
    starts, ends = _trim(data, starts, ends)
    is_real = starts < ends
    return starts[is_real], ends[is_real]


def _trim(data: NDArray[np.uint8], starts: Positions, ends: Positions) -> tuple[Positions, Positions]:
    starts, ends = starts.copy(), ends.copy()
    rows = np.arange(len(starts))
    for _ in range(_FEW_BLANKS):
        rows = rows[(starts[rows] < ends[rows]) & _IS_BLANK[data.take(starts[rows], mode="clip")]]
        if not len(rows):
            break
        starts[rows] += 1
    for row in rows.tolist():
        starts[row] = after_blanks(data, int(starts[row]), int(ends[row]))
    rows = np.arange(len(ends))
    for _ in range(_FEW_BLANKS):
        rows = rows[(starts[rows] < ends[rows]) & _IS_LINE_END[data[ends[rows] - 1]]]
        if not len(rows):
            break
        ends[rows] -= 1
    for row in rows.tolist():
        ends[row] = _before_line_ends(data, int(starts[row]), int(ends[row]))
    return starts, ends


def after_blanks(data: NDArray[np.uint8], begin: int, end: int, terminator: int | None = None) -> int:
    """Where, from `begin` on, the first byte stands that is no blank, or is the terminator; else `end`."""
    while begin < end:
        piece = data[begin : min(begin + _RUN, end)]
        is_solid = ~_IS_BLANK[piece]
        if terminator is not None:
            is_solid |= piece == terminator
        if is_solid.any():
            return begin + int(np.argmax(is_solid))
        begin += len(piece)
    return end


def _before_line_ends(data: NDArray[np.uint8], begin: int, end: int) -> int:
    while begin < end:
        piece = data[max(end - _RUN, begin) : end]
        is_solid = ~_IS_LINE_END[piece]
        if is_solid.any():
            return end - int(np.argmax(is_solid[::-1]))
        end -= len(piece)
    return begin


def pack(data: NDArray[np.uint8], starts: Positions, ends: Positions, width: int) -> Positions:
    """Each value's bytes as one number, big-endian, left-aligned in `width` bytes; -1 where none can be.

    A value of more bytes is none, nor is one that holds a zero byte, which stands for the bytes it lacks.
    """
    packed = np.zeros(len(starts), dtype=np.int64)
    size = ends - starts
    is_none = size > width
    for offset in range(width):
        byte = data.take(starts + offset, mode="clip").astype(np.int64)
        is_none |= (offset < size) & (byte == 0)
        packed = (packed << 8) | np.where(offset < size, byte, 0)
    return np.where(is_none, -1, packed)


ENVELOPE = ("ISA", "GS", "ST", "SE", "GE", "IEA", "TA1")
_BLOCK = 8 * 1024 * 1024
_MARKS = 4096
_MAY_BE_ENVELOPE = np.isin(np.arange(256), list(b"ISGT"))


def envelope_marks(
    data: NDArray[np.uint8], begin: int, end: int, delimiters: Delimiters, seen: Callable[[int], None]
) -> tuple[NDArray[np.int64], int]:
    """Number (from 0), start and end of every envelope segment, and how many segments there are in all.

    Args:
        data: the bytes.
        begin: where the first segment may start.
        end: where the last one must end.
        delimiters: the separators.
        seen: called with a place in front of which no byte is needed any more.
    """
    found = [np.empty((0, 3), dtype=np.int64)]
    position, count = begin, 0
    while position < end:
        marks, position, count = _marks(data, position, end, delimiters, count)
        found.append(marks)
        seen(position)
    return np.concatenate(found), count


def after_block(
    data: NDArray[np.uint8], begin: int, end: int, delimiters: Delimiters, count: int
) -> tuple[int, int]:
    """Where the segment behind some megabytes of segments starts, and `count` with those added."""
    position = begin
    while position < min(begin + _BLOCK, end):
        _, position, count = _marks(data, position, end, delimiters, count)
    return position, count


def _marks(
    data: NDArray[np.uint8], begin: int, end: int, delimiters: Delimiters, count: int
) -> tuple[NDArray[np.int64], int, int]:
    """The envelope segments of a block, where the next segment starts, and how many there were until then."""
    library = kernel.library()
    if library is None:
        return _array_marks(data, begin, end, delimiters, count)
    state = np.array([begin, count], dtype=np.int64)
    marks = np.empty((_MARKS, 3), dtype=np.int64)
    found = library.x12_envelope(
        *(kernel.address(data), end, min(begin + _BLOCK, end), delimiters.element, delimiters.terminator),
        *(kernel.address(marks), _MARKS, kernel.address(state)),
    )
    return marks[:found].copy(), int(state[0]), int(state[1])


def _array_marks(
    data: NDArray[np.uint8], begin: int, end: int, delimiters: Delimiters, count: int
) -> tuple[NDArray[np.int64], int, int]:
    until = min(begin + _BLOCK, end)
    if until < end:
        terminators = np.flatnonzero(data[begin:until] == delimiters.terminator)
        until = begin + int(terminators[-1]) + 1 if len(terminators) else end
    starts, ends = _bounds(data, begin, until, delimiters)
    which = np.flatnonzero(_MAY_BE_ENVELOPE[data[starts]])
    first, last = starts[which], ends[which]
    name_end = first + 4  # longer than any of them
    for width in (3, 2):  # an id is two or three letters, then the separator or the end
        stands = first + width
        is_end = (stands == last) | (data.take(stands, mode="clip") == delimiters.element)
        name_end = np.where(is_end, stands, name_end)
    keys = pack(data, first, name_end, 3)
    is_one = np.isin(keys, [key_of(name) for name in ENVELOPE])
    which = which[is_one]
    marks = np.stack([which + count, starts[which], ends[which]], axis=1)
    return marks, until, count + len(starts)


def join(parts: list[Segments]) -> Segments:
    """Segments of several runs of the same bytes, in order."""
    if len(parts) == 1:
        return parts[0]
    base = np.cumsum([0, *(len(part.separators) for part in parts[:-1])])
    return Segments(
        parts[0].data,
        np.concatenate([part.start for part in parts]),
        np.concatenate([part.end for part in parts]),
        np.concatenate([part.key for part in parts]),
        np.concatenate([part.first + offset for part, offset in zip(parts, base, strict=True)]),
        np.concatenate([part.count for part in parts]),
        np.concatenate([part.separators for part in parts]),
        np.concatenate([part.components for part in parts]),
    )


def within(segments: Segments, begins: Positions, ends: Positions) -> tuple[Segments, Positions]:
    """The segments that stand between pairs of positions, and which pair that is."""
    pair = np.searchsorted(begins, segments.start, side="right") - 1
    is_inside = (pair >= 0) & (segments.start < ends.take(pair, mode="clip"))
    if is_inside.all():
        return segments, pair
    some = replace(
        segments,
        start=segments.start[is_inside],
        end=segments.end[is_inside],
        key=segments.key[is_inside],
        first=segments.first[is_inside],
        count=segments.count[is_inside],
    )
    return some, pair[is_inside]


def is_one_of(data: NDArray[np.uint8], start: Positions, end: Positions, allowed: tuple[bytes, ...]) -> Mask:
    """Which values are exactly one of these."""
    size = end - start
    found = np.zeros(len(size), dtype=bool)
    if not len(data):
        return found
    for word in allowed:
        rows = np.flatnonzero(size == len(word))
        for offset, byte in enumerate(word):
            rows = rows[data[start[rows] + offset] == byte]
        found[rows] = True
    return found
