"""From a scan to the tables of a transaction, column by column, as the citations say."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from claimlake.sources.x12.array import Mask, Positions
from claimlake.sources.x12.column import Typed, Values, listed, plain_column, text_column, typed, whole_column
from claimlake.sources.x12.envelope import TransactionSet
from claimlake.sources.x12.plan import Level, Scan, holder_of, level_of, loop_level
from claimlake.sources.x12.segment import is_one_of
from claimlake.sources.x12.spec import (
    MONEY,
    ROOT,
    Column,
    Element,
    Envelope,
    InLoop,
    Joined,
    Number,
    Ordinal,
    Path,
    Pick,
    Table,
    Tally,
    Total,
    Transaction,
)
from claimlake.sources.x12.walk import grammar

POSITION = (("source_row", "bigint"), ("byte_offset", "bigint"), ("byte_length", "bigint"))


@dataclass(frozen=True)
class Finished:
    """A table with every column read, and the transaction (from 0, among those scanned) of every row."""

    table: Table
    columns: tuple[Typed, ...]
    position: tuple[Typed, ...]
    transaction: Positions

    def column(self, name: str) -> Typed:
        """One column by name."""
        return self.columns[[column.name for column in self.table.columns].index(name)]


@dataclass
class Assembler:
    """Reads the tables of one transaction type; `before` counts the rows of earlier chunks."""

    transaction: Transaction
    scan: Scan
    sets: list[TransactionSet]
    before: dict[str, int]
    list_marks: bytes
    """The separators inside lists, of any interchange."""

    def tables(self) -> list[Finished]:
        """Every table of the transaction."""
        return [self._table(table) for table in self.transaction.tables]

    def _table(self, table: Table) -> Finished:
        level = level_of(table)
        keep = self._kept(table, level)
        build = _Builder(self, level, keep)
        columns = tuple(build.column(column) for column in table.columns)
        places = self.scan.places(level)
        position = tuple(
            whole_column(values if keep is None else values[keep], "bigint")
            for values in (places.segment_no, places.begin, places.end - places.begin)
        )
        return Finished(table, columns, position, build.parent(ROOT))

    def _kept(self, table: Table, level: Level) -> Mask | None:
        if table.only is None:
            return None
        citation, allowed = table.only
        path = next(
            column.source.paths[0]
            for column in table.columns
            if isinstance(column.source, Element) and column.citation == citation
        )
        values = self.scan.first(level, path)
        return is_one_of(values.data, values.start, values.end, allowed)

    def counts(self) -> dict[str, int]:
        """How many rows each numbered loop or table has, by the name its numbers go on under."""
        return {
            self.series(column.source.loop): self.scan.size(self._numbered(table, column.source.loop))
            for table in self.transaction.tables
            for column in table.columns
            if isinstance(column.source, Number) and column.source.loop != ROOT
        }

    def _numbered(self, table: Table, loop: str) -> Level:
        return loop_level(loop) if loop in self.transaction.loop_by_name else level_of(table)

    def series(self, loop: str) -> str:
        """The name under which numbers of this loop go on from chunk to chunk."""
        return f"{self.transaction.code} {loop}"


@dataclass
class _Builder:
    """Builds the columns of one table."""

    assembler: Assembler
    level: Level
    keep: Mask | None
    _parents: dict[str, Positions] = field(default_factory=dict)

    @property
    def scan(self) -> Scan:
        return self.assembler.scan

    def parent(self, loop: str) -> Positions:
        if loop not in self._parents:
            rows = self.scan.parent(self.level, loop)
            self._parents[loop] = rows if self.keep is None else rows[self.keep]
        return self._parents[loop]

    def column(self, column: Column) -> Typed:
        source = column.source
        cells: Typed
        match source:
            case Element():
                cells = self._element(source, column.type)
            case Number(loop=loop):
                cells = self._number(loop)
            case Ordinal(within=within):
                cells = self._ordinal(within)
            case Envelope(field=name):
                cells = self._envelope(name, column.type)
            case InLoop(words=words):
                cells = self._in_loop(dict(words))
            case Joined(paths=paths):
                cells = self._joined(paths)
            case Total(path=path):
                cells = self._total(path)
            case Tally(loop=loop):
                rows = self.scan.parent(loop_level(loop), self.level.rows[0])
                cells = whole_column(
                    np.bincount(rows[rows >= 0], minlength=self.scan.size(self.level)), "int"
                )
            case Pick():
                cells = self._pick(source)
        return cells

    def _element(self, source: Element, kind: str) -> Typed:
        start, end, is_settled = None, None, None
        for path in source.paths:
            values, has_row = self._gathered(path)
            there = values.end > values.start
            if start is None or end is None or is_settled is None:
                start, end, is_settled = values.start, values.end, has_row if source.by_row else there
                continue
            use = ~is_settled & there
            start, end = np.where(use, values.start, start), np.where(use, values.end, end)
            is_settled = is_settled | (has_row if source.by_row else use)
        if start is None or end is None:
            raise ValueError("an element needs at least one citation")
        marks = self.assembler.list_marks if source.is_list else b""
        return typed(Values(values.data, start, end, marks), kind, is_last=source.is_last)

    def _gathered(self, path: Path) -> tuple[Values, Mask]:
        """The cited value of the row, or of the loop around it, and whether there is such a loop."""
        holder = holder_of(self.assembler.transaction, self.level, path)
        values = self.scan.first(holder, path)
        if holder == self.level:
            start, end = values.start, values.end
            if self.keep is not None:
                start, end = start[self.keep], end[self.keep]
            return Values(values.data, start, end), np.ones(len(start), dtype=bool)
        rows = self.parent(holder.rows[0])
        start, end = np.append(values.start, 0), np.append(values.end, 0)  # row -1: no such loop
        return Values(values.data, start[rows], end[rows]), rows >= 0

    def _number(self, loop: str) -> Typed:
        if loop == ROOT:
            numbers = np.array([item.transaction_no for item in self.assembler.sets], dtype=np.int64)
            return whole_column(numbers[self.parent(ROOT)], "bigint")
        first = self.assembler.before.get(self.assembler.series(loop), 0) + 1
        if loop not in self.assembler.transaction.loop_by_name:
            return whole_column(np.arange(self.scan.size(self.level)) + first, "bigint")
        rows = self.parent(loop)
        return whole_column(rows + first, "bigint", rows >= 0)

    def _ordinal(self, within: tuple[str, ...]) -> Typed:
        size = len(self.parent(ROOT))
        changes = np.zeros(size, dtype=bool)
        changes[:1] = True
        for loop in within:
            rows = self.parent(loop)
            changes[1:] |= rows[1:] != rows[:-1]
        first = np.maximum.accumulate(np.where(changes, np.arange(size), 0))
        return whole_column(np.arange(size) - first + 1, "int")

    def _envelope(self, name: str, kind: str) -> Typed:
        facts = plain_column([envelope_fact(item, name) for item in self.assembler.sets], kind)
        return facts.take(self.parent(ROOT))

    def _in_loop(self, words: dict[str, str]) -> Typed:
        states = self.scan.places(self.level).state
        names = [words.get(state) for state in grammar(self.assembler.transaction).states]
        return text_column(names).take(states if self.keep is None else states[self.keep])

    def _joined(self, paths: tuple[Path, ...]) -> Typed:
        found = [self.scan.every(self.level, path) for path in paths]
        rows = np.concatenate([owner for owner, _ in found])
        start = np.concatenate([values.start for _, values in found])
        end = np.concatenate([values.end for _, values in found])
        order = np.argsort(start, kind="stable") if len(found) > 1 else np.arange(len(start))
        values = Values(found[0][1].data, start[order], end[order], self.assembler.list_marks)
        return listed(values, rows[order], self.scan.size(self.level))

    def _total(self, path: Path) -> Typed:
        rows, values = self.scan.every(self.level, path)
        amounts = typed(values, MONEY)
        size = self.scan.size(self.level)
        good = amounts.is_valid
        sums = np.zeros(size, dtype=np.int64)
        np.add.at(sums, rows[good], amounts.values[good])
        has_any = np.bincount(rows[good], minlength=size) > 0
        return Typed(MONEY, sums, has_any, np.bincount(rows[amounts.is_bad], minlength=size) > 0)

    def _pick(self, source: Pick) -> Typed:
        picked = level_of(source.table)
        qualifier, value = (self.scan.first(picked, path) for path in source.both)
        fits = is_one_of(qualifier.data, qualifier.start, qualifier.end, source.qualifiers)
        rows = self.scan.parent(picked, self.level.rows[0])[fits][::-1]
        size = self.scan.size(self.level)
        start, end = np.zeros(size, dtype=np.int64), np.zeros(size, dtype=np.int64)
        start[rows], end[rows] = value.start[fits][::-1], value.end[fits][::-1]
        return typed(Values(value.data, start, end), "text")


def envelope_fact(item: TransactionSet, name: str) -> str | None:
    """A fact of a transaction's envelope by the name of its column."""
    facts: dict[str, Callable[[], str | None]] = {
        "control_number": lambda: item.control_number,
        "implementation": lambda: item.implementation,
        "interchange_control": lambda: item.interchange.element(13),
        "claim_type": lambda: claim_type(item.implementation),
    }
    return facts[name]()


# Guides: 005010X222, X223, X224 and 004010X098, X096, X097; predetermination and post-adjudicated after them.
_CLAIM_TYPES = {
    "professional": ("X222", "X098", "X291", "X298"),
    "institutional": ("X223", "X096", "X292", "X299"),
    "dental": ("X224", "X097", "X300"),
}


def claim_type(implementation: str | None) -> str | None:
    """professional, institutional or dental, by the implementation guide."""
    for name, guides in _CLAIM_TYPES.items():
        if implementation and any(guide in implementation for guide in guides):
            return name
    return None


def list_marks(sets: list[TransactionSet]) -> bytes:
    """The separators that can stand inside a list of elements or components of these transactions."""
    marks = {item.interchange.delimiters for item in sets}
    return bytes(
        {byte for mark in marks for byte in (mark.component, mark.element, mark.repetition)} - {0x20}
    )
