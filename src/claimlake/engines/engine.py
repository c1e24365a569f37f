"""What every engine can do, and the types of the tables it leaves behind."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Protocol

Columns = Sequence[tuple[str, str]]
"""Column names and their types, in DuckDB's words and lower case: text, bigint, decimal(18,2), text[] …"""

WHOLE_NUMBERS = ("tinyint", "smallint", "int", "hugeint", "utinyint", "usmallint", "uinteger", "ubigint")
DECIMAL = re.compile(r"decimal\(\d+,(\d+)\)")


@dataclass(frozen=True)
class StoredTable:
    """One version of one Delta table, as an engine needs it for reading."""

    path: str
    version: int
    columns: tuple[tuple[str, str], ...]
    files: tuple[str, ...]
    """Absolute paths of the Parquet files of this version."""
    partition_by: tuple[str, ...]


class Engine(Protocol):
    """Runs SQL written in DuckDB's dialect; tables are named layer.table on every engine.

    A statement that does not bind raises ModelError, whose `where` is the line in the statement.
    """

    name: str

    def bind(self, table: str, stored: StoredTable) -> None:
        """Make one version of a Delta table readable under a name."""

    def define(self, table: str, sql: str) -> None:
        """Make a statement readable under a name."""

    def stage(self, table: str, sql: str) -> None:
        """Like define, but computed now and only once where the engine can keep the rows."""

    def columns(self, sql: str) -> list[tuple[str, str]]:
        """Names and types of the columns a statement gives."""

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows a statement gives."""

    def write(
        self, sql: str, path: Path, *, partition_by: Sequence[str], metadata: Mapping[str, str]
    ) -> None:
        """Replace a Delta table's rows and columns by the rows of a statement, in one commit."""

    def close(self) -> None:
        """Release what the engine holds."""


def stored_type(kind: str) -> str:
    """The type a table stores for a computed one, so that every engine leaves the same table.

    Engines disagree on widths (DuckDB sums to hugeint and decimal(38,2), Spark to bigint and decimal(28,2)).
    """
    if kind in WHOLE_NUMBERS:
        return "bigint"
    if kind == "float":
        return "double"
    return DECIMAL.sub(r"decimal(18,\1)", kind)


def stored_sql(sql: str, columns: Columns, order_by: Iterable[str] = ()) -> str:
    """A statement for the rows of `sql` with stored types, ordered when `order_by` names columns."""
    selected = ", ".join(
        f'"{name}"' if stored_type(kind) == kind else f'cast("{name}" as {stored_type(kind)}) as "{name}"'
        for name, kind in columns
    )
    ordered = ", ".join(f'"{name}"' for name in order_by)
    return f"select {selected} from (\n{sql}\n) as computed" + (f" order by {ordered}" if ordered else "")


def empty_sql(columns: Columns) -> str:
    """A statement that gives these columns and no rows."""
    return f"{_row_sql(columns, {})} where false"


def values_sql(columns: Columns, rows: Sequence[Mapping[str, Any]]) -> str:
    """A statement that gives these rows; a column a row does not have is null."""
    if not rows:
        return empty_sql(columns)
    first, *others = rows
    # The first row types the columns; a null in the others needs no cast of its own.
    selects = [_row_sql(columns, first), *(_row_sql(columns, row, are_nulls_typed=False) for row in others)]
    return "\nunion all\n".join(selects)


def _row_sql(columns: Columns, row: Mapping[str, Any], *, are_nulls_typed: bool = True) -> str:
    def value_sql(name: str, kind: str) -> str:
        value = row.get(name)
        return "null" if value is None and not are_nulls_typed else f"cast({_literal(value)} as {kind})"

    return "select " + ", ".join(f'{value_sql(name, kind)} as "{name}"' for name, kind in columns)


def _literal(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return "[" + ", ".join(_literal(member) for member in value) + "]"
    if isinstance(value, int | Decimal):
        return str(value)
    text = value.isoformat(sep=" ") if isinstance(value, datetime) else str(value)
    text = value.isoformat() if isinstance(value, date) and not isinstance(value, datetime) else text
    return "'" + text.replace("'", "''") + "'"
