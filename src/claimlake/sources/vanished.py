"""Deletions: the keys a full extract no longer holds, landed as rows of bronze.vanished_record.

Feeds that fill one table with all they have each know only their own keys. A key that one of them no longer
holds, and another does, becomes a row of bronze.withdrawn_record: its history goes on.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from claimlake.engines.sql import literal, quoted
from claimlake.lake.contract import Contract
from claimlake.lake.land import VANISHED, WITHDRAWN, Finding, Stage, scan_sql
from claimlake.lake.replay_file import own_loads
from claimlake.sources.mapping import Feed
from claimlake.sources.report import FileReport
from claimlake.workspace import Workspace

ENDED = "ALL-20", "key is no longer delivered, its history ends"
ELSEWHERE = "ALL-20", "key is no longer delivered, another full feed still holds it"
EMPTY = "ALL-21", "full extract is empty, nothing is deleted"
PARTIAL = "ALL-22", "full extract is not whole, nothing is deleted without --confirm-deletions"
TOO_MANY = "ALL-23", "full extract lacks too many keys, nothing is deleted without --confirm-deletions"

FILE_COLUMNS = {"file_id", "transaction_no"}
"""A key that holds one of these names a row of one file: such rows repeat when their content does."""


def own_key(contract: Contract) -> list[str]:
    """The key's columns after the source; none where rows are those of one file."""
    columns = [name for name in contract.key if name != "source_system_id"]
    return [] if FILE_COLUMNS & set(columns) else columns


def key_sql(contract: Contract, otherwise: str) -> str:
    """SQL of a row's key within its source as one text; `otherwise` where its contract has none."""
    columns = own_key(contract)
    if not columns:
        return otherwise
    members = ", ".join(f"cast({quoted(name)} as varchar)" for name in columns)
    return f"cast(to_json([{members}]) as varchar)"


