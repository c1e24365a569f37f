"""Reference APIs: what is due of one feed, as JSON lines that are then loaded like any file."""

import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from claimlake.engines.sql import literal, quoted
from claimlake.errors import ConfigurationError
from claimlake.lake.land import embedded, scan_sql
from claimlake.lake.ledger import Delivery
from claimlake.lake.table import Lake
from claimlake.secret import resolved
from claimlake.sources.access_token import AccessToken
from claimlake.sources.answer_log import AnswerLog
from claimlake.sources.api_batch import Batch, Failures
from claimlake.sources.api_icd10 import Icd10
from claimlake.sources.api_npi import NpiRegistry
from claimlake.sources.api_origin import ApiOrigin
from claimlake.sources.mapping import Feed
from claimlake.sources.rest import RestClient
from claimlake.sources.throttle import Clock, Throttle
from claimlake.tenant import Source
from claimlake.workspace import Workspace

BURST = 5
"""Requests that may leave at once after a pause."""


@dataclass(frozen=True)
class ApiFeed:
    """One feed of one source of one tenant that asks an API."""

    workspace: Workspace
    org_id: str
    source: Source
    feed: Feed
    clock: Clock

    @property
    def log(self) -> AnswerLog:
        """When which request was answered."""
        return AnswerLog(self.workspace, self.org_id, self.source.id, self.feed.name)

    @property
    def now(self) -> datetime:
        """The moment of this call, UTC."""
        return datetime.fromtimestamp(self.clock.wall(), UTC).replace(tzinfo=None)

    def batches(self, failures: Failures) -> Iterator[Batch]:
        """What the API says to the requests that are due."""
        origin = self.feed.origin
        if not isinstance(origin, ApiOrigin):
            raise ConfigurationError("is no API", where=f"feed {self.feed.name}")
        answered = self.log.answered_since(self.now - timedelta(days=origin.refresh_days))
        if origin.api == "icd10":
            client = self._client(origin, {"API-Version": "v2", "Accept-Language": origin.language})
            return Icd10(client, origin.release, answered, failures).batches()
        queries = [dict(query) for query in origin.queries]
        numbers = self._numbers(origin)
        return NpiRegistry(self._client(origin, {}), queries, numbers, answered, failures).batches()

    def _client(self, origin: ApiOrigin, headers: dict[str, str]) -> RestClient:
        where = f"source {self.source.id}"
        throttle = Throttle(origin.per_second, BURST, self.clock)
        url = resolved(self.source.url or "", self.workspace.path, where=f"{where}: url")
        return RestClient(url, where, throttle, headers, self._authority(where), clock=self.clock)

    def _authority(self, where: str) -> AccessToken | None:
        grant = self.source.token
        if grant is None:
            return None
        issuer = RestClient(grant.url, f"{where}: token", Throttle(1, BURST, self.clock), clock=self.clock)
        folder = self.workspace.path
        client_id = resolved(grant.client_id, folder, where=f"{where}: token: client_id")
        client_secret = resolved(grant.client_secret, folder, where=f"{where}: token: client_secret")
        return AccessToken(issuer, client_id, client_secret, grant.scope)

    def _numbers(self, origin: ApiOrigin) -> list[str]:
        """The values of the columns whose numbers are looked up.

        Of a table that the feed itself fills, only what came from this source: what the API once told is
        asked again when it is old, so that a provider who left every search is still seen to change.
        """
        lake = Lake(self.workspace.lake_path)
        own = {target.table for target in self.feed.into}
        found: set[str] = set()
        with embedded(self.workspace) as connection:
            for name in origin.numbers:
                table, _, column = name.rpartition(".")
                scan = scan_sql(lake, table, self.org_id)
                if scan:
                    mine = f"source_system_id = {literal(self.source.id)}" if table in own else "true"
                    rows = connection.execute(
                        f"select distinct cast({quoted(column)} as varchar) from {scan} "
                        f"where {quoted(column)} is not null and {mine}"
                    ).fetchall()
                    found.update(value for (value,) in rows)
        return sorted(found)


def write_extract(batch: Batch, feed: Feed, files: Path) -> Delivery | None:
    """The records of a batch, kept as JSON lines under their hash; None when there are none."""
    if not batch.records:
        return None
    lines = (json.dumps(record, ensure_ascii=False) + "\n" for record in batch.records)
    content = "".join(lines).encode(errors="backslashreplace")
    digest = hashlib.sha256(content).hexdigest()
    files.mkdir(parents=True, exist_ok=True)
    temporary = files / f"{hashlib.sha256(feed.name.encode()).hexdigest()}.part"
    with temporary.open("wb") as writer:
        writer.write(content)
        writer.flush()
        os.fsync(writer.fileno())
    temporary.replace(files / digest)
    return Delivery(f"api:{feed.name}", digest, len(content))
