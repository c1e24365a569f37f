"""One replay: held records of one feed, read again from the bytes that are kept, in one load.

It is planned in the control database before anything is written, so that one that was killed is finished
under the same load id: a table that has its commit is not written again.
"""

import hashlib
import json
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from claimlake.lake.contract import Contract
from claimlake.lake.land import QUARANTINE, Progress, Stage, open_stage, quarantine_sql, staged
from claimlake.lake.ledger import Delivery, Ledger, Load
from claimlake.lake.quarantine import QuarantineRow
from claimlake.lake.replay_file import remember
from claimlake.lake.table import Lake
from claimlake.sources.api_origin import ApiOrigin
from claimlake.sources.conform import FileRefusedError
from claimlake.sources.edi import EdiReader
from claimlake.sources.file_origin import FileOrigin
from claimlake.sources.filing import Filing
from claimlake.sources.full_feed import OUTDATED, FullFeed
from claimlake.sources.mapping import Feed
from claimlake.sources.projection import define_functions
from claimlake.sources.report import FileReport, IngestReport
from claimlake.sources.table_origin import TableOrigin
from claimlake.workspace import Workspace

FEED = "replay"
WHOLE = "file"
"""Table of a record that is a file as a whole."""
SCHEMA = """
create table if not exists replay_load (
    load_id text primary key,
    org_id text not null,
    source_id text not null,
    planned_at text not null,
    closed_at text,
    held text not null
)
"""


@dataclass(frozen=True)
class Replay:
    """A planned replay and the records it reads again."""

    load_id: str
    org_id: str
    source_id: str
    planned_at: datetime
    quarantine_ids: tuple[str, ...]


def plan(workspace: Workspace, org_id: str, source_id: str, ids: Iterable[str]) -> Replay:
    """A new replay of some quarantine records."""
    held, planned_at = tuple(sorted(ids)), datetime.now(UTC).replace(tzinfo=None)
    content = "|".join((FEED, org_id, source_id, planned_at.isoformat(), *held))
    load_id = hashlib.sha256(content.encode()).hexdigest()[:32]
    with workspace.control() as control:
        control.execute(SCHEMA)
        control.execute(
            "insert into replay_load values (?, ?, ?, ?, null, ?)",
            (load_id, org_id, source_id, planned_at.isoformat(), json.dumps(held)),
        )
    return Replay(load_id, org_id, source_id, planned_at, held)


def open_replays(workspace: Workspace, org_id: str, source_id: str) -> list[Replay]:
    """Replays of a source that were planned and not finished, oldest first."""
    with workspace.control() as control:
        control.execute(SCHEMA)
        rows = control.execute(
            "select load_id, planned_at, held from replay_load "
            "where org_id = ? and source_id = ? and closed_at is null order by planned_at",
            (org_id, source_id),
        ).fetchall()
    return [
        Replay(load_id, org_id, source_id, datetime.fromisoformat(planned_at), tuple(json.loads(held)))
        for load_id, planned_at, held in rows
    ]


