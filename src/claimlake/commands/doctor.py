"""Whether an installation can do its work: doctor."""

import sys
from pathlib import Path

import click

from claimlake import doctor
from claimlake.commands.terminal import as_data, in_workspace, show


@click.command("doctor")
@in_workspace
@as_data
def doctor_command(folder: Path, as_json: bool) -> None:
    """Say whether this installation can do its work."""
    findings = doctor.examine(folder)
    if as_json:
        show([vars(finding) for finding in findings])
    else:
        for finding in findings:
            click.echo(f"{'ok ' if finding.is_well else 'BAD'}  {finding.name:<16} {finding.detail}")
    sys.exit(0 if all(finding.is_well for finding in findings) else 1)
