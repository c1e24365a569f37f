"""The full deliveries of one feed, each of which holds all its records: the newest, and what it left open."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from claimlake.lake.ledger import Delivery, Ledger
from claimlake.sources.mapping import Feed

LOADED = (
    "ingest_load.org_id = ? and ingest_load.source_id = ? and feed = ? and taken.source_system_id = ? "
    "and state = 'closed' and taken.status = 'loaded' and coalesce(is_full, 1)"
)
OUTDATED = "ALL-24", "full file is older than one that was loaded, nothing of it is loaded"


@dataclass(frozen=True)
class FullFeed:
    """What the ledger of a source knows of the full deliveries of one feed under one system."""

    ledger: Ledger
    feed: str
    system: str

    def latest_content(self) -> str | None:
        """SHA-256 of the newest one that was loaded, so that the same again is no news.

        None without one; '' when keys it lacks were not ended, so that it is looked at again.
        """
        newest = self._newest()
        return None if newest is None else "" if newest[-1] else str(newest[1])

    def doubtful(self) -> Delivery | None:
        """The newest one that was loaded, when keys it lacks were not ended."""
        newest = self._newest()
        return Delivery(*newest[:-1]) if newest and newest[-1] else None

    def is_outdated(self, delivery: Delivery) -> bool:
        """Whether a newer file of the feed was loaded before.

        A file is as old as it says, and never younger than its arrival: a sender's clock can be ahead.
        """
        newest = self._one(
            "select max(min(copy.modified_ns, (strftime('%s', copy.seen_at) + 1) * 1000000000)) "
            "from ingest_file as taken join ingest_load using (load_id) join ingest_file as copy "
            "on copy.org_id = taken.org_id and copy.source_id = taken.source_id "
            "and copy.file_id = taken.file_id and copy.source_system_id = taken.source_system_id "
            f"where {LOADED}"
        )
        return bool(newest and newest[0] is not None and delivery.modified_ns < newest[0])

    def _newest(self) -> tuple[Any, ...] | None:
        return self._one(
            "select taken.path, taken.file_id, taken.size, taken.modified_ns, taken.source_system_id, "
            "coalesce(is_doubtful, 0) from ingest_file as taken join ingest_load using (load_id) "
            f"where {LOADED} order by number desc, position desc limit 1"
        )

    def _one(self, sql: str) -> tuple[Any, ...] | None:
        with self.ledger.workspace.control() as control:
            place = (self.ledger.org_id, self.ledger.source_id, self.feed, self.system)
            row: tuple[Any, ...] | None = control.execute(sql, place).fetchone()
            return row


def rivals_of(feed: Feed, feeds: Iterable[Feed]) -> list[str]:
    """Those of some feeds that, like this one and beside it, hold all of a table of it."""
    tables = {target.table for target in feed.into}
    return [
        other.name
        for other in feeds
        if other.name != feed.name and other.is_full and tables & {target.table for target in other.into}
    ]
