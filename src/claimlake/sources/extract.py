"""One extract: the rows of a database table, or those from its watermark on, kept as a Parquet file.

All columns are text as the database wrote them. The file is written beside its place and moved there whole,
under its SHA-256; what a killed run left is deleted by the next one.
"""

import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path

import duckdb
from sqlalchemy.engine import URL, Connection

from claimlake.engines.duckdb import open_database
from claimlake.engines.sql import literal, quoted
from claimlake.errors import ConfigurationError, WorkspaceError
from claimlake.lake.contract import Contract
from claimlake.lake.ledger import Delivery
from claimlake.sources.database import connected
from claimlake.sources.inbox import make_durable
from claimlake.sources.mapping import Feed
from claimlake.sources.record import TABLE, Records, store_broken, struct_of
from claimlake.sources.row_stream import SELECTED, rows_of
from claimlake.sources.source_table import SourceTable, drift, inspected, refuse_missing
from claimlake.sources.table_origin import TableOrigin
from claimlake.sources.table_query import table_query
from claimlake.sources.watermark import Bronze, Start, start_of
from claimlake.tenant import Source
from claimlake.workspace import Workspace

FOLDER = ".extract"
NOTES = "notes"
"""Key of the file's metadata that holds what was found about the table."""
MEMORY = "256MB"
"""What DuckDB may hold while it writes one extract."""
ROW_GROUP = 61_440
CHUNK = 1 << 20


@dataclass(frozen=True)
class Extract:
    """What one read of a table gave."""

    feed: Feed
    delivery: Delivery | None
    """The kept rows; None when there were none."""
    described: Mapping[str, str]
    """The table's columns and their types, to be compared with at the next read."""
    notes: tuple[str, ...]
    """What changed in the table since the last read, in words."""
    newest_at: datetime | None = None
    """The latest time in the watermark column."""


@dataclass(frozen=True)
class Extraction:
    """What is needed to read the tables of one source."""

    workspace: Workspace
    org_id: str
    source: Source
    url: URL
    contracts: Mapping[str, Contract]
    folder: Path
    """Where extracts are kept until they are loaded."""
    progress: Callable[[str], None]

    def read(self, feed: Feed, seen: Mapping[str, str] | None) -> Extract:
        """Read a feed's table; `seen` are its columns and types at the last read."""
        origin = feed.origin
        if not isinstance(origin, TableOrigin):
            raise ConfigurationError("is not a table", where=f"feed {feed.name}")
        place = f"source {self.source.id}: feed {feed.name}"
        self.progress(f"connect {feed.name}")
        with connected(self.url, self.source, origin.table) as connection:
            table = inspected(connection, origin, place)
            refuse_missing(table, feed, origin, self.contracts, place)
            notes = tuple(drift(seen, table, origin))
            start = self._start(connection, feed, origin, table)
            self.progress(f"read {feed.name}")
            temporary = self.folder / f"{sha256(feed.name.encode()).hexdigest()}.part"
            query = table_query(connection.dialect, table, origin, start)
            metadata = {NOTES: json.dumps(notes), "feed": feed.name, "source": self._system(feed)}
            where = f"source {self.source.id}: table {origin.table}"
            with self._database() as database:
                with rows_of(database, connection, self.url, query, where):
                    count = _write(database, metadata, temporary)
                watermark = table.column(origin.watermark) if origin.watermark else None
                label = table.labels[watermark] if watermark else None
                newest_at = _latest(database, temporary, label) if count and label else None
        self.progress(f"keep {feed.name}")
        delivery = self._keep(origin, temporary, count)
        return Extract(feed, delivery, table.described, notes, newest_at)

    def _system(self, feed: Feed) -> str:
        return feed.source_system_id or self.source.id

    def _start(
        self, connection: Connection, feed: Feed, origin: TableOrigin, table: SourceTable
    ) -> Start | None:
        column = table.column(origin.watermark) if origin.watermark else None
        if column is None:
            return None
        is_sqlite = connection.dialect.name == "sqlite"
        bronze = Bronze(self.workspace, self.org_id, self.source.id, self._system(feed))
        return start_of(bronze, feed, table, column, is_sqlite=is_sqlite)

    @contextmanager
    def _database(self) -> Iterator[duckdb.DuckDBPyConnection]:
        self.workspace.spill_path.mkdir(exist_ok=True)
        database = open_database(self.workspace.spill_path, MEMORY, threads=0)
        try:
            yield database
        finally:
            database.close()

    def _keep(self, origin: TableOrigin, temporary: Path, count: int) -> Delivery | None:
        if not count:
            temporary.unlink()
            return None
        digest = _made_durable(temporary)
        temporary.replace(self.folder / digest)
        make_durable(self.folder)
        return Delivery(f"table:{origin.table}", digest, (self.folder / digest).stat().st_size)


