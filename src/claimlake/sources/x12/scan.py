"""The scan in NumPy: whole columns at once, for machines without the compiled kernel."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from claimlake.sources.x12.array import Mask, Positions
from claimlake.sources.x12.column import Values
from claimlake.sources.x12.envelope import Extent
from claimlake.sources.x12.plan import Level, Places, plan_of
from claimlake.sources.x12.segment import Segments, is_one_of, join, key_of, pack, tokenise, within
from claimlake.sources.x12.spec import ROOT, Path, Transaction
from claimlake.sources.x12.walk import QUALIFIED_BY, Grammar, grammar


@dataclass
class ArrayScan:
    """Segments of one transaction type with their states; positions count these segments from 0."""

    transaction: Transaction
    grammar: Grammar
    segments: Segments
    segment_no: Positions
    """Number of each segment in the file, from 1."""
    kind: NDArray[np.int16]
    state: NDArray[np.int16]
    is_opening: Mask
    _rows: dict[str, Positions] = field(default_factory=dict)
    _bases: dict[Level, tuple[Positions, Positions]] = field(default_factory=dict)
    _order: tuple[Positions, Positions] | None = None

    def size(self, level: Level) -> int:
        """How many rows the level has."""
        return len(self._base(level)[0])

    def places(self, level: Level) -> Places:
        """Where the rows stand."""
        position = self._base(level)[0]
        last = position
        if level.is_loop and len(position):
            rows = self._row(level.rows[0])
            last = position + np.bincount(rows[rows >= 0], minlength=len(position)) - 1
        return self._places(position, last)

    def _places(self, position: Positions, last: Positions) -> Places:
        end = np.minimum(self.segments.end[last] + 1, len(self.segments.data))
        state = self.state[position].astype(np.int64)
        return Places(self.segment_no[position], self.segments.start[position], end, state)

    def parent(self, level: Level, loop: str) -> Positions:
        """For every row, the row of the loop around it (from 0), or -1."""
        return self._row(loop)[self._base(level)[0]]

    def first(self, level: Level, path: Path) -> Values:
        """For every row, the first value of the cited element within it."""
        if path.loop is None:
            return self._own(level, path)
        owner, values = self.every(level, path)
        start, end = np.zeros(self.size(level), dtype=np.int64), np.zeros(self.size(level), dtype=np.int64)
        start[owner[::-1]], end[owner[::-1]] = values.start[::-1], values.end[::-1]
        return Values(self.segments.data, start, end)

    def every(self, level: Level, path: Path) -> tuple[Positions, Values]:
        """Every value of the cited element with its row, in file order."""
        position = self._where(path.loop or ROOT, path.segment, path.qualifiers)
        values = self._values(path, position, path.element)
        owner = self._row(level.rows[0])[position]
        there = (values.end > values.start) & (owner >= 0)
        return owner[there], Values(self.segments.data, values.start[there], values.end[there])

    def lost(self) -> Places:
        """Segments with money that stand where no loop has them."""
        taken = {
            (state, kind)
            for level, path in plan_of(self.transaction).firsts
            for loop in ([path.loop] if path.loop else [row.split()[0] for row in level.rows])
            for state in self.grammar.states_of(loop)
            for kind in self.grammar.kinds_of(path.segment, path.qualifiers)
        }
        is_lost = np.zeros(len(self.state), dtype=bool)
        for segment in self.transaction.watched:
            for kind in self.grammar.kinds_of(segment, ()):
                states = [state for state in range(len(self.grammar.states)) if (state, kind) not in taken]
                is_lost |= (self.kind == kind) & self._stands_in(states)
        position = np.flatnonzero(is_lost)
        return self._places(position, position)

    def _own(self, level: Level, path: Path) -> Values:
        position, group = self._base(level)
        return self._own_at(level, path, position, group)

    def _own_at(self, level: Level, path: Path, position: Positions, group: Positions) -> Values:
        step = level.repeat.step if level.repeat and path.is_repeated else 0
        values = self._values(path, position, path.element + group * step)
        is_mine = self.segments.key[position] == key_of(path.segment)
        return Values(self.segments.data, values.start, np.where(is_mine, values.end, values.start))

    def _values(self, path: Path, index: Positions, element: Positions | int) -> Values:
        last = path.last_element if path.last_element > path.element else None
        start, end = self.segments.element(index, element, last)
        if path.component:
            start, end = self.segments.component(start, end, path.component, path.last_component)
        if path.test:
            number, wanted = path.test
            test_start, test_end = self.segments.element(index, number)
            fits = is_one_of(self.segments.data, test_start, test_end, (wanted,))
            end = np.where(fits, end, start)
        return Values(self.segments.data, start, end)

    def _base(self, level: Level) -> tuple[Positions, Positions]:
        """The segment every row stands at, and which repeated group of it."""
        if level not in self._bases:
            self._bases[level] = self._find_base(level)
        return self._bases[level]

    def _find_base(self, level: Level) -> tuple[Positions, Positions]:
        if level.is_loop:
            position = np.flatnonzero(self._opens(level.rows[0]))
            return position, np.zeros(len(position), dtype=np.int64)
        found = [self._where(loop, segment, ()) for loop, segment in map(str.split, level.rows)]
        position = np.sort(np.concatenate(found))
        repeat = level.repeat
        if repeat is None:
            return position, np.zeros(len(position), dtype=np.int64)
        count = self.segments.count[position]
        groups = np.clip(-(-(count - repeat.first + 1) // repeat.step), 0, repeat.most)
        every = np.repeat(position, groups)
        group = np.arange(len(every)) - np.repeat(np.cumsum(groups) - groups, groups)
        has_value = np.zeros(len(every), dtype=bool)
        for path in level.needs:
            values = self._own_at(level, path, every, group)
            has_value |= values.end > values.start
        return every[has_value], group[has_value]

    def _opens(self, loop: str) -> Mask:
        return self.is_opening & self._stands_in(self.grammar.states_of(loop))

    def _stands_in(self, states: Sequence[int]) -> Mask:
        """Which segments stand in one of these states."""
        is_one = np.zeros(len(self.grammar.states), dtype=bool)
        is_one[list(states)] = True
        stands: Mask = is_one[self.state]
        return stands

    def _row(self, loop: str) -> Positions:
        """For every segment, the row of this loop around it, counted from 0; -1 where there is none."""
        if loop not in self._rows:
            opens = self._opens(loop)
            inside = [
                state for name in self.transaction.within(loop) for state in self.grammar.states_of(name)
            ]
            # A row ends where the walker leaves its loop, also when it comes back without opening another.
            is_open = _latest(opens) > _latest(~self._stands_in(inside))
            self._rows[loop] = np.where(is_open, np.cumsum(opens) - 1, -1)
        return self._rows[loop]

    def _where(self, loop: str, segment: str, qualifiers: tuple[str, ...]) -> Positions:
        """Positions, ascending, of the segments of these kinds that stand directly in this loop."""
        width = len(self.grammar.kinds)
        if self._order is None:
            combination = self.state.astype(np.int32) * width + self.kind
            order = np.argsort(combination, kind="stable")
            edges = np.arange(len(self.grammar.states) * width + 1)
            self._order = order, np.searchsorted(combination[order], edges)
        order, bounds = self._order
        slices = [
            order[bounds[state * width + kind] : bounds[state * width + kind + 1]]
            for state in self.grammar.states_of(loop)
            for kind in self.grammar.kinds_of(segment, qualifiers)
        ]
        return np.sort(np.concatenate(slices)) if len(slices) > 1 else slices[0]


def _latest(opens: Mask) -> Positions:
    positions = np.where(opens, np.arange(len(opens)), -1)
    latest: Positions = np.maximum.accumulate(positions)
    return latest


def array_scan(transaction: Transaction, data: NDArray[np.uint8], sets: Sequence[Extent]) -> ArrayScan:
    """The rows and values of these transactions, which have the same separators."""
    begins = np.array([item.byte_offset for item in sets], dtype=np.int64)
    ends = np.array([item.byte_offset + item.byte_length for item in sets], dtype=np.int64)
    marks = sets[0].delimiters
    # A transaction that is cut off may end without a terminator: what follows is no part of its last segment.
    is_cut = data[ends - 1] != marks.terminator
    runs = np.split(np.arange(len(sets)), np.flatnonzero(is_cut) + 1)
    every = join([tokenise(data, int(begins[run[0]]), int(ends[run[-1]]), marks) for run in runs if len(run)])
    segments, pair = within(every, begins, ends)
    first = np.searchsorted(pair, np.arange(len(sets)))
    numbers = np.arange(len(segments)) - first[pair] + np.array([item.segment_no for item in sets])[pair]
    rules = grammar(transaction)
    kind = _classify(rules, segments)
    state, is_opening = _walk(rules, kind)
    return ArrayScan(transaction, rules, segments, numbers, kind, state, is_opening)


def _walk(rules: Grammar, kind: NDArray[np.int16]) -> tuple[NDArray[np.int16], Mask]:
    """The state at every segment, and which open a loop; only kinds that lead somewhere are walked."""
    steps = np.array(rules.steps)
    leads = (steps != 2 * np.arange(len(steps))[:, None]).any(axis=0)
    position = np.flatnonzero(leads[kind])
    moves = np.empty(len(position), dtype=np.int16)
    state = 0
    for number, what in enumerate(kind[position].tolist()):
        move = rules.steps[state][what]
        state = move >> 1
        moves[number] = move
    lasting = np.diff(position, prepend=0, append=len(kind))
    states = np.repeat(np.append(0, moves >> 1), lasting).astype(np.int16)
    is_opening = np.zeros(len(kind), dtype=bool)
    is_opening[position] = (moves & 1).astype(bool)
    return states, is_opening


def _classify(rules: Grammar, segments: Segments) -> NDArray[np.int16]:
    key = segments.key
    qualifier = np.zeros(len(segments), dtype=np.int64)
    for name, element in QUALIFIED_BY.items():
        which = np.flatnonzero(key == key_of(name))
        start, end = segments.element(which, element)
        qualifier[which] = pack(segments.data, start, end, 3)
    exact = _look_up(rules, (key << 24) | np.maximum(qualifier, 0))
    general = _look_up(rules, key << 24)
    is_exact = (exact > 0) & (qualifier > 0)
    return np.where(is_exact, exact, general).astype(np.int16)


def _look_up(rules: Grammar, key: Positions) -> Positions:
    place = np.minimum(np.searchsorted(rules.keys, key), len(rules.keys) - 1)
    return np.where(rules.keys[place] == key, rules.order[place], 0)
