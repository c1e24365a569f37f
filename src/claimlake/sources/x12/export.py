"""Raw EDI files to one Parquet, CSV or JSON file per table, without a workspace."""

import contextlib
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import duckdb

from claimlake.errors import SourceError
from claimlake.sources.x12.contract import CONTRACTS, DETAIL_CONTRACTS
from claimlake.sources.x12.envelope import TransactionSet
from claimlake.sources.x12.reader import read
from claimlake.sources.x12.rows import Rows

Format = Literal["parquet", "csv", "json"]

_OPTIONS = {
    "parquet": "(format parquet, compression zstd)",
    "csv": "(format csv, header)",
    "json": "(format json)",
}


@dataclass(frozen=True)
class ExportedTable:
    """One table that was written."""

    table: str
    rows: int
    path: Path


@dataclass(frozen=True)
class Summary:
    """What an export wrote, what it held back and which files it could not read."""

    tables: tuple[ExportedTable, ...]
    transactions: tuple[tuple[str, TransactionSet], ...]
    """Each transaction with the name of its file."""
    unreadable: tuple[SourceError, ...]

    def count(self, status: str) -> int:
        """How many transactions have this status."""
        return sum(item.status == status for _, item in self.transactions)


def export(
    paths: Iterable[Path],
    out: Path,
    format: Format = "parquet",  # noqa: A002
    *,
    in_detail: bool = True,
) -> Summary:
    """Read the files and write one file per table into `out`; every row says its source_file."""
    if format not in _OPTIONS:
        raise SourceError(f"format {format!r} is not known", remedy=f"Use one of {', '.join(_OPTIONS)}.")
    out.mkdir(parents=True, exist_ok=True)
    transactions: list[tuple[str, TransactionSet]] = []
    unreadable: list[SourceError] = []
    with tempfile.TemporaryDirectory(prefix="claimlake-x12-") as scratch, _collector(scratch) as connection:
        for path in paths:
            try:
                for chunk in read(path, in_detail=in_detail):
                    for name, rows in chunk.tables.items():
                        _collect(connection, name, rows, str(path))
                    transactions += [(str(path), item) for item in chunk.transactions]
            except SourceError as error:
                unreadable.append(error)
        tables = tuple(_write(connection, out, format))
    return Summary(tables, tuple(transactions), tuple(unreadable))


@contextlib.contextmanager
def _collector(scratch: str) -> Iterator[duckdb.DuckDBPyConnection]:
    """A scratch database on disk, so that memory stays bounded whatever the files' size."""
    connection = duckdb.connect(str(Path(scratch) / "rows.duckdb"))
    try:
        yield connection
    finally:
        connection.close()


def _collect(connection: duckdb.DuckDBPyConnection, table: str, rows: Rows, path: str) -> None:
    connection.register("incoming", rows)
    known = connection.execute(
        "select count(*) from duckdb_tables() where table_name = ?", [table]
    ).fetchall()
    verb = f"insert into {table}" if known[0][0] else f"create table {table} as"
    connection.execute(f"{verb} select ? as source_file, * from incoming", [path])
    connection.unregister("incoming")


def _write(connection: duckdb.DuckDBPyConnection, out: Path, kind: Format) -> Iterator[ExportedTable]:
    made = {row[0] for row in connection.execute("select table_name from duckdb_tables()").fetchall()}
    for contract in CONTRACTS + DETAIL_CONTRACTS:
        if contract.table in made:
            path = out / f"{contract.table}.{kind}"
            target = str(path).replace("'", "''")
            connection.execute(f"copy {contract.table} to '{target}' {_OPTIONS[kind]}")
            count = connection.execute(f"select count(*) from {contract.table}").fetchall()[0][0]
            yield ExportedTable(contract.table, count, path)
