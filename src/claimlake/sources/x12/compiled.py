"""A reading by the compiled kernel: the same rows and values as by NumPy, in one pass."""

import ctypes
import weakref
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, cast

import numpy as np
from nanoarrow.c_array import CArray, allocate_c_array  # type: ignore[import-untyped]
from numpy.typing import NDArray

from claimlake.sources.x12.array import Mask, Positions
from claimlake.sources.x12.column import TooLargeError
from claimlake.sources.x12.envelope import TransactionSet
from claimlake.sources.x12.fact import FACTS
from claimlake.sources.x12.kernel import address, library, view, words
from claimlake.sources.x12.plan import Fault, Places, loop_level, series
from claimlake.sources.x12.program import DICTIONARY, Program, TableProgram, program_of
from claimlake.sources.x12.rows import Rows, rows_schema
from claimlake.sources.x12.spec import ROOT, Path, Table, Transaction

_ISSUE = np.dtype([(name, np.int64) for name in ("column", "row", "kind", "set", "segment_no", "begin")])
_ISSUES = np.dtype([("count", np.int64), ("capacity", np.int64), ("issues", np.uintp)])
_KINDS = {2: "value", 3: "code"}
_TOO_LARGE = -2
_LONGEST = 0xFFFFFF


class _Setting(ctypes.Structure):
    _fields_ = [("set_count", ctypes.c_int64)] + [
        (name, ctypes.c_void_p)
        for name in ("numbers", "set_numbers", "set_lengths", "keep", "of_set", "ordinals")
    ]


