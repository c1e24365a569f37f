"""Landing: the rows of one load, held until one Delta commit per table puts them in the lake exactly once."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import duckdb
import numpy as np
from numpy.typing import NDArray

from claimlake.engines.duckdb import open_database
from claimlake.engines.sql import literal
from claimlake.lake.contract import Contract
from claimlake.lake.ledger import Load
from claimlake.lake.table import Lake
from claimlake.workspace import Workspace

QUARANTINE = "platform.quarantine_record"
QUALITY = "platform.dq_result"
LOAD_LOG = "platform.load_logs"
VANISHED = "bronze.vanished_record"
"""Keys that a full extract no longer held."""
WITHDRAWN = "bronze.withdrawn_record"
"""Keys that a full extract of one feed no longer held, and another feed did."""
GONE = "gone"
"""Stands for the content of a key that vanished; no hash is like it."""

PLATFORM_COLUMNS: dict[str, list[tuple[str, str]]] = {
    QUARANTINE: [
        ("org_id", "text"),
        ("quarantine_id", "text"),
        ("source_system_id", "text"),
        ("load_id", "text"),
        ("table_name", "text"),
        ("rule_id", "text"),
        ("reason", "text"),
        ("file_id", "text"),
        ("source_file", "text"),
        ("source_row", "bigint"),
        ("byte_offset", "bigint"),
        ("byte_length", "bigint"),
        ("raw", "text"),
        ("record_key", "text"),
        ("quarantined_at", "timestamp"),
        ("quarantined_date", "date"),
        ("resolved_at", "timestamp"),
        ("resolution", "text"),
        ("resolved_load_id", "text"),
    ],
    QUALITY: [
        ("org_id", "text"),
        ("source_system_id", "text"),
        ("load_id", "text"),
        ("table_name", "text"),
        ("rule_id", "text"),
        ("severity", "text"),
        ("reason", "text"),
        ("checked_at", "timestamp"),
        ("rows_checked", "bigint"),
        ("rows_failed", "bigint"),
    ],
    LOAD_LOG: [
        ("org_id", "text"),
        ("id", "text"),
        ("load_id", "text"),
        ("data_source", "text"),
        ("tablename", "text"),
        ("numberofrowscopied", "bigint"),
        ("watermarkcolumnname", "text"),
        ("loaddate", "timestamp"),
    ],
}


@dataclass(frozen=True)
class Finding:
    """A rule that rows of one table of one source broke."""

    source_system_id: str
    table: str
    rule: str
    severity: str
    reason: str


Progress = Callable[[str], None]
"""Told the step that comes next; a run that dies in it loses nothing and repeats nothing."""


@dataclass
class Stage:
    """The rows of one load in an embedded database that spills to the workspace's disk."""

    connection: duckdb.DuckDBPyConnection
    lake: Lake
    contracts: Mapping[str, Contract]
    load: Load
    watermark: str | None = None
    settles: bool = True
    """Whether a good record closes those of its key that wait in quarantine."""
    own: Sequence[tuple[str, str]] | None = None
    """Loads, each with a file or '' for all, whose rows alone count as delivered before; None means all."""
    _tables: set[str] = field(default_factory=set)
    _findings: dict[Finding, list[int]] = field(default_factory=dict)
    _histories: dict[str, str] = field(default_factory=dict)
    _has_news: bool = False
    _waiting_rows: int | None = None
    closed: dict[str, int] = field(default_factory=dict)
    """Quarantine records closed by the commit, by resolution."""

    def add(self, table: str, sql: str) -> int:
        """Add the rows of a statement, matched by column name, to a table of the load; their number."""
        if table not in self._tables:
            described = _described(table) or ", ".join(
                f'"{name}" {kind}' for name, kind in self.contracts[table].schema
            )
            self.connection.execute(f"create table {staged(table)} ({described})")
            self._tables.add(table)
        return int(self.connection.execute(f"insert into {staged(table)} by name {sql}").fetchall()[0][0])

    def history(self, table: str, key: str) -> str:
        """Name of a temporary table of what this source delivered before: key, record_hash, place, came_at.

        `key` is SQL over the table's columns. A key that vanished has the hash GONE then. Rows of this very
        load are left out, so that a resumed load sees what the interrupted one saw.
        """
        if table not in self._histories:
            name = f'"history_{table}"'
            self.connection.execute(
                f"create temp table {name} as select source_system_id, key, record_hash, "
                "row_number() over (order by ingested_at, load_id, source_row) as place, "
                f"ingested_at as came_at from ({self._earlier_sql(table, key)}) "
                f"where load_id <> '{self.load.load_id}'"
            )
            self._histories[table] = name
        return self._histories[table]

    def _earlier_sql(self, table: str, key: str) -> str:
        columns = "source_system_id, load_id, ingested_at, source_row"
        rows = scan_sql(self.lake, table, self.load.org_id)
        ends = [scan_sql(self.lake, VANISHED, self.load.org_id)]
        mine = "true"
        if self.own is not None:
            ends.append(scan_sql(self.lake, WITHDRAWN, self.load.org_id))
            mine = own_sql(self.own)
        parts = [
            "select '' as source_system_id, '' as load_id, null::timestamp as ingested_at, "
            "0::bigint as source_row, '' as key, '' as record_hash where false"
        ]
        if rows:
            parts.append(f"select {columns}, {key} as key, record_hash from {rows} where {mine}")
        parts += [
            f"select {columns}, record_key as key, '{GONE}' as record_hash "
            f"from {gone} where table_name = {literal(table)} and {owned}"
            for gone, owned in zip(ends, ("true", mine), strict=False)
            if gone
        ]
        return " union all ".join(parts)

    def seen_keys(self, table: str) -> str:
        """Name of a temporary table of the keys the load's deliveries hold, unchanged rows too."""
        name = f'"seen_{table}"'
        self.connection.execute(f"create temp table if not exists {name} (key text)")
        return name

    def note(self, finding: Finding, *, checked: int, failed: int, is_news: bool = False) -> None:
        """Count the rows a rule was checked on and those that broke it; news is kept without any new row."""
        self._has_news = self._has_news or is_news
        counts = self._findings.setdefault(finding, [0, 0])
        counts[0] += checked
        counts[1] += failed

    def settle(self, resolution: str, table: str, system: str, keys_sql: str) -> None:
        """Close what waits in quarantine under these keys of a table and system, when the load commits.

        `keys_sql` selects keys as quarantine records hold them: SHA-256 of the key.
        """
        waiting = self.waiting()
        if not self._waiting_rows or not self.settles:
            return
        self.connection.execute(
            f"insert into {self.closing()} select quarantine_id, {literal(resolution)} from {waiting} "
            f"where table_name = {literal(table)} and source_system_id = {literal(system)} "
            f"and record_key in ({keys_sql})"
        )

    def closing(self) -> str:
        """Name of a temporary table of the quarantine records the load closes: id and resolution."""
        self.connection.execute(
            "create temp table if not exists closing (quarantine_id text, resolution text)"
        )
        return "closing"

    def waiting(self) -> str:
        """Name of a temporary table of the records that waited in quarantine before this load."""
        if self._waiting_rows is None:
            names = ", ".join(name for name, _ in PLATFORM_COLUMNS[QUARANTINE] if name != "raw")
            scan = quarantine_sql(self.lake, self.load.org_id)
            own = literal(self.load.load_id)
            self.connection.execute(f"create temp table waiting ({_described(QUARANTINE)})")
            self._waiting_rows = 0
            if scan:
                earlier = f"(from {scan} where load_id <> {own} and coalesce(resolved_load_id, '') <> {own})"
                inserted = self.connection.execute(
                    f"insert into waiting by name select {names} from {now_sql(earlier)} "
                    "where resolved_at is null"
                ).fetchall()
                self._waiting_rows = int(inserted[0][0])
        return "waiting"

    def commit(self, progress: Progress) -> dict[str, int]:
        """Put every table of the load in the lake, one commit each; the number of rows by table."""
        self._close_quarantine()
        self._forget_known_quarantine()
        bronze = sorted(table for table in self._tables if table not in PLATFORM_COLUMNS)
        rows = {table: self._count(table) for table in bronze}
        is_news = self._has_news or any(self._count(table) for table in self._tables)
        if is_news:
            self._log(rows)
            self._store_findings()
        for table in [*bronze, *(name for name in PLATFORM_COLUMNS if name in self._tables)]:
            if self._count(table):
                progress(f"commit {table}")
                self._append(table)
        return rows

    def _append(self, table: str) -> None:
        columns = PLATFORM_COLUMNS.get(table) or self.contracts[table].schema
        self.lake.create(table, columns)
        self.lake.append(
            table,
            self.connection.sql(f"from {staged(table)}"),
            transaction=(self.load.load_id, 1),
            metadata={"load_id": self.load.load_id},
        )

    def _count(self, table: str) -> int:
        return int(self.connection.execute(f"select count(*) from {staged(table)}").fetchall()[0][0])

    def _log(self, rows: Mapping[str, int]) -> None:
        for table, count in rows.items():
            if count:
                self.connection.execute(
                    "create or replace temp table log_row as select $org as org_id, "
                    "sha256(concat_ws('|', $load, $table)) as id, $load as load_id, $source as data_source, "
                    "$table as tablename, cast($count as bigint) as numberofrowscopied, "
                    "cast($watermark as text) as watermarkcolumnname, cast($at as timestamp) as loaddate",
                    {
                        "org": self.load.org_id,
                        "load": self.load.load_id,
                        "source": self.load.source_id,
                        "table": table,
                        "count": count,
                        "watermark": self.watermark,
                        "at": self.load.planned_at,
                    },
                )
                self.add(LOAD_LOG, "from log_row")

    def _store_findings(self) -> None:
        broken = {finding: counts for finding, counts in self._findings.items() if counts[1]}
        if not broken:
            return
        finding_rows = {  # noqa: F841 - DuckDB finds it by name
            "source_system_id": _texts(finding.source_system_id for finding in broken),
            "table_name": _texts(finding.table for finding in broken),
            "rule_id": _texts(finding.rule for finding in broken),
            "severity": _texts(finding.severity for finding in broken),
            "reason": _texts(finding.reason for finding in broken),
            "rows_checked": np.array([counts[0] for counts in broken.values()], dtype=np.int64),
            "rows_failed": np.array([counts[1] for counts in broken.values()], dtype=np.int64),
        }
        self.connection.execute(
            f"create or replace temp table finding_row as select {literal(self.load.org_id)} as org_id, "
            f"{literal(self.load.load_id)} as load_id, timestamp '{self.load.planned_at}' as checked_at, * "
            "from finding_rows"
        )
        self.add(QUALITY, "from finding_row")

    def _close_quarantine(self) -> None:
        """Add a closing row for every record the load settles and does not hold itself."""
        self.closed = dict(
            self.connection.execute(
                f"select resolution, count(distinct quarantine_id) from ({self._closing_sql()}) group by all"
            ).fetchall()
        )
        if self.closed:
            at = f"timestamp '{self.load.planned_at}'"
            self.add(
                QUARANTINE,
                f"select waiting.* replace ({at} as resolved_at, settled.resolution as resolution, "
                f"{literal(self.load.load_id)} as resolved_load_id) from {self.waiting()} as waiting "
                f"join ({self._closing_sql()}) as settled using (quarantine_id)",
            )

    def _closing_sql(self) -> str:
        held = f"where quarantine_id not in (select quarantine_id from {staged(QUARANTINE)})"
        return (
            f"select quarantine_id, max(resolution) as resolution from {self.closing()} "
            f"{held if QUARANTINE in self._tables else ''} group by quarantine_id"
        )

    def _forget_known_quarantine(self) -> None:
        """A record that waits for the same reason already is not put in quarantine by its next delivery."""
        if QUARANTINE in self._tables:
            self.connection.execute(
                f"delete from {staged(QUARANTINE)} where resolved_at is null and (quarantine_id, reason) in "
                f"(select (quarantine_id, reason) from {self.waiting()})"
            )


