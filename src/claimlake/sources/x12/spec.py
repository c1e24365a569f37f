"""How a transaction is described as data: its loops, and tables whose columns are cited by X12 element."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property

MONEY = "decimal(18,2)"
QUANTITY = "decimal(12,3)"
WEIGHT = "decimal(8,4)"

ROOT = "ST"

POSITION = (("source_row", "bigint"), ("byte_offset", "bigint"), ("byte_length", "bigint"))
"""Columns behind those of every table: the row's first segment and its bytes in the file."""

_CITATION = re.compile(
    r"(?:(?P<loop>\w+) )?(?P<segment>[A-Z][A-Z0-9]{1,2})(?:\*(?P<qualifiers>[\w|]+))? (?P<element>\d\d)"
    r"(?::(?P<last_element>\d\d))?(?:-(?P<component>\d)(?::(?P<last_component>\d))?)?(?P<repeated>\+)?"
    r"(?: \?(?P<test_element>\d\d)=(?P<test_value>\w+))?"
)


@dataclass(frozen=True)
class Loop:
    """A loop: the segments that open it, the loops it stands in, and whether it is a row of its own."""

    name: str
    opens: tuple[str, ...]
    """Triggers: `CLP`, `N1*PR` (segment with a qualifier) or `NM1` (any qualifier)."""
    inside: tuple[str, ...] = (ROOT,)
    """The usual parent first, then parents found in files that leave the usual one out."""
    is_row: bool = False
    body: tuple[str, ...] = ()
    """Segments that stand once in the loop; one that comes again, or without the opening one, opens it."""


@dataclass(frozen=True)
class Path:
    """One cited element: `2100 NM1*QC 03`, `2110 SVC 01-3:6`, `CAS 02+` (repeats inside its own segment)."""

    citation: str
    loop: str | None
    segment: str
    qualifiers: tuple[str, ...]
    element: int
    last_element: int
    component: int
    last_component: int
    is_repeated: bool
    test: tuple[int, bytes] | None


def path(citation: str) -> Path:
    """The parsed citation; raises ValueError when it is not one."""
    match = _CITATION.fullmatch(citation)
    if match is None:
        raise ValueError(f"not an element citation: {citation!r}")
    part = match.groupdict()
    element = int(part["element"])
    component = int(part["component"] or 0)
    return Path(
        citation=citation,
        loop=part["loop"],
        segment=part["segment"],
        qualifiers=tuple(part["qualifiers"].split("|")) if part["qualifiers"] else (),
        element=element,
        last_element=int(part["last_element"] or element),
        component=component,
        last_component=int(part["last_component"] or component),
        is_repeated=bool(part["repeated"]),
        test=(int(part["test_element"]), part["test_value"].encode()) if part["test_element"] else None,
    )


@dataclass(frozen=True)
class Element:
    """The first of the cited elements that has a value."""

    paths: tuple[Path, ...]
    by_row: bool = False
    """Take the first path whose loop exists, even if empty: a dependent has no subscriber's birth date."""
    is_last: bool = False
    """Of a date range (RD8), the last day."""
    is_list: bool = False
    """Several components or elements become one text, separated by blanks."""

    @property
    def citation(self) -> str:
        """Where the value stands, in words."""
        return ", else ".join(item.citation for item in self.paths)


@dataclass(frozen=True)
class Number:
    """The running number, from 1 through the file, of the enclosing loop (or of the row itself)."""

    loop: str

    @property
    def citation(self) -> str:
        """Where the value stands, in words."""
        return f"number of the loop {self.loop} in the file"


@dataclass(frozen=True)
class Ordinal:
    """The position, from 1, of the row within the innermost of these enclosing loops."""

    within: tuple[str, ...]

    @property
    def citation(self) -> str:
        """Where the value stands, in words."""
        return f"position within {' or '.join(self.within)}"


