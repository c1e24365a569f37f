"""The timetable: when each source is loaded next, and what became of its last load (control.db).

Who loads sources holds the workspace's lock from the look at the timetable to the last note in it, so that
two processes never load one source for one time. A time is crossed off only when its load has ended: one
that was killed is due again, which costs nothing, because each record is loaded once.
"""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from claimlake.cron import Cron
from claimlake.errors import ConfigurationError
from claimlake.lake.run_log import RunLog
from claimlake.sources.mapping import load_schedules
from claimlake.sources.report import IngestReport
from claimlake.tenant import Source, Tenant, load_tenants
from claimlake.workspace import Workspace

SCHEMA = """
create table if not exists schedule_source (
    org_id text not null,
    source_id text not null,
    cron text,
    next_at text,
    last_started_at text,
    last_finished_at text,
    last_status text check (last_status in ('running', 'success', 'partial', 'failed')),
    last_error text,
    primary key (org_id, source_id)
);
"""
ERROR_LENGTH = 500
Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """The current time, UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Entry:
    """One active source in the timetable; its times are UTC."""

    org_id: str
    source_id: str
    system: str
    time_zone: str
    cron: Cron | None
    """Without one, the source is loaded whenever something has come."""
    next_at: datetime | None
    last_started_at: datetime | None = None
    last_finished_at: datetime | None = None
    last_status: str | None = None
    """'running', also after it was killed; 'success', 'partial' or 'failed'."""
    last_error: str | None = None

    @property
    def name(self) -> tuple[str, str]:
        """Tenant and source."""
        return self.org_id, self.source_id

    def is_due(self, now: datetime) -> bool:
        """Whether it is to be loaded now: its time has come, or it has no times."""
        return self.next_at is None or self.next_at <= now

    def as_dict(self) -> dict[str, Any]:
        """The entry as plain values, for JSON; times are of the tenant's time zone."""
        zone = ZoneInfo(self.time_zone)
        times = (self.next_at, self.last_started_at, self.last_finished_at)
        next_at, started_at, finished_at = (
            time.astimezone(zone).isoformat(timespec="seconds") if time else None for time in times
        )
        return {
            "org_id": self.org_id,
            "source_id": self.source_id,
            "system": self.system,
            "schedule": self.cron.expression if self.cron else None,
            "time_zone": self.time_zone,
            "next_at": next_at,
            "last_started_at": started_at,
            "last_finished_at": finished_at,
            "last_status": self.last_status,
            "last_error": self.last_error,
        }


@dataclass(frozen=True)
class Choice:
    """Which sources to load."""

    org_ids: Sequence[str] | None = None
    """Only of these tenants."""
    source_ids: Sequence[str] | None = None
    """Only sources of these ids."""
    only_due: bool = False
    """Of those, only the ones that are due."""

    def of(self, entries: Sequence[Entry], now: datetime) -> dict[tuple[str, str], Entry]:
        """The chosen entries by name; ConfigurationError when a tenant or a source is not there."""
        _known(self.org_ids, [entry.org_id for entry in entries], "active source of tenant")
        of_tenants = [entry for entry in entries if self.org_ids is None or entry.org_id in self.org_ids]
        _known(self.source_ids, [entry.source_id for entry in of_tenants], "active source")
        return {
            entry.name: entry
            for entry in of_tenants
            if (self.source_ids is None or entry.source_id in self.source_ids)
            and (not self.only_due or entry.is_due(now))
        }


def _known(asked: Sequence[str] | None, known: Sequence[str], what: str) -> None:
    for name in asked or ():
        if name not in known:
            names = ", ".join(sorted(set(known))) or "none"
            raise ConfigurationError(f"no {what} '{name}'.", where="tenants", remedy=f"Known: {names}.")


