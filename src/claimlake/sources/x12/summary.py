"""Tables about the file itself: its interchanges, its transactions, and what was found wrong with them."""

from collections.abc import Sequence

from claimlake.sources.x12.column import plain_column
from claimlake.sources.x12.contract import CONTRACT_BY_TABLE
from claimlake.sources.x12.envelope import Outline, TransactionSet, moment
from claimlake.sources.x12.finding import Finding
from claimlake.sources.x12.rows import Rows, batch_of
from claimlake.sources.x12.spec import POSITION


def _from_values(table: str, rows: list[tuple[object, ...]]) -> Rows:
    columns = [(field.name, field.type) for field in CONTRACT_BY_TABLE[table].columns] + list(POSITION)
    names, types = (tuple(values) for values in zip(*columns, strict=True))
    if not rows:
        return Rows(names, types)
    cells = [
        plain_column(list(values), kind) for values, kind in zip(zip(*rows, strict=True), types, strict=True)
    ]
    return batch_of(names, types, cells, len(rows))


def interchange_rows(shape: Outline) -> dict[str, Rows]:
    """The interchanges of a file and the answers to whole interchanges in it."""
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


def transaction_rows(sets: Sequence[TransactionSet]) -> Rows:
    """The transactions and what became of them."""
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


def finding_rows(findings: Sequence[Finding]) -> Rows:
    """What was found wrong."""
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
