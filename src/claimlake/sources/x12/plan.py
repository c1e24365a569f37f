"""What a scan has to collect for a transaction's tables: levels of rows, and the values each row holds."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

from claimlake.sources.x12.array import Positions
from claimlake.sources.x12.column import Values
from claimlake.sources.x12.spec import (
    Element,
    Joined,
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


class Scan(Protocol):
    """The rows and values that an engine found in the transactions of one type."""

    def size(self, level: Level) -> int:
        """How many rows the level has."""
        ...

    def places(self, level: Level) -> Places:
        """Where the rows stand."""
        ...

    def parent(self, level: Level, loop: str) -> Positions:
        """For every row, the row of the loop around it (from 0), or -1."""
        ...

    def first(self, level: Level, path: Path) -> Values:
        """For every row, the first value of the cited element within it."""
        ...

    def every(self, level: Level, path: Path) -> tuple[Positions, Values]:
        """Every value of the cited element with its row, in file order."""
        ...

    def trace(self) -> Places:
        """Every segment, if the scan was asked to keep them."""
        ...

    def lost(self) -> Places:
        """Segments with money that stand where no loop has them."""
        ...


@dataclass(frozen=True)
class Plan:
    """Everything to collect in one scan."""

    levels: tuple[Level, ...]
    """Loops first, in the order of the specification, the root before all."""
    firsts: tuple[tuple[Level, Path], ...]
    lists: tuple[tuple[Level, Path], ...]


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


@lru_cache(maxsize=16)
def plan_of(transaction: Transaction) -> Plan:
    """The plan of a transaction's tables."""
    loops = [loop_level(loop.name) for loop in transaction.loop_by_name.values() if loop.is_row]
    levels = dict.fromkeys(loops)
    firsts: dict[tuple[Level, Path], None] = {}
    lists: dict[tuple[Level, Path], None] = {}
    for table in transaction.tables:
        level = level_of(table)
        levels[level] = None
        firsts |= dict.fromkeys((level, item) for item in level.needs)
        for column in table.columns:
            match column.source:
                case Element(paths=paths):
                    firsts |= {(holder_of(transaction, level, item), item): None for item in paths}
                case Joined(paths=paths):
                    lists |= {(level, item): None for item in paths}
                case Total(path=item):
                    lists[level, item] = None
                case Pick(table=picked):
                    levels[level_of(picked)] = None
                    firsts |= dict.fromkeys((level_of(picked), item) for item in column.source.both)
                case _:
                    pass
    firsts |= dict.fromkeys((loops[0], path(citation)) for citation in transaction.needs)
    return Plan(tuple(levels), tuple(firsts), tuple(lists))
