"""Interchanges, groups and transactions of a file, each with its delimiters, and what the trailers claim."""

import re
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from claimlake.sources.x12.column import readable
from claimlake.sources.x12.finding import Finding
from claimlake.sources.x12.segment import Delimiters, Segments, join, key_of, tokenise

_ENVELOPE = ("ISA", "GS", "ST", "SE", "GE", "IEA", "TA1")
_SEPARATORS = 16
_LONGEST_ISA = 400
_FRAGMENT = re.compile(
    rb"(?:\A|[\r\n])[ \t]*(?:(?:ST([^A-Za-z0-9\s])\d{3}\1)|(?:GS([^A-Za-z0-9\s])[A-Z]{2}\2))"
)


@dataclass
class Interchange:
    """An ISA and its place; a fragment without one has number 0 fields and default separators."""

    interchange_no: int
    delimiters: Delimiters
    elements: tuple[str, ...] = ()
    first_segment: int = 0
    last_segment: int = 0
    groups: int = 0

    def element(self, number: int) -> str | None:
        """ISA01 to ISA16 without its padding."""
        value = self.elements[number].strip() if number < len(self.elements) else ""
        return value or None

    @property
    def interchange_at(self) -> datetime | None:
        """ISA09 and ISA10."""
        return moment(self.element(9), self.element(10))


@dataclass
class Group:
    """A GS and its place."""

    group_no: int
    elements: tuple[str, ...] = ()
    transactions: int = 0
    is_open: bool = True

    def element(self, number: int) -> str | None:
        """GS01 to GS08."""
        return (self.elements[number].strip() or None) if number < len(self.elements) else None

    @property
    def group_at(self) -> datetime | None:
        """GS04 and GS05."""
        return moment(self.element(4), self.element(5))


@dataclass
class TransactionSet:
    """An ST to its SE: where it is, what it says it is, and what became of it."""

    transaction_no: int
    interchange: Interchange
    group: Group
    code: str
    control_number: str | None
    version: str | None
    first: int
    """Index of its ST among the segments at hand."""
    last: int = -1
    """Index of its last segment."""
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

    @property
    def implementation(self) -> str | None:
        """The guide it follows: ST03, else GS08."""
        return self.version or self.group.element(8)

    def hold(self, finding: Finding) -> None:
        """Keep it out of the accepted rows; the first reason stays."""
        if self.status == "accepted":
            self.status, self.reason_code, self.reason = "quarantined", finding.rule, finding.reason


@dataclass
class Acknowledgement:
    """A TA1: the answer to a whole interchange."""

    elements: tuple[str, ...]
    segment: int


@dataclass
class Outline:
    """The envelope of some bytes."""

    segments: Segments
    interchanges: list[Interchange] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)
    transactions: list[TransactionSet] = field(default_factory=list)
    acknowledgements: list[Acknowledgement] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)


def moment(day: str | None, time: str | None) -> datetime | None:
    """A day (CCYYMMDD or YYMMDD) and a time (HHMM, HHMMSS or longer); null when either is impossible."""
    if not day or not day.isdigit() or len(day) not in (6, 8):
        return None
    clock = (time or "0000")[:6]
    if not clock.isdigit() or len(clock) not in (4, 6):
        clock = "0000"
    if len(day) == 6:
        day = ("20" if day < "50" else "19") + day
    try:
        return datetime.strptime(day + clock, "%Y%m%d%H%M%S" if len(clock) == 6 else "%Y%m%d%H%M")
    except ValueError:
        return None


def header_at(data: bytes, position: int) -> Delimiters | None:
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


def starts(data: bytes) -> list[tuple[int, Delimiters]]:
    """Every interchange: where it begins, its separators; a bare GS or ST at the start counts as one."""
    found: list[tuple[int, Delimiters]] = []
    position = data.find(b"ISA")
    while position >= 0:
        delimiters = header_at(data, position)
        if delimiters is not None and not data[max(position - 1, 0) : position].isalnum():
            found.append((position, delimiters))
        position = data.find(b"ISA", position + 3)
    if not found and (fragment := _FRAGMENT.search(data)):
        text = fragment.group().lstrip(b"\r\n\t ")
        terminator = 0x7E if b"~" in data else 0x0A
        found.append((fragment.end() - len(text), Delimiters(element=text[2], terminator=terminator)))
    return found


def outline(content: bytes, data: NDArray[np.uint8]) -> Outline:
    """The envelope of a whole file."""
    places = starts(content)
    if not places:
        return Outline(_nothing())
    bounds = [place for place, _ in places[1:]] + [len(content)]
    parts = [
        tokenise(data, place, bound, delimiters)
        for (place, delimiters), bound in zip(places, bounds, strict=True)
    ]
    reader = _Outliner(Outline(join(parts)), content)
    first = 0
    for number, ((_, delimiters), part) in enumerate(zip(places, parts, strict=True), 1):
        reader.interchange(Interchange(number, delimiters, first_segment=first), len(part))
        first += len(part)
    return reader.outline


def _nothing() -> Segments:
    empty = np.zeros(0, dtype=np.int64)
    return Segments(np.zeros(0, dtype=np.uint8), empty, empty, empty, empty, empty, empty, empty)