@dataclass(frozen=True)
class Reading:
    """What reading held records again needs to know of their source."""

    filing: Filing
    contracts: Mapping[str, Contract]
    secret: bytes
    report: IngestReport
    progress: Progress

    def resume(self) -> None:
        """Finish the replays that were killed."""
        source = self.filing.source.id
        for replay in open_replays(self.filing.workspace, self.filing.tenant.org_id, source):
            self.run(replay)

    def run(self, replay: Replay) -> None:
        """Read the records again, load what is good now, and close what no longer waits."""
        workspace = self.filing.workspace
        load = Load(replay.load_id, replay.org_id, replay.source_id, FEED, replay.planned_at, ())
        self.progress(f"stage {load.load_id}")
        with open_stage(workspace, self.contracts, load) as stage:
            stage.settles = False  # an old record that is good now says nothing about a newer one of its key
            define_functions(stage.connection, self.secret)
            self._stage(stage, _waiting(stage, replay.quarantine_ids))
            stage.commit(self.progress)
            self.report.closed.update(stage.closed)
        self.progress(f"close {load.load_id}")
        with workspace.control() as control:
            closed_at = datetime.now(UTC).replace(tzinfo=None).isoformat()
            control.execute(
                "update replay_load set closed_at = ? where load_id = ?", (closed_at, load.load_id)
            )

    def _stage(self, stage: Stage, records: Sequence[QuarantineRow]) -> None:
        by_file: dict[tuple[str, str, str], list[QuarantineRow]] = {}
        for record in records:
            place = (record.source_file, record.file_id or "", record.source_system_id)
            by_file.setdefault(place, []).append(record)
        places = {
            (record.file_id or "", record.byte_offset or 0)
            for record in records
            if record.table_name != WHOLE
        }
        reader = EdiReader(stage, self.filing.tenant.payee_identifiers, only=frozenset(places))
        done: list[QuarantineRow] = []
        for (path, file_id, system), held in by_file.items():
            if self._again(stage, reader, Delivery(path, file_id, 0, 0, system), held):
                done += held
        reader.flush()
        _close(stage, done)

    def _again(
        self, stage: Stage, reader: EdiReader, delivery: Delivery, held: Sequence[QuarantineRow]
    ) -> bool:
        """Whether the records of one file could be read again."""
        is_whole = any(record.table_name == WHOLE for record in held)
        ledger = Ledger(self.filing.workspace, stage.load.org_id, self.filing.source.id)
        delivery = ledger.recall(delivery)
        report = FileReport(stage.load.org_id, self.filing.source.id, FEED, delivery.path, delivery.file_id)
        self.report.files.append(report)
        with _kept(self.filing, stage, delivery, held) as (filing, only):
            if filing is None:
                again = "the next run reads it again" if delivery.is_extract else "deliver the file again"
                report.error = f"its bytes are not kept; {again}"
                return False
            delivery = replace(delivery, size=(filing.files / delivery.file_id).stat().st_size)
            feed = _feed_of(filing, ledger, delivery, is_whole=is_whole)
            if feed and delivery.is_extract and (gone := _not_kept(feed)):
                report.error = (
                    f"column {gone} is omitted from what is kept; the rows wait for their next read"
                )
                return False
            system = (feed.source_system_id if feed else None) or self.filing.source.id
            if feed is None:
                filing.refuse(stage, delivery, report, filing.why_not(delivery))
            elif is_whole and feed.is_full and FullFeed(ledger, feed.name, system).is_outdated(delivery):
                filing.refuse(stage, delivery, report, FileRefusedError(*OUTDATED))
            elif isinstance(feed.origin, FileOrigin) and feed.origin.format == "x12":
                one = EdiReader(stage, reader.payees) if is_whole else reader
                filing.file_edi(stage, one, delivery, report)
                one.flush()
            else:
                remember(filing.workspace, stage.load, delivery, feed.name)
                filing.file_records(stage, feed, replace(delivery, source_system_id=system), report, only)
                if report.status == "loaded" and not report.counts.delivered:
                    report.error = "nothing of it could be read again"
        return not report.error and (is_whole or report.status == "loaded")


def _feed_of(filing: Filing, ledger: Ledger, delivery: Delivery, *, is_whole: bool) -> Feed | None:
    """The feed that held a file's records, the one that knows an archive's; of a whole file, its taker."""
    name = ledger.feed_of(delivery)
    before = next((feed for feed in filing.feeds if feed.name == name), None)
    if delivery.is_extract:
        return before or next((feed for feed in filing.feeds if delivery.path in _extracts_of(feed)), None)
    if is_whole:
        return filing.feed_of(delivery) or before
    return before or filing.feed_of(delivery)


