"""The query of an extract: every column as text, written by the database itself.

So a value looks the same whichever driver fetches it, decimals keep their digits, and nobody guesses types.
Databases without rules here give their values as they are, and `value_text` writes them.
"""

from collections.abc import Callable
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

import sqlalchemy
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Dialect

from claimlake.errors import SourceError
from claimlake.sources.source_table import SourceTable
from claimlake.sources.table_origin import TableOrigin
from claimlake.sources.watermark import Start


def table_query(
    dialect: Dialect, table: SourceTable, origin: TableOrigin, start: Start | None
) -> sqlalchemy.Select[Any]:
    """Select a table's rows from the start on, in the order of the key and the watermark."""
    write = WRITERS.get(dialect.name, _as_it_is)
    quoted = dialect.identifier_preparer.quote
    selected: list[sqlalchemy.Label[Any]] = [
        sqlalchemy.literal_column(write(quoted(name), table.types[name])).label(label)
        for name, label in table.labels.items()
    ]
    source = sqlalchemy.table(
        table.name, *(sqlalchemy.column(name) for name in table.types), schema=table.schema
    )
    query = sqlalchemy.select(*selected).select_from(source)
    if start:
        query = query.where(_from(dialect, quoted(start.column), table.types[start.column], start))
    keys = [column for column in map(table.column, origin.key) if column]
    watermark = table.column(origin.watermark) if origin.watermark else None
    # Versions of one key come in the order of their change.
    names = [*keys, *([watermark] if watermark and keys and watermark not in keys else [])]
    return query.order_by(*(source.c[name] for name in names)) if names else query


def statement(query: sqlalchemy.Select[Any], backend: str) -> str:
    """The query as one text with its values in it, for drivers that know no SQLAlchemy."""
    dialect: Dialect = (
        postgresql.dialect(paramstyle="named")  # type: ignore[no-untyped-call]
        if backend == "postgresql"
        else sqlite.dialect(paramstyle="named")
    )
    return str(query.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))


def value_text(value: Any) -> str | None:
    """A Python value as text; decimals in full, bytes as hex."""
    match value:
        case None | str():
            return value
        case bool():
            return "true" if value else "false"
        case datetime():
            return value.isoformat(sep=" ")
        case date() | time():
            return value.isoformat()
        case Decimal():
            return format(value, "f")
    return bytes(value).hex() if isinstance(value, bytes | bytearray | memoryview) else str(value)


def _as_it_is(column: str, _: Any) -> str:
    return column


def _sqlite_text(column: str, _: Any) -> str:
    # A real is written with the fewest of 15 or 17 digits that mean the same number.
    real = (
        f"case when cast(printf('%!.15g', {column}) as real) = {column} "
        f"then printf('%!.15g', {column}) else printf('%!.17g', {column}) end"
    )
    return (
        f"case typeof({column}) when 'real' then {real} "
        f"when 'blob' then lower(hex({column})) else cast({column} as text) end"
    )


def _postgresql_text(column: str, kind: Any) -> str:
    match kind:
        case sqlalchemy.ARRAY():
            return f"cast(to_json({column}) as text)"
        case sqlalchemy.LargeBinary():
            return f"encode({column}, 'hex')"
        case postgresql.MONEY():
            return f"cast(cast({column} as numeric) as text)"
        case sqlalchemy.DateTime(timezone=True):
            return f"cast({column} at time zone 'UTC' as text) || '+00:00'"
        case sqlalchemy.String():
            return column if not isinstance(kind, sqlalchemy.Enum) else f"cast({column} as text)"
    return f"cast({column} as text)"


WRITERS: dict[str, Callable[[str, Any], str]] = {"sqlite": _sqlite_text, "postgresql": _postgresql_text}


def _from(dialect: Dialect, column: str, kind: Any, start: Start) -> sqlalchemy.ColumnElement[bool]:
    """Rows at the start or after it, and those without a watermark."""
    left: sqlalchemy.ColumnElement[Any] = sqlalchemy.literal_column(column)
    value: Any = start.value
    match dialect.name, start.kind:
        case "postgresql", "text":
            # Compared byte by byte as the newest value was found, not in the order of a language.
            left = sqlalchemy.literal_column(f'cast({column} as text) collate "C"')
            right: Any = sqlalchemy.literal(value)
        case "postgresql", _:
            right = sqlalchemy.cast(sqlalchemy.literal(value), kind)
        case "sqlite", "text":
            left = sqlalchemy.literal_column(f"{column} collate binary")
            right = sqlalchemy.literal(value)
        case "sqlite", _:
            right = sqlalchemy.literal_column(format(Decimal(value), "f"))
        case _:
            right = sqlalchemy.literal(_native(value, kind, start.column))
    return sqlalchemy.or_(left >= right, left.is_(None))


def _native(value: str, kind: Any, column: str) -> object:
    """The value as Python holds it, for a driver to hand over."""
    try:
        match kind:
            case sqlalchemy.Integer():
                return int(Decimal(value))
            case sqlalchemy.Numeric():
                return Decimal(value)
            case sqlalchemy.DateTime():
                return datetime.fromisoformat(value)
            case sqlalchemy.Date():
                return date.fromisoformat(value)
            case sqlalchemy.LargeBinary():
                return bytes.fromhex(value)
    except (ValueError, ArithmeticError) as error:
        raise SourceError("the newest loaded value does not fit", where=f"watermark {column}") from error
    return value
