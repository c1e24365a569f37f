"""The verdict on every transaction: accepted, or quarantined with the first reason that holds it."""

import numpy as np
from numpy.typing import NDArray

from claimlake.sources.x12 import balance
from claimlake.sources.x12.envelope import TransactionSet
from claimlake.sources.x12.finding import Finding
from claimlake.sources.x12.plan import Places, Scan, loop_level
from claimlake.sources.x12.segment import is_one_of
from claimlake.sources.x12.spec import MONEY, ROOT, Transaction, path
from claimlake.sources.x12.table import Finished


def check(
    transaction: Transaction,
    sets: list[TransactionSet],
    finished: list[Finished],
    scan: Scan,
    data: NDArray[np.uint8],
) -> list[Finding]:
    """What is wrong with these transactions; those that cannot be trusted are held."""
    tables = {item.table.name: item for item in finished}
    findings = _needed(transaction, sets, scan)
    rows = []
    if transaction.code == "835":
        findings += balance.remittance(sets, tables)
        rows = balance.remittance_rows(sets, tables)
    if transaction.code == "837":
        rows = balance.claim_rows(sets, tables)
    # A cut inside the last claim loses adjustments and leaves the payment's own sums as they were.
    broken = {item.transaction_no for item in findings + rows}
    findings += _trailers(transaction, sets, tables, broken)
    for table in finished:
        findings += _values(table, sets) + _codes(table, sets)
    findings += rows + _lost(sets, scan.lost(), data)
    by_number = {item.transaction_no: item for item in sets}
    order = {"X12-06": 0, "X12-07": 1}
    for finding in sorted(findings, key=lambda item: order.get(item.rule, 2)):
        if finding.severity == "quarantine" and finding.transaction_no in by_number:
            by_number[finding.transaction_no].hold(finding)
    return findings


def _needed(transaction: Transaction, sets: list[TransactionSet], scan: Scan) -> list[Finding]:
    found = []
    for citation in transaction.needs:
        need = path(citation)
        values = scan.first(loop_level(ROOT), need)
        for number in np.flatnonzero(values.end == values.start).tolist():
            item = sets[number]
            reason = f"a {transaction.code} without {need.segment}{need.element:02d} cannot be read"
            place = item.byte_offset
            found.append(Finding(item.transaction_no, "X12-07", reason, need.segment, byte_offset=place))
    return found


def _trailers(
    transaction: Transaction, sets: list[TransactionSet], tables: dict[str, Finished], broken: set[int | None]
) -> list[Finding]:
    found = []
    for number, item in enumerate(sets):
        if item.has_trailer:
            continue
        is_whole = item.transaction_no not in broken and _is_whole(transaction, number, item, tables)
        place = item.byte_offset + item.byte_length
        if is_whole:
            reason = "the transaction has no SE; its amounts add up, so it is kept"
            found.append(Finding(item.transaction_no, "X12-05", reason, "SE", byte_offset=place))
        else:
            where = "the end of the file" if item.is_at_end else "the next envelope segment"
            reason = (
                f"the transaction is cut off: no SE before {where}, and its content cannot be proved whole"
            )
            found.append(Finding(item.transaction_no, "X12-06", reason, "SE", byte_offset=place))
    return found


def _lost(sets: list[TransactionSet], places: Places, data: NDArray[np.uint8]) -> list[Finding]:
    found = []
    begins = np.array([item.byte_offset for item in sets])
    for number, begin in zip(places.segment_no.tolist(), places.begin.tolist(), strict=True):
        item = sets[int(np.searchsorted(begins, begin, side="right")) - 1]
        name = "".join(filter(str.isalnum, data[begin : begin + 3].tobytes().decode("latin-1")))
        reason = f"{name} stands where no loop of a {item.code} has it; no table has its amounts"
        found.append(Finding(item.transaction_no, "X12-11", reason, name, "", number, begin))
    return found


def _is_whole(
    transaction: Transaction, number: int, item: TransactionSet, tables: dict[str, Finished]
) -> bool:
    if transaction.code == "835":
        return True  # it balances, and so do its claims and lines, or it would be among the broken
    if transaction.code == "837":
        return not item.is_at_end and balance.is_last_claim_whole(number, tables)
    return not item.is_at_end


def _values(table: Finished, sets: list[TransactionSet]) -> list[Finding]:
    found = []
    for column, cells in zip(table.table.columns, table.columns, strict=True):
        for row in np.flatnonzero(cells.is_bad).tolist():
            is_money = column.type == MONEY
            reason = f"{table.table.name}.{column.name} ({column.citation}) is not {_noun(column.type)}"
            found.append(
                Finding(
                    sets[int(table.transaction[row])].transaction_no,
                    "X12-08" if is_money else "X12-09",
                    reason,
                    segment_no=int(table.position[0].values[row]),
                    byte_offset=int(table.position[1].values[row]),
                )
            )
    return found


def _codes(table: Finished, sets: list[TransactionSet]) -> list[Finding]:
    found = []
    for column, cells in zip(table.table.columns, table.columns, strict=True):
        if not column.codes:
            continue
        data = np.frombuffer(cells.text, dtype=np.uint8)
        is_known = is_one_of(data, cells.values[:-1], cells.values[1:], column.codes)
        for row in np.flatnonzero(cells.is_valid & ~is_known).tolist():
            item = sets[int(table.transaction[row])]
            number, place = (int(values.values[row]) for values in table.position[:2])
            reason = f"{table.table.name}.{column.name} ({column.citation}) is not one of its codes"
            segment = column.citation.split()[-2].split("*")[0]
            found.append(Finding(item.transaction_no, "X12-13", reason, segment, "", number, place))
    return found


def _noun(kind: str) -> str:
    if kind.startswith("decimal"):
        return f"an amount that fits {kind}"
    return {"date": "a date", "timestamp": "a date and time"}.get(kind, "a whole number")
