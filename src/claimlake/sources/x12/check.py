"""The verdict on every transaction: accepted, or quarantined with the first reason that holds it."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from claimlake.sources.x12 import balance
from claimlake.sources.x12.balance import Charges, Payments, Tables
from claimlake.sources.x12.envelope import TransactionSet
from claimlake.sources.x12.finding import Finding
from claimlake.sources.x12.plan import Found, FoundTable, Places
from claimlake.sources.x12.spec import MONEY, Transaction, path

_MOST_TOLD = 1_000
"""Findings of one rule in one transaction; the last one says how many more there are."""
_FIRST = {"X12-06": 0, "X12-07": 1}
"""Reasons that come before all others when a transaction is held."""


@dataclass
class Checker:
    """Examines transactions of one type, whole or piece by piece."""

    transaction: Transaction
    sets: Sequence[TransactionSet]
    data: NDArray[np.uint8]
    _needed: list[Finding] = field(default_factory=list)
    _rows: list[Finding] = field(default_factory=list)
    _syntax: list[Finding] = field(default_factory=list)
    _last: Tables | None = None
    _more: Counter[tuple[int | None, str]] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.payments, self.charges = Payments(self.sets), Charges(self.sets)

    def add(self, found: Found) -> None:
        """Examine what was found in the transactions, or in one more piece of them."""
        tables = found.tables()
        if self._last is None:
            self._needed += self._missing(found)
        if self.transaction.code == "835":
            self.payments.add(tables)
            self._keep(self._rows, balance.remittance_rows(self.sets, tables))
        if self.transaction.code == "837":
            self.charges.add(tables)
            self._keep(self._rows, balance.claim_rows(self.sets, tables))
        for table in tables.values():
            self._keep(self._syntax, self._faults(table))
        self._keep(self._syntax, self._lost(found.lost()))
        self._last = tables

    def findings(self) -> list[Finding]:
        """Everything that is wrong; transactions that cannot be trusted are held."""
        self._state_amounts()
        found = [*self._needed]
        if self.transaction.code == "835":
            found += self.payments.findings()
        # A cut inside the last claim loses adjustments and leaves the payment's own sums as they were.
        broken = {item.transaction_no for item in found + self._rows}
        found += [*self._trailers(broken), *self._syntax, *self._rows]
        by_number = {item.transaction_no: item for item in self.sets}
        found.sort(key=lambda item: (item.byte_offset or 0, item.rule, item.reason))
        for finding in sorted(found, key=lambda item: _FIRST.get(item.rule, 2)):
            if finding.severity == "quarantine" and finding.transaction_no in by_number:
                by_number[finding.transaction_no].hold(finding)
        return [self._counted(finding) for finding in found]

    def _state_amounts(self) -> None:
        known = {"835": self.payments.amounts, "837": self.charges.amounts}
        if self.transaction.code in known:
            for item, cents in zip(self.sets, known[self.transaction.code](), strict=True):
                item.amount = cents

    def _keep(self, told: list[Finding], findings: Iterable[Finding]) -> None:
        for finding in findings:
            key = finding.transaction_no, finding.rule
            self._more[key] += 1
            if self._more[key] <= _MOST_TOLD:
                told.append(replace(finding, is_last_told=self._more[key] == _MOST_TOLD))

    def _counted(self, finding: Finding) -> Finding:
        more = self._more[finding.transaction_no, finding.rule] - _MOST_TOLD
        if not finding.is_last_told or more <= 0:
            return finding
        return replace(finding, reason=f"{finding.reason}; so are {more:,} more of this transaction")

    def _missing(self, found: Found) -> Iterator[Finding]:
        for citation in self.transaction.needs:
            need = path(citation)
            for index in found.missing(need):
                item = self.sets[index]
                reason = f"a {self.transaction.code} without {need.segment}{need.element:02d} cannot be read"
                yield Finding(
                    item.transaction_no, "X12-07", reason, need.segment, "", item.segment_no, item.byte_offset
                )

    def _trailers(self, broken: set[int | None]) -> Iterator[Finding]:
        for index, item in enumerate(self.sets):
            if item.has_trailer:
                continue
            place = item.byte_offset + item.byte_length
            if item.transaction_no not in broken and self._is_whole(index, item):
                reason = "the transaction has no SE; its amounts add up, so it is kept"
                yield Finding(item.transaction_no, "X12-05", reason, "SE", byte_offset=place)
                continue
            where = "the end of the file" if item.is_at_end else "the next envelope segment"
            reason = (
                f"the transaction is cut off: no SE before {where}, and its content cannot be proved whole"
            )
            yield Finding(item.transaction_no, "X12-06", reason, "SE", byte_offset=place)

    def _is_whole(self, index: int, item: TransactionSet) -> bool:
        if self.transaction.code == "835":
            return True  # it balances, and so do its claims and lines, or it would be among the broken
        if self.transaction.code == "837" and self._last is not None:
            return not item.is_at_end and balance.is_last_claim_whole(index, self._last)
        return not item.is_at_end

    def _lost(self, places: Places) -> Iterator[Finding]:
        begins = np.array([item.byte_offset for item in self.sets])
        for number, begin in zip(places.segment_no.tolist(), places.begin.tolist(), strict=True):
            item = self.sets[int(np.searchsorted(begins, begin, side="right")) - 1]
            head = self.data[begin : begin + 3].tobytes().decode("latin-1")
            name = "".join(filter(str.isalnum, head))
            reason = f"{name} stands where no loop of a {item.code} has it; no table has its amounts"
            yield Finding(item.transaction_no, "X12-11", reason, name, "", number, begin)

    def _faults(self, table: FoundTable) -> Iterator[Finding]:
        for fault in table.faults:
            column = table.table.columns[fault.column]
            cited = f"{table.table.name}.{column.name} ({column.citation})"
            segment = column.citation.split()[-2].split("*")[0] if fault.kind == "code" else ""
            rule, what = "X12-13", "one of its codes"
            if fault.kind == "value":
                is_held = column.type == MONEY and not table.table.is_detail
                rule, what = ("X12-08" if is_held else "X12-09"), _noun(column.type)
            yield Finding(
                self.sets[fault.set_index].transaction_no,
                rule,
                f"{cited} is not {what}",
                segment,
                "",
                fault.segment_no,
                fault.byte_offset,
            )


def _noun(kind: str) -> str:
    if kind.startswith("decimal"):
        return f"an amount that fits {kind}"
    nouns = {"date": "a date", "timestamp": "a date and time", "text": "a text of at most 1,024 bytes"}
    return nouns.get(kind, "a whole number")
