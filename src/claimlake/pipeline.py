"""The whole pipeline: ingest, build, calculate; once, or again and again."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from claimlake.lake.build import BuildReport, ModelReport, build
from claimlake.metrics.calculate import MetricReport, OrgReport, calculate
from claimlake.sources.ingest import all_contracts, headlines, ingest
from claimlake.sources.report import IngestReport
from claimlake.workspace import Workspace

Progress = Callable[[str], None]


@dataclass(frozen=True)
class RunReport:
    """What one run did: what came in, what was built, what was published."""

    ingested: IngestReport
    built: BuildReport
    calculated: MetricReport


def run(workspace: Workspace, *, progress: Progress) -> RunReport:
    """Bring everything up to date with what has been delivered; what cannot be reached is in the report."""
    ingested = ingest(workspace, progress=headlines(progress))
    return RunReport(ingested, build_models(workspace, progress), calculate_metrics(workspace, progress))


def build_models(workspace: Workspace, progress: Progress) -> BuildReport:
    """Build and publish every table that is out of date, naming each as it is done."""

    def tell(report: ModelReport) -> None:
        if not report.is_skipped:
            progress(f"built {report.table}: {report.rows:,} rows in {report.seconds:.1f} s")

    return build(workspace, contracts=all_contracts(workspace), progress=tell)


def calculate_metrics(workspace: Workspace, progress: Progress) -> MetricReport:
    """Calculate and promote every KPI of every tenant that is out of date."""

    def tell(report: OrgReport) -> None:
        if not report.is_skipped:
            progress(f"calculated {report.org_id}: {report.published:,} results of {report.months} months")

    return calculate(workspace, progress=tell)


def watch(workspace: Workspace, *, seconds: float, progress: Progress, rounds: int | None = None) -> None:
    """Run whenever something new has arrived, looking every `seconds`, `rounds` times or for ever.

    The first round always builds: an earlier watch may have died between loading and building.
    """
    is_due = True
    while rounds is None or rounds > 0:
        report = ingest(workspace, progress=headlines(progress))
        for error in [*report.errors, *(file.error for file in report.files if file.error)]:
            progress(f"Error: {error}")
        if is_due or report.total.loaded:
            build_models(workspace, progress)
            calculate_metrics(workspace, progress)
            is_due = False
        rounds = None if rounds is None else rounds - 1
        if rounds != 0:
            time.sleep(seconds)
