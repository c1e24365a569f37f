"""X12 EDI to typed Arrow tables: 837, 277, 999, TA1 and 835, described as data and read by one walker."""

from claimlake.sources.x12.contract import ALL_CONTRACTS, CONTRACTS, Field, Scope, TableContract
from claimlake.sources.x12.finding import RULES, Finding
from claimlake.sources.x12.reader import Chunk, Reading, read, read_tables
from claimlake.sources.x12.source import is_x12

__all__ = [
    "ALL_CONTRACTS",
    "CONTRACTS",
    "RULES",
    "Chunk",
    "Field",
    "Finding",
    "Reading",
    "Scope",
    "TableContract",
    "is_x12",
    "read",
    "read_tables",
]
