"""Deletions: the keys a full extract no longer holds, landed as rows of bronze.vanished_record."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from claimlake.engines.sql import literal, quoted
from claimlake.lake.contract import Contract
from claimlake.lake.land import VANISHED, Finding, Stage, scan_sql
from claimlake.lake.replay_file import own_loads
from claimlake.sources.mapping import Feed
from claimlake.sources.report import FileReport
from claimlake.workspace import Workspace

ENDED = "ALL-20", "key is no longer delivered, its history ends"
EMPTY = "ALL-21", "full extract is empty, nothing is deleted"
PARTIAL = "ALL-22", "full extract is not whole, nothing is deleted"
TOO_MANY = "ALL-23", "full extract lacks too many known keys, nothing is deleted"

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


def latest_content(workspace: Workspace, org_id: str, source_id: str, feed: Feed, system: str) -> str | None:
    """SHA-256 of the newest full extract of a feed that was loaded, so that the same again is no news.

    None without one; '' when keys the newest lacks were not ended, so that it is looked at again.
    """
    with workspace.control() as control:
        row = control.execute(
            "select file_id, is_doubtful from ingest_file join ingest_load using (load_id) "
            "where ingest_load.org_id = ? and ingest_load.source_id = ? and feed = ? "
            "and source_system_id = ? and state = 'closed' and status = 'loaded' and coalesce(is_full, 1) "
            "order by number desc, position desc limit 1",
            (org_id, source_id, feed.name, system),
        ).fetchone()
        return None if row is None else "" if row[1] else str(row[0])


@dataclass(frozen=True)
class FullLoad:
    """A load that holds all of a table; what it lacks is gone at the source."""

    workspace: Workspace
    stage: Stage
    feed: Feed
    system: str

    def end_histories(self, reports: Sequence[FileReport]) -> bool:
        """Stage the end of every key this feed delivered last and now lacks; False when that is doubtful."""
        is_sure = True
        for target in self.feed.into:
            if not own_key(self.stage.contracts[target.table]):
                continue
            self._find(target.table)
            known, missing = self.stage.connection.execute(
                "select count(*), count(*) filter (where is_missing) from known_key"
            ).fetchall()[0]
            doubt = self._doubt(reports, known, missing)
            if doubt is None:
                self._land(target.table)
            if missing:
                self._note(reports[-1], target.table, doubt or ENDED, known, missing)
                is_sure = is_sure and doubt is None
        return is_sure

    def _find(self, table: str) -> None:
        """Leave `known_key`: the keys whose newest row this feed delivered, and which the load lacks."""
        load = self.stage.load
        own = own_loads(self.workspace, load.org_id, load.source_id, load.feed)
        loads, files = zip(("", ""), *own, strict=True)
        own_load = {  # noqa: F841 - DuckDB finds it by name
            "load_id": np.array(loads, dtype=object),
            "file_id": np.array(files, dtype=object),
        }
        self.stage.connection.execute(f"""
            create or replace temp table known_key as
            select key, last.record_id,
                key not in (select key from {self.stage.seen_keys(table)}) as is_missing
            from (
                select key, arg_max(record_id, place) as record_id, arg_max(load_id, place) as load_id,
                    arg_max(file_id, place) as file_id, arg_max(is_gone, place) as is_gone
                from (
                    select *, row_number() over (order by ingested_at, load_id, is_gone) as place
                    from ({self._delivered_sql(table)})
                    where load_id <> {literal(self.stage.load.load_id)}
                )
                group by key
            ) as last where not is_gone and exists (
                from own_load where own_load.load_id = last.load_id
                    and own_load.file_id in ('', last.file_id)
            )
        """)

    def _delivered_sql(self, table: str) -> str:
        """Every row of the table and every end of a key: key, record_id, load_id, file_id, when, is_gone."""
        stage, contract, system = self.stage, self.stage.contracts[table], literal(self.system)
        values = ", ".join(f"cast({quoted(name)} as varchar)" for name in own_key(contract))
        rows = scan_sql(stage.lake, table, stage.load.org_id)
        gone = scan_sql(stage.lake, VANISHED, stage.load.org_id)
        parts = [
            "select '' as key, '' as record_id, '' as load_id, '' as file_id, "
            "null::timestamp as ingested_at, true as is_gone where false"
        ]
        if rows:
            parts.append(
                f"select {key_sql(contract, '')}, concat_ws('|', {values}), load_id, file_id, "
                f"ingested_at, false "
                f"from {rows} where source_system_id = {system}"
            )
        if gone:
            parts.append(
                f"select record_key, record_id, load_id, file_id, ingested_at, true from {gone} "
                f"where source_system_id = {system} and table_name = {literal(table)}"
            )
        return " union all ".join(parts)

    def _doubt(self, reports: Sequence[FileReport], known: int, missing: int) -> tuple[str, str] | None:
        if any(report.status != "loaded" or report.counts.quarantined for report in reports):
            return PARTIAL
        if not sum(report.counts.delivered for report in reports):
            return EMPTY
        return TOO_MANY if missing * 100 > known * self.workspace.settings.vanish_percent else None

    def _land(self, table: str) -> None:
        load, last = self.stage.load, self.stage.load.deliveries[-1]
        self.stage.add(
            VANISHED,
            f"""
            select {literal(load.org_id)} as org_id, {literal(self.system)} as source_system_id,
                {literal(load.load_id)} as load_id, {literal(last.file_id)} as file_id,
                {literal(last.path)} as source_file, timestamp '{load.planned_at}' as ingested_at,
                sha256(concat_ws('|', {literal(load.load_id)}, {literal(table)}, key)) as record_hash,
                {literal(table)} as table_name, key as record_key, record_id
            from known_key where is_missing order by key
            """,
        )

    def _note(self, report: FileReport, table: str, what: tuple[str, str], known: int, missing: int) -> None:
        rule, reason = what
        report.warnings[rule, reason] += missing
        finding = Finding(self.system, table, rule, "warn", reason)
        self.stage.note(finding, checked=known, failed=missing, is_news=True)
