"""Interchanges, groups and transactions of a file, each with its delimiters, and what the trailers claim."""

import mmap
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from claimlake.sources.x12 import kernel
from claimlake.sources.x12.column import readable
from claimlake.sources.x12.finding import Finding
from claimlake.sources.x12.segment import Delimiters, envelope_marks

Content = bytes | mmap.mmap

_SEPARATORS = 16
_LONGEST_ISA = 400
_LONGEST_COUNT = 18
_BLOCK = 8 * 1024 * 1024
_BLOCK_BY_HAND = 64 * 1024
"""Less is searched as fast without the kernel."""
_ISA = re.compile(rb"ISA")
_FRAGMENT = re.compile(
    rb"(?:\A|[\r\n])[ \t]*(?:(?:ST([^A-Za-z0-9\s])\d{3}\1)|(?:GS([^A-Za-z0-9\s])[A-Z]{2}\2))"
)


class Extent(Protocol):
    """A run of segments: a transaction, or a whole interchange."""

    segment_no: int
    byte_offset: int
    byte_length: int

    @property
    def delimiters(self) -> Delimiters:
        """Its separators."""
        ...


@dataclass(slots=True)
class Interchange:
    """An ISA and its place; a fragment without one has number 0 fields and default separators."""

    interchange_no: int
    delimiters: Delimiters
    elements: tuple[str, ...] = ()
    segment_no: int = 1
    """Number of its first segment in the file."""
    byte_offset: int = 0
    byte_length: int = 0
    groups: int = 0

    def element(self, number: int) -> str | None:
        """ISA01 to ISA16 without its padding."""
        value = self.elements[number].strip() if number < len(self.elements) else ""
        return value or None

    @property
    def interchange_at(self) -> datetime | None:
        """ISA09 and ISA10."""
        return moment(self.element(9), self.element(10))


@dataclass(slots=True)
class Group:
    """A GS and its place."""

    group_no: int
    elements: tuple[str, ...] = ()
    transactions: int = 0
    controls: set[str] = field(default_factory=set)
    is_open: bool = True

    def element(self, number: int) -> str | None:
        """GS01 to GS08."""
        return (self.elements[number].strip() or None) if number < len(self.elements) else None

    @property
    def group_at(self) -> datetime | None:
        """GS04 and GS05."""
        return moment(self.element(4), self.element(5))


@dataclass(slots=True)
class TransactionSet:
    """An ST to its SE: where it is, what it says it is, and what became of it."""

    transaction_no: int
    interchange: Interchange
    group: Group
    code: str
    control_number: str | None
    version: str | None
    has_trailer: bool = False
    is_at_end: bool = False
    """Nothing follows it in the file."""
    status: str = "accepted"
    reason_code: str | None = None
    reason: str | None = None
    segment_no: int = 0
    segment_count: int = 0
    byte_offset: int = 0
    byte_length: int = 0
    amount: int | None = None
    """What it is about in cents, also when it is held: BPR02 of an 835, the sum of CLM02 of an 837."""

    @property
    def delimiters(self) -> Delimiters:
        """The separators of its interchange."""
        return self.interchange.delimiters

    @property
    def implementation(self) -> str | None:
        """The guide it follows: ST03, else GS08."""
        return self.version or self.group.element(8)

    def hold(self, finding: Finding) -> None:
        """Keep it out of the accepted rows; the first reason stays."""
        if self.status == "accepted":
            self.status, self.reason_code, self.reason = "quarantined", finding.rule, finding.reason


def list_marks(sets: Sequence[TransactionSet]) -> bytes:
    """The separators that can stand inside a list of elements or components of these transactions."""
    marks = {item.interchange.delimiters for item in sets}
    return bytes(
        {byte for mark in marks for byte in (mark.component, mark.element, mark.repetition)} - {0x20}
    )


@dataclass(slots=True)
class Acknowledgement:
    """A TA1: the answer to a whole interchange."""

    elements: tuple[str, ...]
    segment_no: int
    byte_offset: int
    byte_length: int


@dataclass
class Outline:
    """The envelope of a file."""

    interchanges: list[Interchange] = field(default_factory=list)
    transactions: list[TransactionSet] = field(default_factory=list)
    acknowledgements: list[Acknowledgement] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    groups: int = 0
    segments: int = 0


@lru_cache(maxsize=4096)
def moment(day: str | None, time: str | None) -> datetime | None:
    """A day (CCYYMMDD or YYMMDD) and a time (HHMM, HHMMSS or longer); null when either is impossible."""
    if not day or not (day.isascii() and day.isdigit()) or len(day) not in (6, 8):
        return None
    clock = (time or "0000")[:6]
    if not (clock.isascii() and clock.isdigit()) or len(clock) not in (4, 6):
        clock = "0000"
    if len(day) == 6:
        day = ("20" if day < "50" else "19") + day
    hour, minute, second = (int(clock[at : at + 2] or 0) for at in (0, 2, 4))
    try:
        return datetime(int(day[:4]), int(day[4:6]), int(day[6:]), hour, minute, second)
    except ValueError:
        return None


