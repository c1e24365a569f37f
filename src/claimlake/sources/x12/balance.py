"""Do the amounts of a transaction add up? What holds a remittance or a broken claim file back."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from claimlake.sources.x12.array import Mask
from claimlake.sources.x12.envelope import TransactionSet
from claimlake.sources.x12.finding import Finding
from claimlake.sources.x12.table import Finished

_TOLERANCE = 1  # cent
_REASONS = {
    "SVC-01": ("service line does not balance", "SVC"),
    "CLP-01": ("claim payment does not balance", "CLP"),
    "CLP-03": ("line charges do not add up to the claim", "CLP"),
    "CLM-03": ("line charges do not add up to the claim charge", "CLM"),
}


def money_text(cents: int) -> str:
    """Cents as dollars and cents."""
    return f"{'-' if cents < 0 else ''}{abs(cents) // 100}.{abs(cents) % 100:02d}"


def _sums(table: Finished, column: str, size: int) -> NDArray[np.int64]:
    sums = np.zeros(size, dtype=np.int64)
    np.add.at(sums, table.transaction, table.column(column).values)
    return sums


def remittance(sets: list[TransactionSet], tables: dict[str, Finished]) -> list[Finding]:
    """BPR02 = Σ CLP04 less Σ PLB amounts, to the cent, and BPR02 ≥ 0 (835 guide, section 1.10.2.1.3)."""
    payment = tables["era_835_transaction"]
    amount = payment.column("payment_amount")
    claims = _sums(tables["era_835"], "paid_amount", len(sets)).tolist()
    adjustments = _sums(tables["era_835_provider_adjustment"], "amount", len(sets)).tolist()
    found = []
    for number, item in enumerate(sets):
        paid = int(amount.values[number])
        if not amount.is_valid[number]:
            reason = "the payment amount BPR02 is missing or is not an amount"
            found.append(Finding(item.transaction_no, "X12-07", reason, "BPR", byte_offset=item.byte_offset))
        elif abs(claims[number] - adjustments[number] - paid) > _TOLERANCE:
            reason = (
                f"remittance does not balance: payment {money_text(paid)}, "
                f"claims {money_text(claims[number])}, "
                f"provider adjustments {money_text(adjustments[number])}"
            )
            found.append(Finding(item.transaction_no, "ERA-01", reason, "BPR", byte_offset=item.byte_offset))
        elif paid < 0:
            reason = f"negative payment amount {money_text(paid)}"
            found.append(Finding(item.transaction_no, "ERA-04", reason, "BPR", byte_offset=item.byte_offset))
    return found


def is_last_claim_whole(number: int, tables: dict[str, Finished]) -> bool:
    """Whether the lines of the last claim add up to its charge: a cut file loses the end of that claim."""
    claims, lines = tables["claims_837"], tables["claims_837_line"]
    mine = np.flatnonzero(claims.transaction == number)
    if len(mine) == 0:
        return False
    claim = claims.column("claim_no").values[mine[-1]]
    of_claim = lines.column("claim_no").values == claim
    charged = int(lines.column("charge_amount").values[of_claim].sum())
    return abs(charged - int(claims.column("total_charge_amount").values[mine[-1]])) <= _TOLERANCE


@dataclass(frozen=True)
class _Sums:
    """Sums of cents by the number of a row that other tables refer to."""

    rows: Finished
    key: str

    def of(self, table: Finished, column: str) -> NDArray[np.int64]:
        """For every row, the sum of a column over the rows of another table that belong to it."""
        numbers = self.rows.column(self.key).values
        sums = np.zeros(len(numbers), dtype=np.int64)
        mine, cells = table.column(self.key), table.column(column)
        good = mine.is_valid & cells.is_valid
        np.add.at(sums, mine.values[good] - (numbers[0] if len(numbers) else 0), cells.values[good])
        return sums


def remittance_rows(sets: list[TransactionSet], tables: dict[str, Finished]) -> list[Finding]:
    """Claims and lines of a remittance that do not add up to the cent; they stay, and are told."""
    claims, services, adjustments = (
        tables[name] for name in ("era_835", "era_835_service", "era_835_adjustment")
    )
    by_service, by_claim = _Sums(services, "service_no"), _Sums(claims, "claim_no")
    charged, paid = (claims.column(name).values for name in ("charge_amount", "paid_amount"))
    of_lines = by_claim.of(services, "charge_amount")
    has_lines = np.isin(claims.column("claim_no").values, services.column("claim_no").values)
    charge, payment = (services.column(name).values for name in ("charge_amount", "paid_amount"))
    line_is_off = _is_off(charge - by_service.of(adjustments, "amount") - payment)
    claim_is_off = _is_off(charged - by_claim.of(adjustments, "amount") - paid)
    return [
        *_told(services, line_is_off, sets, "SVC-01"),
        *_told(claims, claim_is_off, sets, "CLP-01"),
        *_told(claims, has_lines & _is_off(charged - of_lines), sets, "CLP-03"),
    ]


def claim_rows(sets: list[TransactionSet], tables: dict[str, Finished]) -> list[Finding]:
    """Claims whose lines do not add up to the cent; they stay, and are told."""
    claims = tables["claims_837"]
    lines = _Sums(claims, "claim_no").of(tables["claims_837_line"], "charge_amount")
    is_off = _is_off(claims.column("total_charge_amount").values - lines)
    return list(_told(claims, is_off, sets, "CLM-03"))


def _is_off(difference: NDArray[np.int64]) -> Mask:
    off: Mask = np.abs(difference) > _TOLERANCE
    return off


def _told(table: Finished, which: Mask, sets: list[TransactionSet], rule: str) -> Iterator[Finding]:
    loop, (reason, segment) = table.table.rows[0], _REASONS[rule]
    for row in np.flatnonzero(which).tolist():
        number, place = (int(cells.values[row]) for cells in table.position[:2])
        item = sets[int(table.transaction[row])]
        yield Finding(item.transaction_no, rule, reason, segment, loop, number, place)
