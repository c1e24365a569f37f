"""Fingerprints: what a table was made of, so that nothing is made twice."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from claimlake.workspace import Workspace

CREATE = """
create table if not exists built_table (
    table_name text primary key,
    fingerprint text not null,
    version integer not null,
    row_count integer not null,
    violations text not null
)
"""


@dataclass(frozen=True)
class BuiltTable:
    """The newest built version of a table and what it was made of."""

    table: str
    fingerprint: str
    version: int
    rows: int
    violations: tuple[int, ...] = ()
    """Violations of each check, in the order of the model's checks."""


def fingerprint(text: str, inputs: Mapping[str, int | str]) -> str:
    """SHA-256 over a definition and the versions of everything it reads."""
    content = json.dumps([text, sorted(inputs.items())])
    return hashlib.sha256(content.encode()).hexdigest()


def built_tables(workspace: Workspace) -> dict[str, BuiltTable]:
    """The newest built version of every table, by name."""
    with workspace.control() as control:
        control.execute(CREATE)
        rows = control.execute("select * from built_table").fetchall()
    return {row[0]: BuiltTable(row[0], row[1], row[2], row[3], tuple(json.loads(row[4]))) for row in rows}


def remember(workspace: Workspace, built: Sequence[BuiltTable]) -> None:
    """Record tables after their Delta commits; a run killed in between makes the same rows again."""
    with workspace.control() as control:
        control.execute(CREATE)
        control.executemany(
            "insert or replace into built_table values (?, ?, ?, ?, ?)",
            [
                (table.table, table.fingerprint, table.version, table.rows, json.dumps(table.violations))
                for table in built
            ],
        )
