"""The tables of a transaction in NumPy, column by column, as the citations say."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from claimlake.sources.x12.array import Mask, Positions
from claimlake.sources.x12.column import (
    LEAST_TEXT,
    MOST_TEXT,
    TooLargeError,
    Typed,
    Values,
    listed,
    nothing,
    plain_column,
    text_column,
    typed,
    whole_column,
)
from claimlake.sources.x12.envelope import TransactionSet, list_marks
from claimlake.sources.x12.fact import FACTS
from claimlake.sources.x12.kind import Head
from claimlake.sources.x12.number import MOST_DIGITS, summed
from claimlake.sources.x12.piece import Window, head_of, piece_scan
from claimlake.sources.x12.plan import (
    Fault,
    Level,
    Places,
    holder_of,
    level_of,
    loop_level,
    series,
    series_name,
)
from claimlake.sources.x12.rows import Rows, batch_of
from claimlake.sources.x12.scan import ArrayScan, array_scan
from claimlake.sources.x12.spec import (
    MONEY,
    POSITION,
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
from claimlake.sources.x12.word import is_one_of


@dataclass(frozen=True)
class ArrayTable:
    """A table with every column read, and the transaction (from 0, among those scanned) of every row."""

    table: Table
    columns: tuple[Typed, ...]
    """Its columns and those of its position."""
    transaction: Positions

    @property
    def faults(self) -> list[Fault]:
        """The values that could not be read."""
        found = []
        for number, (column, cells) in enumerate(zip(self.table.columns, self.columns, strict=False)):
            found += self._faults(number, "value", cells.is_bad)
            if column.codes:
                data = np.frombuffer(cells.text, dtype=np.uint8)
                is_known = is_one_of(data, cells.values[:-1], cells.values[1:], column.codes)
                found += self._faults(number, "code", cells.is_valid & ~is_known)
        return found

    def _faults(self, column: int, kind: Literal["value", "code"], which: Mask) -> list[Fault]:
        segment_no, begin = self.places()
        return [
            Fault(column, kind, int(self.transaction[row]), int(segment_no[row]), int(begin[row]))
            for row in np.flatnonzero(which).tolist()
        ]

    def numbers(self, name: str) -> tuple[Positions, Mask]:
        """A column of whole numbers or money (in cents; 0 where there is none), and where there are any."""
        cells = self.columns[self._names.index(name)]
        return cells.values, cells.is_valid

    def sets(self) -> Positions:
        """For every row its transaction, from 0 among those of the reading."""
        return self.transaction

    def places(self) -> tuple[Positions, Positions]:
        """For every row the number of its first segment, and its first byte."""
        return self.columns[-3].values, self.columns[-2].values

    @property
    def _names(self) -> list[str]:
        return [column.name for column in self.table.columns] + [name for name, _ in POSITION]

    def as_rows(self, keep: Mask) -> Rows:
        """The rows of the transactions that are wanted."""
        is_wanted = keep[self.transaction]
        cells = self.columns if is_wanted.all() else [cell.take(is_wanted) for cell in self.columns]
        kinds = [column.type for column in self.table.columns] + [kind for _, kind in POSITION]
        return batch_of(self._names, kinds, cells, int(is_wanted.sum()))


class ArrayFound:
    """What NumPy found in some transactions of one type."""

    def __init__(
        self, transaction: Transaction, data: NDArray[np.uint8], sets: Sequence[TransactionSet]
    ) -> None:
        self.transaction = transaction
        self.data = data
        self.sets = sets
        self.list_marks = list_marks(sets)
        self.before: dict[str, int] = {}
        self.ordinals: dict[tuple[str, str], tuple[list[int], int]] = {}
        """By table and column: the last row's loops, numbered through all pieces, and its ordinal."""
        self.passed: dict[str, int] = {}
        """How many rows of each loop earlier pieces have."""
        self._head = Head()
        self._tables: dict[str, ArrayTable] = {}

    def scan_all(self) -> "ArrayFound":
        """Scan every transaction whole."""
        self.scanned = array_scan(self.transaction, self.data, self.sets, self._head)
        self.bytes = sum(item.byte_length for item in self.sets)
        return self

    def scan(
        self, item: TransactionSet, place: NDArray[np.int64], *, is_new: bool, soft_end: int | None = None
    ) -> bool:
        """Scan on from `place`; whether the end was reached, rather than a place for a cut."""
        begin, end = int(place[0]), item.byte_offset + item.byte_length
        size = end - begin if soft_end is None else soft_end - begin
        window = Window(int(place[1]), begin, size, end, item.delimiters)
        head = Head() if is_new else self._head
        found = self.scanned = piece_scan(self.transaction, self.data, window, head)
        place[0] = end if found.rest is None else found.rest + found.byte_shift[0]
        place[1] = len(found.segments) + found.number_shift[0]
        self.bytes = int(place[0]) - begin
        return found.rest is None

    def cut(self) -> None:
        """Forget the piece that was read, but for the loops that are still open."""
        for loop in self.transaction.loop_by_name.values():
            if loop.is_row:
                level = loop_level(loop.name)
                new = self.scanned.size(level) - self.scanned.carried(level)
                self.passed[loop.name] = self.passed.get(loop.name, 0) + new
        self._head = head_of(self.scanned, self.sets[0].delimiters.terminator)
        self._tables = {}

    def counts(self) -> dict[str, int]:
        """How many new rows each numbered series has."""
        return {
            name: self.scanned.size(level) - self.scanned.carried(level)
            for name, level in series(self.transaction).items()
        }

    def number_from(self, before: Mapping[str, int]) -> None:
        """Let the numbers of each series go on behind this many; comes before the tables are asked for."""
        self.before = {name: before.get(name, 0) for name in series(self.transaction)}

    def tables(self) -> Mapping[str, ArrayTable]:
        """Every table by name."""
        if not self._tables:
            self._tables = {table.name: self._table(table) for table in self.transaction.tables}
        return self._tables

    def missing(self, path: Path) -> Sequence[int]:
        """The transactions (from 0) that have no value at a citation of the root loop."""
        values = self.scanned.first(loop_level(ROOT), path)
        found: list[int] = np.flatnonzero(values.end == values.start).tolist()
        return found

    def lost(self) -> Places:
        """Segments with money that stand where no loop has them."""
        return self.scanned.lost()

    def put_states(self, states: NDArray[np.int32], first: int, base: int) -> None:
        """Write the state of every segment, plus `base`, at the place of its number from `first` on."""
        place = self.scanned.numbers() - first
        is_here = (place >= 0) & (place < len(states))
        states[place[is_here]] = self.scanned.state[is_here].astype(np.int32) + base

    def rows(self, keep: Mask) -> dict[str, Rows]:
        """The rows of the transactions that are wanted, by table."""
        return {name: table.as_rows(keep) for name, table in self.tables().items()}

    def close(self) -> None:
        """Give the memory back; nothing can be asked any more."""
        self._tables = {}

    def _table(self, table: Table) -> ArrayTable:
        level = level_of(table)
        keep = self._kept(table, level)
        build = _Builder(self, table, level, keep)
        columns = tuple(build.column(column) for column in table.columns)
        most_text = max(MOST_TEXT * self.bytes, LEAST_TEXT)
        if any(len(column.text) > most_text for column in columns):
            raise TooLargeError
        places = self.scanned.places(level)
        length = places.end - places.begin
        if table.rows == (ROOT,):  # a transaction without SE goes on to the next envelope segment
            length = np.array([item.byte_length for item in self.sets], dtype=np.int64)
        position = tuple(
            whole_column(values if keep is None else values[keep], "bigint")
            for values in (places.segment_no, places.begin, length)
        )
        return ArrayTable(table, columns + position, build.parent(ROOT))

    def _kept(self, table: Table, level: Level) -> Mask | None:
        """Which rows of the level are the table's; None when all are."""
        carried = self.scanned.carried(level)
        is_new = np.arange(self.scanned.size(level)) >= carried if carried else None
        if table.only is None:
            return is_new
        citation, allowed = table.only
        path = next(
            column.source.paths[0]
            for column in table.columns
            if isinstance(column.source, Element) and column.citation == citation
        )
        values = self.scanned.first(level, path)
        is_wanted = is_one_of(values.data, values.start, values.end, allowed)
        return is_wanted if is_new is None else is_wanted & is_new


