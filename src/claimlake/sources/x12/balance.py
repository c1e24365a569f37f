"""Do the amounts of a transaction add up? What holds a remittance or a broken claim file back."""

import numpy as np
from numpy.typing import NDArray

from claimlake.sources.x12.envelope import TransactionSet
from claimlake.sources.x12.finding import Finding
from claimlake.sources.x12.table import Finished

_TOLERANCE = 1  # cent


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
