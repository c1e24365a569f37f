"""Records that could not be loaded: quarantine list."""

from pathlib import Path

import click

from claimlake.commands.terminal import as_data, in_workspace, show
from claimlake.lake import land
from claimlake.workspace import Workspace


@click.group("quarantine")
def quarantine_group() -> None:
    """Look at records that could not be loaded."""


@quarantine_group.command("list")
@in_workspace
@click.option("--org", "org_id", required=True, help="Tenant.")
@click.option("--limit", default=100, show_default=True)
@as_data
def quarantine_list_command(folder: Path, org_id: str, limit: int, as_json: bool) -> None:
    """List records in quarantine with reason and position, newest first; their content stays in the lake."""
    records = land.quarantine(Workspace.open(folder), org_id, limit=limit)
    if as_json:
        show([vars(record) for record in records])
        return
    for record in records:
        where = "" if record.source_row is None else f", row {record.source_row}, byte {record.byte_offset}"
        click.echo(f"{record.rule_id:<8} {record.source_file}{where}: {record.reason}")
