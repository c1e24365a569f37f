"""The embedded engine: DuckDB in memory, over the Parquet files of the Delta tables."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
from deltalake import CommitProperties, write_deltalake

from claimlake.engines.engine import StoredTable, empty_sql
from claimlake.errors import ModelError

TYPE_WORDS = {"VARCHAR": "text", "INTEGER": "int", "TIMESTAMP WITH TIME ZONE": "timestamp"}
STAGING = "staging"


def open_database(spill_path: Path, memory_limit: str, threads: int) -> duckdb.DuckDBPyConnection:
    """A DuckDB in memory that fetches no extension; 0 threads means every processor."""
    settings: dict[str, Any] = {
        "memory_limit": memory_limit,
        "temp_directory": str(spill_path),
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
    }
    if threads:
        settings["threads"] = threads
    database = duckdb.connect(":memory:", config=settings)
    database.execute("set enable_progress_bar = false")
    return database


class DuckDBEngine:
    """One in-memory DuckDB that may use `memory_limit` and then spills into `spill_path`."""

    name = "duckdb"

    def __init__(self, *, spill_path: Path, memory_limit: str = "4GB", threads: int = 0) -> None:
        self._connection = open_database(spill_path, memory_limit, threads)
        self._connection.execute(f"create schema {STAGING}")

    def bind(self, table: str, stored: StoredTable) -> None:
        """Make one version of a Delta table readable under a name."""
        self.define(table, self._scan(stored) if stored.files else empty_sql(stored.columns))

    def define(self, table: str, sql: str) -> None:
        """Make a statement readable under a name."""
        layer, name = table.split(".")
        with _translated():
            self._connection.execute(f'create schema if not exists "{layer}"')
            self._connection.execute(f'create or replace view "{layer}"."{name}" as {sql}')
            self._connection.execute(f"drop table if exists {_staged(table)}")

    def stage(self, table: str, sql: str) -> None:
        """Compute the rows of a statement once and make them readable under a name."""
        with _translated():
            self._connection.execute(f"create or replace table {_staged(table)} as {sql}")
        layer, name = table.split(".")
        self._connection.execute(f'create schema if not exists "{layer}"')
        self._connection.execute(f'create or replace view "{layer}"."{name}" as from {_staged(table)}')

    def columns(self, sql: str) -> list[tuple[str, str]]:
        """Names and types of the columns a statement gives."""
        with _translated():
            described = self._connection.execute(f"describe {sql}").fetchall()
        return [(name, _type_word(kind)) for name, kind, *_ in described]

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows a statement gives."""
        with _translated():
            return self._connection.execute(sql).fetchall()

    def write(
        self, sql: str, path: Path, *, partition_by: Sequence[str], metadata: Mapping[str, str]
    ) -> None:
        """Replace a Delta table's rows and columns by the rows of a statement, in one commit."""
        path.mkdir(parents=True, exist_ok=True)
        with _translated():
            write_deltalake(
                str(path),
                self._connection.sql(sql),
                mode="overwrite",
                schema_mode="overwrite",
                partition_by=list(partition_by),
                commit_properties=CommitProperties(custom_metadata=dict(metadata)),
            )

    def close(self) -> None:
        """Release the memory and the spilled files."""
        self._connection.close()

    def _scan(self, stored: StoredTable) -> str:
        files = ", ".join(_text(file) for file in stored.files)
        # Files older than a column do not have it (union_by_name); a partition '007' is text, not 7.
        options = "hive_partitioning = true, hive_types_autocast = false, union_by_name = true"
        scan = f"read_parquet([{files}], {options})"
        present = {name for name, _ in self.columns(f"from {scan}")}
        selected = ", ".join(
            f'cast({_text_or_null(name, present)} as {kind}) as "{name}"' for name, kind in stored.columns
        )
        return f"select {selected} from {scan}"


def _text_or_null(name: str, present: set[str]) -> str:
    return f'"{name}"' if name in present else "null"


def _staged(table: str) -> str:
    return f'{STAGING}."{table}"'


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _type_word(kind: str) -> str:
    for name, word in TYPE_WORDS.items():
        kind = re.sub(rf"\b{name}\b", word, kind)
    return kind.lower()


@contextmanager
def _translated() -> Iterator[None]:
    """Turn DuckDB's errors into ours; only binding errors are quoted, others can hold patient data."""
    try:
        yield
    except (duckdb.BinderException, duckdb.CatalogException, duckdb.ParserException) as error:
        message = str(error)
        line = re.search(r"^LINE (\d+):", message, re.MULTILINE)
        raise ModelError(
            message.partition("\nLINE ")[0].strip(), where=line.group(1) if line else "1"
        ) from error
    except duckdb.Error as error:
        raise ModelError(f"DuckDB stopped with {type(error).__name__}.", where="1") from None
