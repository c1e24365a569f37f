"""Files to tables: `read` in chunks of bounded size, `read_tables` all at once."""

import contextlib
import os
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from claimlake.errors import SourceError
from claimlake.sources.x12 import kernel
from claimlake.sources.x12.check import Checker
from claimlake.sources.x12.column import TooLargeError
from claimlake.sources.x12.contract import CONTRACT_BY_TABLE, SPECIFICATIONS, Scope, contracts_of
from claimlake.sources.x12.envelope import Outline, TransactionSet, outline
from claimlake.sources.x12.find import find, find_in_pieces
from claimlake.sources.x12.finding import Finding
from claimlake.sources.x12.part import Part, parts, piece_of, runs, slices
from claimlake.sources.x12.plan import Found, FoundPiece
from claimlake.sources.x12.rows import Rows, stacked
from claimlake.sources.x12.source import Pages, opened
from claimlake.sources.x12.spec import POSITION, UNKNOWN, Transaction
from claimlake.sources.x12.summary import finding_rows, interchange_rows, transaction_rows
from claimlake.sources.x12.whole import loops_of, segment_rows

_CHUNK_BYTES = 2 * 1024 * 1024
_ARRAY_CHUNK_BYTES = 4 * 1024 * 1024
"""Without the kernel every column of a chunk costs some calls, however few rows it has."""
_MOST_WORKERS = 4
_LEAST_SHARED = 64 * 1024
"""Parts of fewer bytes, which hundreds of interchanges give, cost more to hand to a thread than to read."""
_MOST_BETWEEN = 2
"""A part is large, too, when so many times a chunk stands between its transactions."""


@dataclass(frozen=True)
class Chunk:
    """Some transactions of a file: the accepted rows of every table that has any, and the verdicts."""

    tables: Mapping[str, Rows]
    findings: tuple[Finding, ...]
    transactions: tuple[TransactionSet, ...]


@dataclass(frozen=True)
class Reading:
    """A whole file: every table of the contract (accepted rows only), the findings, and every transaction."""

    tables: Mapping[str, Rows]
    findings: tuple[Finding, ...]
    transactions: tuple[TransactionSet, ...]


def read(
    source: Path | BinaryIO,
    *,
    chunk_bytes: int | None = None,
    scope: Scope = "main",
    workers: int | None = None,
) -> Iterator[Chunk]:
    """The file's tables in chunks, in file order; SourceError when it is not X12 or too much for the memory.

    A chunk has whole transactions, or a piece of one that is larger than `chunk_bytes`: memory is bounded
    whatever the file's size, unless most of it is one transaction of segments that no loop knows.

    Args:
        source: a file, or a stream that can be read again from its start; gzip and zip are unpacked.
        chunk_bytes: how many bytes of the file a chunk has, about; by default two to four megabytes.
        scope: which tables: the main ones, all in `detail`, or `lossless` those and the table of every
            segment, which gives back every byte.
        workers: how many threads read; by default one for each processor, up to four.
    """
    where = str(source) if isinstance(source, Path) else "stream"
    with _memory_wanted(where), opened(source) as content:
        data = np.frombuffer(content, dtype=np.uint8)
        pages = Pages(content)
        shape = outline(content, data, pages.seen)
        if not shape.interchanges:
            what = "not X12: no ISA, GS or ST segment." if content[:65536].strip() else "the file is empty."
            raise SourceError(what, where=where, remedy="Check what the source delivers.")
        usual = _CHUNK_BYTES if kernel.available() else _ARRAY_CHUNK_BYTES
        most = usual if chunk_bytes is None else max(chunk_bytes, 1)
        reader = _Reader(data, pages, shape, scope=scope, chunk_bytes=most)
        yield from reader.chunks(workers or min(os.cpu_count() or 1, _MOST_WORKERS))
        del data, pages, reader  # nothing may look at the bytes any more when the file is closed


@contextlib.contextmanager
def _memory_wanted(where: str) -> Iterator[None]:
    """Say which file it was when there is no memory for its rows."""
    try:
        yield
    except MemoryError as error:
        remedy = "Close other programs, or read it where there is more."
        raise SourceError(
            "not enough memory to read it.", where=where, remedy=remedy, retryable=True
        ) from error


def read_tables(
    source: Path | BinaryIO,
    *,
    scope: Scope = "main",
    chunk_bytes: int | None = None,
) -> Reading:
    """The file's tables all at once, from chunks as `read` makes them; SourceError when it is not X12."""
    found: dict[str, list[Rows]] = {}
    findings: list[Finding] = []
    transactions: list[TransactionSet] = []
    for chunk in read(source, scope=scope, chunk_bytes=chunk_bytes):
        findings += chunk.findings
        transactions += chunk.transactions
        for name, rows in chunk.tables.items():
            found.setdefault(name, []).append(rows)
    names = [contract.table for contract in contracts_of(scope)]
    tables = {name: stacked(found[name]) if name in found else empty(name) for name in names}
    return Reading(tables, tuple(findings), tuple(transactions))


