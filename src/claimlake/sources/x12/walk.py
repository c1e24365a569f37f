"""The one walker: which loop every segment stands in, and which row of each loop it belongs to."""

from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from claimlake.sources.x12.segment import Mask, Positions, Segments, key_of, pack
from claimlake.sources.x12.spec import ROOT, Table, Transaction

# Which element says what a segment is about; every other segment is known by its id alone.
QUALIFIED_BY = {"HL": 3} | dict.fromkeys(("NM1", "N1", "REF", "DTM", "DTP", "AMT", "QTY", "LQ", "PRV"), 1)


@dataclass(frozen=True)
class Grammar:
    """A transaction's loops as a table of states: (state, kind of segment) to state."""

    kinds: tuple[tuple[str, str], ...]
    """(segment id, qualifier); an empty qualifier is any other; kind 0 is a segment nothing asks for."""
    keys: Positions
    """Sorted numbers of the kinds, matched to segments."""
    order: Positions
    states: tuple[str, ...]
    steps: tuple[tuple[int, ...], ...]
    """steps[move][kind] is the next move: twice the loop, plus 1 when the segment opens it."""

    def kinds_of(self, segment: str, qualifiers: tuple[str, ...]) -> list[int]:
        """The kinds a citation means."""
        return [
            number
            for number, (name, qualifier) in enumerate(self.kinds)
            if name == segment and (not qualifiers or qualifier in qualifiers)
        ]


@lru_cache(maxsize=16)
def grammar(transaction: Transaction) -> Grammar:
    """The state table of a transaction."""
    kinds = _kinds(transaction)
    keys = np.array([_number(*kind) for kind in kinds], dtype=np.int64)
    order = np.argsort(keys)
    states = (ROOT, *(loop.name for loop in transaction.loops))
    steps = tuple(
        tuple(_next(transaction, states, state, kind) for kind in kinds) for state in states for _ in range(2)
    )
    return Grammar(kinds, keys[order], order, states, steps)


def _number(segment: str, qualifier: str) -> int:
    return key_of(segment) << 24 | key_of(qualifier) if qualifier else key_of(segment) << 24


def _kinds(transaction: Transaction) -> tuple[tuple[str, str], ...]:
    found: dict[tuple[str, str], None] = {("", ""): None, ("SE", ""): None}
    triggers = [trigger for loop in transaction.loop_by_name.values() for trigger in loop.opens]
    for trigger in triggers:
        segment, _, qualifier = trigger.partition("*")
        found |= {(segment, qualifier): None, (segment, ""): None}
    for table in transaction.tables:
        for segment, qualifiers in _cited(table):
            found |= {(segment, ""): None} | {(segment, qualifier): None for qualifier in qualifiers}
    return tuple(found)


def _cited(table: Table) -> list[tuple[str, tuple[str, ...]]]:
    cited: list[tuple[str, tuple[str, ...]]] = []
    for column in table.columns:
        paths = getattr(column.source, "paths", None) or (getattr(column.source, "path", None),)
        cited += [(item.segment, item.qualifiers) for item in paths if item is not None]
    return cited + [(row.split()[1], ()) for row in table.rows if " " in row]


def _next(transaction: Transaction, states: tuple[str, ...], state: str, kind: tuple[str, str]) -> int:
    if kind[0] in ("ST", "SE"):
        return int(kind[0] == "ST")  # the first state is the root; SE closes every loop inside it
    for ancestor in transaction.ancestors(state):
        for loop in transaction.loops:
            if ancestor in loop.inside and _opens(loop.opens, kind):
                return 2 * states.index(loop.name) + 1
    return 2 * states.index(state)


def _opens(triggers: tuple[str, ...], kind: tuple[str, str]) -> bool:
    return any(
        trigger == kind[0] or (kind[1] != "" and trigger == f"{kind[0]}*{kind[1]}") for trigger in triggers
    )