class _Outliner:
    """Reads the seven envelope segments in order."""

    def __init__(self, outline: Outline, content: bytes) -> None:
        self.outline = outline
        self.content = content
        self.segments = outline.segments
        self.group = Group(0, is_open=False)
        self.current: TransactionSet | None = None
        self.stray = 0

    def interchange(self, interchange: Interchange, length: int) -> None:
        """Read one interchange."""
        self.here = interchange
        first = interchange.first_segment
        interchange.last_segment = first + length - 1
        self.outline.interchanges.append(interchange)
        self.group = Group(0, is_open=False)
        self.is_closed = False
        keys = self.segments.key[first : first + length]
        marks = np.flatnonzero(np.isin(keys, [key_of(name) for name in _ENVELOPE])) + first
        self.after = first
        for mark in marks.tolist():
            self._read(mark)
        self._close(first + length - 1, is_at_end=True)
        self._end_group(None)
        if not self.is_closed and interchange.elements:
            self._tell("X12-05", f"interchange {interchange.element(13)} has no IEA", "ISA", first)

    def _read(self, mark: int) -> None:
        name = self.content[self.segments.start[mark] : self.segments.start[mark] + 3]
        elements = self._elements(mark)
        if name == b"ISA":
            self.here.elements = elements
        elif name[:2] == b"GS":
            self._close(mark - 1)
            self._end_group(None)
            self.group = Group(len(self.outline.groups) + 1, elements)
            self.outline.groups.append(self.group)
            self.here.groups += 1
        elif name[:2] == b"ST":
            self._open(mark, elements)
        elif name[:2] == b"SE":
            self._trailer(mark, elements)
        elif name[:2] == b"GE":
            self._close(mark - 1)
            self._end_group(elements, mark)
        elif name == b"IEA":
            self._close(mark - 1)
            self._end_group(None)
            self._end_interchange(elements, mark)
        else:
            self.outline.acknowledgements.append(Acknowledgement(elements, mark))

    def _elements(self, mark: int) -> tuple[str, ...]:
        raw = self.content[self.segments.start[mark] : self.segments.end[mark]]
        return tuple(readable(item) for item in raw.split(bytes([self.here.delimiters.element])))

    def _open(self, mark: int, elements: tuple[str, ...]) -> None:
        self._close(mark - 1)
        code, control, version = (*elements[1:], "", "", "")[:3]
        self.current = TransactionSet(
            transaction_no=len(self.outline.transactions) + 1,
            interchange=self.here,
            group=self.group,
            code=code.strip(),
            control_number=control.strip() or None,
            version=version.strip() or None,
            first=mark,
        )
        self.group.transactions += 1
        self.outline.transactions.append(self.current)

    def _trailer(self, mark: int, elements: tuple[str, ...]) -> None:
        transaction = self.current
        if transaction is None:
            self._tell("X12-05", "an SE stands outside any transaction", "SE", mark)
            return
        transaction.has_trailer = True
        count = mark - transaction.first + 1
        said = elements[1].strip() if len(elements) > 1 else ""
        if said != str(count) and not (said.isdigit() and int(said) == count):
            self._tell(
                "X12-01", f"SE01 says {said or 'nothing'}, the transaction has {count} segments", "SE", mark
            )
        control = elements[2].strip() if len(elements) > 2 else ""
        if control != (transaction.control_number or ""):
            self._tell("X12-02", f"SE02 is {control!r}, ST02 is {transaction.control_number!r}", "SE", mark)
        self._close(mark)

    def _close(self, last: int, *, is_at_end: bool = False) -> None:
        transaction, self.current = self.current, None
        if transaction is None:
            return
        transaction.last = last
        transaction.is_at_end = is_at_end
        transaction.segment_no = transaction.first + 1
        transaction.segment_count = last - transaction.first + 1
        transaction.byte_offset = int(self.segments.start[transaction.first])
        end = min(int(self.segments.end[last]) + 1, len(self.content))
        transaction.byte_length = end - transaction.byte_offset

    def _end_group(self, elements: tuple[str, ...] | None, mark: int = 0) -> None:
        group = self.group
        if elements is None:
            if group.is_open:
                self._tell("X12-05", f"group {group.element(6)} has no GE", "GS", self.here.first_segment)
        elif not group.is_open:
            self._tell("X12-05", "a GE stands outside any group", "GE", mark)
        else:
            self._compare("X12-03", elements, group.transactions, "transactions", mark)
            self._same("X12-03", elements, "GS06", group.element(6), mark)
        group.is_open = False

    def _end_interchange(self, elements: tuple[str, ...], mark: int) -> None:
        self.is_closed = True
        self._compare("X12-04", elements, self.here.groups, "groups", mark)
        self._same("X12-04", elements, "ISA13", self.here.element(13), mark)

    def _compare(self, rule: str, trailer: tuple[str, ...], count: int, things: str, mark: int) -> None:
        said = trailer[1].strip() if len(trailer) > 1 else ""
        if not said.isdigit() or int(said) != count:
            name = trailer[0]
            self._tell(rule, f"{name}01 says {said or 'nothing'}, there are {count} {things}", name, mark)

    def _same(self, rule: str, trailer: tuple[str, ...], header: str, value: str | None, mark: int) -> None:
        said = trailer[2].strip() if len(trailer) > 2 else ""
        if said != (value or ""):
            name = trailer[0]
            self._tell(rule, f"{name}02 is {said!r}, {header} is {value!r}", name, mark)

    def _tell(self, rule: str, reason: str, segment: str, mark: int) -> None:
        number = self.current.transaction_no if self.current else None
        place = int(self.segments.start[mark]) if mark < len(self.segments) else None
        self.outline.findings.append(
            Finding(number, rule, reason, segment, segment_no=mark + 1, byte_offset=place)
        )
