"""Replay: what waits in quarantine, read again with today's mapping, contracts and tenant."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime

from claimlake.errors import QueryError
from claimlake.lake.land import Progress, open_stage
from claimlake.lake.ledger import Load
from claimlake.lake.quarantine import Filter, HeldPlace, held_records, kin_batches
from claimlake.sources.ingest import opened_sources
from claimlake.sources.replay_load import plan
from claimlake.sources.report import IngestReport
from claimlake.sources.source_run import SourceRun
from claimlake.tenant import REFERENCE
from claimlake.workspace import Workspace

DISCARDED = "discarded"
BATCH = 20_000
"""Records read again in one load."""


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
        deliveries = [(source, source.ledger.delivered()) for source in sources]
        chosen, foreign = 0, Counter[str]()
        for records in kin_batches(workspace, org_id, which, BATCH):
            chosen += len(records)
            foreign.update(record.source_system_id for record in records)
            for source, delivered in deliveries:
                own = _delivered_by(source, delivered, records)
                foreign.subtract(record.source_system_id for record in own)
                if own:
                    ids = [record.quarantine_id for record in own]
                    source.reading.run(plan(workspace, org_id, source.source.id, ids))
        report.errors += [_not_here(org_id, name, count) for name, count in sorted((+foreign).items())]
    if which.ids and not chosen:
        raise _nothing_chosen(org_id, is_judged=bool(held_records(workspace, org_id, which, limit=1)))
    return report


def _delivered_by(
    source: SourceRun, delivered: set[tuple[str, str]], records: Sequence[HeldPlace]
) -> list[HeldPlace]:
    """The records of a source: another one can have delivered the same bytes under the same path."""
    systems = source.systems
    return [
        record
        for record in records
        if (record.source_file, record.file_id) in delivered and record.source_system_id in systems
    ]


def _nothing_chosen(org_id: str, *, is_judged: bool) -> QueryError:
    where = f"tenant {org_id}"
    if is_judged:
        return QueryError(
            "these records are held by a build, not by a load.",
            where=where,
            remedy="Mend what the reason names, or deliver them again; the next build judges them anew.",
        )
    return QueryError(
        "no open quarantine record has one of these ids.",
        where=where,
        remedy="Take ids from: claimlake quarantine list",
    )


def _not_here(org_id: str, source_id: str, count: int) -> str:
    """Why held records were not read again, and what to do."""
    if source_id == REFERENCE:
        why = "came by reference load. Load the file again: claimlake reference load KIND FILE"
    else:
        why = (
            "are of no source the tenant has now. Declare it in the tenant file, or close them: "
            "claimlake quarantine discard ID"
        )
    return f"tenant {org_id}: source {source_id}: {count:,} held records {why}"


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
