"""The record of who saw what: audit verify."""

import sys
from pathlib import Path

import click

from claimlake.access import audit
from claimlake.commands.terminal import in_workspace
from claimlake.workspace import Workspace


@click.group("audit")
def audit_group() -> None:
    """The record of who saw what."""


@audit_group.command("verify")
@in_workspace
@click.option(
    "--expected-head", metavar="HASH", help="A head noted earlier, which the chain must still hold."
)
def audit_verify_command(folder: Path, expected_head: str | None) -> None:
    """Prove that no audit entry was changed, removed or inserted.

    Example: claimlake audit verify --dir acme --expected-head 5f3a...
    """
    verdict = audit.verify(Workspace.open(folder), expected_head=expected_head)
    if verdict.is_whole:
        click.echo(f"{verdict.entries:,} entries, unbroken. Head: {verdict.head}")
    else:
        place = f" at entry {verdict.broken_entry}" if verdict.broken_entry else ""
        click.echo(f"Broken{place}: {verdict.reason}.", err=True)
    sys.exit(0 if verdict.is_whole else 1)