def _not_kept(feed: Feed) -> str | None:
    """A column the feed uses and its rows do not hold."""
    hidden = {name.lower() for name in feed.omit}
    return next((name for name in sorted(feed.referenced()) if name.lower() in hidden), None)


def _extracts_of(feed: Feed) -> tuple[str, ...]:
    """The path of a feed's extracts, if it has any."""
    if isinstance(feed.origin, TableOrigin):
        return (f"table:{feed.origin.table}",)
    return (f"api:{feed.name}",) if isinstance(feed.origin, ApiOrigin) else ()


def _waiting(stage: Stage, ids: Sequence[str]) -> list[QuarantineRow]:
    """The records that wait still, oldest first, so that of two versions the newer arrives later."""
    columns = ", ".join(QuarantineRow.__dataclass_fields__)
    rows = stage.connection.execute(
        f"select {columns} from {stage.waiting()} where quarantine_id in (select unnest($ids)) "
        "order by quarantined_at, source_file, source_row, byte_offset",
        {"ids": list(ids)},
    ).fetchall()
    return [QuarantineRow(*row) for row in rows]


@contextmanager
def _kept(
    filing: Filing, stage: Stage, delivery: Delivery, held: Sequence[QuarantineRow]
) -> Iterator[tuple[Filing | None, dict[int, int] | None]]:
    """Where the bytes of the held records are, and which of its records they are; None when they are gone."""
    is_whole = any(record.table_name == WHOLE for record in held)
    numbers = sorted({record.source_row for record in held if record.source_row is not None})
    if (filing.files / delivery.file_id).is_file():
        yield filing, None if is_whole else {number: number for number in numbers}
        return
    raws = _raws(stage, held)
    if not delivery.is_extract or is_whole or len(raws) < len(numbers):
        yield None, None
        return
    folder = filing.workspace.spill_path / f"replay-{stage.load.load_id}"
    folder.mkdir(parents=True, exist_ok=True)
    try:
        lines = [raws[number] for number in numbers]
        (folder / delivery.file_id).write_text("\n".join(lines) + "\n", encoding="utf-8")
        yield replace(filing, files=folder, is_replay=True), dict(enumerate(numbers, start=1))
    finally:
        shutil.rmtree(folder)


def _raws(stage: Stage, held: Sequence[QuarantineRow]) -> dict[int, str]:
    """The content of records of a database table: the extract is not kept, its held rows are."""
    scan = quarantine_sql(Lake(stage.lake.root), stage.load.org_id)
    rows = stage.connection.execute(
        f"select source_row, any_value(raw) from {scan} where raw is not null "
        "and quarantine_id in (select unnest($ids)) group by source_row",
        {"ids": [record.quarantine_id for record in held]},
    ).fetchall()
    return dict(rows)


def _close(stage: Stage, records: Sequence[QuarantineRow]) -> None:
    """Close the records that were read and are not held, or are held for another reason, now."""
    if not records:
        return
    stage.add(QUARANTINE, "select null::text as quarantine_id where false")
    closed = f"""
        insert into {stage.closing()}
        select waiting.quarantine_id, case when again.reason is null then 'replayed' else 'superseded' end
        from {stage.waiting()} as waiting left join (
            select source_system_id, source_file, file_id, table_name = '{WHOLE}' as is_file,
                source_row, byte_offset, any_value(reason) as reason
            from {staged(QUARANTINE)} group by all
        ) as again on waiting.source_system_id = again.source_system_id
            and waiting.source_file = again.source_file and waiting.file_id = again.file_id
            and (waiting.table_name = '{WHOLE}') = again.is_file
            and waiting.source_row is not distinct from again.source_row
            and (waiting.byte_offset is not distinct from again.byte_offset
                or regexp_matches(waiting.source_file, '^(table|api):'))
        where waiting.quarantine_id in (select unnest($ids))
    """
    stage.connection.execute(closed, {"ids": [record.quarantine_id for record in records]})
