"""Schedules: schedule list."""

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import click

from claimlake.commands.terminal import as_data, in_workspace, show
from claimlake.schedule import Entry, Timetable
from claimlake.workspace import Workspace

ROW = "{:<32} {:<18} {:<18} {:<25} {}"


@click.group("schedule")
def schedule_group() -> None:
    """When each source is loaded."""


@schedule_group.command("list")
@in_workspace
@click.option("--org", "org_ids", multiple=True, help="Only this tenant; may be repeated.")
@as_data
def schedule_list_command(folder: Path, org_ids: tuple[str, ...], as_json: bool) -> None:
    """List each active source with its schedule, its last load and its next, in the tenant's time zone.

    Example: claimlake schedule list --dir acme --json
    """
    entries = [
        entry
        for entry in Timetable(Workspace.open(folder)).entries()
        if not org_ids or entry.org_id in org_ids
    ]
    if as_json:
        show([entry.as_dict() for entry in entries])
        return
    click.echo(ROW.format("source", "schedule", "time zone", "last load", "next load"))
    for entry in entries:
        click.echo(_line(entry))


def _line(entry: Entry) -> str:
    schedule = entry.cron.expression if entry.cron else "-"
    last = f"{_local(entry, entry.last_started_at)} {entry.last_status}" if entry.last_started_at else "never"
    following = _local(entry, entry.next_at) if entry.next_at else "when something comes"
    return ROW.format(f"{entry.org_id}/{entry.source_id}", schedule, entry.time_zone, last, following)


def _local(entry: Entry, time: datetime | None) -> str:
    return f"{time.astimezone(ZoneInfo(entry.time_zone)):%Y-%m-%d %H:%M}" if time else ""
