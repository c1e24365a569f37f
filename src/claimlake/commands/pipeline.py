"""Filling a workspace: init, ingest, build, run and watch."""

import sys
from pathlib import Path

import click

from claimlake import pipeline
from claimlake.commands.terminal import FOLDER, as_data, in_workspace, show, tell
from claimlake.sources import ingest as source_ingest
from claimlake.workspace import Workspace


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
@as_data
def ingest_command(folder: Path, org_ids: tuple[str, ...], as_json: bool) -> None:
    """Load what has been delivered to landing/ and the tenants' databases, each record once.

    Example: claimlake ingest --dir acme --org acme_health
    """
    report = source_ingest.ingest(
        Workspace.open(folder), org_ids=list(org_ids) or None, progress=source_ingest.headlines(tell)
    )
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
@as_data
def run_command(folder: Path, as_json: bool) -> None:
    """Ingest, build and calculate.

    Example: claimlake run --dir acme
    """
    report = pipeline.run(Workspace.open(folder), progress=tell)
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
    """Run whenever something new has arrived, until interrupted.

    Example: claimlake watch --dir acme --every 60
    """
    pipeline.watch(Workspace.open(folder), seconds=every, progress=tell)
