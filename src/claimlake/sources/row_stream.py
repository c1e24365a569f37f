"""The rows of a query as Arrow, by the fastest driver there is: ADBC, else SQLAlchemy in batches.

Nothing here holds more than a batch of rows, or what DuckDB keeps within its limit and then spills.
"""

import importlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from types import ModuleType
from typing import Any

import duckdb
import numpy as np
import sqlalchemy
from sqlalchemy.engine import URL, Connection

from claimlake.engines.sql import quoted
from claimlake.sources.database import SESSION
from claimlake.sources.database_fault import unreadable
from claimlake.sources.failure import is_disk_full
from claimlake.sources.table_query import statement, value_text

ROWS = "extracted"
TYPING = "_is_typing"
SELECTED = f"select * exclude ({TYPING}) from {ROWS} where not {TYPING}"
"""The rows of a query, for the embedded database.

SQLite's driver takes a column's type from its first values, so the first row is one of texts, left out here.
"""
BATCH = 10_000
DRIVERS = {"postgresql": "adbc_driver_postgresql", "sqlite": "adbc_driver_sqlite"}
SQLITE_BATCH = {"adbc.sqlite.query.batch_rows": "8192"}


def has_arrow_driver(url: URL) -> bool:
    """Whether an installed ADBC driver reads this database."""
    module = DRIVERS.get(url.get_backend_name())
    return module is not None and find_spec(module) is not None


@contextmanager
def rows_of(
    database: duckdb.DuckDBPyConnection,
    connection: Connection,
    url: URL,
    query: sqlalchemy.Select[Any],
    where: str,
) -> Iterator[None]:
    """The rows of a query, readable by `SELECTED` in the embedded database until the block ends."""
    if not has_arrow_driver(url):
        _fetch(database, connection, query)
        yield
        database.execute(f"drop table {ROWS}")
        return
    with arrow_stream(url, typed_statement(query, url.get_backend_name()), where) as stream:
        database.register(ROWS, stream)
        try:
            yield
        except duckdb.Error as error:  # what the driver said while DuckDB pulled its rows
            if is_disk_full(error):  # DuckDB could not write them: nothing is wrong with the database
                raise
            raise unreadable(error, where) from None  # the driver can quote the address
        finally:
            database.unregister(ROWS)


def _fetch(
    database: duckdb.DuckDBPyConnection, connection: Connection, query: sqlalchemy.Select[Any]
) -> None:
    result = connection.execution_options(yield_per=BATCH).execute(query)
    names = list(result.keys())
    columns = ", ".join(f"{quoted(name)} varchar" for name in names)
    database.execute(f"create or replace table {ROWS} ({TYPING} boolean, {columns})")
    for rows in result.partitions(BATCH):
        batch_rows = {  # noqa: F841 - DuckDB finds it by name
            f"c{place}": np.array([value_text(value) for value in values], dtype=object)
            for place, values in enumerate(zip(*rows, strict=True))
        }
        database.execute(f"insert into {ROWS} select false, * from batch_rows")


def typed_statement(query: sqlalchemy.Select[Any], backend: str) -> str:
    """The query for an ADBC driver, its columns all text and the rows marked as `SELECTED` wants them."""
    sql = statement(query, backend)
    names = [quoted(column.name) for column in query.selected_columns]
    if backend != "sqlite":
        return f"select false as {TYPING}, found.* from ({sql}) as found"
    texts = ", ".join(f"'' as {name}" for name in names)
    return f"select 1 as {TYPING}, {texts} union all select 0, found.* from ({sql}) as found"


@contextmanager
def arrow_stream(url: URL, sql: str, where: str) -> Iterator[object]:
    """The rows of a query as the ADBC driver gives them: one Arrow C stream, pulled batch by batch."""
    backend = url.get_backend_name()
    manager = importlib.import_module("adbc_driver_manager")
    driver = importlib.import_module(DRIVERS[backend])
    with ExitStack() as held:
        try:
            opened = held.enter_context(
                manager.AdbcDatabase(driver=driver._driver_path(), uri=_address(url, backend))
            )
            connection = held.enter_context(manager.AdbcConnection(opened))
            for command in SESSION.get(backend, ()):
                _run(manager, connection, command)
            query = held.enter_context(manager.AdbcStatement(connection))
            if backend == "sqlite":
                query.set_options(**SQLITE_BATCH)
            query.set_sql_query(sql)
            stream, _ = query.execute_query()
        except manager.Error as error:
            raise unreadable(error, where) from None  # the driver can quote the address
        yield stream


def _run(manager: ModuleType, connection: Any, command: str) -> None:
    with manager.AdbcStatement(connection) as one:
        one.set_sql_query(command)
        one.execute_update()


def _address(url: URL, backend: str) -> str:
    if backend == "sqlite":
        query = "&".join(f"{name}={value}" for name, value in url.query.items() if name != "uri")
        return f"{url.database}?{query}" if query else str(url.database)
    return url.set(drivername="postgresql").render_as_string(hide_password=False)