@dataclass
class Walk:
    """Segments of one transaction type with their loops; positions count these segments from 0."""

    transaction: Transaction
    grammar: Grammar
    segments: Segments
    index: Positions
    """Where each segment stands among all segments of the file."""
    kind: NDArray[np.int16]
    loop: NDArray[np.int16]
    is_opening: Mask
    _rows: dict[str, Positions] = field(default_factory=dict)
    _order: Positions | None = None
    _bounds: Positions | None = None

    def opening(self, loop: str) -> Positions:
        """Positions of the segments that open a row of this loop."""
        return np.flatnonzero(self._opens(loop))

    def row(self, loop: str) -> Positions:
        """For every segment, the row of this loop around it, counted from 0; -1 where there is none."""
        if loop not in self._rows:
            self._rows[loop] = self._find_rows(loop)
        return self._rows[loop]

    def _find_rows(self, loop: str) -> Positions:
        opens = self._opens(loop)
        number = np.cumsum(opens) - 1
        inside = [self.grammar.states.index(name) for name in self.transaction.within(loop)]
        is_inside = np.isin(self.loop, inside)
        if loop != ROOT:
            parent = self.transaction.row_loop(self.transaction.loop_by_name[loop].inside[0])
            is_inside &= _latest(opens) >= _latest(self._opens(parent))
        return np.where(is_inside, number, -1)

    def _opens(self, loop: str) -> Mask:
        opens: Mask = self.is_opening & (self.loop == self.grammar.states.index(loop))
        return opens

    def where(self, loop: str, segment: str, qualifiers: tuple[str, ...]) -> Positions:
        """Positions, ascending, of the segments of these kinds that stand directly in this loop."""
        if self._order is None or self._bounds is None:
            width = len(self.grammar.kinds)
            combination = self.loop.astype(np.int32) * width + self.kind
            self._order = np.argsort(combination, kind="stable")
            self._bounds = np.searchsorted(
                combination[self._order], np.arange(len(self.grammar.states) * width + 1)
            )
        first = self.grammar.states.index(loop) * len(self.grammar.kinds)
        slices = [
            self._order[self._bounds[first + kind] : self._bounds[first + kind + 1]]
            for kind in self.grammar.kinds_of(segment, qualifiers)
        ]
        return np.sort(np.concatenate(slices)) if len(slices) > 1 else slices[0]


def _latest(opens: Mask) -> Positions:
    positions = np.where(opens, np.arange(len(opens)), -1)
    latest: Positions = np.maximum.accumulate(positions)
    return latest


def walk(transaction: Transaction, segments: Segments, index: Positions) -> Walk:
    """The loops of these segments, which must begin with an ST."""
    rules = grammar(transaction)
    kind = _classify(rules, segments, index)
    moves = np.empty(len(index), dtype=np.int16)
    steps, move = rules.steps, 0
    for position, number in enumerate(kind.tolist()):
        move = steps[move][number]
        moves[position] = move
    return Walk(transaction, rules, segments, index, kind, moves >> 1, (moves & 1).astype(bool))


def _classify(rules: Grammar, segments: Segments, index: Positions) -> NDArray[np.int16]:
    key = segments.key[index]
    qualifier = np.zeros(len(index), dtype=np.int64)
    for name, element in QUALIFIED_BY.items():
        which = np.flatnonzero(key == key_of(name))
        start, end = segments.element(index[which], element)
        qualifier[which] = pack(segments.data, start, end, 3)
    exact = _look_up(rules, (key << 24) | np.maximum(qualifier, 0))
    general = _look_up(rules, key << 24)
    is_exact = (exact > 0) & (qualifier > 0)
    return np.where(is_exact, exact, general).astype(np.int16)


def _look_up(rules: Grammar, key: Positions) -> Positions:
    place = np.minimum(np.searchsorted(rules.keys, key), len(rules.keys) - 1)
    return np.where(rules.keys[place] == key, rules.order[place], 0)
