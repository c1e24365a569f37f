"""Files to tables: `read` in chunks of bounded size, `read_tables` all at once."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from claimlake.errors import SourceError
from claimlake.sources.x12.check import check
from claimlake.sources.x12.column import plain_column
from claimlake.sources.x12.contract import CONTRACT_BY_TABLE, CONTRACTS, DETAIL_CONTRACTS, SPECIFICATIONS
from claimlake.sources.x12.envelope import Outline, TransactionSet, moment, outline
from claimlake.sources.x12.finding import Finding
from claimlake.sources.x12.rows import Rows, batch_of, stacked
from claimlake.sources.x12.scan import scan
from claimlake.sources.x12.source import opened
from claimlake.sources.x12.spec import Transaction
from claimlake.sources.x12.table import POSITION, Assembler, Finished, list_marks
from claimlake.sources.x12.whole import segment_rows

_CHUNK_BYTES = 8 * 1024 * 1024
_LARGEST_WHOLE = 512 * 1024 * 1024


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
    source: Path | BinaryIO, *, chunk_bytes: int = _CHUNK_BYTES, in_detail: bool = False
) -> Iterator[Chunk]:
    """The file's tables in chunks of whole transactions, in detail if wanted; SourceError when not X12."""
    where = str(source) if isinstance(source, Path) else "stream"
    with opened(source) as content:
        data = np.frombuffer(content, dtype=np.uint8)
        shape = outline(content, data)
        if not shape.interchanges:
            what = "not X12: no ISA, GS or ST segment" if content[:65536].strip() else "the file is empty"
            raise SourceError(what, where=where, remedy="Check what the source delivers.")
        reader = _Reader(data, shape, in_detail=in_detail)
        for number, sets in enumerate(_batches(shape.transactions, chunk_bytes)):
            yield reader.chunk(sets, is_first=number == 0)
        del data, reader  # nothing may look at the bytes any more when the file is closed


def read_tables(source: Path | BinaryIO, *, in_detail: bool = False) -> Reading:
    """The file's tables all at once; raises SourceError when it is not X12."""
    parts: dict[str, list[Rows]] = {}
    findings: list[Finding] = []
    transactions: list[TransactionSet] = []
    for chunk in read(source, in_detail=in_detail):
        findings += chunk.findings
        transactions += chunk.transactions
        for name, rows in chunk.tables.items():
            parts.setdefault(name, []).append(rows)
    contracts = CONTRACTS + DETAIL_CONTRACTS if in_detail else CONTRACTS
    names = [contract.table for contract in contracts]
    tables = {name: stacked(parts[name]) if name in parts else empty(name) for name in names}
    return Reading(tables, tuple(findings), tuple(transactions))


def empty(table: str) -> Rows:
    """No rows of a table, with its columns."""
    columns = [(field.name, field.type) for field in CONTRACT_BY_TABLE[table].columns] + list(POSITION)
    return Rows(tuple(name for name, _ in columns), tuple(kind for _, kind in columns))


def _batches(sets: list[TransactionSet], chunk_bytes: int) -> Iterator[list[TransactionSet]]:
    batch: list[TransactionSet] = []
    size = 0
    for item in sets:
        if batch and size + item.byte_length > chunk_bytes:
            yield batch
            batch, size = [], 0
        batch.append(item)
        size += item.byte_length
    yield batch  # also when there is no transaction: an interchange may hold nothing but TA1s


