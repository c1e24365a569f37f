"""A transaction's description as the tables of numbers that the compiled kernel runs on."""

import ctypes
import re
from collections import deque
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from claimlake.sources.x12.fact import FACTS
from claimlake.sources.x12.kernel import address, words
from claimlake.sources.x12.plan import Level, Plan, holder_of, level_of, loop_level, numbered_level, plan_of
from claimlake.sources.x12.segment import key_of
from claimlake.sources.x12.spec import (
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
from claimlake.sources.x12.walk import QUALIFIED_BY, Grammar, grammar

# The numbers below are those of native/x12.h and native/table.h.
_FIRST, _EVERY, _ROWS, _OWN = range(4)
_TEXT, _DECIMAL, _INT32, _INT64, _DAY, _MOMENT = range(6)
_TYPES = {"text": _TEXT, "int": _INT32, "bigint": _INT64, "date": _DAY, "timestamp": _MOMENT}
_SOURCES = (
    *("element", "number", "ordinal", "of_set", "of_state", "joined", "total", "tally", "pick"),
    *("set_number", "source_row", "byte_offset", "byte_length"),
)
_LISTED, _BY_ROW, _IS_LAST = 2, 8, 16
_HASH = 0x9E3779B97F4A7C15
_MOST_IDLE = 4
_MOST_LOOPS = 64
_MOST_DIGITS = 18

OPERATION = np.dtype([("fields", np.int32, 14), ("test", np.uint8, 8)])
COLUMN = np.dtype(
    [
        (name, np.int32)
        for name in (
            *("type", "places", "source", "how", "first_cited", "cited_count"),
            *("argument", "first_code", "code_count", "digits"),
        )
    ]
)
DICTIONARY = np.dtype([("offsets", np.uintp), ("bytes", np.uintp)])


class _Rules(ctypes.Structure):
    _fields_ = [
        (name, ctypes.c_int32)
        for name in ("states", "kinds", "loops", "levels", "lists", "hash_size", "has_trace", "unused")
    ] + [
        (name, ctypes.c_void_p)
        for name in (
            *("hash_keys", "hash_kinds", "hash_qualifiers", "steps", "first_operation", "operations"),
            *("owns", "level_of_state", "keeps", "watched", "cuts", "slots"),
        )
    ]


class _Table(ctypes.Structure):
    _fields_ = [
        (name, ctypes.c_int32)
        for name in ("level", "columns", "only_slot", "only_first", "only_count", "unused")
    ] + [(name, ctypes.c_void_p) for name in ("column", "cited", "codes", "of_state")]


class Program:
    """A transaction's grammar, plan and tables as the kernel takes them."""

    def __init__(self, transaction: Transaction, *, has_trace: bool) -> None:
        self.transaction = transaction
        self.grammar: Grammar = grammar(transaction)
        self.plan: Plan = plan_of(transaction)
        self.level_number = {level: number for number, level in enumerate(self.plan.levels)}
        self.list_number = {item: number for number, item in enumerate(self.plan.lists)}
        self.loops = [level.rows[0] for level in self.plan.levels if level.is_loop]
        if len(self.loops) > _MOST_LOOPS:
            raise ValueError(f"{transaction.code} has over {_MOST_LOOPS} loops that are rows")
        self.slots: dict[tuple[Level, Path], int] = {}
        self.slot_counts = np.zeros(len(self.plan.levels), dtype=np.int32)
        for level, path in self.plan.firsts:
            number = self.level_number[level]
            self.slots[level, path] = int(self.slot_counts[number])
            self.slot_counts[number] += 1
        self._arrays = {**self._hash(), **self._states(), **self._operations(), "slots": self.slot_counts}
        self.rules = _Rules(
            states=len(self.grammar.states),
            kinds=len(self.grammar.kinds),
            loops=len(self.loops),
            levels=len(self.plan.levels),
            lists=len(self.plan.lists),
            hash_size=len(self._arrays["hash_keys"]),
            has_trace=has_trace,
            **{name: address(array) for name, array in self._arrays.items()},
        )
        self.idle: deque[Any] = deque(maxlen=_MOST_IDLE)
        """Scanners that no reading uses."""
        self.tables = {table.name: TableProgram(self, table) for table in transaction.tables}
        self.structures = np.array(
            [ctypes.addressof(table.structure) for table in self.tables.values()], dtype=np.uintp
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
            "cuts": np.array([state in self.transaction.pieces for state in states], dtype=np.uint8),
        }

    def _operations(self) -> dict[str, NDArray[Any]]:
        width = len(self.grammar.kinds)
        found: list[list[NDArray[Any]]] = [[] for _ in range(len(self.grammar.states) * width)]
        owns: list[NDArray[Any]] = []
        for level, path in self.plan.firsts:
            if path.loop is not None:
                operation = _operation((_FIRST, self.level_number[level], self.slots[level, path]), path)
                self._place(found, path.loop, path.segment, path.qualifiers, operation)
        for (level, paths), number in self.list_number.items():
            for path in paths:
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
            "operations": np.array([item for group in found for item in group], dtype=OPERATION),
            "owns": np.array(owns, dtype=OPERATION),
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
        operation = np.zeros((), dtype=OPERATION)
        operation["fields"] = (
            *(_ROWS, self.level_number[level], 0, repeat.first if repeat else 0, 0, 0, 0, 0, 0),
            *(repeat.step if repeat else 0, repeat.most if repeat else 1),
            *(first_own, len(mine), int(repeat is not None)),
        )
        return operation


def _operation(head: tuple[int, int, int], path: Path, *, step: int = 0, need: int = 0) -> NDArray[Any]:
    """A cited value to note; `head` is the kind of operation, its target and its slot."""
    number, wanted = path.test or (0, b"")
    operation = np.zeros((), dtype=OPERATION)
    operation["fields"] = (
        *(*head, path.element, path.last_element, path.component, path.last_component),
        *(number, len(wanted), step, 0, 0, 0, need),
    )
    operation["test"][: len(wanted)] = np.frombuffer(wanted, dtype=np.uint8)
    return operation


class TableProgram:
    """A table's columns, and its position columns behind them, as the kernel takes them."""

    def __init__(self, program: Program, table: Table) -> None:
        self.program = program
        self.table = table
        self.level = level_of(table)
        self.names = tuple(column.name for column in table.columns) + tuple(name for name, _ in POSITION)
        self.types = tuple(column.type for column in table.columns) + tuple(kind for _, kind in POSITION)
        self.columns = np.zeros(len(self.names), dtype=COLUMN)
        self._cited: list[tuple[int, int, int]] = []
        self._codes: list[int] = []
        self._words: list[tuple[NDArray[np.int32], NDArray[np.uint8]]] = []
        for number, column in enumerate(table.columns):
            self._describe(self.columns[number], column)
        for number, (name, _) in enumerate(POSITION, len(table.columns)):
            self.columns[number]["type"] = _INT64
            self.columns[number]["source"] = _SOURCES.index(name)
        only = self._only()
        self._arrays = (
            np.array(self._cited or [(0, 0, 0)], dtype=np.int32),
            np.array(self._codes or [0], dtype=np.uint64),
        )
        self.of_state = np.array(
            [(address(offsets), address(text)) for offsets, text in self._words] or [(0, 0)], dtype=DICTIONARY
        )
        self.structure = _Table(
            program.level_number[self.level],
            len(self.names),
            *only,
            0,
            *(address(array) for array in (self.columns, *self._arrays, self.of_state)),
        )

    def _only(self) -> tuple[int, int, int]:
        if self.table.only is None:
            return 0, 0, 0
        citation, allowed = self.table.only
        path = next(
            column.source.paths[0]
            for column in self.table.columns
            if isinstance(column.source, Element) and column.citation == citation
        )
        return self.program.slots[self.level, path], *self._add_codes(allowed)

    def _add_codes(self, codes: tuple[bytes, ...]) -> tuple[int, int]:
        first = len(self._codes)
        self._codes += [len(code) << (8 * len(code)) | int.from_bytes(code, "big") for code in codes]
        return first, len(codes)

    def _add_cited(self, level: Level, path: Path) -> None:
        number = self.program.level_number[level]
        is_around = level.is_loop and level != self.level
        loop = self.program.loops.index(level.rows[0]) if is_around else -1
        self._cited.append((number, loop, self.program.slots[level, path]))

    def _describe(self, found: Any, column: Column) -> None:
        source = column.source
        if match := re.fullmatch(r"decimal\((\d+),(\d+)\)", column.type):
            found["type"], found["digits"], found["places"] = _DECIMAL, int(match[1]), int(match[2])
        else:
            found["type"], found["digits"] = _TYPES[column.type], _MOST_DIGITS
        found["first_cited"] = len(self._cited)
        found["first_code"], found["code_count"] = self._add_codes(column.codes)
        name, argument = "", 0
        match source:
            case Element(paths=paths):
                name = "element"
                found["how"] = source.is_list * _LISTED + source.by_row * _BY_ROW + source.is_last * _IS_LAST
                for path in paths:
                    self._add_cited(holder_of(self.program.transaction, self.level, path), path)
            case Pick():
                name, argument = "pick", self.program.loops.index(self.level.rows[0])
                found["first_code"], found["code_count"] = self._add_codes(source.qualifiers)
                for path in source.both:
                    self._add_cited(level_of(source.table), path)
            case Number(loop=loop):
                name = "set_number" if loop == ROOT else "number"
                argument = self.program.level_number[
                    numbered_level(self.program.transaction, self.table, loop)
                ]
            case _:
                name, argument = self._describe_count(source)
        found["source"], found["argument"] = _SOURCES.index(name), argument
        found["cited_count"] = len(self._cited) - found["first_cited"]

    def _describe_count(self, source: Any) -> tuple[str, int]:
        match source:
            case Ordinal(within=within):
                return "ordinal", sum(1 << self.program.loops.index(loop) for loop in within)
            case Envelope(field=fact):
                return "of_set", list(FACTS).index(fact)
            case InLoop(words=given):
                in_state = dict(given)
                self._words.append(words([in_state.get(state) for state in self.program.grammar.states]))
                return "of_state", len(self._words) - 1
            case Joined(paths=paths):
                return "joined", self.program.list_number[self.level, paths]
            case Total(path=path):
                return "total", self.program.list_number[self.level, (path,)]
            case Tally(loop=loop):
                return "tally", self.program.level_number[loop_level(loop)]
        raise ValueError(f"no such source of a column: {source!r}")


@lru_cache(maxsize=32)
def program_of(transaction: Transaction, *, has_trace: bool) -> Program:
    """The kernel's tables for a transaction."""
    return Program(transaction, has_trace=has_trace)
