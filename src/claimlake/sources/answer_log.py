"""When which request to an API was last answered (control.db), so that it is not asked again too soon.

Losing this log loses no data: everything is asked again, and what bronze knows already is recognised there.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from claimlake.workspace import Workspace

SCHEMA = """
create table if not exists api_answer (
    org_id text not null,
    source_id text not null,
    feed text not null,
    request text not null,
    answered_at text not null,
    primary key (org_id, source_id, feed, request)
)
"""


@dataclass(frozen=True)
class AnswerLog:
    """The answers to one feed of one source of one tenant."""

    workspace: Workspace
    org_id: str
    source_id: str
    feed: str

    def answered_since(self, moment: datetime) -> set[str]:
        """Requests that were answered at that moment or later."""
        with self.workspace.control() as control:
            control.execute(SCHEMA)
            rows = control.execute(
                "select request from api_answer where org_id = ? and source_id = ? and feed = ? "
                "and answered_at >= ?",
                (self.org_id, self.source_id, self.feed, moment.isoformat()),
            )
            return {request for (request,) in rows}

    def record(self, requests: Iterable[str], moment: datetime) -> None:
        """Note that requests were answered and that bronze holds what they said."""
        key = (self.org_id, self.source_id, self.feed)
        with self.workspace.control() as control:
            control.execute(SCHEMA)
            control.executemany(
                "insert or replace into api_answer values (?, ?, ?, ?, ?)",
                [(*key, request, moment.isoformat()) for request in requests],
            )
