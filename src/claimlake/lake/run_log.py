"""The audit of ingestion: what each feed is configured to load, and what became of every run of it.

Both are tables of control.db, where a run under way can be seen. The lake's platform.ingestion_configs and
platform.ingestion_logs hold the same for engines that cannot read it: configurations as they are, and the
runs that ended. A run of a feed that had nothing new is no row; it only moves `last_run_at`.
"""

import hashlib
import json
import secrets
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

import duckdb

from claimlake.engines.engine import Columns, values_sql
from claimlake.lake.table import Lake
from claimlake.workspace import Workspace

CONFIGS = "platform.ingestion_configs"
LOGS = "platform.ingestion_logs"
CONFIG_COLUMNS: Columns = (
    *(("org_id", "text"), ("config_id", "text"), ("source_system_id", "text"), ("datasource", "text")),
    *(("feed", "text"), ("tablename", "text"), ("loadtype", "text"), ("watermark", "text")),
    *(("targetpath", "text"), ("mapping_rules", "text"), ("validation_rules", "text")),
    *(("transformation_rules", "text"), ("schedule", "text"), ("is_active", "boolean")),
    *(("last_run_at", "timestamp"), ("next_run_at", "timestamp")),
)
LOG_COLUMNS: Columns = (
    *(("org_id", "text"), ("log_id", "text"), ("config_id", "text"), ("source_system_id", "text")),
    *(("run_start_time", "timestamp"), ("run_end_time", "timestamp"), ("run_date", "date")),
    *(("status", "text"), ("records_processed", "bigint"), ("records_success", "bigint")),
    *(("records_error", "bigint"), ("error_details", "text"), ("freshness_hours", "decimal(12,2)")),
)
SCHEMA = """
create table if not exists ingestion_configs (
    org_id text not null,
    config_id text primary key,
    source_system_id text not null,
    datasource text not null,
    feed text not null,
    tablename text not null,
    loadtype text not null,
    watermark text,
    targetpath text,
    mapping_rules text not null,
    validation_rules text not null,
    transformation_rules text not null,
    schedule text,
    is_active integer not null,
    last_run_at text,
    next_run_at text
);
create table if not exists ingestion_logs (
    number integer primary key autoincrement,
    org_id text not null,
    log_id text not null unique,
    config_id text,
    source_system_id text not null,
    run_start_time text not null,
    run_end_time text,
    status text not null check (status in ('running', 'success', 'failed', 'partial')),
    records_processed integer not null default 0,
    records_success integer not null default 0,
    records_error integer not null default 0,
    error_details text not null default '[]',
    newest_event_at text
);
create table if not exists ingestion_mirror (
    table_name text primary key,
    content text not null
);
"""
DIED = "the run ended before it could say what became of it; the next one loads what it had planned"


@dataclass(frozen=True)
class FeedConfig:
    """How one feed of one source is loaded."""

    feed: str
    source_system_id: str
    tablename: str
    """Table of the database, or pattern of the files."""
    loadtype: str
    """'full' or 'incremental' for tables and files, 'api' for APIs."""
    watermark: str | None
    targetpath: str
    mapping_rules: dict[str, Any]
    validation_rules: Sequence[str]
    transformation_rules: dict[str, Any]
    is_active: bool = True
    schedule: str | None = None
    """Cron expression in the tenant's time zone; None where it is loaded at every look."""


@dataclass
class FeedResult:
    """What one run did with one feed."""

    processed: int = 0
    success: int = 0
    """Records that are in the lake now: those that came in, and those that were there."""
    loaded: int = 0
    error: int = 0
    is_partial: bool = False
    errors: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    newest_at: datetime | None = None
    is_part: bool = False
    """Whether other deliveries of the same source came in, where this is the source as a whole."""

    @property
    def status(self) -> str:
        """Success, failed when something stopped it and nothing came in, partial between the two."""
        if self.errors:
            return "partial" if self.success or self.is_part else "failed"
        return "partial" if self.is_partial else "success"

    @property
    def is_quiet(self) -> bool:
        """Whether there is nothing to tell."""
        return not (self.loaded or self.error or self.errors or self.notes)


