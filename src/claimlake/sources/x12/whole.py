"""The lossless table: every segment of a file, whatever it is, so that it gives back the same bytes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from claimlake.sources.x12.array import Positions
from claimlake.sources.x12.column import Typed, Values, text_column, typed, whole_column
from claimlake.sources.x12.contract import SEGMENT_CONTRACT
from claimlake.sources.x12.envelope import Interchange, TransactionSet
from claimlake.sources.x12.rows import Rows, batch_of
from claimlake.sources.x12.scan import scan
from claimlake.sources.x12.segment import Delimiters
from claimlake.sources.x12.spec import Transaction
from claimlake.sources.x12.walk import grammar

# Any transaction set and the envelope itself: no loops, no tables.
UNKNOWN = Transaction("", "unknown", (), ())


def segment_rows(
    data: NDArray[np.uint8],
    interchanges: Sequence[Interchange],
    sets: Sequence[TransactionSet],
    specifications: Mapping[str, Transaction],
) -> Rows:
    """Every segment of the file with its loop and bytes; text before the first ISA is a row of its own."""
    places = scan(UNKNOWN, data, _spans(interchanges, len(data)), has_trace=True).trace()
    number, begin = places.segment_no, places.begin
    end = places.end
    if not len(begin) or begin[0] > 0:
        number, begin = np.insert(number, 0, 0), np.insert(begin, 0, 0)
        end = np.insert(end, 0, 0)
    until = np.append(begin[1:], len(data))
    interchange = np.searchsorted(np.array([item.byte_offset for item in interchanges]), begin, side="right")
    columns = (
        whole_column(interchange, "bigint", interchange > 0),
        _transaction(begin, sets),
        _loops(data, number, sets, specifications),
        _segment_ids(data, begin, end, interchanges, interchange),
        typed(Values(data, begin, _without_terminator(data, begin, end, interchanges, interchange)), "text"),
        _binary(data, begin, until),
        whole_column(number, "bigint"),
        whole_column(begin, "bigint"),
        whole_column(until - begin, "bigint"),
    )
    fields = [(field.name, field.type) for field in SEGMENT_CONTRACT.columns]
    fields += [("source_row", "bigint"), ("byte_offset", "bigint"), ("byte_length", "bigint")]
    return batch_of([name for name, _ in fields], [kind for _, kind in fields], columns, len(begin))


@dataclass
class _Span:
    """An interchange and whatever follows it, up to the next one."""

    segment_no: int
    byte_offset: int
    byte_length: int
    delimiters: Delimiters


def _spans(interchanges: Sequence[Interchange], size: int) -> list[_Span]:
    bounds = [*(item.byte_offset for item in interchanges[1:]), size]
    return [
        _Span(item.segment_no, item.byte_offset, bound - item.byte_offset, item.delimiters)
        for item, bound in zip(interchanges, bounds, strict=True)
    ]


def _transaction(begin: Positions, sets: Sequence[TransactionSet]) -> Typed:
    starts = np.array([item.byte_offset for item in sets], dtype=np.int64)
    ends = np.array([item.byte_offset + item.byte_length for item in sets] or [0], dtype=np.int64)
    place = np.searchsorted(starts, begin, side="right")
    return whole_column(place, "bigint", (place > 0) & (begin < ends[np.maximum(place - 1, 0)]))


def _loops(
    data: NDArray[np.uint8],
    number: Positions,
    sets: Sequence[TransactionSet],
    specifications: Mapping[str, Transaction],
) -> Typed:
    names: list[str | None] = [None]
    code = np.zeros(int(number.max(initial=0)) + 1, dtype=np.int64)
    for name, specification in specifications.items():
        mine = [item for item in sets if item.code == name]
        if mine:
            found = scan(specification, data, mine, has_trace=True).trace()
            code[found.segment_no] = found.state + len(names)
            names += grammar(specification).states
    return text_column(names).take(code[number])


def _mark(interchanges: Sequence[Interchange], interchange: Positions, name: str) -> Positions:
    marks = [-1, *(getattr(item.delimiters, name) for item in interchanges)]
    return np.array(marks, dtype=np.int64)[interchange]


def _segment_ids(
    data: NDArray[np.uint8],
    begin: Positions,
    end: Positions,
    interchanges: Sequence[Interchange],
    interchange: Positions,
) -> Typed:
    stop = begin.copy()
    element = _mark(interchanges, interchange, "element")
    terminator = _mark(interchanges, interchange, "terminator")
    for _ in range(3):
        byte = data[np.minimum(stop, len(data) - 1)]
        stop += (stop < end) & (byte != element) & (byte != terminator)
    return typed(Values(data, begin, stop), "text")


def _without_terminator(
    data: NDArray[np.uint8],
    begin: Positions,
    end: Positions,
    interchanges: Sequence[Interchange],
    interchange: Positions,
) -> Positions:
    last = data[np.maximum(end - 1, 0)]
    is_mark = (end > begin) & (last == _mark(interchanges, interchange, "terminator"))
    stop: Positions = end - is_mark
    return stop


def _binary(data: NDArray[np.uint8], begin: Positions, until: Positions) -> Typed:
    offsets = np.append(begin, until[-1:]).astype(np.int32)
    is_valid = np.ones(len(begin), dtype=bool)
    return Typed("binary", offsets, is_valid, ~is_valid, data.tobytes())
