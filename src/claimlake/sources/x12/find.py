"""The engine that reads: the compiled kernel where there is one, else NumPy; both find the same."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from claimlake.sources.x12 import kernel
from claimlake.sources.x12.compiled import KernelFound
from claimlake.sources.x12.envelope import TransactionSet
from claimlake.sources.x12.plan import Found, FoundPiece
from claimlake.sources.x12.spec import Transaction
from claimlake.sources.x12.table import ArrayFound


def find(
    transaction: Transaction,
    data: NDArray[np.uint8],
    sets: Sequence[TransactionSet],
    *,
    has_trace: bool = False,
) -> Found:
    """What there is in these transactions, which are of one type and have the same separators."""
    if kernel.available():
        return KernelFound(transaction, data, sets, has_trace=has_trace).scan_all()
    return ArrayFound(transaction, data, sets).scan_all()


def find_in_pieces(
    transaction: Transaction,
    data: NDArray[np.uint8],
    sets: Sequence[TransactionSet],
    *,
    has_trace: bool = False,
) -> FoundPiece:
    """What there is in one transaction, of which no piece was scanned yet."""
    if kernel.available():
        return KernelFound(transaction, data, sets, has_trace=has_trace).in_pieces()
    return ArrayFound(transaction, data, sets)
