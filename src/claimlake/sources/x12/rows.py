"""A finished table in memory that any Arrow reader can scan: DuckDB, Delta Lake, Polars, pandas."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import nanoarrow as na  # type: ignore[import-untyped]
from nanoarrow.c_array_stream import CArrayStream  # type: ignore[import-untyped]

from claimlake.sources.x12.column import schema_of


@dataclass(frozen=True)
class Rows:
    """Some rows of a table; hands them over through the Arrow C stream interface as often as asked."""

    names: tuple[str, ...]
    types: tuple[str, ...]
    batches: tuple[Any, ...] = field(default=(), repr=False)

    def __len__(self) -> int:
        return sum(batch.length for batch in self.batches)

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return CArrayStream.from_c_arrays(list(self.batches), self.schema).__arrow_c_stream__(
            requested_schema
        )

    @property
    def schema(self) -> Any:
        """The Arrow schema of the rows."""
        return rows_schema(self.names, self.types)


@lru_cache(maxsize=256)
def rows_schema(names: tuple[str, ...], types: tuple[str, ...]) -> Any:
    """The Arrow schema of rows with these columns."""
    return na.c_schema(na.struct({name: schema_of(kind) for name, kind in zip(names, types, strict=True)}))


def batch_of(names: Sequence[str], types: Sequence[str], columns: Sequence[Any], length: int) -> Rows:
    """Rows made of one batch of finished columns."""
    schema = rows_schema(tuple(names), tuple(types))
    batch = na.c_array_from_buffers(schema, length, [None], children=[column.array() for column in columns])
    return Rows(tuple(names), tuple(types), (batch,) if length else ())


def stacked(parts: Sequence[Rows]) -> Rows:
    """The rows of several parts of one table, in order."""
    return Rows(parts[0].names, parts[0].types, tuple(batch for part in parts for batch in part.batches))
