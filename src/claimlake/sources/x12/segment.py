"""Bytes to segments: where every segment and element begins and ends, a whole interchange at once."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

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
    marks: Positions
    """Where every element ends: its separator, or the end of the segment."""
    first: Positions
    """Index into `marks` of the end of the segment's id."""
    count: Positions
    """How many elements the segment has."""
    component: int

    def __len__(self) -> int:
        return len(self.start)

    def id_end(self) -> Positions:
        """One past the last byte of every segment's id."""
        return self.marks.take(self.first)

    def until(self, number: int) -> "Segments":
        """The first ones, up to a number."""
        some = self.start[:number], self.end[:number], self.marks, self.first[:number], self.count[:number]
        return Segments(self.data, *some, self.component)

    @cached_property
    def components(self) -> Positions:
        """Where the component separators stand."""
        return np.flatnonzero(self.data == self.component)


def key_of(segment_id: str) -> int:
    """The number of a segment id of up to three characters."""
    return int.from_bytes(segment_id.encode("latin-1")[:3].ljust(3, b"\0"), "big")


def tokenise(data: NDArray[np.uint8], begin: int, end: int, delimiters: Delimiters) -> Segments:
    """The segments between two positions, under one set of delimiters."""
    piece = data[begin:end]
    is_mark = piece == delimiters.element
    is_mark |= piece == delimiters.terminator
    marks = np.flatnonzero(is_mark)
    if begin:
        marks += begin
    last = np.flatnonzero(data.take(marks) == delimiters.terminator)
    if not len(last) or marks[last[-1]] != end - 1:
        marks = np.append(marks, end)
        last = np.append(last, len(marks) - 1)
    starts, ends = np.empty_like(last), marks.take(last)
    starts[0], starts[1:] = begin, ends[:-1] + 1
    first = np.empty_like(last)
    first[0], first[1:] = 0, last[:-1] + 1
    starts, is_moved = _without_blanks(data, starts, ends)
    ends, is_cut = _without_line_ends(data, starts, ends)
    if _IS_BLANK[delimiters.element]:  # some of the blanks around a segment may be separators
        first, last = np.searchsorted(marks, starts), np.searchsorted(marks, ends)
    if is_cut:
        marks[last] = ends
    if is_moved or is_cut or bool((starts >= ends).any()):
        is_real = starts < ends
        starts, ends, first, last = (values[is_real] for values in (starts, ends, first, last))
    return Segments(data, starts, ends, marks, first, last - first, delimiters.component)


def _bounds(
    data: NDArray[np.uint8], begin: int, end: int, delimiters: Delimiters
) -> tuple[Positions, Positions]:
    """Where every segment starts and ends, without the blanks around it."""
    ends = np.flatnonzero(data[begin:end] == delimiters.terminator)
    if begin:
        ends += begin
    if len(ends) == 0 or ends[-1] != end - 1:
        ends = np.append(ends, end)
    starts = np.empty_like(ends)
    starts[0], starts[1:] = begin, ends[:-1] + 1
    starts, _ = _without_blanks(data, starts, ends)
    ends, _ = _without_line_ends(data, starts, ends)
    is_real = starts < ends
    return (starts, ends) if is_real.all() else (starts[is_real], ends[is_real])


def _without_blanks(data: NDArray[np.uint8], starts: Positions, ends: Positions) -> tuple[Positions, bool]:
    """The starts behind the blanks in front of the segments, and whether any moved."""
    is_moved = False
    for _ in range(_FEW_BLANKS):
        is_blank = _IS_BLANK.take(data.take(starts, mode="clip"))
        if is_blank.any():
            is_blank &= starts < ends
        if not is_blank.any():
            return starts, is_moved
        starts, is_moved = starts + is_blank, True
    for row in np.flatnonzero(is_blank).tolist():
        starts[row] = after_blanks(data, int(starts[row]), int(ends[row]))
    return starts, is_moved


def _without_line_ends(data: NDArray[np.uint8], starts: Positions, ends: Positions) -> tuple[Positions, bool]:
    """The ends in front of the line ends behind the segments, and whether any moved."""
    is_moved = False
    for _ in range(_FEW_BLANKS):
        is_blank = _IS_LINE_END.take(data.take(ends - 1, mode="clip"))
        if is_blank.any():
            is_blank &= starts < ends
        if not is_blank.any():
            return ends, is_moved
        ends, is_moved = ends - is_blank, True
    for row in np.flatnonzero(is_blank).tolist():
        ends[row] = _before_line_ends(data, int(starts[row]), int(ends[row]))
    return ends, is_moved


def after_blanks(data: NDArray[np.uint8], begin: int, end: int, terminator: int | None = None) -> int:
    """Where, from `begin` on, the first byte stands that is neither blank nor the terminator; else `end`."""
    while begin < end:
        piece = data[begin : min(begin + _RUN, end)]
        is_solid = ~_IS_BLANK[piece]
        if terminator is not None:
            is_solid &= piece != terminator
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


ENVELOPE = ("ISA", "GS", "ST", "SE", "GE", "IEA", "TA1")
_BLOCK = 1024 * 1024
"""So many bytes, and what NumPy makes of them, stay near the processor."""
_MARKS = 4096
_IS_FIRST = np.isin(np.arange(256), [ord(name[0]) for name in ENVELOPE])
_IS_SECOND = np.isin(np.arange(256), [ord(name[1]) for name in ENVELOPE])


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
    """Where the segment behind one or two megabytes of segments starts, and `count` with those added."""
    position = begin
    while position < min(begin + _BLOCK, end):
        _, position, count = _marks(data, position, end, delimiters, count)
    return min(position, end), count  # the last segment may lack its terminator


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
        terminator = data[begin:until].tobytes().rfind(delimiters.terminator)
        until = begin + terminator + 1 if terminator >= 0 else end
    starts, ends = _bounds(data, begin, until, delimiters)
    which = np.flatnonzero(_IS_FIRST.take(data.take(starts)))
    which = which[_IS_SECOND.take(data.take(starts[which] + 1, mode="clip"))]
    first, last = starts[which], ends[which]
    is_one = np.zeros(len(which), dtype=bool)
    for name in ENVELOPE:
        stands = first + len(name)
        is_end = (stands == last) | (data.take(stands, mode="clip") == delimiters.element)
        is_one |= is_end & (stands <= last) & _begins_with(data, first, name)
    which = which[is_one]
    marks = np.stack([which + count, starts[which], ends[which]], axis=1)
    return marks, until, count + len(starts)


def _begins_with(data: NDArray[np.uint8], place: Positions, name: str) -> Mask:
    """Where the bytes from a place on are these."""
    found = np.ones(len(place), dtype=bool)
    for offset, byte in enumerate(name.encode()):
        found &= data.take(place + offset, mode="clip") == byte
    return found