@dataclass(frozen=True)
class Envelope:
    """A fact of the transaction's envelope (ISA, GS, ST)."""

    field: str

    @property
    def citation(self) -> str:
        """Where the value stands, in words."""
        return f"envelope: {self.field}"


@dataclass(frozen=True)
class InLoop:
    """A word for the loop in which the row's segment stands."""

    words: tuple[tuple[str, str], ...]

    @property
    def citation(self) -> str:
        """Where the value stands, in words."""
        return ", ".join(f"{word}: loop {loop}" for loop, word in self.words)


@dataclass(frozen=True)
class Joined:
    """Every value of the cited elements within the row, in file order, separated by blanks."""

    paths: tuple[Path, ...]

    @property
    def citation(self) -> str:
        """Where the value stands, in words."""
        return " and ".join(item.citation for item in self.paths)


@dataclass(frozen=True)
class Total:
    """The sum of every value of the cited element within the row; null when there is none."""

    path: Path

    @property
    def citation(self) -> str:
        """Where the value stands, in words."""
        return f"sum of {self.path.citation}"


@dataclass(frozen=True)
class Tally:
    """The number of loops of this name within the row."""

    loop: str

    @property
    def citation(self) -> str:
        """Where the value stands, in words."""
        return f"number of loops {self.loop} in it"


@dataclass(frozen=True)
class Pick:
    """The first value among the row's repeated composites whose qualifier is one of these."""

    table: "Table"
    """The table that has every such composite, with the columns `qualifier` and `code`."""
    qualifiers: tuple[bytes, ...]

    @property
    def both(self) -> tuple[Path, Path]:
        """Where the qualifier and the value stand."""
        found = {
            column.name: column.source.paths[0]
            for column in self.table.columns
            if isinstance(column.source, Element)
        }
        return found["qualifier"], found["code"]

    @property
    def citation(self) -> str:
        """Where the value stands, in words."""
        wanted = " or ".join(item.decode() for item in self.qualifiers)
        return f"{self.table.rows[0]} of qualifier {wanted}"


Source = Element | Number | Ordinal | Envelope | InLoop | Joined | Total | Tally | Pick


@dataclass(frozen=True)
class Column:
    """A column: its type, where its value comes from, and whether it identifies a patient."""

    name: str
    type: str
    source: Source
    phi: bool = False
    codes: tuple[bytes, ...] = ()
    """The codes it may have; any other is told."""

    @property
    def citation(self) -> str:
        """The elements the column is read from, as the implementation guides write them."""
        return self.source.citation


@dataclass(frozen=True)
class Repeat:
    """Groups of elements that repeat inside one segment: the first element, the step and the most groups."""

    first: int
    step: int
    most: int


@dataclass(frozen=True)
class Table:
    """A table: one row per loop, per segment, or per repeated group of a segment."""

    name: str
    grain: str
    rows: tuple[str, ...]
    """`2100` (a loop), or segments: `2100 CAS`, `2110 CAS`, `2300 HI`."""
    columns: tuple[Column, ...]
    repeat: Repeat | None = None
    needs: tuple[str, ...] = ()
    """Columns of which at least one must have a value for a repeated group to be a row."""
    only: tuple[str, tuple[bytes, ...]] | None = None
    """A citation in the row's own segment and the values it must have."""
    is_detail: bool = False
    """Made on request; what is wrong in it is told and holds nothing."""

    @property
    def is_loop(self) -> bool:
        """Whether a row is a loop, rather than a segment or a part of one."""
        return " " not in self.rows[0]


