"""Raw EDI files to one Parquet, CSV or JSON file per table, without a workspace."""

import contextlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from threading import Thread
from typing import Any, Literal, get_args

import duckdb
from arro3.io import write_parquet

from claimlake.engines.sql import literal
from claimlake.errors import SourceError
from claimlake.sources.x12.contract import ALL_CONTRACTS, Scope
from claimlake.sources.x12.envelope import TransactionSet
from claimlake.sources.x12.finding import Finding
from claimlake.sources.x12.reader import read
from claimlake.sources.x12.rows import Rows
from claimlake.sources.x12.stream import Channel, Named

Format = Literal["parquet", "csv", "json"]

_COPY_OPTIONS = {"csv": "(format csv, header)", "json": "(format json)"}
_PARQUET_OPTIONS: dict[str, Any] = {
    "compression": "zstd(1)",
    "dictionary_enabled": False,  # costs more than it saves where Zstandard follows
    "write_batch_size": 8_192,
}
_NUMBERS = ("int", "bigint", "decimal", "date")
"""How the types begin that are written as differences."""
_FILE_COLUMN = "source_file"
_UNFINISHED = ".part"


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


def ignored(_: Path, __: Sequence[TransactionSet], ___: Sequence[Finding]) -> None:
    """Take no notice of what a file was."""


def export(
    paths: Iterable[Path],
    out: Path,
    format: Format = "parquet",  # noqa: A002
    *,
    scope: Scope = "lossless",
    done: Callable[[Path, Sequence[TransactionSet], Sequence[Finding]], None] = ignored,
) -> Summary:
    """Read the files and write one file per table into `out`; every row says its source_file.

    A table's file has its name when it is whole; a table without rows has no file. Memory is bounded
    whatever the files' size.

    Args:
        paths: the files; gzip and zip are unpacked.
        out: the folder, made where it is missing; a file of the same name is replaced.
        format: of the files.
        scope: which tables, as for `read`.
        done: called for every file that was read, with its transactions and what was found wrong.
    """
    if format not in get_args(Format):
        raise SourceError(
            f"format {format!r} is not known.", remedy=f"Use one of {', '.join(get_args(Format))}."
        )
    _prepare(out, format)
    files = list(paths)
    transactions: list[tuple[str, TransactionSet]] = []
    unreadable: list[SourceError] = []
    with _writers(out, format) as writers:
        for path in files:
            taken = _take(path, scope, writers)
            if isinstance(taken, SourceError):
                unreadable.append(taken)
                continue
            found, findings = taken
            transactions += [(str(path), item) for item in found]
            done(path, found, findings)
        tables = tuple(writers.finished())
    return Summary(tables, tuple(transactions), tuple(unreadable))


def _prepare(out: Path, kind: Format) -> None:
    """Make the folder; SourceError when it, or a table in it, cannot be written."""
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SourceError(
            f"cannot be made: {error.strerror}.", where=str(out), remedy="Name another folder."
        ) from error
    for contract in ALL_CONTRACTS:
        target = out / f"{contract.table}.{kind}"
        if target.is_dir():
            raise SourceError("is a folder.", where=str(target), remedy="Name another folder.")


def _take(
    path: Path, scope: Scope, writers: "_Writers"
) -> tuple[list[TransactionSet], list[Finding]] | SourceError:
    """What the file was, when its rows are handed to the writers; or why it cannot be read.

    An error behind its first rows is raised: it ends the export, whose tables would not have the whole file.
    """
    transactions: list[TransactionSet] = []
    findings: list[Finding] = []
    file, chunks = Named(_FILE_COLUMN, str(path)), read(path, scope=scope)
    try:
        chunk = next(chunks, None)
    except SourceError as error:
        return error
    while chunk is not None:
        for name, rows in chunk.tables.items():
            writers.put(name, rows, file)
        transactions += chunk.transactions
        findings += chunk.findings
        chunk = next(chunks, None)
    return transactions, findings