def header_at(data: Content, position: int) -> Delimiters | None:
    """The separators of the ISA at this position; None when it is not an ISA.

    The terminator is the second byte after the 16th separator: the ISA need not be 106 bytes long.
    """
    head = data[position : position + _LONGEST_ISA]
    if len(head) < 20 or not head.startswith(b"ISA") or head[3:4].isalnum() or head[3:4].isspace():
        return None
    fields = head.split(head[3:4], _SEPARATORS)
    if len(fields) <= _SEPARATORS or len(fields[16]) < 1:
        return None
    element = head[3]
    component, rest = fields[16][0], fields[16][1:2]
    if not fields[12].strip().isdigit() or b"\n" in b"".join(fields[1:16]):
        return None
    terminator = rest[0] if rest else 0x7E
    # ISA11 is the repetition separator from version 00402 on; before, it was the letter U.
    repetition = fields[11][0] if len(fields[11]) == 1 and not fields[11].isalnum() else 0x5E
    return Delimiters(element, component, terminator, repetition)


def ignored(_: int) -> None:
    """Take no notice of what was seen."""


def starts(content: Content, seen: Callable[[int], None] = ignored) -> list[tuple[int, Delimiters]]:
    """Every interchange: where it begins, its separators; a bare GS or ST at the start counts as one.

    Args:
        content: the bytes.
        seen: called with a place in front of which no byte is needed any more.
    """
    found: list[tuple[int, Delimiters]] = []
    for begin in range(0, len(content), _BLOCK):
        position = _isa_from(content, begin, begin + _BLOCK + 2)
        while position >= 0:
            delimiters = header_at(content, position)
            if delimiters is not None and not content[max(position - 1, 0) : position].isalnum():
                found.append((position, delimiters))
            position = _isa_from(content, position + 3, begin + _BLOCK + 2)
        seen(begin)
    if not found and (fragment := _FRAGMENT.search(content)):
        text = fragment.group().lstrip(b"\r\n\t ")
        terminator = 0x7E if content.find(b"~") >= 0 else 0x0A
        found.append((fragment.end() - len(text), Delimiters(element=text[2], terminator=terminator)))
    return found


def _isa_from(content: Content, begin: int, end: int) -> int:
    library = kernel.library()
    if library is None or len(content) < _BLOCK_BY_HAND:
        found = _ISA.search(content, begin, end)  # takes half the time that `find` does
        return found.start() if found else -1
    data = np.frombuffer(content, dtype=np.uint8)
    return int(library.x12_find_isa(kernel.address(data), begin, min(end, len(data))))


def outline(content: Content, data: NDArray[np.uint8], seen: Callable[[int], None] = ignored) -> Outline:
    """The envelope of a whole file; `seen` is called with places in front of which no byte is needed."""
    places = starts(content, seen)
    bounds = [*(place for place, _ in places[1:]), len(content)][: len(places)]
    reader = _Outliner(Outline(), content, seen)
    for number, ((place, delimiters), bound) in enumerate(zip(places, bounds, strict=True), 1):
        marks, count = envelope_marks(data, place, bound, delimiters, seen)
        interchange = Interchange(number, delimiters, segment_no=reader.outline.segments + 1)
        is_closed = len(marks) and content[marks[-1][1] : marks[-1][1] + 3] == b"IEA"
        end = int(marks[-1][2]) + 1 if is_closed else bound
        interchange.byte_offset, interchange.byte_length = place, min(end, bound) - place
        reader.interchange(interchange, marks.tolist(), bound, count)
        reader.outline.segments += count
        seen(bound)
    return reader.outline


def _elements(segment: bytes, separator: int) -> tuple[str, ...]:
    if segment.isascii() and separator < 0x80:
        return tuple(segment.decode("ascii").split(chr(separator)))
    return tuple(readable(item) for item in segment.split(bytes([separator])))


