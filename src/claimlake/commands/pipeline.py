"""Filling a workspace: init, ingest, build, run and watch."""

import sys
from pathlib import Path

import click

from claimlake import pipeline
from claimlake.commands.terminal import FOLDER, as_data, in_workspace, show, tell
from claimlake.schedule import Choice
from claimlake.workspace import Workspace

only_due = click.option(
    "--due", "is_due", is_flag=True, help="Only sources that are due by their schedule, or have none."
)


@click.command("init")
@click.argument("folder", type=FOLDER)
def init_command(folder: Path) -> None:
    """Create a workspace: settings, tenants/, sources/, landing/, lake/.

    Example: claimlake init acme
    """
    workspace = Workspace.create(folder)
    click.echo(f"Created {workspace.path}. Next: describe a tenant in {workspace.path / 'tenants'}.")


@click.command("ingest")
@in_workspace
@click.option("--org", "org_ids", multiple=True, help="Only this tenant; may be repeated.")
@click.option("--source", "source_ids", multiple=True, help="Only this source; may be repeated.")
@only_due
@click.option(
    "--confirm-deletions",
    is_flag=True,
    help="End the keys that the newest full extract lacks, though ALL-22 or ALL-23 held that back.",
)
@as_data
def ingest_command(
    folder: Path,
    org_ids: tuple[str, ...],
    source_ids: tuple[str, ...],
    is_due: bool,
    confirm_deletions: bool,
    as_json: bool,
) -> None:
    """Load what has been delivered to landing/ and the tenants' databases, each record once.

    Example: claimlake ingest --dir acme --org acme_health --source emr
    """
    if confirm_deletions and not source_ids:
        raise click.UsageError("--confirm-deletions needs --source: name whose deletions are right.")
    choice = Choice(org_ids or None, source_ids or None, is_due)
    report = pipeline.take(Workspace.open(folder), choice, progress=tell, confirm_deletions=confirm_deletions)
    if as_json:
        show(report.as_dict())
    else:
        click.echo(str(report))
    sys.exit(report.exit_code)


@click.command("build")
@in_workspace
def build_command(folder: Path) -> None:
    """Bring every table up to date and publish them together.

    Example: claimlake build --dir acme
    """
    report = pipeline.build_models(Workspace.open(folder), tell)
    click.echo(f"Published snapshot {report.snapshot.id} in {report.seconds:.1f} s.")


@click.command("run")
@in_workspace
@only_due
@as_data
def run_command(folder: Path, is_due: bool, as_json: bool) -> None:
    """Ingest, build and calculate.

    Example: claimlake run --dir acme
    """
    report = pipeline.run(Workspace.open(folder), Choice(only_due=is_due), progress=tell)
    if as_json:
        snapshot = report.calculated.snapshot.id
        show({"ingested": report.ingested.as_dict(), "snapshot": snapshot})
    else:
        click.echo(str(report.ingested))
        click.echo(f"Published snapshot {report.calculated.snapshot.id}.")
    sys.exit(report.ingested.exit_code)


@click.command("watch")
@in_workspace
@click.option("--every", default=30.0, show_default=True, help="Seconds between looks.")
def watch_command(folder: Path, every: float) -> None:
    """Load each source when it is due, and build when something has come, until interrupted.

    A source without a schedule is due at every look. A time that was missed is caught up once.

    Example: claimlake watch --dir acme --every 60
    """
    pipeline.watch(Workspace.open(folder), seconds=every, progress=tell)
