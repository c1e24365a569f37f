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


def replayed(workspace: Workspace, load: Load) -> list[tuple[str, str]]:
    """Replay and file of everything that was read again by the feed of a load."""
    with workspace.control() as control:
        control.execute(SCHEMA)
        return control.execute(
            "select load_id, file_id from replay_file where org_id = ? and source_id = ? and feed = ?",
            (load.org_id, load.source_id, load.feed),
        ).fetchall()