@dataclass(frozen=True)
class Timetable:
    """The timetable of a workspace."""

    workspace: Workspace
    clock: Clock = utc_now

    def entries(self) -> list[Entry]:
        """Every active source by tenant, as the configuration and the last loads make it now."""
        now = self.clock()
        tenants = load_tenants(self.workspace.path / "tenants")
        systems = {source.system for tenant in tenants for source in tenant.sources if not source.schedule}
        schedules = load_schedules(self.workspace, systems)
        with self._control() as control:
            rows = {
                (row["org_id"], row["source_id"]): row
                for row in control.execute("select * from schedule_source")
            }
        return [
            _entry(tenant, source, schedules.get(source.system), rows.get((tenant.org_id, source.id)), now)
            for tenant in tenants
            for source in tenant.sources
            if source.is_active
        ]

    def enroll(self) -> list[Entry]:
        """The entries, after keeping their next times: one that is missed from now on stays due."""
        entries = self.entries()
        with self._control() as control:
            control.executemany(
                "insert into schedule_source (org_id, source_id, cron, next_at) values (?, ?, ?, ?) "
                "on conflict (org_id, source_id) "
                "do update set cron = excluded.cron, next_at = excluded.next_at "
                "where cron is not excluded.cron or next_at is not excluded.next_at",
                [
                    (*entry.name, str(entry.cron) if entry.cron else None, _stamp(entry.next_at))
                    for entry in entries
                ],
            )
        return entries

    @contextmanager
    def attend(self, entry: Entry, report: IngestReport) -> Iterator[None]:
        """Note that a source is being loaded, and at the end what became of it and when it is next."""
        started_at = self.clock()
        files, errors = len(report.files), len(report.errors)
        with self._control() as control:
            control.execute(
                "update schedule_source set last_status = 'running', last_started_at = ?, "
                "last_finished_at = null, last_error = null where org_id = ? and source_id = ?",
                (_stamp(started_at), *entry.name),
            )
        yield
        status, error = _outcome(IngestReport(report.files[files:], report.errors[errors:]))
        next_at = entry.cron.next_after(started_at) if entry.cron else None
        with self._control() as control:
            control.execute(
                "update schedule_source set last_status = ?, last_error = ?, last_finished_at = ?, "
                "next_at = ? where org_id = ? and source_id = ?",
                (status, error, _stamp(self.clock()), _stamp(next_at), *entry.name),
            )
        RunLog(self.workspace, *entry.name).plan_next(next_at)

    @contextmanager
    def _control(self) -> Iterator[sqlite3.Connection]:
        with self.workspace.control() as control:
            control.row_factory = sqlite3.Row
            control.execute(SCHEMA)
            yield control


def _entry(
    tenant: Tenant, source: Source, of_system: str | None, row: sqlite3.Row | None, now: datetime
) -> Entry:
    schedule = source.schedule or of_system
    cron = Cron(schedule, tenant.time_zone) if schedule else None
    last = (_moment(row["last_started_at"]), _moment(row["last_finished_at"])) if row else (None, None)
    return Entry(
        tenant.org_id,
        source.id,
        source.system,
        tenant.time_zone,
        cron,
        _next_at(cron, row, now),
        *last,
        row["last_status"] if row else None,
        row["last_error"] if row else None,
    )


def _next_at(cron: Cron | None, row: sqlite3.Row | None, now: datetime) -> datetime | None:
    """The time that was kept, if the schedule is the same or that time is missed; else the first from now."""
    if cron is None:
        return None
    kept = _moment(row["next_at"]) if row else None
    if row and kept and (row["cron"] == str(cron) or kept <= now):
        return kept
    return cron.next_after(now)


def _outcome(report: IngestReport) -> tuple[str, str | None]:
    """What became of a source: failed when nothing of it could be read, partial when something could not."""
    errors = [*report.errors, *(file.error for file in report.files if file.error)]
    error = errors[0][:ERROR_LENGTH] if errors else None
    if errors and not any(file.counts.delivered for file in report.files):
        return "failed", error
    return ("partial" if report.exit_code else "success"), error


def _stamp(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).isoformat(timespec="microseconds") if moment else None


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