class _Reader:
    """Turns batches of transactions into chunks; numbers go on from chunk to chunk."""

    def __init__(self, data: NDArray[np.uint8], shape: Outline, *, in_detail: bool) -> None:
        self.data = data
        self.shape = shape
        self.in_detail = in_detail
        self.specifications = {item.code: item.in_detail if in_detail else item for item in SPECIFICATIONS}
        self.before: dict[str, int] = {}

    def chunk(self, sets: list[TransactionSet], *, is_first: bool) -> Chunk:
        """The chunk of these transactions; the first one has what belongs to the whole file."""
        numbers = {item.transaction_no for item in sets} | ({None} if is_first else set())
        findings = [item for item in self.shape.findings if item.transaction_no in numbers]
        tables: dict[str, Rows] = {}
        for code, specification in self.specifications.items():
            mine = [item for item in sets if item.code == code]
            if mine:
                findings += self._read(specification, mine, tables)
        for item in sets:
            if item.code not in self.specifications:
                item.status, item.reason_code = "unsupported", "X12-00"
                item.reason = f"not supported: {item.code or 'a transaction without a code'}"
        if is_first:
            tables |= _interchanges(self.shape)
        if is_first and self.in_detail and len(self.data) > _LARGEST_WHOLE:
            findings.append(Finding(None, "X12-10", "the file is over 512 MB: x12_segment is left out"))
        elif is_first and self.in_detail:
            tables["x12_segment"] = self._segments()
        tables["x12_transaction"] = _transactions(sets)
        tables["x12_finding"] = _findings(findings)
        return Chunk({name: rows for name, rows in tables.items() if len(rows)}, tuple(findings), tuple(sets))

    def _segments(self) -> Rows:
        return segment_rows(self.data, self.shape.interchanges, self.shape.transactions, self.specifications)

    def _read(
        self, specification: Transaction, sets: list[TransactionSet], tables: dict[str, Rows]
    ) -> list[Finding]:
        found = scan(specification, self.data, sets)
        assembler = Assembler(specification, found, sets, self.before, list_marks(sets))
        finished = assembler.tables()
        for name, count in assembler.counts().items():
            self.before[name] = self.before.get(name, 0) + count
        findings = check(specification, sets, finished, found, self.data)
        is_accepted = np.array([item.status == "accepted" for item in sets], dtype=bool)
        for table in finished:
            tables[table.table.name] = _accepted(table, is_accepted)
        return findings


def _accepted(table: Finished, is_accepted: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> Rows:
    columns = [(item.name, item.type) for item in table.table.columns] + list(POSITION)
    cells = [*table.columns, *table.position]
    keep = is_accepted[table.transaction]
    if not keep.all():
        cells = [cell.take(keep) for cell in cells]
    return batch_of([name for name, _ in columns], [kind for _, kind in columns], cells, int(keep.sum()))


def _from_values(table: str, rows: list[tuple[object, ...]]) -> Rows:
    columns = [(field.name, field.type) for field in CONTRACT_BY_TABLE[table].columns] + list(POSITION)
    cells = [plain_column([row[number] for row in rows], kind) for number, (_, kind) in enumerate(columns)]
    return batch_of([name for name, _ in columns], [kind for _, kind in columns], cells, len(rows))


def _interchanges(shape: Outline) -> dict[str, Rows]:
    interchanges: list[tuple[object, ...]] = [
        (
            item.interchange_no,
            *(item.element(number) for number in (5, 6, 7, 8)),
            item.interchange_at,
            *(item.element(number) for number in (12, 13, 15)),
            item.segment_no,
            item.byte_offset,
            item.byte_length,
        )
        for item in shape.interchanges
    ]
    answers: list[tuple[object, ...]] = []
    for answer in shape.acknowledgements:
        part = [(value.strip() or None) for value in (*answer.elements, "", "", "", "", "")]
        place = (answer.segment_no, answer.byte_offset, answer.byte_length)
        answers.append((part[1], moment(part[2], part[3]), part[4], part[5], *place))
    return {
        "x12_interchange": _from_values("x12_interchange", interchanges),
        "ack_ta1": _from_values("ack_ta1", answers),
    }


def _transactions(sets: list[TransactionSet]) -> Rows:
    rows: list[tuple[object, ...]] = [
        (
            item.transaction_no,
            item.interchange.interchange_no,
            item.group.group_no,
            item.code,
            item.control_number,
            item.implementation,
            item.group.element(1),
            item.group.element(6),
            item.group.group_at,
            item.interchange.element(13),
            item.segment_count,
            item.status,
            item.reason_code,
            item.reason,
            item.segment_no,
            item.byte_offset,
            item.byte_length,
        )
        for item in sets
    ]
    return _from_values("x12_transaction", rows)


def _findings(findings: list[Finding]) -> Rows:
    rows: list[tuple[object, ...]] = [
        (
            item.transaction_no,
            item.rule,
            item.severity,
            item.loop or None,
            item.segment or None,
            item.segment_no,
            item.reason,
            item.segment_no,
            item.byte_offset,
            None,
        )
        for item in findings
    ]
    return _from_values("x12_finding", rows)
