"""The whole pipeline: ingest, build, calculate; once, or again and again."""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

from claimlake.errors import ClaimlakeError, WorkspaceError
from claimlake.lake.build import BuildReport, ModelReport, build
from claimlake.lake.table import Lake
from claimlake.metrics.calculate import MetricReport, OrgReport, calculate
from claimlake.schedule import Choice, Clock, Timetable, utc_now
from claimlake.sources.ingest import all_contracts, headlines, ingest
from claimlake.sources.report import IngestReport
from claimlake.tenant import Source, Tenant
from claimlake.workspace import Workspace

Progress = Callable[[str], None]


@dataclass(frozen=True)
class RunReport:
    """What one run did: what came in, what was built, what was published."""

    ingested: IngestReport
    built: BuildReport
    calculated: MetricReport


def run(workspace: Workspace, choice: Choice | None = None, *, progress: Progress) -> RunReport:
    """Bring everything up to date with what has been delivered; what cannot be reached is in the report."""
    ingested = take(workspace, choice, progress=progress)
    return RunReport(ingested, build_models(workspace, progress), calculate_metrics(workspace, progress))


def take(
    workspace: Workspace,
    choice: Choice | None = None,
    *,
    progress: Progress,
    clock: Clock = utc_now,
    confirm_deletions: bool = False,
) -> IngestReport:
    """Ingest all sources, or the chosen ones, and keep the timetable."""
    timetable = Timetable(workspace, clock)

    def attend(tenant: Tenant, source: Source, report: IngestReport) -> AbstractContextManager[None] | None:
        entry = chosen.get((tenant.org_id, source.id))
        return timetable.attend(entry, report) if entry else None

    with workspace.exclusive("load"):
        chosen = (choice or Choice()).of(timetable.enroll(), clock())
        return ingest(
            workspace,
            attend=attend,
            progress=headlines(progress),
            confirm_deletions=confirm_deletions,
        )


def build_models(workspace: Workspace, progress: Progress) -> BuildReport:
    """Build and publish every table that is out of date, naming each as it is done."""

    def tell(report: ModelReport) -> None:
        if not report.is_skipped:
            held = f", {report.held:,} held in quarantine," if report.held else ""
            progress(f"built {report.table}: {report.rows:,} rows{held} in {report.seconds:.1f} s")

    return build(workspace, contracts=all_contracts(workspace), progress=tell)


def calculate_metrics(workspace: Workspace, progress: Progress) -> MetricReport:
    """Calculate and promote every KPI of every tenant that is out of date."""

    def tell(report: OrgReport) -> None:
        if not report.is_skipped:
            progress(f"calculated {report.org_id}: {report.published:,} results of {report.months} months")

    return calculate(workspace, progress=tell)


def _newest(workspace: Workspace) -> dict[str, int | None]:
    """The version of every table that ingestion writes; any change there is news to build."""
    lake = Lake(workspace.lake_path)
    return {name: lake.version(name) for name in lake.names("bronze")}


def watch(
    workspace: Workspace,
    *,
    seconds: float,
    progress: Progress,
    rounds: int | None = None,
    clock: Clock = utc_now,
) -> None:
    """Load what is due, build if any table changed; again every `seconds`, `rounds` times or for ever.

    The first round always builds: an earlier watch may have died between loading and building. What cannot
    be loaded or built is told and tried again in the next round.
    """
    built: dict[str, int | None] | None = None
    while rounds is None or rounds > 0:
        try:
            report = take(workspace, Choice(only_due=True), progress=progress, clock=clock)
            for error in [*report.errors, *(file.error for file in report.files if file.error)]:
                progress(f"Error: {error}")
            landed = _newest(workspace)
            if landed != built:
                build_models(workspace, progress)
                calculate_metrics(workspace, progress)
                built = landed
        except ClaimlakeError as error:
            if isinstance(error, WorkspaceError) and not error.retryable:
                raise
            # Another process is at it, a file is half edited, a model broke: the next round looks again.
            progress(f"Error: {error}")
        rounds = None if rounds is None else rounds - 1
        if rounds != 0:
            time.sleep(seconds)
