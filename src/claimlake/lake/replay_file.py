"""Which feed read which file in a replay (control.db): a replay's rows belong to several feeds."""

from claimlake.lake.ledger import Delivery, Load
from claimlake.workspace import Workspace

SCHEMA = """
create table if not exists replay_file (
    load_id text not null,
    org_id text not null,
    source_id text not null,
    file_id text not null,
    feed text not null,
    primary key (load_id, file_id)
)
"""


def remember(workspace: Workspace, load: Load, delivery: Delivery, feed: str) -> None:
    """Note the feed that reads a file in a replay, before the rows are in the lake."""
    with workspace.control() as control:
        control.execute(SCHEMA)
        control.execute(
            "insert or replace into replay_file values (?, ?, ?, ?, ?)",
            (load.load_id, load.org_id, load.source_id, delivery.file_id, feed),
        )


def own_loads(workspace: Workspace, org_id: str, source_id: str, feed: str) -> list[tuple[str, str]]:
    """Every load of a feed, with '' for all its files, and every replay with a file it read there."""
    with workspace.control() as control:
        control.execute(SCHEMA)
        return control.execute(
            "select load_id, '' from ingest_load where org_id = ?1 and source_id = ?2 and feed = ?3 "
            "union all "
            "select load_id, file_id from replay_file where org_id = ?1 and source_id = ?2 and feed = ?3",
            (org_id, source_id, feed),
        ).fetchall()
