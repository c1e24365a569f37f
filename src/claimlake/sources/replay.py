"""Replay: what waits in quarantine, read again with today's mapping, contracts and tenant."""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime

from claimlake.errors import QueryError
from claimlake.lake.land import Progress, open_stage
from claimlake.lake.ledger import Load
from claimlake.lake.quarantine import Filter, QuarantineRow, held_records
from claimlake.sources.ingest import opened_sources
from claimlake.sources.replay_load import plan
from claimlake.sources.report import IngestReport
from claimlake.sources.source_run import SourceRun
from claimlake.workspace import Workspace

DISCARDED = "discarded"


def replay(
    workspace: Workspace, org_id: str, which: Filter, *, progress: Progress | None = None
) -> IngestReport:
    """Load, exactly once, what of the open records a filter means is good now, and close it.

    Records of one file that broke the same rule are read together. What is still bad waits on, with its
    newest reason.
    """
    with workspace.exclusive("ingest"):
        report = IngestReport()
        sources = opened_sources(workspace, org_id, report, progress)
        for source in sources:
            source.reading.resume()
        chosen = held_records(workspace, org_id, which)
        if which.ids and not chosen:
            raise QueryError(
                "no open quarantine record has one of these ids.",
                where=f"tenant {org_id}",
                remedy="Take ids from: claimlake quarantine list",
            )
        if which.ids and all(record.is_judged for record in chosen):
            raise QueryError(
                "these records are held by a build, not by a load.",
                where=f"tenant {org_id}",
                remedy="Mend what the reason names, or deliver them again; the next build judges them anew.",
            )
        kin = {
            (record.file_id, record.table_name, record.rule_id) for record in chosen if not record.is_judged
        }
        records = [
            record
            for record in held_records(workspace, org_id, Filter())
            if (record.file_id, record.table_name, record.rule_id) in kin
        ]
        for source in sources:
            own = [record.quarantine_id for record in _delivered_by(source, records)]
            if own:
                source.reading.run(plan(workspace, org_id, source.source.id, own))
    return report


def _delivered_by(source: SourceRun, records: Sequence[QuarantineRow]) -> list[QuarantineRow]:
    """The records of files and extracts that came from one source."""
    """The records of a source: another one can have delivered the same bytes under the same path."""
    delivered, systems = source.ledger.delivered(), source.systems
    return [
        record
        for record in records
        if (record.source_file, record.file_id) in delivered and record.source_system_id in systems
    ]


def discard(workspace: Workspace, org_id: str, which: Filter) -> int:
    """Close the open records a filter means without loading them; how many there were."""
    with workspace.exclusive("ingest"):
        records = held_records(workspace, org_id, which)
        if not records:
            return 0
        now = datetime.now(UTC).replace(tzinfo=None)
        content = "|".join(
            (DISCARDED, org_id, now.isoformat(), *(record.quarantine_id for record in records))
        )
        load_id = hashlib.sha256(content.encode()).hexdigest()[:32]
        with open_stage(workspace, {}, Load(load_id, org_id, DISCARDED, DISCARDED, now, ())) as stage:
            stage.connection.execute(
                f"insert into {stage.closing()} select quarantine_id, '{DISCARDED}' from {stage.waiting()} "
                "where quarantine_id in (select unnest($ids))",
                {"ids": [record.quarantine_id for record in records]},
            )
            stage.commit(lambda _: None)
            return sum(stage.closed.values())