@dataclass(frozen=True, eq=False)
class Transaction:
    """Everything the reader knows of one transaction set."""

    code: str
    name: str
    loops: tuple[Loop, ...]
    tables: tuple[Table, ...]
    details: tuple[Table, ...] = ()
    """Tables that are only made when they are asked for."""
    needs: tuple[str, ...] = field(default=())
    """Elements without which the transaction cannot be read."""
    pieces: tuple[str, ...] = field(default=())
    """Loops at whose beginning a transaction may be cut, to be read in pieces of bounded size."""
    watched: tuple[str, ...] = field(default=())
    """Segments with money or a verdict: one that no table takes is told."""

    @cached_property
    def in_detail(self) -> "Transaction":
        """The same transaction with its detail tables."""
        details = tuple(replace(table, is_detail=True) for table in self.details)
        return replace(self, tables=self.tables + details, details=())

    @cached_property
    def loop_by_name(self) -> dict[str, Loop]:
        """The loops, the root included."""
        return {ROOT: Loop(ROOT, ("ST",), (), is_row=True)} | {loop.name: loop for loop in self.loops}

    def row_loop(self, name: str) -> str:
        """The nearest loop, itself included, that is a row."""
        loop = self.loop_by_name[name]
        while not loop.is_row:
            loop = self.loop_by_name[loop.inside[0]]
        return loop.name

    def ancestors(self, name: str) -> list[str]:
        """The loop and its usual parents up to the root."""
        chain = [name]
        while chain[-1] != ROOT:
            chain.append(self.loop_by_name[chain[-1]].inside[0])
        return chain

    def within(self, name: str) -> frozenset[str]:
        """Every loop that can stand inside this one, itself included."""
        return self._loops_within[name]

    @cached_property
    def _loops_within(self) -> dict[str, frozenset[str]]:
        return {name: self._found_within(name) for name in self.loop_by_name}

    def _found_within(self, name: str) -> frozenset[str]:
        found = {name}
        grew = True
        while grew:
            more = {loop.name for loop in self.loops if found & set(loop.inside)} - found
            found |= more
            grew = bool(more)
        return frozenset(found)


UNKNOWN = Transaction("", "unknown", (), ())
"""Any other transaction set: no loops, no tables."""


def _column(kind: str) -> Callable[..., Column]:
    def build(name: str, *citations: str, phi: bool = False, **how: bool) -> Column:
        return Column(name, kind, Element(tuple(path(item) for item in citations), **how), phi)

    return build


text = _column("text")
money = _column(MONEY)
quantity = _column(QUANTITY)
weight = _column(WEIGHT)
day = _column("date")
moment = _column("timestamp")
whole = _column("int")


def coded(name: str, citation: str, *codes: str) -> Column:
    """A text column of which the codes are known."""
    return Column(name, "text", Element((path(citation),)), codes=tuple(code.encode() for code in codes))


def number(name: str, loop: str) -> Column:
    """A column that numbers the enclosing loop through the file, from 1."""
    return Column(name, "bigint", Number(loop))


def ordinal(name: str, *within: str) -> Column:
    """A column with the row's position within its innermost enclosing loop, from 1."""
    return Column(name, "int", Ordinal(within))


def envelope(name: str, field_name: str = "", kind: str = "text") -> Column:
    """A column taken from the transaction's envelope."""
    return Column(name, kind, Envelope(field_name or name))


def in_loop(name: str, **words: str) -> Column:
    """A column that says, in a word, in which loop the row stands."""
    return Column(name, "text", InLoop(tuple((loop.removeprefix("_"), word) for loop, word in words.items())))


def joined(name: str, *citations: str) -> Column:
    """A column that lists every value of the cited elements, separated by blanks."""
    return Column(name, "text", Joined(tuple(path(item) for item in citations)))


def total(name: str, citation: str) -> Column:
    """A money column that sums the cited element over the row."""
    return Column(name, MONEY, Total(path(citation)))


def tally(name: str, loop: str) -> Column:
    """A column that counts the loops of this name in the row."""
    return Column(name, "int", Tally(loop))


def pick(name: str, table: Table, *qualifiers: str) -> Column:
    """A column with the first repeated composite that has one of the qualifiers."""
    return Column(name, "text", Pick(table, tuple(item.encode() for item in qualifiers)))