class Scanner:
    """Memory of the kernel for the rows of one transaction type; used by one reading at a time."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.kernel = cast(Any, library())
        self.handle = self.kernel.x12_open(ctypes.addressof(program.rules))
        if not self.handle:
            raise MemoryError
        weakref.finalize(self, self.kernel.x12_close, self.handle)

    @classmethod
    def take(cls, program: Program) -> "Scanner":
        """An idle scanner of the program, or a new one."""
        try:
            found: Scanner = program.idle.pop()
        except IndexError:
            return cls(program)
        return found

    def give_back(self) -> None:
        """Let another reading use it."""
        self.program.idle.append(self)


def _separators(item: TransactionSet) -> tuple[int, int, int, int]:
    marks = item.delimiters
    return marks.element, marks.component, marks.terminator, marks.repetition


class KernelFound:
    """What the kernel found in some transactions of one type."""

    def __init__(
        self,
        transaction: Transaction,
        data: NDArray[np.uint8],
        sets: Sequence[TransactionSet],
        *,
        has_trace: bool,
    ) -> None:
        self.program = program_of(transaction, has_trace=has_trace)
        self.data = data
        self.sets = sets
        self.scanner = Scanner.take(self.program)
        self.kernel: Any = self.scanner.kernel
        self.handle = self.scanner.handle
        self.ordinals: dict[str, NDArray[np.int64]] = {}
        self.bytes = 0
        self.before: dict[str, int] = {}
        self._numbers = np.zeros(len(self.program.plan.levels), dtype=np.int64)
        self._filled: dict[str, KernelTable] = {}
        self.kernel.x12_start(self.handle, address(data), len(data))

    def scan_all(self) -> "KernelFound":
        """Scan every transaction whole."""
        places = np.array(
            [(item.byte_offset, item.segment_no, item.byte_offset + item.byte_length) for item in self.sets],
            dtype=np.int64,
        )
        separators = np.array([_separators(item) for item in self.sets], dtype=np.uint8)
        if self.kernel.x12_scan_all(self.handle, len(self.sets), address(places), address(separators)) < 0:
            raise MemoryError
        self.bytes += sum(item.byte_length for item in self.sets)
        return self

    def scan(
        self, item: TransactionSet, place: NDArray[np.int64], *, is_new: bool, soft_end: int | None = None
    ) -> bool:
        """Scan on from `place`; whether the end was reached, rather than a place for a cut."""
        end, begin = item.byte_offset + item.byte_length, int(place[0])
        separators = np.array(_separators(item), dtype=np.uint8)
        status: int = self.kernel.x12_scan(
            self.handle,
            address(place),
            end,
            np.iinfo(np.int64).max if soft_end is None else soft_end,
            address(separators),
            is_new,
        )
        if status < 0:
            raise MemoryError
        self.bytes += int(place[0]) - begin
        return status == 1

    def in_pieces(self) -> "KernelFound":
        """Let ordinals go on from piece to piece."""
        for name, table in self.program.tables.items():
            self.ordinals[name] = np.zeros(len(table.names), dtype=np.int64)
        return self

    def cut(self) -> None:
        """Forget the piece that was read, but for the loops that are still open."""
        self.kernel.x12_cut(self.handle)
        self._filled = {}
        self.bytes = 0

    def counts(self) -> dict[str, int]:
        """How many new rows each numbered series has."""
        return {
            name: self.kernel.x12_count(self.handle, self.program.level_number[level])
            for name, level in series(self.program.transaction).items()
        }

    def number_from(self, before: Mapping[str, int]) -> None:
        """Let the numbers of each series go on behind this many; comes before the tables are asked for."""
        self.before = {name: before.get(name, 0) for name in series(self.program.transaction)}
        for name, level in series(self.program.transaction).items():
            self._numbers[self.program.level_number[level]] = self.before[name]

    def tables(self) -> Mapping[str, "KernelTable"]:
        """Every table by name."""
        if not self._filled:
            self._filled = self._fill(None)
        return self._filled

    @cached_property
    def _of_sets(self) -> tuple[list[Any], NDArray[Any], NDArray[np.int64], NDArray[np.int64]]:
        """Texts, numbers and lengths by transaction; the first keeps alive what the second points to."""
        facts = [words([fact(item) for item in self.sets]) for fact in FACTS.values()]
        places = np.array([(address(offsets), address(text)) for offsets, text in facts], dtype=DICTIONARY)
        numbers = np.array([item.transaction_no for item in self.sets], dtype=np.int64)
        return facts, places, numbers, np.array([item.byte_length for item in self.sets], dtype=np.int64)

    def _fill(self, keep: NDArray[np.uint8] | None) -> dict[str, "KernelTable"]:
        """Every table, of the transactions that are wanted; all share one memory."""
        _, facts, numbers, lengths = self._of_sets
        tables = list(self.program.tables.values())
        ordinals = np.array([address(array) for array in self.ordinals.values()], dtype=np.uintp)
        setting = _Setting(
            len(self.sets),
            *(address(array) for array in (self._numbers, numbers, lengths)),
            None if keep is None else address(keep),
            address(facts),
            address(ordinals) if len(ordinals) else None,
        )
        arrays = [allocate_c_array(rows_schema(table.names, table.types)) for table in tables]
        out = np.array([array._addr() for array in arrays], dtype=np.uintp)
        told = np.zeros(len(tables), dtype=_ISSUES)
        status = self.kernel.x12_fill(
            self.handle,
            *(address(self.program.structures), len(tables), ctypes.addressof(setting), self.bytes),
            *(address(out), address(told)),
        )
        issues = [view(int(at), int(count), _ISSUE).copy() for count, _, at in told.tolist()]
        self.kernel.x12_forget(address(told), len(told))
        if status == _TOO_LARGE:
            raise TooLargeError
        if status < 0:
            raise MemoryError
        return {
            table.table.name: KernelTable(table, array, some, numbers)
            for table, array, some in zip(tables, arrays, issues, strict=True)
        }

    def missing(self, path: Path) -> Sequence[int]:
        """The transactions (from 0) that have no value at a citation of the root loop."""
        root = loop_level(ROOT)
        number = self.program.level_number[root]
        width = int(self.program.slot_counts[number])
        cells = view(self.kernel.x12_cells(self.handle, number), len(self.sets) * width, np.uint64).reshape(
            -1, width
        )
        found: list[int] = np.flatnonzero(cells[:, self.program.slots[root, path]] == 0).tolist()
        return found

    def lost(self) -> Places:
        """Segments with money that stand where no loop has them."""
        rows, cells = ctypes.c_void_p(), ctypes.c_void_p()
        count = self.kernel.x12_lost(self.handle, ctypes.addressof(rows), ctypes.addressof(cells))
        places = view(cells.value, count, np.uint64)
        start = (places >> np.uint64(24)).astype(np.int64)
        end = start + (places & np.uint64(_LONGEST)).astype(np.int64)
        return Places(view(rows.value, count, np.int64).copy(), start, end, np.zeros(count, dtype=np.int64))

    def put_states(self, states: NDArray[np.int32], first: int, base: int) -> None:
        """Write the state of every segment, plus `base`, at the place of its number from `first` on."""
        self.kernel.x12_trace(self.handle, first, len(states), base, address(states))

    def rows(self, keep: Mask) -> dict[str, Rows]:
        """The rows of the transactions that are wanted, by table."""
        found = self.tables()
        if not keep.all():
            wanted = keep.astype(np.uint8)
            found = self._fill(wanted)
        return {name: table.as_rows() for name, table in found.items()}

    def close(self) -> None:
        """Give the memory back; nothing can be asked any more."""
        self._filled = {}
        self.scanner.give_back()


class KernelTable:
    """The rows of one table in Arrow memory."""

    def __init__(
        self, program: TableProgram, array: CArray, issues: NDArray[Any], set_numbers: NDArray[np.int64]
    ) -> None:
        self.program = program
        self.array = array
        self.issues = issues
        self.set_numbers = set_numbers

    @property
    def table(self) -> Table:
        """Its description."""
        return self.program.table

    @property
    def faults(self) -> list[Fault]:
        """The values that could not be read."""
        return [
            Fault(column, _KINDS[kind], number, segment_no, begin)  # type: ignore[arg-type]
            for column, _, kind, number, segment_no, begin in self.issues.tolist()
        ]

    def numbers(self, name: str) -> tuple[Positions, Mask]:
        """A column of whole numbers or money (in cents; 0 where there is none), and where there are any."""
        number, length = self.program.names.index(name), self.array.length
        buffers = self.array.child(number).buffers
        kind = self.program.types[number]
        if kind.startswith("decimal"):
            values = view(buffers[1], length * 2, np.int64)[::2]
        else:
            values = view(buffers[1], length, np.int32 if kind in ("int", "date") else np.int64)
        if not buffers[0]:
            return values, np.ones(length, dtype=bool)
        bits = view(buffers[0], (length + 7) // 8, np.uint8)
        return values, np.unpackbits(bits, count=length, bitorder="little").astype(bool)

    def sets(self) -> Positions:
        """For every row its transaction, from 0 among those of the reading."""
        return np.searchsorted(self.set_numbers, self.numbers("transaction_no")[0])

    def places(self) -> tuple[Positions, Positions]:
        """For every row the number of its first segment, and its first byte."""
        return self.numbers("source_row")[0], self.numbers("byte_offset")[0]

    def as_rows(self) -> Rows:
        """The rows as others take them."""
        length = self.array.length
        return Rows(self.program.names, self.program.types, (self.array,) if length else ())