class _Outliner:
    """Reads the seven envelope segments in order; a mark is a segment's number, start and end."""

    def __init__(self, outline: Outline, content: Content, seen: Callable[[int], None]) -> None:
        self.outline = outline
        self.content = content
        self.seen = seen
        self.group = Group(0, is_open=False)
        self.current: TransactionSet | None = None

    def interchange(self, here: Interchange, marks: list[list[int]], bound: int, count: int) -> None:
        """Read one interchange of `count` segments that ends at `bound`."""
        self.here, self.bound, self.is_closed = here, bound, False
        self.outline.interchanges.append(here)
        self.group = Group(0, is_open=False)
        told = here.byte_offset
        for number, start, end in marks:
            self._read(number + here.segment_no, start, end)
            if start - told >= _BLOCK:
                told = start
                self.seen(told)
        self._close(here.segment_no + count, bound, is_at_end=True)
        self._end_group(None)
        if not self.is_closed and here.elements:
            reason = f"interchange {here.element(13)} has no IEA"
            self._tell("X12-05", reason, "ISA", here.segment_no, here.byte_offset)

    def _read(self, number: int, start: int, end: int) -> None:
        elements = _elements(self.content[start:end], self.here.delimiters.element)
        name = elements[0]
        self.number, self.start = number, start
        if name == "ISA":
            self.here.elements = elements
        elif name == "ST":
            self._open(elements)
        elif name == "SE":
            self._trailer(elements, end)
        elif name == "TA1":
            self.outline.acknowledgements.append(Acknowledgement(elements, number, start, end - start))
        else:
            self._close(number, start)
            self._bound(name, elements)

    def _bound(self, name: str, elements: tuple[str, ...]) -> None:
        self._end_group(elements if name == "GE" else None)
        if name == "GS":
            self.outline.groups += 1
            self.group = Group(self.outline.groups, elements)
            self.here.groups += 1
        elif name == "IEA":
            self.is_closed = True
            self._compare("X12-04", elements, self.here.groups, "groups")
            self._same("X12-04", elements, "ISA13", self.here.element(13))

    def _open(self, elements: tuple[str, ...]) -> None:
        self._close(self.number, self.start)
        code, control, version = (*elements[1:], "", "", "")[:3]
        self.current = TransactionSet(
            transaction_no=len(self.outline.transactions) + 1,
            interchange=self.here,
            group=self.group,
            code=code.strip(),
            control_number=control.strip() or None,
            version=version.strip() or None,
            segment_no=self.number,
            byte_offset=self.start,
        )
        self.group.transactions += 1
        if control in self.group.controls:
            self._tell("X12-12", f"ST02 {control!r} repeats in its group", "ST", self.number, self.start)
        self.group.controls.add(control)
        self.outline.transactions.append(self.current)

    def _trailer(self, elements: tuple[str, ...], end: int) -> None:
        transaction = self.current
        if transaction is None:
            self._tell("X12-05", "an SE stands outside any transaction", "SE", self.number, self.start)
            return
        transaction.has_trailer = True
        self._compare("X12-01", elements, self.number - transaction.segment_no + 1, "segments")
        self._same("X12-02", elements, "ST02", transaction.control_number)
        self._close(self.number + 1, min(end + 1, self.bound))

    def _close(self, next_number: int, end: int, *, is_at_end: bool = False) -> None:
        transaction, self.current = self.current, None
        if transaction is None:
            return
        transaction.is_at_end = is_at_end
        transaction.segment_count = next_number - transaction.segment_no
        transaction.byte_length = end - transaction.byte_offset

    def _end_group(self, elements: tuple[str, ...] | None) -> None:
        group = self.group
        if elements is not None and group.is_open:
            self._compare("X12-03", elements, group.transactions, "transactions")
            self._same("X12-03", elements, "GS06", group.element(6))
        elif elements is not None:
            self._tell("X12-05", "a GE stands outside any group", "GE", self.number, self.start)
        elif group.is_open:
            reason = f"group {group.element(6)} has no GE"
            self._tell("X12-05", reason, "GS", self.here.segment_no, self.here.byte_offset)
        group.is_open = False

    def _compare(self, rule: str, trailer: tuple[str, ...], count: int, things: str) -> None:
        said = trailer[1].strip() if len(trailer) > 1 else ""
        is_count = said.isascii() and said.isdigit() and len(said) <= _LONGEST_COUNT
        if not is_count or int(said) != count:
            name = trailer[0]
            reason = f"{name}01 says {said[:_LONGEST_COUNT] or 'nothing'}, there are {count} {things}"
            self._tell(rule, reason, name, self.number, self.start)

    def _same(self, rule: str, trailer: tuple[str, ...], header: str, value: str | None) -> None:
        said = trailer[2].strip() if len(trailer) > 2 else ""
        if said != (value or ""):
            name = trailer[0]
            reason = f"{name}02 is {said!r}, {header} is {value!r}"
            self._tell(rule, reason, name, self.number, self.start)

    def _tell(self, rule: str, reason: str, segment: str, number: int, start: int) -> None:
        transaction_no = self.current.transaction_no if self.current else None
        self.outline.findings.append(
            Finding(transaction_no, rule, reason, segment, segment_no=number, byte_offset=start)
        )