@contextmanager
def open_stage(workspace: Workspace, contracts: Mapping[str, Contract], load: Load) -> Iterator[Stage]:
    """An empty stage for one load, gone with everything in it when the block ends."""
    with embedded(workspace) as connection:
        connection.execute("create schema stage")
        yield Stage(connection, Lake(workspace.lake_path), contracts, load)


@contextmanager
def embedded(workspace: Workspace) -> Iterator[duckdb.DuckDBPyConnection]:
    """An in-memory database within the workspace's memory limit."""
    workspace.spill_path.mkdir(exist_ok=True)
    settings = workspace.settings
    connection = open_database(workspace.spill_path, settings.memory_limit, settings.threads)
    try:
        yield connection
    finally:
        connection.close()


def _texts(values: Iterable[str]) -> NDArray[np.object_]:
    return np.array(list(values), dtype=object)


def _described(table: str) -> str:
    return ", ".join(f'"{name}" {kind}' for name, kind in PLATFORM_COLUMNS.get(table, []))


def quarantine_sql(lake: Lake, org_id: str) -> str | None:
    """What stands after `from` to read one tenant's quarantine rows, those of older releases too."""
    scan = scan_sql(lake, QUARANTINE, org_id)
    if scan is None:
        return None
    names = ", ".join(f"null::{kind} as {name}" for name, kind in PLATFORM_COLUMNS[QUARANTINE])
    return f"(select {names} where false union all by name from {scan})"


