"""From walked segments to the tables of a transaction, column by column, as the citations say."""

from dataclasses import dataclass, replace

import numpy as np

from claimlake.sources.x12.column import Typed, Values, plain_column, text_column, typed, whole_column
from claimlake.sources.x12.envelope import TransactionSet
from claimlake.sources.x12.segment import Mask, Positions, key_of
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
from claimlake.sources.x12.walk import Walk

POSITION = (("source_row", "bigint"), ("byte_offset", "bigint"), ("byte_length", "bigint"))


@dataclass(frozen=True)
class Base:
    """The rows of a table: the segment each stands at and, for repeated groups, which group it is."""

    position: Positions
    group: Positions


@dataclass(frozen=True)
class Finished:
    """A table with every column read, and the transaction (from 0, among those walked) of every row."""

    table: Table
    columns: tuple[Typed, ...]
    position: tuple[Typed, ...]
    transaction: Positions

    def column(self, name: str) -> Typed:
        """One column by name."""
        return self.columns[[column.name for column in self.table.columns].index(name)]


class Assembler:
    """Reads the tables of one transaction type; `before` counts the rows of earlier chunks."""

    def __init__(self, walk: Walk, sets: list[TransactionSet], before: dict[str, int]) -> None:
        self.walk = walk
        self.sets = sets
        self.before = before
        self.data = walk.segments.data
        self.list_separators = bytes({mark for item in sets for mark in _list_marks(item)} - {0x20})

    def tables(self) -> list[Finished]:
        """Every table of the transaction."""
        return [self.table(table) for table in self.walk.transaction.tables]

    def table(self, table: Table) -> Finished:
        """One table."""
        base = self._base(table)
        columns = tuple(self._column(table, column, base) for column in table.columns)
        return Finished(table, columns, self._extent(table, base), self.walk.row(ROOT)[base.position])

    def _base(self, table: Table) -> Base:
        if table.is_loop:
            position = self.walk.opening(table.rows[0])
            return Base(position, np.zeros(len(position), dtype=np.int64))
        found = [self.walk.where(loop, segment, ()) for loop, segment in map(str.split, table.rows)]
        position = np.sort(np.concatenate(found))
        base = Base(position, np.zeros(len(position), dtype=np.int64))
        if table.repeat is not None:
            base = self._repeated(table, position)
        if table.only is not None:
            base = self._only(table, base)
        return base

    def _repeated(self, table: Table, position: Positions) -> Base:
        repeat = table.repeat
        if repeat is None:
            return Base(position, np.zeros(len(position), dtype=np.int64))
        count = self.walk.segments.count[self.walk.index[position]]
        groups = np.clip(-(-(count - repeat.first + 1) // repeat.step), 0, repeat.most)
        every = np.repeat(position, groups)
        first = np.repeat(np.cumsum(groups) - groups, groups)
        base = Base(every, np.arange(len(every)) - first)
        has_value = np.zeros(len(every), dtype=bool)
        for column in table.columns:
            if column.name in table.needs and isinstance(column.source, Element):
                values = self._own(column.source.paths[0], table, base)
                has_value |= values.end > values.start
        return Base(base.position[has_value], base.group[has_value])

    def _only(self, table: Table, base: Base) -> Base:
        if table.only is None:
            return base
        citation, allowed = table.only
        column = next(item for item in table.columns if item.citation == citation)
        if not isinstance(column.source, Element):
            raise TypeError(f"{table.name}.{column.name} is not an element")
        values = self._own(column.source.paths[0], table, base)
        keep = is_one_of(values, allowed)
        return Base(base.position[keep], base.group[keep])

    def _column(self, table: Table, column: Column, base: Base) -> Typed:
        cells: Typed
        match column.source:
            case Element():
                cells = self._element(table, column, column.source, base)
            case Number(loop=loop):
                cells = self._number(loop, base)
            case Ordinal(within=within):
                cells = self._ordinal(within, base)
            case Envelope(field=name):
                cells = self._envelope(name, column.type, base)
            case InLoop(words=words):
                cells = self._in_loop(dict(words), base)
            case Joined(paths=paths):
                cells = self._joined(paths, table, base)
            case Total(path=item):
                cells = self._total(item, table, base)
            case Tally(loop=loop):
                cells = self._tally(loop, table, base)
            case Pick():
                cells = self._pick(column.source, table, base)
        return cells

    def _tally(self, loop: str, table: Table, base: Base) -> Typed:
        rows = self._rows_of(table, self.walk.opening(loop))
        return whole_column(np.bincount(rows[rows >= 0], minlength=len(base.position)), "int")

    def _element(self, table: Table, column: Column, source: Element, base: Base) -> Typed:
        start = np.zeros(len(base.position), dtype=np.int64)
        end = start.copy()
        is_settled = np.zeros(len(start), dtype=bool)
        for item in source.paths:
            if item.loop is None:
                values, has_row = self._own(item, table, base), np.ones(len(start), dtype=bool)
            else:
                values, has_row = self._gathered(item, table, base)
            use = ~is_settled & (values.end > values.start)
            start, end = np.where(use, values.start, start), np.where(use, values.end, end)
            is_settled |= has_row if source.by_row else use
        separators = self.list_separators if source.is_list else b""
        return typed(Values(self.data, start, end, separators), column.type, is_last=source.is_last)

    def _own(self, item: Path, table: Table, base: Base) -> Values:
        step = table.repeat.step if table.repeat and item.is_repeated else 0
        index = self.walk.index[base.position]
        values = self._values(item, index, item.element + base.group * step)
        if len(table.rows) == 1:
            return values
        is_mine = self.walk.segments.key[index] == key_of(item.segment)
        return Values(self.data, values.start, np.where(is_mine, values.end, values.start))

    def _values(self, item: Path, index: Positions, element: Positions | int) -> Values:
        segments = self.walk.segments
        last = item.last_element if item.last_element > item.element else None
        start, end = segments.element(index, element, last)
        if item.component:
            start, end = segments.component(start, end, item.component, item.last_component)
        if item.test:
            number, wanted = item.test
            test_start, test_end = segments.element(index, number)
            fits = is_one_of(Values(self.data, test_start, test_end), (wanted,))
            end = np.where(fits, end, start)
        return Values(self.data, start, end)

    def _found(self, item: Path) -> tuple[Positions, Values]:
        """Every place of a cited element, in file order."""
        if item.loop is None:
            raise ValueError(f"{item.citation} names no loop")
        position = self.walk.where(item.loop, item.segment, item.qualifiers)
        values = self._values(item, self.walk.index[position], item.element)
        there = values.end > values.start
        return position[there], Values(self.data, values.start[there], values.end[there])

    def _gathered(self, item: Path, table: Table, base: Base) -> tuple[Values, Mask]:
        """The first value of the cited element in the row, or in the loop that encloses the row."""
        position, values = self._found(item)
        loop = item.loop or ROOT
        if table.is_loop and loop in self.walk.transaction.within(table.rows[0]):
            holder, rows = table.rows[0], np.arange(len(base.position))
        else:
            holder = self.walk.transaction.row_loop(loop)
            rows = self.walk.row(holder)[base.position]
        size = len(self.walk.opening(holder))
        start, end = np.zeros(size + 1, dtype=np.int64), np.zeros(size + 1, dtype=np.int64)
        owner = self.walk.row(holder)[position]
        start[owner[::-1]], end[owner[::-1]] = values.start[::-1], values.end[::-1]
        start[-1] = end[-1] = 0  # row -1: no such loop around the row
        return Values(self.data, start[rows], end[rows]), rows >= 0

    def _rows_of(self, table: Table, position: Positions) -> Positions:
        return self.walk.row(table.rows[0])[position]

    def _number(self, loop: str, base: Base) -> Typed:
        if loop == ROOT:
            numbers = np.array([item.transaction_no for item in self.sets], dtype=np.int64)
            return whole_column(numbers[self.walk.row(ROOT)[base.position]], "bigint")
        name = f"{self.walk.transaction.code} {loop}"
        if loop not in self.walk.transaction.loop_by_name:
            return whole_column(np.arange(1, len(base.position) + 1) + self.before.get(name, 0), "bigint")
        rows = self.walk.row(loop)[base.position]
        return whole_column(rows + 1 + self.before.get(name, 0), "bigint", rows >= 0)

    def counts(self) -> dict[str, int]:
        """How many rows of each numbered loop or table this walk had."""
        counted: dict[str, int] = {}
        for table in self.walk.transaction.tables:
            for column in table.columns:
                if isinstance(column.source, Number) and column.source.loop != ROOT:
                    loop = column.source.loop
                    is_loop = loop in self.walk.transaction.loop_by_name
                    size = len(self.walk.opening(loop)) if is_loop else len(self._base(table).position)
                    counted[f"{self.walk.transaction.code} {loop}"] = size
        return counted

    def _ordinal(self, within: tuple[str, ...], base: Base) -> Typed:
        changes = np.zeros(len(base.position), dtype=bool)
        changes[:1] = True
        for loop in within:
            rows = self.walk.row(loop)[base.position]
            changes[1:] |= rows[1:] != rows[:-1]
        first = np.maximum.accumulate(np.where(changes, np.arange(len(changes)), 0))
        return whole_column(np.arange(len(changes)) - first + 1, "int")

    def _envelope(self, name: str, kind: str, base: Base) -> Typed:
        facts = [envelope_fact(item, name) for item in self.sets]
        rows = self.walk.row(ROOT)[base.position]
        return plain_column([facts[row] for row in rows.tolist()], kind)

    def _in_loop(self, words: dict[str, str], base: Base) -> Typed:
        names = [words.get(state) for state in self.walk.grammar.states]
        return text_column([names[loop] for loop in self.walk.loop[base.position].tolist()])

    def _joined(self, paths: tuple[Path, ...], table: Table, base: Base) -> Typed:
        found = [self._found(item) for item in paths]
        position = np.concatenate([place for place, _ in found])
        start = np.concatenate([values.start for _, values in found])
        end = np.concatenate([values.end for _, values in found])
        order = np.argsort(start, kind="stable")
        rows = self._rows_of(table, position)[order]
        words = typed(Values(self.data, start[order], end[order], self.list_separators), "text")
        bounds = words.values.tolist()
        lists: dict[int, list[str]] = {}
        for number, row in enumerate(rows.tolist()):
            word = words.text[bounds[number] : bounds[number + 1]].decode()
            lists.setdefault(row, []).extend(word.split())
        return text_column(
            [" ".join(lists[row]) if row in lists else None for row in range(len(base.position))]
        )

    def _total(self, item: Path, table: Table, base: Base) -> Typed:
        position, values = self._found(item)
        amounts = typed(values, MONEY)
        rows = self._rows_of(table, position)
        good = amounts.is_valid & (rows >= 0)
        sums = np.zeros(len(base.position), dtype=np.int64)
        np.add.at(sums, rows[good], amounts.values[good])
        has_any = np.bincount(rows[good], minlength=len(sums)) > 0
        bad = np.bincount(rows[amounts.is_bad & (rows >= 0)], minlength=len(sums)) > 0
        return Typed(MONEY, sums, has_any, bad)

    def _pick(self, source: Pick, table: Table, base: Base) -> Typed:
        item = source.path
        start = np.zeros(len(base.position), dtype=np.int64)
        end = start.copy()
        position = self.walk.where(item.loop or ROOT, item.segment, item.qualifiers)
        index = self.walk.index[position]
        rows = self._rows_of(table, position)
        most = int(self.walk.segments.count[index].max(initial=0))
        for element in range(most, 0, -1):
            qualifier = self._values(replace(item, component=1, last_component=1), index, element)
            values = self._values(item, index, element)
            fits = is_one_of(qualifier, source.qualifiers) & (values.end > values.start)
            start[rows[fits][::-1]], end[rows[fits][::-1]] = values.start[fits][::-1], values.end[fits][::-1]
        return typed(Values(self.data, start, end), "text")

    def _extent(self, table: Table, base: Base) -> tuple[Typed, ...]:
        segments, index = self.walk.segments, self.walk.index
        last = base.position
        if table.is_loop and len(last):
            rows = self.walk.row(table.rows[0])
            last = base.position + np.bincount(rows[rows >= 0], minlength=len(last)) - 1
        offset = segments.start[index[base.position]]
        end = np.minimum(segments.end[index[last]] + 1, len(self.data))
        source_row = index[base.position] + 1
        return tuple(whole_column(item, "bigint") for item in (source_row, offset, end - offset))


def _list_marks(item: TransactionSet) -> tuple[int, ...]:
    marks = item.interchange.delimiters
    return (marks.component, marks.element, marks.repetition)


def is_one_of(values: Values, allowed: tuple[bytes, ...]) -> Mask:
    """Which values are exactly one of these."""
    size = values.end - values.start
    found = np.zeros(len(size), dtype=bool)
    for word in allowed:
        same = size == len(word)
        for offset, byte in enumerate(word):
            same = same & (values.data[np.minimum(values.start + offset, len(values.data) - 1)] == byte)
        found |= same
    return found


def envelope_fact(item: TransactionSet, name: str) -> str | None:
    """A fact of a transaction's envelope by the name of its column."""
    facts = {
        "control_number": item.control_number,
        "implementation": item.implementation,
        "interchange_control": item.interchange.element(13),
        "claim_type": claim_type(item.implementation),
    }
    return facts[name]


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


def assemble(
    walk: Walk, sets: list[TransactionSet], before: dict[str, int]
) -> tuple[list[Finished], dict[str, int]]:
    """The tables of one transaction type and the counts its numbers add."""
    assembler = Assembler(walk, sets, before)
    return assembler.tables(), assembler.counts()


def specification_of(code: str, specifications: tuple[Transaction, ...]) -> Transaction | None:
    """The specification that reads this transaction set."""
    return next((item for item in specifications if item.code == code), None)
