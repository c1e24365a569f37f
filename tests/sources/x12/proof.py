"""What a reading of any bytes has to prove: sound tables, balance or a reason, and no byte lost."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from decimal import Decimal
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa

from claimlake.sources.x12 import RULES, Reading

Tables = Mapping[str, Any]
CENT = Decimal("0.01")
_HELD = {"quarantined", "unsupported"}
_OF_THE_FILE = {"x12_interchange", "x12_transaction", "x12_finding", "x12_segment", "ack_ta1"}


def tables_of(found: Reading) -> Tables:
    """The tables that have rows, as a consumer of Arrow gets them."""
    return {
        name: pa.RecordBatchReader.from_stream(rows).read_all()
        for name, rows in found.tables.items()
        if len(rows)
    }


def doubts(content: bytes, found: Reading) -> Iterator[str]:
    """Everything that the reading of this (unpacked) content fails to prove."""
    tables = tables_of(found)
    for table in tables.values():
        table.validate(full=True)
    yield from _verdicts(found, tables, len(content))
    yield from _places(found, len(content))
    yield from _strays(found, tables)
    yield from _imbalances(tables)
    yield from _losses(content, tables)


def _numbers(table: Any, column: str, absent: int = -1) -> Any:
    """A column of whole numbers."""
    values = table[column]
    return (values.fill_null(absent) if values.null_count else values).to_numpy()


def _verdicts(found: Reading, tables: Tables, size: int) -> Iterator[str]:
    """Every transaction has its verdict; what is held has a rule, a reason and a finding with a place."""
    told = {(item.transaction_no, item.rule) for item in found.findings}
    for number, item in enumerate(found.transactions, 1):
        is_told = item.reason_code in RULES and bool(item.reason)
        if item.transaction_no != number:
            yield f"transaction {item.transaction_no} stands in the place of number {number}"
        if item.status not in _HELD and (item.status != "accepted" or item.reason_code):
            yield f"transaction {number} is {item.status} by {item.reason_code}"
        if item.status in _HELD and not is_told:
            yield f"transaction {number} is {item.status} without a rule and a reason"
        if item.status == "quarantined" and (number, item.reason_code) not in told:
            yield f"transaction {number} is held by {item.reason_code}, of which no finding tells"
    for item in found.findings:
        if item.rule not in RULES or item.byte_offset is None or not 0 <= item.byte_offset <= size:
            yield f"finding {item.rule} stands at byte {item.byte_offset} of {size}"
    for name, some in (("x12_transaction", found.transactions), ("x12_finding", found.findings)):
        if (len(tables[name]) if name in tables else 0) != len(some):
            yield f"{name} has not {len(some)} rows"


def _places(found: Reading, size: int) -> Iterator[str]:
    """Transactions stand one behind the other in the file."""
    bounds = [(item.byte_offset, item.byte_offset + item.byte_length) for item in found.transactions]
    if any(begin >= end for begin, end in bounds) or any(one[1] > two[0] for one, two in pairwise(bounds)):
        yield "transactions are empty or overlap"
    if bounds and not 0 <= bounds[0][0] < bounds[-1][1] <= size:
        yield "transactions stand outside the file"
    for item, (begin, end) in zip(found.transactions, bounds, strict=True):
        around = item.interchange
        if begin < around.byte_offset or end > around.byte_offset + around.byte_length:
            yield f"transaction {item.transaction_no} stands outside its interchange"


def _strays(found: Reading, tables: Tables) -> Iterator[str]:
    """Every row belongs to an accepted transaction and stands between its first byte and its last."""
    accepted = np.array([False, *(item.status == "accepted" for item in found.transactions)])
    begins = np.array([0, *(item.byte_offset for item in found.transactions)])
    ends = begins + np.array([0, *(item.byte_length for item in found.transactions)])
    for name, table in tables.items():
        if name in _OF_THE_FILE:
            continue
        of, offset, length = (
            _numbers(table, column) for column in ("transaction_no", "byte_offset", "byte_length")
        )
        if of.min() < 1 or of.max() >= len(accepted) or not accepted[of].all():
            yield f"{name} has a row of a transaction that is not accepted"
        elif (offset < begins[of]).any() or (length < 0).any() or (offset + length > ends[of]).any():
            yield f"{name} has a row that stands outside its transaction"


def _imbalances(tables: Tables) -> Iterator[str]:
    """BPR02 = Σ CLP04 less Σ PLB amounts of every remittance that is accepted, to the cent."""
    owed: dict[int, Decimal] = defaultdict(Decimal)
    for name, column, sign in (
        ("era_835_transaction", "payment_amount", 1),
        ("era_835", "paid_amount", -1),
        ("era_835_provider_adjustment", "amount", 1),
    ):
        if name in tables:
            numbers, amounts = (tables[name][item].to_pylist() for item in ("transaction_no", column))
            for number, amount in zip(numbers, amounts, strict=True):
                owed[number] += sign * (amount or 0)
    for number, amount in owed.items():
        if abs(amount) > CENT:
            yield f"transaction {number} is accepted and is off by {amount}"


def _losses(content: bytes, tables: Tables) -> Iterator[str]:
    """The rows of the segment table are the bytes of the file, each at its place and in order."""
    plain, place = memoryview(content), 0
    for batch in tables["x12_segment"].to_batches() if "x12_segment" in tables else ():
        texts, endings, raws = (_pieces(batch[name]) for name in ("content", "ending", "raw"))
        offsets, lengths = (batch[name].to_pylist() for name in ("byte_offset", "byte_length"))
        for offset, length, text, ending, raw in zip(offsets, lengths, texts, endings, raws, strict=True):
            if offset != place:
                yield f"the segment behind byte {place} says that it stands at {offset}"
                return
            place, middle = offset + length, offset + len(text or b"")
            is_same = (
                text is not None and text == plain[offset:middle] and ending == plain[middle:place]
                if raw is None
                else raw == plain[offset:place]
            )
            if not is_same:
                yield f"the segment at byte {offset} does not give its {length} bytes back"
                return
    if place != len(content):
        yield f"{len(content) - place} bytes behind byte {place} are in no segment"


def _pieces(column: Any) -> list[memoryview | None]:
    """The bytes of every value of a column of text or bytes, where there is one."""
    if column.null_count == len(column):
        return [None] * len(column)
    _, offsets, data = column.buffers()
    bounds = np.frombuffer(offsets, dtype=np.int32)[column.offset :][: len(column) + 1].tolist()
    held = memoryview(data or b"").cast("B")
    pieces: list[memoryview | None] = [held[begin:end] for begin, end in pairwise(bounds)]
    if column.null_count:
        is_valid = column.is_valid().to_pylist()
        return [piece if there else None for piece, there in zip(pieces, is_valid, strict=True)]
    return pieces


def differences(one: Reading, other: Reading) -> Iterator[str]:
    """The tables in which two readings of the same bytes are not the same, and their first other row."""
    first, second = tables_of(one), tables_of(other)
    for name in sorted({*first, *second}):
        if name not in first or name not in second:
            yield f"{name} has rows in one reading only"
        elif not first[name].equals(second[name]):
            left, right = (_rows(name, tables[name]) for tables in (first, second))
            if left != right:
                row = next(
                    (at for at, pair in enumerate(zip(left, right, strict=False)) if len({*pair}) > 1), None
                )
                yield f"{name} differs ({len(left)} and {len(right)} rows), first at row {row}"


def _rows(name: str, table: Any) -> list[tuple[Any, ...]]:
    """The rows in order; findings come chunk by chunk, so theirs is not part of what they say."""
    rows = [tuple(row.values()) for row in table.to_pylist()]
    return sorted(rows, key=repr) if name == "x12_finding" else rows
