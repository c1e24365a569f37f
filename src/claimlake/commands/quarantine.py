"""Records that could not be loaded: quarantine list, show, replay and discard."""

import os
import pwd
from pathlib import Path
from typing import Any

import click

from claimlake.access import audit
from claimlake.access.user import User
from claimlake.commands.terminal import as_data, in_workspace, show, tell
from claimlake.errors import QueryError
from claimlake.lake import quarantine
from claimlake.lake.quarantine import Filter, QuarantineCount, QuarantineRow
from claimlake.sources.replay import discard, replay
from claimlake.workspace import Workspace

SHOWN_ID = 12
of_tenant = click.option("--org", "org_id", required=True, help="Tenant.")
of_rule = click.option("--rule", help="Rule that was broken, as ALL-09.")
of_file = click.option("--file", "file", help="Path of the file as delivered, or its SHA-256.")


@click.group("quarantine")
def quarantine_group() -> None:
    """Look at records that could not be loaded, and load them when the cause is mended."""


@quarantine_group.command("list")
@in_workspace
@of_tenant
@of_rule
@of_file
@click.option("--source", help="Source system.")
@click.option("--table", help="Table, or 'file' for whole files.")
@click.option("--status", type=click.Choice(["open", "closed", "all"]), default="open", show_default=True)
@click.option("--counts", is_flag=True, help="Numbers by table and reason instead of records.")
@click.option("--limit", default=100, show_default=True)
@as_data
def quarantine_list_command(
    folder: Path, org_id: str, counts: bool, limit: int, as_json: bool, **chosen: Any
) -> None:
    """List records in quarantine with reason and position, newest first; their content stays in the lake."""
    workspace, which = Workspace.open(folder), Filter(**chosen)
    found = (
        quarantine.counts(workspace, org_id, which)
        if counts
        else quarantine.held_records(workspace, org_id, which, limit=limit)
    )
    if as_json:
        show([vars(row) for row in found])
        return
    for row in found:
        click.echo(_counted(row) if isinstance(row, QuarantineCount) else _listed(row))


@quarantine_group.command("show")
@click.argument("record_id", metavar="ID")
@in_workspace
@of_tenant
@click.option(
    "--content", is_flag=True, help="Print the record itself. It can name a patient: this is recorded."
)
@as_data
def quarantine_show_command(record_id: str, folder: Path, org_id: str, content: bool, as_json: bool) -> None:
    """Show one record: why it is held, where it stands, and what became of it. ID is the start of its id."""
    workspace = Workspace.open(folder)
    record = quarantine.one_record(workspace, org_id, record_id)
    shown = dict(vars(record))
    if content:
        _record_act(workspace, org_id, "quarantine_content", record.quarantine_id)
        shown["content"] = quarantine.content_of(workspace, org_id, record)
    if as_json:
        show(shown)
        return
    for name, value in shown.items():
        if value is not None:
            click.echo(f"{name:<18} {value}")


@quarantine_group.command("replay")
@click.argument("ids", metavar="[ID]...", nargs=-1)
@in_workspace
@of_tenant
@of_rule
@of_file
@click.option("--source", help="Source system.")
@click.option("--table", help="Table, or 'file' for whole files.")
@as_data
def quarantine_replay_command(
    ids: tuple[str, ...], folder: Path, org_id: str, as_json: bool, **chosen: Any
) -> None:
    """Read held records again from the bytes that are kept, with today's mapping and tenant.

    Without ID or filter every open record of the tenant is read. What is good now is loaded and closed.

    Example: claimlake quarantine replay --org acme_health --rule ALL-09
    """
    workspace = Workspace.open(folder)
    which = Filter(ids=ids, **chosen)
    _record_act(workspace, org_id, "quarantine_replay", ", ".join(ids))
    report = replay(workspace, org_id, which, progress=None if as_json else _headline)
    if as_json:
        show(report.as_dict())
    else:
        click.echo(str(report))
    if report.errors:
        raise click.exceptions.Exit(1)


@quarantine_group.command("discard")
@click.argument("ids", metavar="ID...", nargs=-1, required=True)
@in_workspace
@of_tenant
def quarantine_discard_command(ids: tuple[str, ...], folder: Path, org_id: str) -> None:
    """Close records that are not to be loaded; they stay in the lake as discarded."""
    workspace = Workspace.open(folder)
    for start in ids:
        if quarantine.one_record(workspace, org_id, start).resolved_at:
            raise QueryError("is closed already.", where=f"quarantine record {start}")
    _record_act(workspace, org_id, "quarantine_discard", ", ".join(ids))
    click.echo(f"Discarded {discard(workspace, org_id, Filter(ids=ids)):,} records.")


def _listed(record: QuarantineRow) -> str:
    where = "" if record.source_row is None else f", row {record.source_row}"
    where += f", byte {record.byte_offset}" if where and record.byte_offset is not None else ""
    end = "" if record.resolution is None else f" [{record.resolution}]"
    place = f"{record.source_file}{where}"
    return f"{record.quarantine_id[:SHOWN_ID]}  {record.rule_id:<8} {place}: {record.reason}{end}"


def _counted(count: QuarantineCount) -> str:
    place = f"{count.source_system_id} {count.table_name}"
    return f"{count.open:>9,} open {count.closed:>9,} closed  {count.rule_id:<8} {place}: {count.reason}"


def _headline(step: str) -> None:
    if step.startswith("commit"):
        tell(step)


def _record_act(workspace: Workspace, org_id: str, action: str, subject: str) -> None:
    """Enter what the person at the command line does in the audit chain, under the name of the login."""
    login = pwd.getpwuid(os.getuid()).pw_name
    audit.record(workspace, User(f"login:{login}", org_id, "operator"), action, subject)
