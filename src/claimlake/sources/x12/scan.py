"""The scan in NumPy: whole columns at once, for machines without the compiled kernel."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from claimlake.sources.x12.array import Mask, Positions
from claimlake.sources.x12.column import Values
from claimlake.sources.x12.element import Elements
from claimlake.sources.x12.envelope import Extent
from claimlake.sources.x12.kind import Codes, Head, Walk, kinds_of, walk
from claimlake.sources.x12.plan import Level, Places, plan_of
from claimlake.sources.x12.segment import Segments, tokenise
from claimlake.sources.x12.spec import ROOT, Path, Transaction
from claimlake.sources.x12.walk import Grammar, grammar
from claimlake.sources.x12.word import MARGIN

_Where = tuple[str, str, tuple[str, ...]]
"""A loop, a segment that stands directly in it, and its qualifiers."""


@dataclass(frozen=True)
class Base:
    """What the rows of a level stand at."""

    position: Positions
    """The segment of every row."""
    entry: Positions
    """Where in the walk that is."""
    elements: Elements
    groups: Elements
    """The elements as seen from the row's own repeated group."""


@dataclass
class ArrayScan:
    """Segments of one transaction type with their states; positions count these segments from 0."""

    transaction: Transaction
    grammar: Grammar
    segments: Segments
    set_end: Positions
    """By transaction: where it ends in the file."""
    number_shift: Positions
    """By transaction: what makes the number of a segment in the file, from 1, of its position."""
    byte_shift: Positions
    """By transaction: what makes a place in the file of one in the bytes of the segments."""
    head: int
    """How many segments of earlier pieces stand in front."""
    kind: Codes
    walk: Walk
    rest: int | None = None
    """Where, in the bytes, what was left for the next piece begins."""
    _rows: dict[str, Positions] = field(default_factory=dict)
    _bases: dict[Level, Base] = field(default_factory=dict)
    _found: dict[_Where, tuple[Positions, Elements]] = field(default_factory=dict)
    _owners: dict[tuple[str, _Where], tuple[Positions, bool]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        width = len(self.grammar.kinds)
        self.entry = self.walk.of_segments()
        """For every segment, where in the walk it stands."""
        self.state = self.walk.state.take(self.entry)
        combination = (self.state.astype(np.uint16) * width + self.kind).astype(np.uint16)
        self._order = np.argsort(combination, kind="stable")
        count = np.bincount(combination, minlength=len(self.grammar.states) * width)
        self._bounds = np.append(0, np.cumsum(count)).tolist()

    def size(self, level: Level) -> int:
        """How many rows the level has."""
        return len(self._base(level).position)

    def carried(self, level: Level) -> int:
        """How many of them, the first ones, are rows of earlier pieces."""
        return int(np.searchsorted(self._base(level).position, self.head)) if self.head else 0

    def places(self, level: Level) -> Places:
        """Where the rows stand."""
        position = self._base(level).position
        last = position
        if level.is_loop and len(position):
            rows = self._row(level.rows[0])
            is_row = rows >= 0
            lasting = np.bincount(rows[is_row], self.walk.lasting[is_row], len(position))
            last = position + lasting.astype(np.int64) - 1
        return self._places(position, last, self.parent(level, ROOT))

    def _places(self, position: Positions, last: Positions, sets: Positions) -> Places:
        shift = self.byte_shift[sets]
        begin = self.segments.start[position] + shift
        end = np.minimum(self.segments.end[last] + shift + 1, self.set_end[sets])
        return Places(position + self.number_shift[sets], begin, end, self.state[position].astype(np.int64))

    def states(self, level: Level) -> Positions:
        """For every row, the state in which its first segment stands."""
        return self.state[self._base(level).position].astype(np.int64)

    def numbers(self) -> Positions:
        """The number of every segment in the file."""
        return np.arange(len(self.segments)) + self.number_shift[self._row(ROOT)[self.entry]]

    def parent(self, level: Level, loop: str) -> Positions:
        """For every row, the row of the loop around it (from 0), or -1."""
        return self._row(loop)[self._base(level).entry]

    def last_row(self, level: Level) -> int:
        """The row of a loop in which the last segment stands, or -1."""
        return int(self._row(level.rows[0])[-1])

    def opening(self, level: Level, row: int) -> Positions:
        """The segment at which a row begins."""
        return self._base(level).position[row : row + 1]

    def all_of(self, level: Level, path: Path) -> tuple[Positions, Positions, Values]:
        """Every segment that is cited by its loop, its row, and its value, which may be empty."""
        where = (path.loop or ROOT, path.segment, path.qualifiers)
        position, elements = self._where(where)
        return position, self._owner(level.rows[0], where)[0], elements.value(path)

    def first(self, level: Level, path: Path) -> Values:
        """For every row, the first value of the cited element within it."""
        if path.loop is None:
            return self._own(level, path)
        where = (path.loop, path.segment, path.qualifiers)
        values = self._where(where)[1].value(path)
        owner, is_single = self._owner(level.rows[0], where)
        size = self.size(level)
        if is_single and len(owner) == size:
            return values
        start = np.zeros(size, dtype=np.int64)
        if values.is_nothing:
            return Values(values.data, start, start)
        end = np.zeros(size, dtype=np.int64)
        first, last = values.start, values.end
        if not is_single:
            there = np.flatnonzero((last > first) & (owner >= 0))[::-1]
            owner, first, last = owner[there], first[there], last[there]
        start[owner], end[owner] = first, last
        return Values(values.data, start, end)

    def every(self, level: Level, path: Path) -> tuple[Positions, Values]:
        """Every value of the cited element with its row, in file order."""
        _, owner, values = self.all_of(level, path)
        there = (values.end > values.start) & (owner >= 0)
        return owner[there], Values(values.data, values.start[there], values.end[there])

    def lost(self) -> Places:
        """Segments with money that stand where no loop has them."""
        taken = {
            (state, kind)
            for level, path in plan_of(self.transaction).firsts
            for loop in ([path.loop] if path.loop else [row.split()[0] for row in level.rows])
            for state in self.grammar.states_of(loop)
            for kind in self.grammar.kinds_of(path.segment, path.qualifiers)
        }
        slices = [
            self._slice(state, kind)
            for segment in self.transaction.watched
            for kind in self.grammar.kinds_of(segment, ())
            for state in range(len(self.grammar.states))
            if (state, kind) not in taken
        ]
        position = np.sort(np.concatenate([np.empty(0, dtype=np.int64), *slices]))
        position = position[position >= self.head]
        return self._places(position, position, self._row(ROOT)[self.entry[position]])

    def _own(self, level: Level, path: Path) -> Values:
        base = self._base(level)
        return self._own_at(base.groups if path.is_repeated else base.elements, level, path, base.position)

    def _own_at(self, elements: Elements, level: Level, path: Path, position: Positions) -> Values:
        values = elements.value(path)
        if all(row.split()[1] == path.segment for row in level.rows):
            return values
        is_one = np.zeros(len(self.grammar.kinds), dtype=bool)
        is_one[self.grammar.kinds_of(path.segment, ())] = True
        is_mine = is_one[self.kind[position]]
        return Values(values.data, values.start, np.where(is_mine, values.end, values.start))

    def _base(self, level: Level) -> Base:
        """What every row stands at."""
        if level not in self._bases:
            self._bases[level] = self._loops(level) if level.is_loop else self._find_base(level)
        return self._bases[level]

    def _loops(self, level: Level) -> Base:
        entry = np.flatnonzero(self._opens(level.rows[0]))
        position = self.walk.position[entry]
        elements = Elements(self.segments, position)
        return Base(position, entry, elements, elements)

    def _find_base(self, level: Level) -> Base:
        found = [self._where((loop, segment, ()))[0] for loop, segment in map(str.split, level.rows)]
        position = found[0] if len(found) == 1 else np.sort(np.concatenate(found))
        entry, elements, repeat = self.entry[position], Elements(self.segments, position), level.repeat
        if repeat is None or not len(position):
            return Base(position, entry, elements, elements)
        many = np.clip(-(-(elements.count - repeat.first + 1) // repeat.step), 0, repeat.most)
        position, entry = np.repeat(position, many), np.repeat(entry, many)
        group = np.arange(len(position)) - np.repeat(np.cumsum(many) - many, many)
        elements = Elements(self.segments, position)
        groups = Elements(self.segments, position, group * repeat.step)
        has_value = np.zeros(len(position), dtype=bool)
        for path in level.needs:
            values = self._own_at(groups if path.is_repeated else elements, level, path, position)
            has_value |= values.end > values.start
        if not has_value.all():
            position, entry, group = position[has_value], entry[has_value], group[has_value]
            elements = Elements(self.segments, position)
            groups = Elements(self.segments, position, group * repeat.step)
        return Base(position, entry, elements, groups)

    def _opens(self, loop: str) -> Mask:
        """Which entries of the walk open this loop."""
        return self.walk.is_opening & self._stands_in(self.grammar.states_of(loop))

    def _stands_in(self, states: Sequence[int]) -> Mask:
        """Which entries of the walk stand in one of these states."""
        is_one = np.zeros(len(self.grammar.states), dtype=bool)
        is_one[list(states)] = True
        return is_one.take(self.walk.state)

    def _row(self, loop: str) -> Positions:
        """For every entry of the walk the row of this loop around it, or -1: a state outside ends it."""
        if loop not in self._rows:
            opens = self._opens(loop)
            names = self.transaction.within(loop)
            is_inside = self._stands_in([at for name in names for at in self.grammar.states_of(name)])
            is_inside &= _latest(opens) > _latest(~is_inside)
            self._rows[loop] = np.where(is_inside, np.cumsum(opens) - 1, -1)
        return self._rows[loop]

    def _slice(self, state: int, kind: int) -> Positions:
        """Positions, ascending, of the segments of a kind in a state."""
        number = state * len(self.grammar.kinds) + kind
        return self._order[self._bounds[number] : self._bounds[number + 1]]

    def _where(self, where: _Where) -> tuple[Positions, Elements]:
        """Positions, ascending, of the segments of these kinds that stand directly in this loop."""
        if where not in self._found:
            loop, segment, qualifiers = where
            slices = [
                self._slice(state, kind)
                for state in self.grammar.states_of(loop)
                for kind in self.grammar.kinds_of(segment, qualifiers)
            ]
            some = [item for item in slices if len(item)] or slices[:1]
            position = some[0] if len(some) == 1 else np.sort(np.concatenate(some))
            self._found[where] = position, Elements(self.segments, position)
        return self._found[where]

    def _owner(self, loop: str, where: _Where) -> tuple[Positions, bool]:
        """For each of these segments the row of the loop around it, and whether each is in another row."""
        if (loop, where) not in self._owners:
            owner = self._row(loop)[self.entry[self._where(where)[0]]]
            is_single = not len(owner) or bool(owner[0] >= 0 and (owner[1:] > owner[:-1]).all())
            self._owners[loop, where] = owner, is_single
        return self._owners[loop, where]


def _latest(opens: Mask) -> Positions:
    positions = np.where(opens, np.arange(len(opens)), -1)
    latest: Positions = np.maximum.accumulate(positions)
    return latest


def array_scan(
    transaction: Transaction,
    data: NDArray[np.uint8],
    sets: Sequence[Extent],
    head: Head,
    *,
    is_cut: bool = False,
) -> ArrayScan:
    """The rows and values of these transactions, or of a piece of one, which have the same separators.

    Args:
        transaction: what is known of their type.
        data: the bytes of the file.
        sets: where they stand.
        head: segments of earlier pieces.
        is_cut: leave what follows the last place where a transaction of this type may be cut.
    """
    own, begins = _copied(data, sets, head)
    segments = tokenise(own, MARGIN, len(own) - MARGIN, sets[0].delimiters)
    kind = kinds_of(transaction, segments)
    way, rules, rest = walk(transaction, kind, head), grammar(transaction), None
    first = np.searchsorted(segments.start, begins)
    if is_cut:
        states = [state for loop in transaction.pieces for state in rules.states_of(loop)]
        cuts = np.flatnonzero(way.is_opening & np.isin(way.state, states) & (way.position > len(head)))
        if len(cuts):
            cut = int(way.position[cuts[-1]])
            rest, way = int(segments.start[cut]), way.until(int(cuts[-1]))
            segments, kind = segments.until(cut), kind[:cut]
    numbers = np.array([item.segment_no for item in sets]) - first
    places = np.array([item.byte_offset for item in sets])
    ends = places + np.array([item.byte_length for item in sets])
    return ArrayScan(transaction, rules, segments, ends, numbers, places - begins, len(head), kind, way, rest)


def _copied(
    data: NDArray[np.uint8], sets: Sequence[Extent], head: Head
) -> tuple[NDArray[np.uint8], Positions]:
    """The bytes of the transactions one after the other, between margins, and where each of them begins.

    A transaction that is cut off may end without a terminator: it gets one, since what follows is no part of
    its last segment.
    """
    margin = np.zeros(MARGIN, dtype=np.uint8)
    terminator = np.array([sets[0].delimiters.terminator], dtype=np.uint8)
    pieces, begins = [margin, np.frombuffer(head.content, dtype=np.uint8)], []
    size = MARGIN + len(head.content)
    for item in sets:
        piece = data[item.byte_offset : item.byte_offset + item.byte_length]
        pieces.append(piece)
        begins.append(size)
        size += len(piece)
        if piece[-1] != terminator[0]:
            pieces.append(terminator)
            size += 1
    return np.concatenate([*pieces, margin]), np.array(begins, dtype=np.int64)
