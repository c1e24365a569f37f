"""The scan by the compiled kernel: the same rows and values as the NumPy scan, in one pass."""

import ctypes
import weakref
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from claimlake.errors import SourceError
from claimlake.sources.x12.array import Positions
from claimlake.sources.x12.column import Values
from claimlake.sources.x12.kernel import address
from claimlake.sources.x12.plan import Level, Places, Plan, plan_of
from claimlake.sources.x12.segment import Delimiters, key_of
from claimlake.sources.x12.spec import Path, Transaction
from claimlake.sources.x12.walk import QUALIFIED_BY, Grammar, grammar

_FIRST, _EVERY, _ROWS, _OWN = range(4)
_OPERATION = np.dtype([("fields", np.int32, 14), ("test", np.uint8, 8)])
_HASH = 0x9E3779B97F4A7C15


class _Rules(ctypes.Structure):
    _fields_ = [
        (name, ctypes.c_int32)
        for name in ("states", "kinds", "loops", "levels", "lists", "hash_size", "is_failed")
    ] + [
        (name, ctypes.c_void_p)
        for name in (
            "hash_keys",
            "hash_kinds",
            "hash_qualifiers",
            "steps",
            "first_operation",
            "operations",
            "owns",
            "level_of_state",
            "keeps",
            "watched",
        )
    ]


class Program:
    """A transaction's grammar and plan as the tables the kernel runs on."""

    def __init__(self, transaction: Transaction) -> None:
        self.transaction = transaction
        self.grammar: Grammar = grammar(transaction)
        self.plan: Plan = plan_of(transaction)
        self.level_number = {level: number for number, level in enumerate(self.plan.levels)}
        self.list_number = {item: number for number, item in enumerate(self.plan.lists)}
        self.loops = [level.rows[0] for level in self.plan.levels if level.is_loop]
        self.slots: dict[tuple[Level, Path], int] = {}
        self.slot_counts = np.zeros(len(self.plan.levels), dtype=np.int32)
        for level, path in self.plan.firsts:
            number = self.level_number[level]
            self.slots[level, path] = int(self.slot_counts[number])
            self.slot_counts[number] += 1
        self._arrays = self._hash() | self._states() | self._operations()
        pointers = {name: address(array) for name, array in self._arrays.items()}
        self.rules = _Rules(
            states=len(self.grammar.states),
            kinds=len(self.grammar.kinds),
            loops=len(self.loops),
            levels=len(self.plan.levels),
            lists=len(self.plan.lists),
            hash_size=len(self._arrays["hash_keys"]),
            is_failed=0,
            **pointers,
        )

    def _hash(self) -> dict[str, NDArray[Any]]:
        size = 1 << (4 * len(self.grammar.kinds)).bit_length()
        keys = np.full(size, -1, dtype=np.int64)
        kinds, qualifiers = np.zeros(size, dtype=np.int32), np.zeros(size, dtype=np.int32)
        for kind, (segment, qualifier) in enumerate(self.grammar.kinds):
            key = key_of(segment) << 24 | (key_of(qualifier) if qualifier else 0)
            place = ((key * _HASH) & (2**64 - 1)) >> 32
            while keys[place & (size - 1)] >= 0:
                place += 1
            keys[place & (size - 1)] = key
            kinds[place & (size - 1)] = kind
            qualifiers[place & (size - 1)] = QUALIFIED_BY.get(segment, 0)
        return {"hash_keys": keys, "hash_kinds": kinds, "hash_qualifiers": qualifiers}

    def _states(self) -> dict[str, NDArray[Any]]:
        states = self.grammar.states
        levels = [self.loops.index(name) if name in self.loops else -1 for name in states]
        keeps = [
            sum(
                1 << number
                for number, loop in enumerate(self.loops)
                if state in self.transaction.within(loop)
            )
            for state in states
        ]
        return {
            "steps": np.array(self.grammar.steps, dtype=np.int32).reshape(-1),
            "level_of_state": np.array(levels, dtype=np.int32),
            "keeps": np.array(keeps, dtype=np.uint64),
        }

    def _operations(self) -> dict[str, NDArray[Any]]:
        width = len(self.grammar.kinds)
        found: list[list[NDArray[Any]]] = [[] for _ in range(len(self.grammar.states) * width)]
        owns: list[NDArray[Any]] = []
        for level, path in self.plan.firsts:
            if path.loop is not None:
                operation = _operation((_FIRST, self.level_number[level], self.slots[level, path]), path)
                self._place(found, path.loop, path.segment, path.qualifiers, operation)
        for (level, path), number in self.list_number.items():
            operation = _operation((_EVERY, number, 0), path, step=self.level_number[level])
            self._place(found, path.loop or "", path.segment, path.qualifiers, operation)
        for level in self.plan.levels:
            for row in () if level.is_loop else level.rows:
                loop, segment = row.split()
                self._place(found, loop, segment, (), self._rows(level, segment, owns))
        counts = [len(operations) for operations in found]
        watched = np.zeros(len(found), dtype=np.uint8)
        for segment in self.transaction.watched:
            for kind in self.grammar.kinds_of(segment, ()):
                watched[kind::width] = np.array(counts[kind::width]) == 0
        return {
            "first_operation": np.cumsum([0, *counts], dtype=np.int64).astype(np.int32),
            "operations": np.array([item for group in found for item in group], dtype=_OPERATION),
            "owns": np.array(owns, dtype=_OPERATION),
            "watched": watched,
        }

    def _place(
        self,
        found: list[list[NDArray[Any]]],
        loop: str,
        segment: str,
        qualifiers: tuple[str, ...],
        operation: NDArray[Any],
    ) -> None:
        for state in self.grammar.states_of(loop):
            for kind in self.grammar.kinds_of(segment, qualifiers):
                found[state * len(self.grammar.kinds) + kind].append(operation)

    def _rows(self, level: Level, segment: str, owns: list[NDArray[Any]]) -> NDArray[Any]:
        mine = [path for item, path in self.plan.firsts if item == level and path.segment == segment]
        first_own = len(owns)
        for path in mine:
            step = level.repeat.step if level.repeat and path.is_repeated else 0
            need = int(level.repeat is not None and path in level.needs)
            owns.append(_operation((_OWN, 0, self.slots[level, path]), path, step=step, need=need))
        repeat = level.repeat
        operation = np.zeros((), dtype=_OPERATION)
        operation["fields"] = (
            *(_ROWS, self.level_number[level], 0, repeat.first if repeat else 0, 0, 0, 0, 0, 0),
            *(repeat.step if repeat else 0, repeat.most if repeat else 1),
            *(first_own, len(mine), int(repeat is not None)),
        )
        return operation