@dataclass(frozen=True)
class FullLoad:
    """A load that holds all of a table; what it lacks is gone at the source."""

    workspace: Workspace
    stage: Stage
    feed: Feed
    system: str
    rivals: Sequence[str] = ()
    """Other feeds of the source that hold all of a table of this one."""

    def end_histories(self, reports: Sequence[FileReport]) -> bool:
        """Stage the end of every key this feed delivered last and now lacks; False when that is doubtful."""
        is_sure = True
        for target in self.feed.into:
            if not own_key(self.stage.contracts[target.table]):
                continue
            self._find(target.table)
            known, missing, elsewhere = self.stage.connection.execute(
                "select count(*), count(*) filter (where is_missing), "
                "count(*) filter (where is_missing and is_elsewhere) from known_key"
            ).fetchall()[0]
            doubt = self._doubt(reports, known, missing)
            if doubt is None:
                self._land(VANISHED, target.table, "not is_elsewhere")
                self._land(WITHDRAWN, target.table, "is_elsewhere")
                self._note(reports[-1], target.table, ENDED, known, missing - elsewhere)
                self._note(reports[-1], target.table, ELSEWHERE, known, elsewhere)
            else:
                self._note(reports[-1], target.table, doubt, known, missing)
            is_sure = is_sure and (doubt is None or not missing)
        return is_sure

    def _find(self, table: str) -> None:
        """Leave `known_key`: the keys whose newest row this feed delivered, which of them the load lacks, and
        which another full feed holds.
        """
        self._store_events(table)
        rivals = ", ".join(literal(name) for name in self.rivals) or "''"
        own = literal(self.feed.name)
        held = " union all ".join(
            f"select key from key_event where what = 'vanished' or owner = {literal(name)} "
            "group by key having arg_max(what, place) = 'row'"
            for name in self.rivals
        )
        self.stage.connection.execute(f"""
            create or replace temp table known_key as
            select key, arg_max(record_id, place) as record_id,
                key not in (select key from {self.stage.seen_keys(table)}) as is_missing,
                key in ({held or "select '' where false"}) as is_elsewhere
            from key_event
            where what = 'vanished' or owner = {own} or (what = 'row' and owner not in ({rivals}))
            group by key having arg_max(what, place) = 'row' and arg_max(owner, place) = {own}
        """)

    def _store_events(self, table: str) -> None:
        """Leave `key_event`: every row and end of a key in the order of arrival, and the feed it is of."""
        load = self.stage.load
        owned = [
            (name, *own)
            for name in (self.feed.name, *self.rivals)
            for own in own_loads(self.workspace, load.org_id, load.source_id, name)
        ]
        names, loads, files = zip(("", "", ""), *owned, strict=True)
        own_load = {  # noqa: F841 - DuckDB finds it by name
            "feed": np.array(names, dtype=object),
            "load_id": np.array(loads, dtype=object),
            "file_id": np.array(files, dtype=object),
        }
        self.stage.connection.execute(f"""
            create or replace temp table key_event as
            select event.key, event.record_id, event.what, coalesce(own_load.feed, '') as owner,
                row_number() over (order by event.ingested_at, event.load_id, event.what) as place
            from ({self._delivered_sql(table)}) as event left join own_load
                on event.load_id = own_load.load_id and own_load.file_id in ('', event.file_id)
            where event.load_id <> {literal(load.load_id)}
        """)

    def _delivered_sql(self, table: str) -> str:
        """Every row of the table, 'row', and every end of a key: 'vanished', or 'withdrawn' by one feed."""
        stage, contract, system = self.stage, self.stage.contracts[table], literal(self.system)
        values = ", ".join(f"cast({quoted(name)} as varchar)" for name in own_key(contract))
        rows = scan_sql(stage.lake, table, stage.load.org_id)
        parts = [
            "select '' as key, '' as record_id, '' as load_id, '' as file_id, "
            "null::timestamp as ingested_at, '' as what where false"
        ]
        if rows:
            parts.append(
                f"select {key_sql(contract, '')}, concat_ws('|', {values}), load_id, file_id, "
                f"ingested_at, 'row' from {rows} where source_system_id = {system}"
            )
        for ends, what in ((VANISHED, "vanished"), (WITHDRAWN, "withdrawn")):
            gone = scan_sql(stage.lake, ends, stage.load.org_id)
            if gone:
                parts.append(
                    f"select record_key, record_id, load_id, file_id, ingested_at, '{what}' from {gone} "
                    f"where source_system_id = {system} and table_name = {literal(table)}"
                )
        return " union all ".join(parts)

    def _doubt(self, reports: Sequence[FileReport], known: int, missing: int) -> tuple[str, str] | None:
        is_confirmed = self.stage.load.is_confirmed
        if any(report.status != "loaded" for report in reports):
            return PARTIAL
        if not sum(report.counts.delivered for report in reports):
            return EMPTY
        if any(report.counts.quarantined for report in reports) and not is_confirmed:
            return PARTIAL
        is_many = missing * 100 > known * self.workspace.settings.vanish_percent
        return TOO_MANY if is_many and not is_confirmed else None

    def _land(self, ends: str, table: str, which: str) -> None:
        load, last = self.stage.load, self.stage.load.deliveries[-1]
        self.stage.add(
            ends,
            f"""
            select {literal(load.org_id)} as org_id, {literal(self.system)} as source_system_id,
                {literal(load.load_id)} as load_id, {literal(last.file_id)} as file_id,
                {literal(last.path)} as source_file, timestamp '{load.planned_at}' as ingested_at,
                sha256(concat_ws('|', {literal(load.load_id)}, {literal(table)}, key)) as record_hash,
                {literal(table)} as table_name, key as record_key, record_id
            from known_key where is_missing and {which} order by key
            """,
        )

    def _note(self, report: FileReport, table: str, what: tuple[str, str], known: int, missing: int) -> None:
        if not missing:
            return
        rule, reason = what
        report.warnings[rule, reason] += missing
        finding = Finding(self.system, table, rule, "warn", reason)
        self.stage.note(finding, checked=known, failed=missing, is_news=True)
