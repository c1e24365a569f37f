"""Hospital databases: a table, or what changed in it, as JSON lines that are then loaded like any file."""

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import sqlalchemy
from sqlalchemy.engine import URL, Connection, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from claimlake.errors import ConfigurationError, SourceError
from claimlake.lake.ledger import Delivery
from claimlake.secret import is_reference, read_secret
from claimlake.sources.mapping import Feed, TableOrigin
from claimlake.tenant import Source
from claimlake.workspace import Workspace

BATCH = 5_000
EXTRACT = ".extract"
"""Name of an extract under way; what a killed ingestion left is written over."""


def resolved_url(workspace: Workspace, source: Source) -> URL:
    """The address of a source's database, with env:NAME and file:PATH replaced by what they hold."""
    where = f"source {source.id}: url"
    text = _secret(workspace, source.url or "", where)
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):  # whose message quotes the address
        raise ConfigurationError(
            "is not a database address", where=where, remedy="Example: postgresql+psycopg://host/database."
        ) from None
    if source.password:
        password = read_secret(source.password, workspace.path, where=f"source {source.id}: password")
        url = url.set(password=password.reveal())
    if url.get_backend_name() != "sqlite" or not url.database:
        return url
    file = workspace.path / url.database
    if not file.is_file():
        raise SourceError(f"no database file '{url.database}'", where=f"source {source.id}")
    # Read only, so that a source is never changed and a missing file never made.
    return url.set(database=f"file:{file}", query={"mode": "ro", "uri": "true"})


def _secret(workspace: Workspace, reference: str, where: str) -> str:
    if not is_reference(reference):
        return reference
    return read_secret(reference, workspace.path, where=where).reveal()


@contextmanager
def connected(url: URL, source: Source) -> Iterator[Connection]:
    """A connection for reading; SourceError, without the address, when the database cannot be reached."""
    try:
        engine = sqlalchemy.create_engine(url)
    except (NoSuchModuleError, ImportError) as error:
        raise ConfigurationError(
            f"no driver for '{url.drivername}'",
            where=f"source {source.id}",
            remedy="Install its package, for PostgreSQL: pip install 'claimlake[postgres]'.",
        ) from error
    try:
        with engine.connect() as connection:
            yield connection
    except SQLAlchemyError as error:
        raise _unreachable(error, source) from None  # the driver's message can quote the address
    finally:
        engine.dispose()


def _unreachable(error: SQLAlchemyError, source: Source) -> SourceError:
    cause = getattr(error, "orig", None) or error
    return SourceError(
        f"the database cannot be read ({type(cause).__name__})",
        where=f"source {source.id}",
        remedy="Check its address, its credentials and that it answers.",
        retryable=True,
    )


def extract(
    connection: Connection, source: Source, feed: Feed, *, newest: str | None, files: Path
) -> Delivery | None:
    """The rows of a feed's table from `newest` on, kept as JSON lines; None when there are none.

    Rows at the watermark itself are read again, because more of them may have come since, and so are rows
    without one; what is known among them is recognised by its content.
    """
    origin = feed.origin
    if not isinstance(origin, TableOrigin):
        raise ConfigurationError("is not a table", where=f"feed {feed.name}")
    columns = _columns(connection, source, feed, origin)
    query = _query(origin, columns, newest, connection)
    temporary = files / EXTRACT
    digest, size = _write(connection.execution_options(yield_per=BATCH).execute(query), temporary)
    if not size:
        temporary.unlink()
        return None
    temporary.replace(files / digest)
    return Delivery(f"table:{origin.table}", digest, size)


def _columns(connection: Connection, source: Source, feed: Feed, origin: TableOrigin) -> dict[str, Any]:
    schema, _, name = origin.table.rpartition(".")
    inspector = sqlalchemy.inspect(connection)
    where = f"source {source.id}: feed {feed.name}"
    if connection.dialect.name == "sqlite" and schema not in ("", "main"):
        schema = ""  # SQLite has no schemas; dbo.patients of an export is the table patients
    if not inspector.has_table(name, schema=schema or None) and name not in inspector.get_view_names(
        schema=schema or None
    ):
        raise SourceError(
            f"no table '{origin.table}' in the database",
            where=where,
            remedy="Correct the mapping or the grants.",
        )
    columns = {
        column["name"]: column["type"] for column in inspector.get_columns(name, schema=schema or None)
    }
    given = {column.lower() for column in columns}
    wanted = [*feed.referenced(), *origin.key, *([origin.watermark] if origin.watermark else [])]
    missing = sorted({column for column in wanted if column.lower() not in given})
    if missing:
        raise SourceError(
            f"no column '{missing[0]}' in table '{origin.table}'", where=where, remedy="Correct the mapping."
        )
    return columns


def _query(
    origin: TableOrigin, columns: dict[str, Any], newest: str | None, connection: Connection
) -> sqlalchemy.Select[Any]:
    schema, _, name = origin.table.rpartition(".")
    if connection.dialect.name == "sqlite":
        schema = ""
    # Columns without types: every value comes as the driver gives it, not through a lossy conversion.
    table = sqlalchemy.table(name, *(sqlalchemy.column(column) for column in columns), schema=schema or None)
    by_name = {column.lower(): table.c[column] for column in columns}
    query = sqlalchemy.select(*table.c)
    if newest is not None and origin.watermark:
        watermark = by_name[origin.watermark.lower()]
        value = _native(newest, columns, origin.watermark, connection)
        query = query.where(sqlalchemy.or_(watermark >= value, watermark.is_(None)))
    order = [by_name[name.lower()] for name in origin.key]
    return query.order_by(*order) if order else query


def _native(newest: str, columns: dict[str, Any], watermark: str, connection: Connection) -> object:
    """The newest loaded value as the database compares it; SQLite keeps dates and times as text."""
    kind = next(kind for name, kind in columns.items() if name.lower() == watermark.lower())
    try:
        return _typed(newest, kind, connection)
    except (ValueError, ArithmeticError) as error:
        raise SourceError(
            f"the newest loaded value is no {type(kind).__name__.lower()}, as the database now keeps it.",
            where=f"watermark {watermark}",
            remedy="Restore the column's type, or load the table in full.",
        ) from error


def _typed(newest: str, kind: Any, connection: Connection) -> object:
    if isinstance(kind, sqlalchemy.Integer):
        return int(newest)
    if isinstance(kind, sqlalchemy.Numeric):
        return Decimal(newest)
    if connection.dialect.name == "sqlite":
        return newest
    if isinstance(kind, sqlalchemy.DateTime):
        return datetime.fromisoformat(newest)
    return date.fromisoformat(newest) if isinstance(kind, sqlalchemy.Date) else newest


def _write(result: sqlalchemy.CursorResult[Any], target: Path) -> tuple[str, int]:
    names = list(result.keys())
    digest = hashlib.sha256()
    size = 0
    with target.open("wb") as writer:
        for rows in result.partitions(BATCH):
            for row in rows:
                values = {name: _text(value) for name, value in zip(names, row, strict=True)}
                line = (json.dumps(values, ensure_ascii=False) + "\n").encode()
                digest.update(line)
                size += len(line)
                writer.write(line)
        writer.flush()
        os.fsync(writer.fileno())
    return digest.hexdigest(), size


def _text(value: Any) -> str | None:
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
    return bytes(value).hex() if isinstance(value, bytes | memoryview) else str(value)