def empty(table: str) -> Rows:
    """No rows of a table, with its columns."""
    columns = [(field.name, field.type) for field in CONTRACT_BY_TABLE[table].columns] + list(POSITION)
    return Rows(tuple(name for name, _ in columns), tuple(kind for _, kind in columns))


_Founds = list[tuple[Transaction, list[TransactionSet], Found]]


class _Reader:
    """Turns the parts of a file into chunks; numbers go on from chunk to chunk."""

    def __init__(
        self,
        data: NDArray[np.uint8],
        pages: Pages,
        shape: Outline,
        *,
        scope: Scope,
        chunk_bytes: int,
    ) -> None:
        self.data = data
        self.pages = pages
        self.shape = shape
        self.has_segments = scope == "lossless"
        self.chunk_bytes = chunk_bytes
        self.specifications = {
            item.code: item if scope == "main" else item.in_detail for item in SPECIFICATIONS
        }
        self.before: dict[str, int] = {}
        self.findings: dict[int | None, list[Finding]] = defaultdict(list)
        for finding in shape.findings:
            self.findings[finding.transaction_no].append(finding)

    def chunks(self, workers: int) -> Iterator[Chunk]:
        """Every chunk, in file order."""
        todo = list(parts(self.shape, len(self.data), self.chunk_bytes))
        if workers == 1 or len(self.data) < _LEAST_SHARED * len(todo) or len(todo) == 1:
            for part in todo:
                yield from self._one(part)
            return
        with ThreadPoolExecutor(workers, "x12") as pool:
            for is_large, some in groupby(todo, key=self._is_large):
                if is_large:
                    for part in some:
                        yield from self._one(part)
                else:
                    yield from self._side_by_side(some, pool, workers)

    def _is_large(self, part: Part) -> bool:
        """Whether a part gives several chunks."""
        return max(part.byte_length, (part.end - part.begin) // _MOST_BETWEEN) > 2 * self.chunk_bytes

    def _side_by_side(self, todo: Iterable[Part], pool: Executor, workers: int) -> Iterator[Chunk]:
        """Two steps a part, each in a thread: find the rows; when those before are counted, make tables."""
        waiting = deque(todo)
        finding: deque[tuple[Part, Future[_Founds]]] = deque()
        finishing: deque[tuple[Part, Future[Chunk]]] = deque()
        while waiting or finding or finishing:
            while waiting and len(finding) < workers:
                part = waiting.popleft()
                finding.append((part, pool.submit(self._find, part)))
            if finding and len(finishing) < workers:
                part, found = finding.popleft()
                founds = found.result()
                self._number(founds)
                finishing.append((part, pool.submit(self._finish, part, founds)))
            else:
                part, chunk = finishing.popleft()
                yield chunk.result()
                self.pages.seen(part.begin)

    def _one(self, part: Part) -> Iterator[Chunk]:
        if not self._is_large(part):
            founds = self._find(part)
            self._number(founds)
            yield self._finish(part, founds)
        elif len(part.sets) == 1 and self._specification(part).pieces:
            yield from self._pieces(part)
        else:
            yield from self._slices(part)
        self.pages.seen(part.end)

    def _specification(self, part: Part) -> Transaction:
        return self.specifications.get(part.sets[0].code, UNKNOWN) if part.sets else UNKNOWN

    def _find(self, part: Part) -> _Founds:
        found: _Founds = []
        for code, specification in self.specifications.items():
            sets = [item for item in part.sets if item.code == code]
            if sets:
                what = find(specification, self.data, sets, has_trace=self.has_segments)
                found.append((specification, sets, what))
        return found

    def _number(self, founds: _Founds) -> None:
        for _, _, found in founds:
            found.number_from(self.before)
            for name, count in found.counts().items():
                self.before[name] = self.before.get(name, 0) + count

    def _finish(self, part: Part, founds: _Founds) -> Chunk:
        tables, findings = self._tables(founds)
        if self.has_segments:
            tables["x12_segment"] = self._segments(part, founds)
        for _, _, found in founds:
            found.close()
        return self._chunk(part, tables, findings)

    def _tables(self, founds: _Founds) -> tuple[dict[str, Rows], list[Finding]]:
        """The rows of accepted transactions, and what was found wrong."""
        tables: dict[str, Rows] = {}
        findings: list[Finding] = []
        for specification, sets, found in founds:
            try:
                told, rows = self._judged(specification, sets, found)
            except TooLargeError:
                told, rows = self._one_by_one(specification, sets, found)
            findings += told
            tables |= rows
        return tables, findings

    def _judged(
        self, specification: Transaction, sets: Sequence[TransactionSet], found: Found
    ) -> tuple[list[Finding], Mapping[str, Rows]]:
        checker = Checker(specification, sets, self.data)
        checker.add(found)
        told = checker.findings()
        return told, found.rows(np.array([item.status == "accepted" for item in sets], dtype=bool))

    def _one_by_one(
        self, specification: Transaction, sets: Sequence[TransactionSet], found: Found
    ) -> tuple[list[Finding], Mapping[str, Rows]]:
        """Read again each alone, so that one that is made to fill the memory does not hold the others."""
        findings: list[Finding] = []
        parts_of: dict[str, list[Rows]] = defaultdict(list)
        before = dict(found.before)
        for item in sets:
            alone = find(specification, self.data, [item])
            alone.number_from(before)
            before = {name: before.get(name, 0) + count for name, count in alone.counts().items()}
            try:
                told, rows = self._judged(specification, [item], alone)
            except TooLargeError:
                told, rows = _held_as_repeating([item]), {}
            alone.close()
            findings += told
            for name, some in rows.items():
                parts_of[name].append(some)
        return findings, {name: stacked(some) for name, some in parts_of.items()}

    def _segments(self, part: Part, founds: _Founds) -> Rows:
        loops = loops_of(
            part.segment_no,
            part.next_segment_no,
            [(specification, found) for specification, _, found in founds],
        )
        return segment_rows(self.data, list(runs(part)), part.sets, loops, (part.begin, part.end))

    def _chunk(self, part: Part, tables: Mapping[str, Rows], findings: Iterable[Finding]) -> Chunk:
        for item in part.sets:
            if item.code not in self.specifications:
                item.status, item.reason_code = "unsupported", "X12-00"
                item.reason = f"not supported: {item.code or 'a transaction without a code'}"
        numbers = [None] * part.is_first + [item.transaction_no for item in part.sets]
        told = [finding for number in numbers for finding in self.findings.get(number, ())] + [*findings]
        found = {
            **tables,
            **(interchange_rows(self.shape) if part.is_first else {}),
            "x12_transaction": transaction_rows(part.sets),
            "x12_finding": finding_rows(told),
        }
        return Chunk({name: rows for name, rows in found.items() if len(rows)}, tuple(told), part.sets)

    def _slices(self, part: Part) -> Iterator[Chunk]:
        """One large transaction that is read as a whole; only its segments come in several chunks."""
        founds = self._find(part)
        self._number(founds)
        tables, findings = self._tables(founds)
        yield from self._with_segments(self._chunk(part, tables, findings), part, founds)
        for _, _, found in founds:
            found.close()

    def _with_segments(self, chunk: Chunk, part: Part, founds: _Founds) -> Iterator[Chunk]:
        """The chunk and, when they are wanted, the segments of the part; many of them come in more chunks."""
        if not self.has_segments:
            yield chunk
            self.pages.seen(part.end)
            return
        is_long = part.end - part.begin > 2 * self.chunk_bytes
        for number, piece in enumerate(slices(part, self.data) if is_long else [part]):
            segments = {"x12_segment": self._segments(piece, founds)}
            yield Chunk(segments, (), ()) if number else replace(chunk, tables={**chunk.tables, **segments})
            self.pages.seen(piece.end)

    def _pieces(self, part: Part) -> Iterator[Chunk]:
        """One large transaction, read twice: to examine all its pieces, then to give them one by one."""
        checker = Checker(self._specification(part), part.sets, self.data)
        before = dict(self.before)
        try:
            for piece, found in self._cut(part):
                checker.add(found)
                self.pages.seen(piece.end)
            findings = checker.findings()
        except TooLargeError:
            findings = _held_as_repeating(part.sets)
        self.before = before
        for number, (piece, found) in enumerate(self._cut(part)):
            tables: dict[str, Rows] = {}
            if part.sets[0].status == "accepted":
                tables |= found.rows(np.ones(1, dtype=bool))
            kept = {name: rows for name, rows in tables.items() if len(rows)}
            chunk = Chunk(kept, (), ()) if number else self._chunk(part, kept, findings)
            yield from self._with_segments(chunk, piece, [(self._specification(part), [], found)])

    def _cut(self, part: Part) -> Iterator[tuple[Part, FoundPiece]]:
        """The pieces of one large transaction, each with what was found in it, numbered."""
        item, specification = part.sets[0], self._specification(part)
        found = find_in_pieces(specification, self.data, part.sets, has_trace=self.has_segments)
        place = np.array([item.byte_offset, item.segment_no], dtype=np.int64)
        begin, segment_no = part.begin, part.segment_no
        is_new, is_end = True, False
        while not is_end:
            if not is_new:
                found.cut()
            is_end = found.scan(item, place, is_new=is_new, soft_end=int(place[0]) + self.chunk_bytes)
            self._number([(specification, [item], found)])
            end, next_no = (part.end, part.next_segment_no) if is_end else (int(place[0]), int(place[1]))
            yield piece_of(part, (begin, end), (segment_no, next_no)), found
            begin, segment_no, is_new = end, next_no, False
        found.close()


def _held_as_repeating(sets: Sequence[TransactionSet]) -> list[Finding]:
    found = []
    for item in sets:
        reason = "the values its rows repeat are many times the transaction; it is made to fill the memory"
        finding = Finding(item.transaction_no, "X12-10", reason, "ST", "", item.segment_no, item.byte_offset)
        item.hold(finding)
        found.append(finding)
    return found
