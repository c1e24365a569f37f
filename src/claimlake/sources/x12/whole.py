"""The lossless table: every segment of a file, whatever it is, so that it gives back the same bytes."""

import ctypes
from collections.abc import Sequence
from typing import Any

import numpy as np
from nanoarrow.c_array import allocate_c_array  # type: ignore[import-untyped]
from numpy.typing import NDArray

from claimlake.sources.x12 import kernel
from claimlake.sources.x12.array import Bytes, Mask, Positions
from claimlake.sources.x12.column import Typed, Values, gathered, readable, text_column, typed, whole_column
from claimlake.sources.x12.contract import SEGMENT_CONTRACT
from claimlake.sources.x12.envelope import TransactionSet
from claimlake.sources.x12.kernel import address
from claimlake.sources.x12.part import Run
from claimlake.sources.x12.plan import Found
from claimlake.sources.x12.rows import Rows, batch_of, rows_schema
from claimlake.sources.x12.segment import tokenise
from claimlake.sources.x12.spec import POSITION
from claimlake.sources.x12.walk import grammar

_COLUMNS = [(field.name, field.type) for field in SEGMENT_CONTRACT.columns] + list(POSITION)
_NAMES, _TYPES = (tuple(values) for values in zip(*_COLUMNS, strict=True))
_RUN = np.dtype(
    [(name, np.int64) for name in ("begin", "end", "segment_no", "interchange_no")]
    + [(name, np.int32) for name in ("element", "terminator")]
)


class _Asked(ctypes.Structure):
    _fields_ = [
        (
            name,
            ctypes.c_void_p
            if name in ("data", "spans", "loops", "offsets", "words", "sets")
            else ctypes.c_int64,
        )
        for name in (
            *("data", "size", "begin", "end", "spans", "span_count", "loops", "first_no", "loop_count"),
            *("offsets", "words", "longest_word", "sets", "set_count"),
        )
    ]


class Loops:
    """The loop of every segment from a first one on, as far as a transaction's description knows it."""

    def __init__(self, first: int, last: int) -> None:
        self.first = first
        self.names: list[str | None] = [None]
        self.codes = np.zeros(max(last - first, 0) + 1, dtype=np.int32)

    def add(self, found: Found, states: Sequence[str]) -> None:
        """Take the loops of the segments that an engine has found."""
        found.put_states(self.codes, self.first, len(self.names))
        self.names += states


def loops_of(first: int, last: int, founds: Sequence[tuple[Any, Found]]) -> Loops:
    """The loops of the segments `first` to `last` that these readings, each with its transaction, have."""
    loops = Loops(first, last)
    for transaction, found in founds:
        loops.add(found, grammar(transaction).states)
    return loops


def segment_rows(
    data: NDArray[np.uint8],
    runs: Sequence[Run],
    sets: Sequence[TransactionSet],
    loops: Loops,
    bounds: tuple[int, int],
) -> Rows:
    """Every segment between two bounds with its loop and bytes; text before the first is a row of its own."""
    library = kernel.library()
    if library is None:
        return _array_rows(data, runs, sets, loops, bounds)
    spans = np.array(
        [
            (
                run.begin,
                run.end,
                run.segment_no,
                run.interchange_no,
                run.delimiters.element,
                run.delimiters.terminator,
            )
            for run in runs
        ],
        dtype=_RUN,
    )
    places = np.array(
        [(item.byte_offset, item.byte_offset + item.byte_length, item.transaction_no) for item in sets],
        dtype=np.int64,
    ).reshape(-1, 3)
    offsets, words = kernel.words(loops.names)
    array = allocate_c_array(rows_schema(_NAMES, _TYPES))
    asked = _Asked(
        *(address(data), len(data), *bounds),
        *(address(spans), len(spans), address(loops.codes), loops.first, len(loops.codes)),
        *(address(offsets), address(words), int(np.diff(offsets).max()), address(places), len(places)),
    )
    if not library.x12_segments(ctypes.addressof(asked), array._addr()):
        raise MemoryError
    return Rows(_NAMES, _TYPES, (array,) if array.length else ())


