"""Snapshots: the published map of table to Delta version, so that readers never see half a run."""

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import duckdb

from claimlake.engines.engine import values_sql
from claimlake.errors import QueryError
from claimlake.lake.table import Lake
from claimlake.workspace import Workspace

TABLE = "platform.snapshot"
COLUMNS = (
    ("snapshot_id", "bigint"),
    ("published_at", "timestamp"),
    ("table_name", "text"),
    ("table_version", "bigint"),
)
CREATE = """
create table if not exists snapshot (
    snapshot_id integer primary key autoincrement,
    published_at text not null,
    tables text not null
)
"""


@dataclass(frozen=True)
class Snapshot:
    """One published state of the lake."""

    id: int
    published_at: datetime
    """UTC."""
    tables: Mapping[str, int]
    """Delta version of every published table."""


def publish(workspace: Workspace, tables: Mapping[str, int]) -> Snapshot:
    """The snapshot that holds these versions: a new one, or the latest when it already does.

    A layer that `tables` names is replaced as a whole, the other layers stay as published.
    """
    layers = {table.partition(".")[0] for table in tables}
    with workspace.control() as control:
        control.execute(CREATE)
        control.execute("begin immediate")
        newest = _read(control, "select * from snapshot order by snapshot_id desc limit 1")
        kept = {
            table: version
            for table, version in _tables(newest).items()
            if table.partition(".")[0] not in layers
        }
        published = dict(sorted({**kept, **tables}.items()))
        if newest and published == dict(newest.tables):
            return newest
        now = datetime.now(UTC).replace(tzinfo=None, microsecond=0)
        inserted = control.execute(
            "insert into snapshot (published_at, tables) values (?, ?)",
            (now.isoformat(), json.dumps(published)),
        )
        snapshot = Snapshot(int(inserted.lastrowid or 0), now, published)
    _mirror(workspace)
    return snapshot


def latest(workspace: Workspace) -> Snapshot | None:
    """The newest snapshot, or None before the first build."""
    return _find(workspace, "select * from snapshot order by snapshot_id desc limit 1")


def pin(workspace: Workspace, snapshot_id: int) -> Snapshot:
    """The snapshot with this id; QueryError when there is none."""
    found = _find(workspace, "select * from snapshot where snapshot_id = ?", snapshot_id)
    if found is None:
        raise QueryError(
            f"no snapshot {snapshot_id}.",
            where=str(workspace.path),
            remedy="Take the id of a published one, from the table platform.snapshot.",
        )
    return found


def snapshots(workspace: Workspace) -> list[Snapshot]:
    """Every snapshot, newest first."""
    with workspace.control() as control:
        control.execute(CREATE)
        rows = control.execute("select * from snapshot order by snapshot_id desc").fetchall()
    return [_snapshot(row) for row in rows]


def _find(workspace: Workspace, sql: str, *values: int) -> Snapshot | None:
    with workspace.control() as control:
        control.execute(CREATE)
        return _read(control, sql, *values)


def _read(control: sqlite3.Connection, sql: str, *values: int) -> Snapshot | None:
    row = control.execute(sql, values).fetchone()
    return _snapshot(row) if row else None


def _snapshot(row: tuple[int, str, str]) -> Snapshot:
    return Snapshot(row[0], datetime.fromisoformat(row[1]), json.loads(row[2]))


def _tables(snapshot: Snapshot | None) -> Mapping[str, int]:
    return snapshot.tables if snapshot else {}


def _mirror(workspace: Workspace) -> None:
    """Append the snapshots a Delta table lacks, for engines that cannot read the control database."""
    lake = Lake(workspace.lake_path)
    lake.create(TABLE, COLUMNS, partition_by=())
    newest = lake.transaction(TABLE, TABLE) or 0
    with duckdb.connect() as connection:
        for found in reversed(snapshots(workspace)):
            if found.id > newest:
                rows = connection.sql(values_sql(COLUMNS, _rows(found)))
                lake.append(TABLE, rows, transaction=(TABLE, found.id))


def _rows(snapshot: Snapshot) -> list[dict[str, object]]:
    return [
        {
            "snapshot_id": snapshot.id,
            "published_at": snapshot.published_at,
            "table_name": table,
            "table_version": version,
        }
        for table, version in snapshot.tables.items()
    ]