def now_sql(quarantine: str) -> str:
    """What stands after `from` to read each quarantine record once, as its newest row has it.

    A record that is closed, or held again, gets another row under its id.
    """
    return (
        f"(select * from {quarantine} qualify row_number() over (partition by quarantine_id "
        "order by coalesce(resolved_at, quarantined_at) desc, resolved_at nulls last) = 1)"
    )


def own_sql(loads: Iterable[tuple[str, str]]) -> str:
    """SQL predicate of the rows of these loads, each with a file or '' for all its files."""
    pairs = ", ".join(f"({literal(load_id)}, {literal(file_id)})" for load_id, file_id in loads)
    return f"((load_id, '') in ({pairs}) or (load_id, file_id) in ({pairs}))" if pairs else "false"


def staged(table: str) -> str:
    """Where a stage holds the rows of a table."""
    return f'stage."{table}"'


def scan_sql(lake: Lake, table: str, org_id: str) -> str | None:
    """What stands after `from` to read one tenant's rows of a table; None when there are none."""
    files = lake.files(table, org_id=org_id) if lake.exists(table) else []
    if not files:
        return None
    names = ", ".join(literal(file) for file in files)
    return (
        f"(select *, {literal(org_id)} as org_id from read_parquet([{names}], hive_partitioning = false, "
        "union_by_name = true))"
    )
