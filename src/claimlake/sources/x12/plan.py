"""What a reading has to collect for a transaction's tables, and what an engine gives back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from claimlake.sources.x12.array import Mask, Positions
from claimlake.sources.x12.envelope import TransactionSet
from claimlake.sources.x12.rows import Rows
from claimlake.sources.x12.spec import (
    ROOT,
    Element,
    Joined,
    Number,
    Path,
    Pick,
    Repeat,
    Table,
    Total,
    Transaction,
    path,
)


@dataclass(frozen=True)
class Level:
    """A set of rows: a loop, or the segments (or repeated groups of segments) of some loops."""

    rows: tuple[str, ...]
    repeat: Repeat | None = None
    needs: tuple[Path, ...] = ()
    """A repeated group is a row when one of these has a value."""

    def __hash__(self) -> int:
        return hash(self.rows)  # levels are looked up for every column; few have the same rows

    @property
    def is_loop(self) -> bool:
        """Whether a row is a loop."""
        return " " not in self.rows[0]


def loop_level(name: str) -> Level:
    """The rows of a loop."""
    return Level((name,))


@dataclass(frozen=True)
class Places:
    """Where rows stand: number of their first segment (from 1), byte range, and state of the walker there."""

    segment_no: Positions
    begin: Positions
    end: Positions
    state: Positions


@dataclass(frozen=True)
class Fault:
    """A value that could not be read as its column says: no such value, or none of the column's codes."""

    column: int
    kind: Literal["value", "code"]
    set_index: int
    segment_no: int
    byte_offset: int


class FoundTable(Protocol):
    """The rows of one table, of all transactions of a reading."""

    @property
    def table(self) -> Table:
        """Its description."""
        ...

    @property
    def faults(self) -> Sequence[Fault]:
        """The values that could not be read."""
        ...

    def numbers(self, name: str) -> tuple[Positions, Mask]:
        """A column of whole numbers or money (in cents; 0 where there is none), and where there are any."""
        ...

    def sets(self) -> Positions:
        """For every row its transaction, from 0 among those of the reading."""
        ...

    def places(self) -> tuple[Positions, Positions]:
        """For every row the number of its first segment, and its first byte."""
        ...


class Found(Protocol):
    """What an engine found in some transactions of one type, or in a piece of one."""

    before: dict[str, int]
    """How many rows of each series come before these."""

    def counts(self) -> Mapping[str, int]:
        """How many new rows each numbered series has."""
        ...

    def number_from(self, before: Mapping[str, int]) -> None:
        """Let the numbers of each series go on behind this many; comes before the tables are asked for."""
        ...

    def tables(self) -> Mapping[str, FoundTable]:
        """Every table by name."""
        ...

    def missing(self, path: Path) -> Sequence[int]:
        """The transactions (from 0) that have no value at a citation of the root loop."""
        ...

    def lost(self) -> Places:
        """Segments with money that stand where no loop has them."""
        ...

    def put_states(self, states: NDArray[np.int32], first: int, base: int) -> None:
        """Write the state of every segment, plus `base`, at the place of its number from `first` on."""
        ...

    def rows(self, keep: Mask) -> Mapping[str, Rows]:
        """The rows of the transactions that are wanted, by table."""
        ...

    def close(self) -> None:
        """Give the memory back; nothing can be asked any more."""
        ...


class FoundPiece(Found, Protocol):
    """What an engine found in a piece of one transaction; it goes on from piece to piece."""

    def scan(
        self, item: TransactionSet, place: NDArray[np.int64], *, is_new: bool, soft_end: int | None = None
    ) -> bool:
        """Scan on from `place`; whether the end was reached, rather than a place for a cut."""
        ...

    def cut(self) -> None:
        """Forget the piece that was read, but for the loops that are still open."""
        ...


@dataclass(frozen=True)
class Plan:
    """Everything to collect in one scan."""

    levels: tuple[Level, ...]
    """Loops first, in the order of the specification, the root before all."""
    firsts: tuple[tuple[Level, Path], ...]
    lists: tuple[tuple[Level, tuple[Path, ...]], ...]
    """Values that are all wanted, in file order."""


def level_of(table: Table) -> Level:
    """The rows a table is made of."""
    needs = tuple(
        column.source.paths[0]
        for column in table.columns
        if column.name in table.needs and isinstance(column.source, Element)
    )
    return Level(table.rows, table.repeat, needs)


def holder_of(transaction: Transaction, level: Level, path: Path) -> Level:
    """The level that holds a cited element for rows of `level`: the row itself, or the loop around it."""
    if path.loop is None or (level.is_loop and path.loop in transaction.within(level.rows[0])):
        return level
    return loop_level(transaction.row_loop(path.loop))


def numbered_level(transaction: Transaction, table: Table, loop: str) -> Level:
    """The rows that a number counts: a loop's, or the table's own."""
    return loop_level(loop) if loop in transaction.loop_by_name else level_of(table)


@lru_cache(maxsize=16)
def series(transaction: Transaction) -> Mapping[str, Level]:
    """The series of numbers that go on through a file, by name, with the rows they count."""
    return {
        series_name(transaction, column.source.loop): numbered_level(transaction, table, column.source.loop)
        for table in transaction.tables
        for column in table.columns
        if isinstance(column.source, Number) and column.source.loop != ROOT
    }


def series_name(transaction: Transaction, loop: str) -> str:
    """The name under which the numbers of a loop go on."""
    return f"{transaction.code} {loop}"


@lru_cache(maxsize=16)
def plan_of(transaction: Transaction) -> Plan:
    """The plan of a transaction's tables."""
    loops = [loop_level(loop.name) for loop in transaction.loop_by_name.values() if loop.is_row]
    levels = dict.fromkeys(loops)
    firsts: dict[tuple[Level, Path], None] = {}
    lists: dict[tuple[Level, tuple[Path, ...]], None] = {}
    for table in transaction.tables:
        level = level_of(table)
        levels[level] = None
        firsts |= dict.fromkeys((level, item) for item in level.needs)
        for column in table.columns:
            match column.source:
                case Element(paths=paths):
                    firsts |= {(holder_of(transaction, level, item), item): None for item in paths}
                case Joined(paths=paths):
                    lists[level, paths] = None
                case Total(path=item):
                    lists[level, (item,)] = None
                case Pick(table=picked):
                    levels[level_of(picked)] = None
                    firsts |= dict.fromkeys((level_of(picked), item) for item in column.source.both)
                case _:
                    pass
    firsts |= dict.fromkeys((loops[0], path(citation)) for citation in transaction.needs)
    return Plan(tuple(levels), tuple(firsts), tuple(lists))