def _operation(head: tuple[int, int, int], path: Path, *, step: int = 0, need: int = 0) -> NDArray[Any]:
    """A cited value to note; `head` is the kind of operation, its target and its slot."""
    number, wanted = path.test or (0, b"")
    operation = np.zeros((), dtype=_OPERATION)
    operation["fields"] = (
        *(*head, path.element, path.last_element, path.component, path.last_component),
        *(number, len(wanted), step, 0, 0, 0, need),
    )
    operation["test"][: len(wanted)] = np.frombuffer(wanted, dtype=np.uint8)
    return operation


@lru_cache(maxsize=16)
def program(transaction: Transaction) -> Program:
    """The kernel's tables for a transaction."""
    return Program(transaction)


class KernelScan:
    """What the kernel found; its memory is freed with this object."""

    def __init__(
        self, library: Any, transaction: Transaction, data: NDArray[np.uint8], *, has_trace: bool
    ) -> None:
        self.library = library
        self.program = program(transaction)
        self.data = data
        self.handle = library.x12_open(
            address(data),
            len(data),
            ctypes.addressof(self.program.rules),
            address(self.program.slot_counts),
            has_trace,
        )
        if not self.handle:
            raise SourceError("not enough memory to read the file", retryable=True)
        weakref.finalize(self, library.x12_close, self.handle)

    def run(self, begin: int, end: int, delimiters: Delimiters, segment_no: int) -> None:
        """Scan one transaction whose first segment has this number (from 1)."""
        marks = (delimiters.element, delimiters.component, delimiters.terminator)
        if not self.library.x12_scan(self.handle, begin, end, *marks, segment_no):
            raise SourceError("not enough memory to read the file", retryable=True)

    def _level(self, level: Level) -> tuple[int, Sequence[ctypes.c_void_p]]:
        pointers = [ctypes.c_void_p() for _ in range(3)]
        number = self.program.level_number[level]
        count = self.library.x12_level(self.handle, number, *(ctypes.addressof(item) for item in pointers))
        return count, pointers

    def size(self, level: Level) -> int:
        """How many rows the level has."""
        return self._level(level)[0]

    def places(self, level: Level) -> Places:
        """Where the rows stand."""
        count, pointers = self._level(level)
        table = _view(pointers[2], count * 4, np.int64).reshape(count, 4)
        return Places(*(np.ascontiguousarray(table[:, number]) for number in range(4)))

    def parent(self, level: Level, loop: str) -> Positions:
        """For every row, the row of the loop around it (from 0), or -1."""
        count, pointers = self._level(level)
        width = len(self.program.loops)
        table = _view(pointers[1], count * width, np.int32).reshape(count, width)
        return table[:, self.program.loops.index(loop)].astype(np.int64)

    def first(self, level: Level, path: Path) -> Values:
        """For every row, the first value of the cited element within it."""
        count, pointers = self._level(level)
        start, end = np.empty(count, dtype=np.int64), np.empty(count, dtype=np.int64)
        stride = int(self.program.slot_counts[self.program.level_number[level]])
        cell = (pointers[0].value or 0) + 8 * self.program.slots[level, path]
        if count:
            self.library.x12_unpack(cell, count, stride, address(start), address(end))
        return Values(self.data, start, end)

    def every(self, level: Level, path: Path) -> tuple[Positions, Values]:
        """Every value of the cited element with its row, in file order."""
        rows, start, end = self._list(self.program.list_number[level, path])
        return rows, Values(self.data, start, end)

    def lost(self) -> Places:
        """Segments with money that stand where no loop has them."""
        numbers, start, end = self._list(-1)
        return Places(numbers, start, end, np.zeros(len(start), dtype=np.int64))

    def trace(self) -> Places:
        """Every segment, if the scan was asked to keep them."""
        packed, start, end = self._list(-2)
        return Places(packed >> 16, start, end, packed & 0xFFFF)

    def _list(self, number: int) -> tuple[Positions, Positions, Positions]:
        rows, cells = ctypes.c_void_p(), ctypes.c_void_p()
        count = self.library.x12_list(self.handle, number, ctypes.addressof(rows), ctypes.addressof(cells))
        start, end = np.empty(count, dtype=np.int64), np.empty(count, dtype=np.int64)
        if count:
            self.library.x12_unpack(cells, count, 1, address(start), address(end))
        return _view(rows, count, np.int64).copy(), start, end


def _view(pointer: ctypes.c_void_p, count: int, kind: type[Any]) -> NDArray[Any]:
    if count == 0:
        return np.empty(0, dtype=kind)
    size = count * np.dtype(kind).itemsize
    raw: Any = (ctypes.c_uint8 * size).from_address(pointer.value or 0)
    view: NDArray[Any] = np.frombuffer(raw, dtype=kind)
    return view
