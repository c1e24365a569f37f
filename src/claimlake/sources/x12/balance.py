"""Do the amounts of a transaction add up? What holds a remittance or a broken claim file back."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from claimlake.sources.x12.array import Mask, Positions
from claimlake.sources.x12.envelope import TransactionSet
from claimlake.sources.x12.finding import Finding
from claimlake.sources.x12.number import BEYOND, summed
from claimlake.sources.x12.plan import FoundTable

_TOLERANCE = 1  # cent
_REASONS = {
    "SVC-01": ("service line does not balance", "SVC"),
    "CLP-01": ("claim payment does not balance", "CLP"),
    "CLP-03": ("line charges do not add up to the claim", "CLP"),
    "CLM-03": ("line charges do not add up to the claim charge", "CLM"),
}

Tables = Mapping[str, FoundTable]


def money_text(cents: int) -> str:
    """Cents as dollars and cents."""
    return f"{'-' if cents < 0 else ''}{abs(cents) // 100}.{abs(cents) % 100:02d}"


class Payments:
    """The sums that a remittance has to prove, over all pieces of its transactions."""

    def __init__(self, sets: Sequence[TransactionSet]) -> None:
        self.sets = sets
        self.payment, self.claims, self.adjustments = (np.zeros(len(sets), dtype=np.int64) for _ in range(3))
        self.is_paid, self.is_beyond = (np.zeros(len(sets), dtype=bool) for _ in range(2))

    def add(self, tables: Tables) -> None:
        """Add what a piece has."""
        payment = tables["era_835_transaction"]
        which, (amount, is_valid) = payment.sets(), payment.numbers("payment_amount")
        self.payment[which], self.is_paid[which] = amount, is_valid
        for name, column, sums in (
            ("era_835", "paid_amount", self.claims),
            ("era_835_provider_adjustment", "amount", self.adjustments),
        ):
            more = summed(len(sums), tables[name].sets(), tables[name].numbers(column)[0])
            np.add(sums, more, out=sums)
            self.is_beyond |= np.abs(sums) >= BEYOND
            np.clip(sums, -BEYOND, BEYOND, out=sums)

    def amounts(self) -> list[int | None]:
        """BPR02 by transaction, in cents; None where it is not an amount."""
        return [
            cents if is_paid else None
            for cents, is_paid in zip(self.payment.tolist(), self.is_paid, strict=True)
        ]

    def findings(self) -> Iterator[Finding]:
        """BPR02 = Σ CLP04 less Σ PLB amounts, to the cent, and BPR02 ≥ 0 (835 guide, section 1.10.2.1.3)."""
        for number, item in enumerate(self.sets):
            paid, claims, adjustments = (
                int(sums[number]) for sums in (self.payment, self.claims, self.adjustments)
            )
            rule = ""
            if not self.is_paid[number]:
                rule, reason = "X12-07", "the payment amount BPR02 is missing or is not an amount"
            elif self.is_beyond[number]:
                rule, reason = "ERA-01", f"its amounts add up to more than {money_text(BEYOND)}"
            elif abs(claims - adjustments - paid) > _TOLERANCE:
                rule = "ERA-01"
                reason = (
                    f"remittance does not balance: payment {money_text(paid)}, claims {money_text(claims)}, "
                    f"provider adjustments {money_text(adjustments)}"
                )
            elif paid < 0:
                rule, reason = "ERA-04", f"negative payment amount {money_text(paid)}"
            if rule:
                yield Finding(item.transaction_no, rule, reason, "BPR", "", item.segment_no, item.byte_offset)


class Charges:
    """What the claims of each transaction are charged, over all pieces of it."""

    def __init__(self, sets: Sequence[TransactionSet]) -> None:
        self.charged = np.zeros(len(sets), dtype=np.int64)

    def add(self, tables: Tables) -> None:
        """Add what a piece has."""
        claims = tables["claims_837"]
        more = summed(len(self.charged), claims.sets(), claims.numbers("total_charge_amount")[0])
        self.charged = np.clip(self.charged + more, -BEYOND, BEYOND)

    def amounts(self) -> list[int | None]:
        """By transaction, in cents; None when 64 bits do not hold it."""
        return [None if abs(cents) >= BEYOND else cents for cents in self.charged.tolist()]


def _sums_of(keys: Positions, table: FoundTable, key: str, column: str) -> NDArray[np.int64]:
    """For every one of the ascending keys, the sum of a column over the rows that refer to it."""
    (mine, has_key), (cells, _) = table.numbers(key), table.numbers(column)
    if not len(keys):
        return np.zeros(0, dtype=np.int64)
    if not has_key.all():
        mine, cells = mine[has_key], cells[has_key]
    return summed(len(keys), mine - keys[0], cells)


def remittance_rows(sets: Sequence[TransactionSet], tables: Tables) -> Iterator[Finding]:
    """Claims and lines of a remittance that do not add up to the cent; they stay, and are told."""
    claims, services, adjustments = (
        tables[name] for name in ("era_835", "era_835_service", "era_835_adjustment")
    )
    service_no, claim_no = services.numbers("service_no")[0], claims.numbers("claim_no")[0]
    charge, payment = (services.numbers(name)[0] for name in ("charge_amount", "paid_amount"))
    line_is_off = charge - _sums_of(service_no, adjustments, "service_no", "amount") - payment
    charged, paid = (claims.numbers(name)[0] for name in ("charge_amount", "paid_amount"))
    claim_is_off = charged - _sums_of(claim_no, adjustments, "claim_no", "amount") - paid
    of_lines = charged - _sums_of(claim_no, services, "claim_no", "charge_amount")
    has_lines = np.zeros(len(claim_no), dtype=bool)
    if len(claim_no):
        has_lines[services.numbers("claim_no")[0] - claim_no[0]] = True
    yield from _told(services, _is_off(line_is_off), sets, "SVC-01")
    yield from _told(claims, _is_off(claim_is_off), sets, "CLP-01")
    yield from _told(claims, has_lines & _is_off(of_lines), sets, "CLP-03")


def claim_rows(sets: Sequence[TransactionSet], tables: Tables) -> Iterator[Finding]:
    """Claims whose lines do not add up to the cent; they stay, and are told."""
    claims = tables["claims_837"]
    lines = _sums_of(claims.numbers("claim_no")[0], tables["claims_837_line"], "claim_no", "charge_amount")
    is_off = _is_off(claims.numbers("total_charge_amount")[0] - lines)
    yield from _told(claims, is_off, sets, "CLM-03")


def is_last_claim_whole(number: int, tables: Tables) -> bool:
    """Whether the lines of the last claim add up to its charge: a cut file loses the end of that claim."""
    claims, lines = tables["claims_837"], tables["claims_837_line"]
    mine = np.flatnonzero(claims.sets() == number)
    if len(mine) == 0:
        return False
    claim = claims.numbers("claim_no")[0][mine[-1]]
    of_claim = lines.numbers("claim_no")[0] == claim
    charged: int = sum(lines.numbers("charge_amount")[0][of_claim].tolist())
    return abs(charged - int(claims.numbers("total_charge_amount")[0][mine[-1]])) <= _TOLERANCE


def _is_off(difference: NDArray[np.int64]) -> Mask:
    off: Mask = np.abs(difference) > _TOLERANCE
    return off


def _told(table: FoundTable, which: Mask, sets: Sequence[TransactionSet], rule: str) -> Iterator[Finding]:
    rows = np.flatnonzero(which)
    if not len(rows):
        return
    loop, (reason, segment) = table.table.rows[0], _REASONS[rule]
    numbers, places = (values[rows].tolist() for values in table.places())
    for number, place, index in zip(numbers, places, table.sets()[rows].tolist(), strict=True):
        yield Finding(sets[index].transaction_no, rule, reason, segment, loop, number, place)