class _Writer(Thread):
    """Writes one table as its rows come."""

    def __init__(self, write: Callable[[Channel, Path], None], channel: Channel, target: Path) -> None:
        super().__init__(name=f"write {target.name}")
        self.write, self.channel, self.target = write, channel, target
        self.unfinished = target.with_name(target.name + _UNFINISHED)
        self.rows = 0
        self.is_done = False
        self.failure: BaseException | None = None

    def run(self) -> None:
        """Write until the channel is at its end."""
        try:
            self.write(self.channel, self.unfinished)
            self.is_done = True
        except BaseException as error:  # noqa: BLE001 - whatever it is (arro3 panics when the disk is full)
            self.failure = error


def _write_parquet(channel: Channel, target: Path) -> None:
    # Numbers count up or are small: their differences take a fraction of the bytes and the time.
    options = {
        "column_encoding": dict.fromkeys(channel.numbers, "delta_binary_packed"),
        "column_dictionary_enabled": {_FILE_COLUMN: True},
        **_PARQUET_OPTIONS,
    }
    write_parquet(channel, target, **options)


def _write_text(connection: duckdb.DuckDBPyConnection, kind: Format, channel: Channel, target: Path) -> None:
    with connection.cursor() as cursor:
        cursor.register("incoming", channel)
        cursor.execute(f"copy incoming to {literal(str(target))} {_COPY_OPTIONS[kind]}")


@dataclass
class _Writers:
    """A writer, in a thread of its own, for every table that has rows."""

    out: Path
    kind: Format
    write: Callable[[Channel, Path], None]
    by_table: dict[str, _Writer] = field(default_factory=dict)

    def put(self, table: str, rows: Rows, file: Named) -> None:
        """Hand rows of one file to the table's writer."""
        writer = self.by_table.get(table)
        if writer is None:
            kinds = zip(rows.names, rows.types, strict=True)
            numbers = [name for name, kind in kinds if kind.startswith(_NUMBERS)]
            channel = Channel(file.schema(rows), numbers)
            writer = _Writer(self.write, channel, self.out / f"{table}.{self.kind}")
            self.by_table[table] = writer
            writer.start()
        for batch in file.batches(rows):
            if not writer.channel.put(batch, writer.is_alive):
                raise self._failed(writer)
        writer.rows += len(rows)

    def finished(self) -> Iterator[ExportedTable]:
        """Let every writer finish, and give the files their names."""
        for writer in self.by_table.values():
            writer.channel.put(None, writer.is_alive)
        for writer in self.by_table.values():
            writer.join()
        for writer in self.by_table.values():
            if not writer.is_done:
                raise self._failed(writer)
        for contract in ALL_CONTRACTS:
            if contract.table in self.by_table:
                writer = self.by_table[contract.table]
                writer.unfinished.replace(writer.target)
                yield ExportedTable(contract.table, writer.rows, writer.target)
            else:  # rows of an earlier export are not those of these files
                (self.out / f"{contract.table}.{self.kind}").unlink(missing_ok=True)

    def abandon(self) -> None:
        """Stop every writer that is still at work, and remove what is not whole."""
        for writer in self.by_table.values():
            writer.channel.cancel()
        for writer in self.by_table.values():
            writer.join()
            if writer.unfinished.is_file():
                writer.unfinished.unlink()

    def _failed(self, writer: _Writer) -> SourceError:
        reason = type(writer.failure).__name__ if writer.failure else "its writer stopped"
        return SourceError(
            f"cannot be written ({reason}).",
            where=str(writer.target),
            remedy="Check that the folder is writable and the disk has room.",
            retryable=True,
        )


@contextlib.contextmanager
def _writers(out: Path, kind: Format) -> Iterator[_Writers]:
    with contextlib.ExitStack() as stack:
        write = _write_parquet
        if kind != "parquet":
            # One thread a table writes; DuckDB needs none of its own.
            connection = stack.enter_context(duckdb.connect(config={"threads": 1}))
            write = partial(_write_text, connection, kind)
        writers = _Writers(out, kind, write)
        try:
            yield writers
        finally:
            writers.abandon()
