"""One large transaction in pieces of bounded size: in front of each stand the segments it refers to."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from claimlake.sources.x12.array import Positions
from claimlake.sources.x12.kind import Head
from claimlake.sources.x12.plan import Level, loop_level, plan_of
from claimlake.sources.x12.scan import ArrayScan, array_scan
from claimlake.sources.x12.segment import Delimiters
from claimlake.sources.x12.spec import Path, Transaction

_LEAST = 512
"""A window of fewer bytes seldom has a claim and the beginning of the next."""


@dataclass
class Window:
    """Where a piece begins, how many bytes it may have, and where its transaction ends."""

    segment_no: int
    byte_offset: int
    byte_length: int
    end: int
    delimiters: Delimiters


def piece_scan(transaction: Transaction, data: NDArray[np.uint8], window: Window, head: Head) -> ArrayScan:
    """The segments up to a place for a cut in the window, which grows until it has one; or up to the end."""
    begin = window.byte_offset
    window.byte_length = max(window.byte_length, _LEAST)
    while begin + window.byte_length < window.end:
        most = window.byte_length
        window.byte_length = _whole(data[begin : begin + most], window.delimiters.terminator)
        if window.byte_length:
            found = array_scan(transaction, data, [window], head, is_cut=True)
            if found.rest is not None:
                return found
        window.byte_length = most * 2
    window.byte_length = window.end - begin
    return array_scan(transaction, data, [window], head)


def _whole(data: NDArray[np.uint8], terminator: int) -> int:
    """How many of the bytes are whole segments."""
    return data.tobytes().rfind(terminator) + 1


def head_of(scan: ArrayScan, terminator: int) -> Head:
    """The segments of a piece, or of its own head, that give the loops open behind it their values."""
    needed = {place for level, row in _open_rows(scan) for place in _needed(scan, level, row).tolist()}
    position = np.array(sorted(needed), dtype=np.int64)
    segments, entry = scan.segments, scan.entry[position]
    bounds = zip(segments.start[position].tolist(), segments.end[position].tolist(), strict=True)
    return Head(
        b"".join(segments.data[start:end].tobytes() + bytes([terminator]) for start, end in bounds),
        scan.state[position],
        scan.walk.is_opening[entry] & (scan.walk.position[entry] == position),
        int(scan.state[-1]),
    )


def _open_rows(scan: ArrayScan) -> list[tuple[Level, int]]:
    levels = [loop_level(loop.name) for loop in scan.transaction.loop_by_name.values() if loop.is_row]
    return [(level, row) for level in levels if (row := scan.last_row(level)) >= 0]


def _needed(scan: ArrayScan, level: Level, row: int) -> Positions:
    """The segment that opens a row, and for each of its values the first one that has it."""
    paths = [path for at, path in plan_of(scan.transaction).firsts if at == level and path.loop is not None]
    return np.concatenate([scan.opening(level, row), *(_first(scan, level, row, path) for path in paths)])


def _first(scan: ArrayScan, level: Level, row: int, path: Path) -> Positions:
    position, owner, values = scan.all_of(level, path)
    mine = np.flatnonzero(owner == row)
    return position[mine[values.end[mine] > values.start[mine]][:1]]