@dataclass(frozen=True)
class RunLog:
    """The audit of one source of one tenant."""

    workspace: Workspace
    org_id: str
    source_id: str

    def config_id(self, feed: str) -> str | None:
        """Id of a feed's configuration; None stands for the source as a whole."""
        return f"{self.org_id}/{self.source_id}/{feed}" if feed else None

    def prepare(self, configs: Iterable[FeedConfig]) -> None:
        """Bring the configurations of the source up to date."""
        with self.workspace.control() as control:
            given = list(configs)
            for config in given:
                self._configure(control, config)
            kept = [self.config_id(config.feed) for config in given]
            control.execute(
                "delete from ingestion_configs where org_id = ? and datasource = ? "
                f"and config_id not in ({', '.join('?' * len(kept))})",
                (self.org_id, self.source_id, *kept),
            )

    def begin(self, feed: str) -> None:
        """Say that a feed is being loaded; saying it again changes nothing."""
        with self.workspace.control() as control:
            config = self.config_id(feed)
            running = control.execute(
                "select 1 from ingestion_logs where org_id = ? and source_system_id = ? and config_id is ? "
                "and status = 'running'",
                (self.org_id, self.source_id, config),
            ).fetchone()
            if not running:
                control.execute(
                    "insert into ingestion_logs (org_id, log_id, config_id, source_system_id, "
                    "run_start_time, status) values (?, ?, ?, ?, ?, 'running')",
                    (self.org_id, secrets.token_hex(16), config, self.source_id, _now()),
                )

    def end(self, feed: str, result: FeedResult) -> None:
        """Say what became of a feed; one that had nothing new leaves no row."""
        if not result.is_quiet:
            self.begin(feed)
        details = json.dumps([*result.errors, *result.notes], ensure_ascii=False)
        newest = result.newest_at.isoformat() if result.newest_at else None
        counts = (result.processed, result.success, result.error)
        config = self.config_id(feed)
        mine = (self.org_id, self.source_id, config)
        where = "where org_id = ? and source_system_id = ? and config_id is ? and status = 'running'"
        with self.workspace.control() as control:
            if result.is_quiet:
                control.execute(f"delete from ingestion_logs {where}", mine)
            control.execute(
                "update ingestion_logs set run_end_time = ?, records_processed = ?, records_success = ?, "
                f"records_error = ?, error_details = ?, newest_event_at = ?, status = ? {where}",
                (_now(), *counts, details, newest, result.status, *mine),
            )
            control.execute(
                "update ingestion_configs set last_run_at = ? where config_id = ?", (_now(), config)
            )

    def plan_next(self, moment: datetime | None) -> None:
        """Note when the source is due next, UTC; None where it is loaded at every look."""
        at = moment.astimezone(UTC).replace(tzinfo=None).isoformat() if moment else None
        with self.workspace.control() as control:
            for statement in SCHEMA.split(";"):
                control.execute(statement)
            control.execute(
                "update ingestion_configs set next_run_at = ? where org_id = ? and datasource = ?",
                (at, self.org_id, self.source_id),
            )

    def _configure(self, control: sqlite3.Connection, config: FeedConfig) -> None:
        values = asdict(config)
        rules = ("mapping_rules", "validation_rules", "transformation_rules")
        values |= {name: json.dumps(values[name], ensure_ascii=False) for name in rules}
        values |= {
            "org_id": self.org_id,
            "config_id": self.config_id(config.feed),
            "datasource": self.source_id,
        }
        names = ", ".join(values)
        changed = ", ".join(f"{name} = excluded.{name}" for name in values if name != "config_id")
        control.execute(
            f"insert into ingestion_configs ({names}) values ({', '.join('?' * len(values))}) "
            f"on conflict (config_id) do update set {changed}",
            tuple(values.values()),
        )


def open_log(workspace: Workspace) -> None:
    """Create the tables where they are missing, and end the runs that a dead process left open."""
    with workspace.control() as control:
        for statement in SCHEMA.split(";"):
            control.execute(statement)
        control.execute(
            "update ingestion_logs set status = 'failed', run_end_time = ?, error_details = ? "
            "where status = 'running'",
            (_now(), json.dumps([DIED])),
        )


def mirror(workspace: Workspace) -> None:
    """Bring the lake's two tables up to date with the control database."""
    lake = Lake(workspace.lake_path)
    _mirror_configs(workspace, lake, is_run=_mirror_logs(workspace, lake))


def _mirror_logs(workspace: Workspace, lake: Lake) -> bool:
    newest = (lake.transaction(LOGS, LOGS) or 0) if lake.exists(LOGS) else 0
    rows = _rows(
        workspace,
        "select number, *, date(run_end_time) as run_date, round((julianday(run_end_time) "
        "- julianday(newest_event_at)) * 24, 2) as freshness_hours from ingestion_logs "
        "where number > ? and status <> 'running' order by number",
        newest,
    )
    if rows:
        lake.create(LOGS, LOG_COLUMNS)
        with duckdb.connect() as connection:
            found = connection.sql(values_sql(LOG_COLUMNS, [_only(LOG_COLUMNS, row) for row in rows]))
            lake.append(LOGS, found, transaction=(LOGS, max(row["number"] for row in rows)))
    return bool(rows)


def _mirror_configs(workspace: Workspace, lake: Lake, *, is_run: bool) -> None:
    rows = [
        _only(CONFIG_COLUMNS, row)
        for row in _rows(workspace, "select * from ingestion_configs order by config_id")
    ]
    settled = [
        {name: value for name, value in row.items() if name not in ("last_run_at", "next_run_at")}
        for row in rows
    ]
    content = hashlib.sha256(json.dumps(settled).encode()).hexdigest()
    known = _rows(workspace, "select content from ingestion_mirror where table_name = ?", CONFIGS)
    if not rows or (not is_run and known and known[0]["content"] == content and lake.exists(CONFIGS)):
        return
    lake.create(CONFIGS, CONFIG_COLUMNS)
    with duckdb.connect() as connection:
        lake.replace(CONFIGS, connection.sql(values_sql(CONFIG_COLUMNS, rows)))
    with workspace.control() as control:
        control.execute("insert or replace into ingestion_mirror values (?, ?)", (CONFIGS, content))


def _rows(workspace: Workspace, sql: str, *values: object) -> list[dict[str, Any]]:
    with workspace.control() as control:
        control.row_factory = sqlite3.Row
        return [dict(row) for row in control.execute(sql, values)]


def _only(columns: Columns, row: dict[str, Any]) -> dict[str, Any]:
    """The columns of a table, the times as times."""
    kinds = dict(columns)
    return {name: _typed(kinds[name], row[name]) for name in kinds}


def _typed(kind: str, value: Any) -> Any:
    if value is None:
        return None
    match kind:
        case "timestamp":
            return datetime.fromisoformat(value)
        case "date":
            return datetime.fromisoformat(value).date()
        case "boolean":
            return bool(value)
    return value


def _now() -> str:
    return datetime.now(UTC).replace(tzinfo=None).isoformat()
