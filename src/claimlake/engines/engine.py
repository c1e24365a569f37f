"""What every engine can do, and the table types they agree on."""

from collections.abc import Sequence
from dataclasses import dataclass

Columns = Sequence[tuple[str, str]]
"""Column names and their types, in DuckDB's words and lower case: text, bigint, decimal(18,2), text[] …"""


@dataclass(frozen=True)
class StoredTable:
    """One version of one Delta table, as an engine needs it for reading."""

    path: str
    version: int
    columns: tuple[tuple[str, str], ...]
    files: tuple[str, ...]
    """Absolute paths of the Parquet files of this version."""
    partition_by: tuple[str, ...]
