"""A file in parts: runs of whole transactions of bounded size, which together are every byte of it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from claimlake.sources.x12.envelope import Interchange, Outline, TransactionSet
from claimlake.sources.x12.segment import Delimiters, after_blanks, after_block


@dataclass(frozen=True)
class Part:
    """Some transactions with the same separators, and the bytes up to the next part."""

    sets: tuple[TransactionSet, ...]
    begin: int
    end: int
    segment_no: int
    """Number of its first segment in the file."""
    next_segment_no: int
    """Number of the first segment behind it."""
    interchanges: tuple[Interchange, ...]
    """Those that have a segment in it."""
    is_first: bool = False

    @property
    def byte_length(self) -> int:
        """How many bytes its transactions have."""
        return sum(item.byte_length for item in self.sets)


@dataclass(frozen=True)
class Run:
    """Segments one after the other under one set of separators."""

    begin: int
    end: int
    segment_no: int
    interchange_no: int
    delimiters: Delimiters


def parts(shape: Outline, size: int, most_bytes: int) -> Iterator[Part]:
    """The parts of a file of `size` bytes; a transaction that is larger than a part is one by itself."""
    batches = list(_batches(shape.transactions, most_bytes))
    begins = [batch[0].byte_offset if batch and number else 0 for number, batch in enumerate(batches)]
    numbers = [batch[0].segment_no if batch and number else 1 for number, batch in enumerate(batches)]
    begins.append(size)
    numbers.append(shape.segments + 1)
    first_interchange = 0
    for number, batch in enumerate(batches):
        end = begins[number + 1]
        last = first_interchange
        while last + 1 < len(shape.interchanges) and shape.interchanges[last + 1].byte_offset < end:
            last += 1
        yield Part(
            sets=tuple(batch),
            begin=begins[number],
            end=end,
            segment_no=numbers[number],
            next_segment_no=numbers[number + 1],
            interchanges=tuple(shape.interchanges[first_interchange : last + 1]),
            is_first=number == 0,
        )
        first_interchange = last


def slices(part: Part, data: NDArray[np.uint8]) -> Iterator[Part]:
    """The part in pieces of one or two megabytes, cut between any two segments."""
    begin, segment_no = part.begin, part.segment_no
    for run in runs(part):
        position, count = run.begin, run.segment_no
        while position < run.end:
            position, count = after_block(data, position, run.end, run.delimiters, count)
            # What stands between two segments belongs to the first.
            position = after_blanks(data, position, run.end, run.delimiters.terminator)
            if position < run.end or run.end == part.end:
                is_last = position >= part.end
                yield piece_of(
                    part, (begin, position), (segment_no, part.next_segment_no if is_last else count)
                )
                begin, segment_no = position, count


def piece_of(part: Part, bounds: tuple[int, int], numbers: tuple[int, int]) -> Part:
    """The part between two places, whose first segment and the one behind it have these numbers."""
    ends = [item.byte_offset for item in part.interchanges[1:]] + [part.end]
    return replace(
        part,
        begin=bounds[0],
        end=bounds[1],
        segment_no=numbers[0],
        next_segment_no=numbers[1],
        interchanges=tuple(
            item
            for item, end in zip(part.interchanges, ends, strict=True)
            if item.byte_offset < bounds[1] and end > bounds[0]
        ),
        is_first=part.is_first and bounds[0] == part.begin,
    )


def runs(part: Part) -> Iterator[Run]:
    """The runs of segments of a part, one for each of its interchanges."""
    for number, here in enumerate(part.interchanges):
        is_begun = here.byte_offset < part.begin
        after = number + 1 < len(part.interchanges)
        yield Run(
            begin=part.begin if is_begun else here.byte_offset,
            end=part.interchanges[number + 1].byte_offset if after else part.end,
            segment_no=part.segment_no if is_begun else here.segment_no,
            interchange_no=here.interchange_no,
            delimiters=here.delimiters,
        )


def _batches(sets: Sequence[TransactionSet], most_bytes: int) -> Iterator[list[TransactionSet]]:
    batch: list[TransactionSet] = []
    size = 0
    for item in sets:
        is_full = size + item.byte_length > most_bytes
        if batch and (is_full or item.delimiters != batch[-1].delimiters):
            yield batch
            batch, size = [], 0
        batch.append(item)
        size += item.byte_length
    yield batch  # also when there is no transaction: an interchange may hold nothing but TA1s