def folder_of(workspace: Workspace, org_id: str, source_id: str) -> Path:
    """Where the extracts of a source wait to be loaded; in the workspace because they hold patient data."""
    return workspace.path / FOLDER / org_id / source_id


def cleared(folder: Path, needed: Iterable[str]) -> Path:
    """The folder without what an earlier run left, but with the extracts that planned loads need."""
    folder.mkdir(parents=True, exist_ok=True)
    kept = set(needed)
    for file in folder.iterdir():
        if file.name not in kept:
            file.unlink()
    return folder


def read_extract(connection: duckdb.DuckDBPyConnection, file: Path, omit: Iterable[str] = ()) -> Records:
    """Leave the rows of an extract in the record tables."""
    if not file.is_file():
        raise WorkspaceError("the kept extract is gone.", remedy="The next run reads the table again.")
    source = f"read_parquet({literal(str(file))}, file_row_number = true)"
    names = [
        name
        for name, *_ in connection.execute(f"describe from read_parquet({literal(str(file))})").fetchall()
    ]
    columns = {name: f"_value_{place}" for place, name in enumerate(names)}
    values = ", ".join(f"{quoted(name)} as {value}" for name, value in columns.items())
    connection.execute(f"""
        create or replace temp table {TABLE} as
        with valued as (select file_row_number + 1 as _row, {values} from {source}),
        written as (select *, {struct_of(columns, omit)} as _raw from valued)
        select *, cast(null as bigint) as _offset, cast(null as bigint) as _length,
            sha256({_content(columns, omit)}) as _hash
        from written
    """)
    store_broken(connection, [])
    delivered = connection.execute(f"select count(*) from {TABLE}").fetchall()[0][0]
    return Records(columns, int(delivered))


def rehash(connection: duckdb.DuckDBPyConnection, records: Records, omit: Iterable[str] = ()) -> None:
    """Give rows of a table that were read from their JSON the hash they have in an extract."""
    if records.columns:
        connection.execute(f"update {TABLE} set _hash = sha256({_content(records.columns, omit)})")


def _content(columns: Mapping[str, str], omit: Iterable[str]) -> str:
    """SQL of what makes a row what it is; nulls are left out, so that a new, empty column changes no row."""
    hidden = {name.lower() for name in omit}
    kept = sorted((name for name in columns if name.lower() not in hidden), key=str.lower)
    members = ", ".join(
        f"case when {columns[name]} is not null then concat({literal(name + ':')}, strlen({columns[name]}), "
        f"':', {columns[name]}) end"
        for name in kept
    )
    return f"concat_ws('|', {members})"


def notes_of(connection: duckdb.DuckDBPyConnection, file: Path) -> list[str]:
    """What was found about the table when an extract was read."""
    rows = connection.execute(
        f"select decode(value) from parquet_kv_metadata({literal(str(file))}) "
        f"where decode(key) = {literal(NOTES)}"
    ).fetchall()
    return [str(note) for (text,) in rows for note in json.loads(text)]


def _write(database: duckdb.DuckDBPyConnection, metadata: Mapping[str, str], target: Path) -> int:
    """Write the rows of the query; their number."""
    pairs = ", ".join(f"{name}: {literal(value)}" for name, value in metadata.items())
    copied = database.execute(
        f"copy ({SELECTED}) to {literal(str(target))} (format parquet, compression zstd, "
        f"compression_level 1, dictionary_size_limit 1, "  # a dictionary takes a quarter of the time
        f"row_group_size {ROW_GROUP}, kv_metadata {{{pairs}}})"
    ).fetchall()[0][0]
    return int(copied)


def _latest(database: duckdb.DuckDBPyConnection, file: Path, watermark: str) -> datetime | None:
    value = f"try_cast({quoted(watermark)} as timestamp)"
    found = database.execute(
        f"select max({value}) from read_parquet({literal(str(file))}) "
        f"where {value} <= cast(now() as timestamp) + interval 1 day"
    ).fetchall()[0][0]
    return found if isinstance(found, datetime) else None


def _made_durable(file: Path) -> str:
    digest = sha256()
    with file.open("rb+") as reader:
        while chunk := reader.read(CHUNK):
            digest.update(chunk)
        os.fsync(reader.fileno())
    return digest.hexdigest()