@dataclass
class _Builder:
    """Builds the columns of one table."""

    found: ArrayFound
    table: Table
    level: Level
    keep: Mask | None
    _parents: dict[str, Positions] = field(default_factory=dict)

    @property
    def scan(self) -> ArrayScan:
        return self.found.scanned

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
                cells = self._ordinal(column.name, within)
            case Envelope(field=name):
                cells = self._envelope(name, column.type)
            case InLoop(words=words):
                cells = self._in_loop(dict(words))
            case _:
                cells = self._collected(source)
        return cells

    def _collected(self, source: Joined | Total | Tally | Pick) -> Typed:
        """What is made of several values within the row."""
        cells: Typed
        match source:
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
        return cells if self.keep is None else cells.take(self.keep)

    def _element(self, source: Element, kind: str) -> Typed:
        found, is_settled = self._gathered(source.paths[0])
        for path in source.paths[1:]:
            if not source.by_row:
                is_settled = found.end > found.start
            values, has_row = self._gathered(path)
            use = ~is_settled & (values.end > values.start)
            if use.any():
                start, end = np.where(use, values.start, found.start), np.where(use, values.end, found.end)
                found = Values(found.data, start, end)
            is_settled = is_settled | has_row
        marks = self.found.list_marks if source.is_list else b""
        return typed(replace(found, separators=marks), kind, is_last=source.is_last)

    def _gathered(self, path: Path) -> tuple[Values, Mask]:
        """The cited value of the row, or of the loop around it, and whether there is such a loop."""
        holder = holder_of(self.found.transaction, self.level, path)
        values = self.scan.first(holder, path)
        if holder == self.level:
            values = values if self.keep is None else values.take(self.keep)
            return values, np.ones(len(values.start), dtype=bool)
        rows = self.parent(holder.rows[0])
        start = np.append(values.start, 0)  # row -1: no such loop
        end = start if values.is_nothing else np.append(values.end, 0)
        return Values(values.data, start, end).take(rows), rows >= 0

    def _number(self, loop: str) -> Typed:
        if loop == ROOT:
            numbers = np.array([item.transaction_no for item in self.found.sets], dtype=np.int64)
            return whole_column(numbers[self.parent(ROOT)], "bigint")
        name = series_name(self.found.transaction, loop)
        carried = self.scan.carried(series(self.found.transaction)[name])
        first = self.found.before[name] + 1 - carried
        if loop not in self.found.transaction.loop_by_name:
            every = np.arange(self.scan.size(self.level)) + first
            return whole_column(every if self.keep is None else every[self.keep], "bigint")
        rows = self.parent(loop)
        return whole_column(rows + first, "bigint", rows >= 0)

    def _ordinal(self, name: str, within: tuple[str, ...]) -> Typed:
        parents = [self.parent(loop) for loop in within]
        size = len(parents[0])
        if not size:
            return nothing("int", 0)
        changes = np.zeros(size, dtype=bool)
        for rows in parents:
            changes[1:] |= rows[1:] != rows[:-1]
        first = np.maximum.accumulate(np.where(changes, np.arange(size), 0))
        ordinals = np.arange(1, size + 1) - first
        loops, last = self.found.ordinals.get((self.table.name, name), ([], 0))
        if loops == self._through_pieces(within, 0):  # the first rows go on where an earlier piece ended
            ordinals[first == 0] += last
        self.found.ordinals[self.table.name, name] = self._through_pieces(within, -1), int(ordinals[-1])
        return whole_column(ordinals, "int")

    def _through_pieces(self, loops: tuple[str, ...], at: int) -> list[int]:
        """The loops around a row, each numbered from 1 through all pieces; 0 where there is none."""
        numbers = []
        for loop in loops:
            row = int(self.parent(loop)[at])
            before = self.found.passed.get(loop, 0) - self.scan.carried(loop_level(loop))
            numbers.append(before + row + 1 if row >= 0 else 0)
        return numbers

    def _envelope(self, name: str, kind: str) -> Typed:
        facts = plain_column([FACTS[name](item) for item in self.found.sets], kind)
        return facts.take(self.parent(ROOT))

    def _in_loop(self, words: dict[str, str]) -> Typed:
        states = self.scan.states(self.level)
        names = [words.get(state) for state in grammar(self.found.transaction).states]
        return text_column(names).take(states if self.keep is None else states[self.keep])

    def _joined(self, paths: tuple[Path, ...]) -> Typed:
        found = [self.scan.every(self.level, path) for path in paths]
        rows = np.concatenate([owner for owner, _ in found])
        start = np.concatenate([values.start for _, values in found])
        end = np.concatenate([values.end for _, values in found])
        order = np.argsort(start, kind="stable") if len(found) > 1 else np.arange(len(start))
        values = Values(found[0][1].data, start[order], end[order], self.found.list_marks)
        return listed(values, rows[order], self.scan.size(self.level))

    def _total(self, path: Path) -> Typed:
        rows, values = self.scan.every(self.level, path)
        amounts = typed(values, MONEY)
        size = self.scan.size(self.level)
        good = amounts.is_valid
        sums = summed(size, rows[good], amounts.values[good])
        is_beyond = np.abs(sums) >= 10**MOST_DIGITS
        has_any = (np.bincount(rows[good], minlength=size) > 0) & ~is_beyond
        is_bad = (np.bincount(rows[amounts.is_bad], minlength=size) > 0) | is_beyond
        return Typed(MONEY, np.where(has_any, sums, 0), has_any, is_bad)

    def _pick(self, source: Pick) -> Typed:
        picked = level_of(source.table)
        qualifier, value = (self.scan.first(picked, path) for path in source.both)
        fits = is_one_of(qualifier.data, qualifier.start, qualifier.end, source.qualifiers)
        rows = self.scan.parent(picked, self.level.rows[0])[fits][::-1]
        size = self.scan.size(self.level)
        start, end = np.zeros(size, dtype=np.int64), np.zeros(size, dtype=np.int64)
        start[rows], end[rows] = value.start[fits][::-1], value.end[fits][::-1]
        return typed(Values(value.data, start, end), "text")
