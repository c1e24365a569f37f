"""What kind every segment is, by its id and qualifier, and the walk through the loops that this makes."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from claimlake.sources.x12.array import Mask, Positions
from claimlake.sources.x12.segment import Segments
from claimlake.sources.x12.spec import Transaction
from claimlake.sources.x12.walk import QUALIFIED_BY, Grammar, grammar
from claimlake.sources.x12.word import Words, heads

Codes = NDArray[np.int16]
"""Numbers of kinds or of states."""

_LONGEST = 3
"""Bytes of an id or a qualifier."""
_MULTIPLIER = 0x9E3779B97F4A7C15
_ROUNDS = 24


@dataclass(frozen=True)
class KindTable:
    """The kinds of a grammar, found by a number without a collision, and where each can lead."""

    multiplier: int
    shift: int
    keys: Words
    kinds: Codes
    qualified_by: NDArray[np.int8]
    """The element that is the qualifier of each kind; 0 where its id says everything."""
    steps: NDArray[np.int16]
    """By state and kind: the next state times two, plus 1 when the segment opens its loop."""
    leads: Mask
    """Kinds that change the state, or open a loop, in any state."""
    guess: Codes
    """The state that each kind usually leads to."""

    def find(self, keys: Words) -> Codes:
        """The kind of every key; 0 where it is none."""
        place = ((keys * self.multiplier) >> self.shift).astype(np.int64)
        found: Codes = self.kinds.take(place) * (self.keys.take(place) == keys)
        return found


@lru_cache(maxsize=16)
def kind_table(transaction: Transaction) -> KindTable:
    """The table of a transaction's kinds."""
    rules = grammar(transaction)
    names = [_number(segment) | _number(qualifier) << 32 for segment, qualifier in rules.kinds]
    keys = np.array(names, dtype=np.uint64)
    shift = 64 - (len(keys) ** 2).bit_length()
    multiplier = _MULTIPLIER
    while len(set(((keys * multiplier) >> shift).tolist())) < len(keys):
        multiplier = (multiplier * _MULTIPLIER) & (1 << 64) - 1
    place = ((keys * multiplier) >> shift).astype(np.int64)
    table, kinds = np.zeros(1 << (64 - shift), dtype=np.uint64), np.zeros(1 << (64 - shift), dtype=np.int16)
    table[place], kinds[place] = keys, np.arange(len(keys))
    qualified_by = np.array([QUALIFIED_BY.get(segment, 0) for segment, _ in rules.kinds], dtype=np.int8)
    steps = np.array(rules.steps, dtype=np.int16)
    leads = (steps != 2 * np.arange(len(steps))[:, None]).any(axis=0)
    return KindTable(multiplier, shift, table, kinds, qualified_by, steps, leads, _guess(rules))


def _number(name: str) -> int:
    """A name of up to three bytes, and its length, as a number: what `_numbers` makes of the same bytes."""
    return int.from_bytes(name.encode()[:_LONGEST].ljust(_LONGEST, b"\0") + bytes([len(name)]), "little")


def _numbers(segments: Segments, start: Positions, end: Positions) -> Words:
    """Every value, with its length, as a number; a longer one becomes a number that no name has."""
    size = np.minimum(end - start, _LONGEST + 1)
    found: Words = heads(segments.data, start, size) | (size << (8 * _LONGEST)).astype(np.uint64)
    return found


def _guess(rules: Grammar) -> Codes:
    found = []
    for moves in zip(*rules.steps, strict=True):
        opening = [move >> 1 for move in moves if move & 1] or [move >> 1 for move in moves]
        found.append(max(opening, key=opening.count))
    return np.array(found, dtype=np.int16)


def kinds_of(transaction: Transaction, segments: Segments) -> Codes:
    """The kind of every segment."""
    table = kind_table(transaction)
    id_end = segments.id_end()
    name = _numbers(segments, segments.start, id_end)
    kind = table.find(name)
    element = table.qualified_by.take(kind)
    for number in set(table.qualified_by.tolist()) - {0}:
        which = np.flatnonzero((element == number) & (segments.count >= number))
        first = segments.first[which]
        start = segments.marks.take(first + (number - 1)) + 1
        qualifier = _numbers(segments, start, segments.marks.take(first + number))
        exact = table.find(np.bitwise_or(name[which], qualifier << 32))
        kind[which] = np.where(exact > 0, exact, kind[which])
    return kind


def _no_codes() -> Codes:
    return np.empty(0, dtype=np.int16)


def _no_mask() -> Mask:
    return np.empty(0, dtype=bool)


@dataclass(frozen=True)
class Head:
    """Segments of earlier pieces of a transaction that stand in front of a piece: its rows refer to them."""

    content: bytes = b""
    state: Codes = field(default_factory=_no_codes)
    """Where each of them stands."""
    is_opening: Mask = field(default_factory=_no_mask)
    last_state: int = 0
    """Where the piece goes on."""

    def __len__(self) -> int:
        return len(self.state)


@dataclass(frozen=True)
class Walk:
    """The segments that lead somewhere, in order, behind those of a head and what comes before any."""

    position: Positions
    state: Codes
    """The state from there on."""
    is_opening: Mask
    lasting: Positions
    """How many segments follow up to the next, itself included."""

    def of_segments(self) -> Positions:
        """For every segment the entry that it stands in."""
        return np.repeat(np.arange(len(self.lasting)), self.lasting)

    def until(self, entry: int) -> "Walk":
        """The walk up to an entry."""
        return Walk(self.position[:entry], self.state[:entry], self.is_opening[:entry], self.lasting[:entry])


def walk(transaction: Transaction, kind: Codes, head: Head) -> Walk:
    """The walk through the loops that segments of these kinds make behind those of the head."""
    table, begin = kind_table(transaction), len(head)
    position = np.flatnonzero(table.leads.take(kind[begin:])) + begin
    moves = _moves(table, kind.take(position), head.last_state)
    lasting = np.diff(position, prepend=begin, append=len(kind))
    return Walk(
        np.concatenate([np.arange(begin), [begin], position]),
        np.concatenate([head.state, np.array([head.last_state], dtype=np.int16), moves >> 1]),
        np.concatenate([head.is_opening, [False], moves & 1 > 0]),
        np.concatenate([np.ones(begin, dtype=np.int64), lasting]),
    )


def _moves(table: KindTable, kind: Codes, first_state: int) -> Codes:
    """Where every segment leads, from a guess that is made better until each step follows from the last."""
    steps, width = table.steps.ravel(), table.steps.shape[1]
    state: Codes = table.guess.take(kind)
    moves: Codes
    for _ in range(_ROUNDS):
        before = np.append(first_state, state[:-1])
        moves = steps.take(before * width + kind)
        is_new = moves >> 1 != state
        if not is_new.any():
            return moves
        state = moves >> 1
    # Segments outside their loops can lead anywhere: from the first one that is not settled, one by one.
    first = int(is_new.argmax())
    moves[first:] = _one_by_one(table.steps.tolist(), kind[first:].tolist(), int(before[first]))
    return moves


def _one_by_one(steps: Sequence[Sequence[int]], kinds: Sequence[int], state: int) -> list[int]:
    moves = []
    for kind in kinds:
        moves.append(steps[state][kind])
        state = moves[-1] >> 1
    return moves
