"""The columns a source's database tables had when they were last read (control.db)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from claimlake.workspace import Workspace

SCHEMA = """
create table if not exists seen_table (
    org_id text not null,
    source_id text not null,
    table_name text not null,
    columns text not null,
    seen_at text not null,
    primary key (org_id, source_id, table_name)
)
"""


@dataclass(frozen=True)
class SeenTables:
    """What is remembered of the tables of one source of one tenant."""

    workspace: Workspace
    org_id: str
    source_id: str

    def columns(self, table: str) -> dict[str, str] | None:
        """Name and type of every column at the last read; None before the first."""
        with self.workspace.control() as control:
            control.execute(SCHEMA)
            row = control.execute(
                "select columns from seen_table where org_id = ? and source_id = ? and table_name = ?",
                (self.org_id, self.source_id, table),
            ).fetchone()
        return dict(json.loads(row[0])) if row else None

    def remember(self, table: str, columns: Mapping[str, str]) -> None:
        """Keep the columns of a table that was read, for the next read to compare with."""
        now = datetime.now(UTC).replace(tzinfo=None).isoformat()
        with self.workspace.control() as control:
            control.execute(SCHEMA)
            control.execute(
                "insert into seen_table values (?, ?, ?, ?, ?) on conflict do update set "
                "columns = excluded.columns, seen_at = excluded.seen_at",
                (self.org_id, self.source_id, table, json.dumps(dict(columns)), now),
            )