def _array_rows(
    data: NDArray[np.uint8],
    runs: Sequence[Run],
    sets: Sequence[TransactionSet],
    loops: Loops,
    bounds: tuple[int, int],
) -> Rows:
    found = [tokenise(data, run.begin, run.end, run.delimiters) for run in runs]
    begin, stop, number, interchange, id_stop = (
        np.concatenate([np.empty(0, dtype=np.int64), *parts])
        for parts in (
            [item.start for item in found],
            [item.end for item in found],
            [np.arange(len(item)) + run.segment_no for item, run in zip(found, runs, strict=True)],
            [np.full(len(item), run.interchange_no) for item, run in zip(found, runs, strict=True)],
            [item.id_end() for item in found],
        )
    )
    loop = loops.codes[number - loops.first]
    first = begin[0] if len(begin) else bounds[1]
    if bounds[0] < first:  # something stands before the first segment
        begin, stop, id_stop = (
            np.insert(begin, 0, bounds[0]),
            np.insert(stop, 0, first),
            np.insert(id_stop, 0, bounds[0]),
        )
        number, interchange, loop = (np.insert(values, 0, 0) for values in (number, interchange, loop))
    until = np.append(begin[1:], bounds[1]) if len(begin) else begin
    columns = (
        whole_column(interchange, "int", interchange > 0),
        _transaction(begin, sets),
        text_column(loops.names).take(loop),
        typed(Values(data, begin, np.minimum(id_stop, begin + 3)), "text"),
        *_contents(data, begin, stop, until),
        whole_column(number, "bigint"),
        whole_column(begin, "bigint"),
        whole_column(until - begin, "bigint"),
    )
    return batch_of(_NAMES, _TYPES, columns, len(begin))


def _contents(data: Bytes, begin: Positions, stop: Positions, until: Positions) -> tuple[Typed, ...]:
    """The text of every segment, what ends it, and its bytes where the text does not give them back."""
    offsets, text = gathered(data, begin, stop)
    every = np.ones(len(begin), dtype=bool)
    ending = Typed("binary", *_ended(gathered(data, stop, until), every))
    if text.isascii():
        nothing = np.zeros(len(begin) + 1, dtype=np.int32)
        return Typed("text", offsets, every, ~every, text), ending, Typed("binary", nothing, ~every, ~every)
    bounds, ends = offsets.tolist(), until.tolist()
    contents, raws = [], []
    for row, first in enumerate(begin.tolist()):
        piece = text[bounds[row] : bounds[row + 1]]
        contents.append(readable(piece))
        raws.append(None if contents[-1].encode() == piece else data[first : ends[row]].tobytes())
    return text_column(contents), ending, _binary(raws)


def _ended(
    found: tuple[NDArray[np.int32], bytes], is_valid: Mask
) -> tuple[NDArray[np.int32], Mask, Mask, bytes]:
    return found[0], is_valid, ~is_valid, found[1]


def _binary(values: Sequence[bytes | None]) -> Typed:
    offsets = np.cumsum([0, *(len(value or b"") for value in values)], dtype=np.int64).astype(np.int32)
    is_valid = np.array([value is not None for value in values], dtype=bool)
    return Typed("binary", offsets, is_valid, ~is_valid, b"".join(value or b"" for value in values))


def _transaction(begin: Positions, sets: Sequence[TransactionSet]) -> Typed:
    starts = np.array([item.byte_offset for item in sets], dtype=np.int64)
    ends = np.array([item.byte_offset + item.byte_length for item in sets] or [0], dtype=np.int64)
    numbers = np.array([item.transaction_no for item in sets] or [0], dtype=np.int64)
    place = np.searchsorted(starts, begin, side="right")
    inner = np.maximum(place - 1, 0)
    return whole_column(numbers[inner], "int", (place > 0) & (begin < ends[inner]))


def restored(content: str, ending: bytes, raw: bytes | None) -> bytes:
    """The bytes of a row of the segment table; those of all rows, in order, are the file."""
    return content.encode() + ending if raw is None else raw
