"""What every row of a transaction has in common: facts of its envelope, by the name of the column."""

from collections.abc import Callable
from functools import lru_cache

from claimlake.sources.x12.envelope import TransactionSet

# Guides: 005010X222, X223, X224 and 004010X098, X096, X097; predetermination and post-adjudicated after them.
_CLAIM_TYPES = {
    "professional": ("X222", "X098", "X291", "X298"),
    "institutional": ("X223", "X096", "X292", "X299"),
    "dental": ("X224", "X097", "X300"),
}


@lru_cache(maxsize=256)
def claim_type(implementation: str | None) -> str | None:
    """professional, institutional or dental, by the implementation guide."""
    for name, guides in _CLAIM_TYPES.items():
        if implementation and any(guide in implementation for guide in guides):
            return name
    return None


FACTS: dict[str, Callable[[TransactionSet], str | None]] = {
    "control_number": lambda item: item.control_number,
    "implementation": lambda item: item.implementation,
    "interchange_control": lambda item: item.interchange.element(13),
    "claim_type": lambda item: claim_type(item.implementation),
}
