import os
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from claimlake import pipeline
from claimlake.errors import ConfigurationError, WorkspaceError
from claimlake.pipeline import take, watch
from claimlake.schedule import Choice, Entry, Timetable
from claimlake.workspace import Workspace
from tests.sources.landing import MAPPING, rows

TENANT = """
org_id: north
name: North Clinics
time_zone: America/Chicago
sources:
  - {id: emr, system: small_emr, schedule: "15 6 * * *"}
  - {id: office, system: small_emr, schedule: "0 */2 * * *"}
  - {id: edi, system: x12}
  - {id: old, system: x12, is_active: false}
"""
PATIENTS = "ID,MRN,LName,DOB,Updated,SSN\n{0},,Example,1980-01-31,2026-01-05,\n"


@dataclass
class Clock:
    """A clock that stands still until it is moved."""

    now: datetime = datetime(2026, 1, 5, 18, tzinfo=UTC)  # noon in Chicago

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **much: int) -> None:
        self.now += timedelta(**much)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    workspace = Workspace.create(tmp_path / "lake")
    (workspace.path / "tenants" / "north.yml").write_text(TENANT)
    (workspace.path / "sources" / "small_emr.yml").write_text(MAPPING)
    return workspace


def deliver(workspace: Workspace, source: str, patient: str) -> None:
    folder = workspace.landing / "north" / source
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"patients_{patient}.csv"
    file.write_text(PATIENTS.format(patient))
    os.utime(file, (0, 0))  # long settled


def loaded(workspace: Workspace, clock: Clock, **choice: Any) -> list[str]:
    """The sources whose files were loaded now, once for each file."""
    choice = {"only_due": True, **choice}
    report = take(workspace, Choice(**choice), progress=lambda _: None, clock=clock)
    return sorted(file.source_id for file in report.files)


def entry(workspace: Workspace, clock: Clock, source: str) -> Entry:
    return next(one for one in Timetable(workspace, clock).entries() if one.source_id == source)


def test_a_source_is_loaded_at_its_time_and_one_without_times_always(
    workspace: Workspace, clock: Clock
) -> None:
    for source in ("emr", "office"):
        deliver(workspace, source, "1")
    assert loaded(workspace, clock) == []
    assert entry(workspace, clock, "edi").last_status == "success"
    clock.forward(hours=2)
    assert loaded(workspace, clock) == ["office"]
    clock.now = datetime(2026, 1, 6, 12, 14, tzinfo=UTC)
    deliver(workspace, "office", "2")
    assert loaded(workspace, clock) == ["office"]
    clock.forward(minutes=1)
    assert loaded(workspace, clock) == ["emr"]
    after = entry(workspace, clock, "emr")
    assert (after.last_status, after.last_started_at) == ("success", clock.now)
    assert after.next_at == datetime(2026, 1, 7, 12, 15, tzinfo=UTC)


def test_the_audit_says_when_a_source_is_due_next(workspace: Workspace, clock: Clock) -> None:
    deliver(workspace, "emr", "1")
    loaded(workspace, clock, only_due=False)
    columns = "distinct datasource, schedule, next_run_at"
    assert rows(workspace, "platform.ingestion_configs", columns) == [
        ("edi", None, None),
        ("emr", "15 6 * * *", datetime(2026, 1, 6, 12, 15)),
        ("office", "0 */2 * * *", datetime(2026, 1, 5, 20)),
    ]


def test_times_that_were_missed_are_caught_up_once(workspace: Workspace, clock: Clock) -> None:
    loaded(workspace, clock)
    starts: list[datetime | None] = []
    clock.forward(days=3)
    for number in range(3):
        deliver(workspace, "emr", str(number))
        assert loaded(workspace, clock, source_ids=["emr"]) == (["emr"] if number == 0 else [])
        starts.append(entry(workspace, clock, "emr").last_started_at)
        clock.forward(minutes=1)
    assert len(set(starts)) == 1
    assert entry(workspace, clock, "emr").next_at == datetime(2026, 1, 9, 12, 15, tzinfo=UTC)


def test_a_time_that_comes_while_its_source_is_loaded_is_not_lost(workspace: Workspace, clock: Clock) -> None:
    loaded(workspace, clock)
    clock.now = datetime(2026, 1, 5, 20, tzinfo=UTC)
    timetable = Timetable(workspace, clock)
    with timetable.attend(entry(workspace, clock, "office"), pipeline.IngestReport()):
        clock.forward(hours=2, minutes=5)
    assert entry(workspace, clock, "office").is_due(clock.now)


def test_a_load_that_was_killed_is_due_again(workspace: Workspace, clock: Clock) -> None:
    loaded(workspace, clock)
    clock.forward(days=1)
    deliver(workspace, "emr", "1")
    script = (
        "import os, sys; from pathlib import Path; from claimlake import pipeline; "
        "from claimlake.schedule import Choice; from claimlake.workspace import Workspace; "
        "pipeline.take(Workspace.open(Path(sys.argv[1])), Choice(source_ids=['emr']), "
        "progress=lambda _: os._exit(9))"
    )
    killed = subprocess.run([sys.executable, "-c", script, str(workspace.path)], check=False, timeout=60)
    assert killed.returncode == 9
    assert entry(workspace, clock, "emr").last_status == "running"
    assert "emr" in {one.source_id for one in Timetable(workspace, clock).entries() if one.is_due(clock.now)}
    assert loaded(workspace, clock) == ["emr"]
    assert entry(workspace, clock, "emr").last_status == "success"


def test_two_processes_do_not_load_one_source_for_one_time(
    workspace: Workspace, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded(workspace, clock)
    clock.forward(days=1)
    deliver(workspace, "emr", "1")
    told: list[str] = []
    inner = pipeline.ingest

    def during(*given: Any, **options: Any) -> Any:
        """Another watch looks while this one is loading."""
        monkeypatch.setattr(pipeline, "ingest", inner)
        watch(workspace, seconds=0, progress=told.append, rounds=1, clock=clock)
        return inner(*given, **options)

    monkeypatch.setattr(pipeline, "ingest", during)
    assert loaded(workspace, clock) == ["emr"]
    assert [line for line in told if "another load is running" in line] == told
    assert len(told) == 1
    deliver(workspace, "emr", "2")
    assert loaded(workspace, clock) == []


def test_a_command_waits_for_another_where_it_is_told_to(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    with workspace.exclusive("load"), pytest.raises(WorkspaceError, match="wait_seconds"):
        take(workspace, progress=lambda _: None)
    monkeypatch.setenv("CLAIMLAKE_WAIT_SECONDS", "60")
    patient = Workspace.open(workspace.path)
    script = (
        "import sys, time; from pathlib import Path; from claimlake.workspace import Workspace\n"
        "with Workspace.open(Path(sys.argv[1])).exclusive('load'): print('held', flush=True); time.sleep(0.5)"
    )
    command = [sys.executable, "-c", script, str(workspace.path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout and other.stdout.readline() == "held\n"
        assert take(patient, progress=lambda _: None).errors == []
        assert other.wait(timeout=60) == 0


def test_a_source_is_loaded_by_name_before_its_time(workspace: Workspace, clock: Clock) -> None:
    deliver(workspace, "emr", "1")
    deliver(workspace, "office", "1")
    assert loaded(workspace, clock, source_ids=["emr"], only_due=False) == ["emr"]
    assert entry(workspace, clock, "office").last_started_at is None


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        ({"org_ids": ["south"]}, "no active source of tenant 'south'. Known: north."),
        ({"source_ids": ["emrr"]}, "no active source 'emrr'. Known: edi, emr, office."),
        ({"source_ids": ["old"]}, "no active source 'old'"),
    ],
)
def test_an_unknown_tenant_or_source_is_named(
    workspace: Workspace, clock: Clock, choice: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigurationError) as error:
        loaded(workspace, clock, **choice)
    assert message in str(error.value)


def test_a_failed_source_says_why_and_waits_for_its_next_time(workspace: Workspace, clock: Clock) -> None:
    (workspace.path / "tenants" / "north.yml").write_text(
        TENANT.replace("{id: emr,", "{id: emr, url: env:NORTH_DB,")
    )
    loaded(workspace, clock)
    clock.forward(days=1)
    loaded(workspace, clock)
    failed = entry(workspace, clock, "emr")
    assert failed.last_status == "failed"
    assert failed.last_error is not None and "NORTH_DB is not set" in failed.last_error
    assert failed.next_at == datetime(2026, 1, 7, 12, 15, tzinfo=UTC)
    deliver(workspace, "emr", "1")
    loaded(workspace, clock, source_ids=["emr"], only_due=False)
    assert entry(workspace, clock, "emr").last_status == "partial"


def test_a_changed_schedule_counts_from_now_but_a_missed_time_stays_due(
    workspace: Workspace, clock: Clock
) -> None:
    loaded(workspace, clock)
    tenant = workspace.path / "tenants" / "north.yml"
    tenant.write_text(TENANT.replace("15 6", "30 15"))
    assert entry(workspace, clock, "emr").next_at == datetime(2026, 1, 5, 21, 30, tzinfo=UTC)
    loaded(workspace, clock)
    clock.forward(days=1)
    tenant.write_text(TENANT)
    assert entry(workspace, clock, "emr").is_due(clock.now)


def test_a_mapping_has_the_schedule_of_sources_that_have_none(workspace: Workspace, clock: Clock) -> None:
    mapping = workspace.path / "sources" / "small_emr.yml"
    mapping.write_text(MAPPING.replace("system: small_emr", 'system: small_emr\nschedule: "45 4 * * *"'))
    tenant = workspace.path / "tenants" / "north.yml"
    tenant.write_text(TENANT.replace(', schedule: "15 6 * * *"', ""))
    found = {one.source_id: one.as_dict()["schedule"] for one in Timetable(workspace, clock).entries()}
    assert found == {"emr": "45 4 * * *", "office": "0 */2 * * *", "edi": None}
    mapping.write_text(MAPPING.replace("system: small_emr", "system: small_emr\nschedule: daily"))
    with pytest.raises(ConfigurationError, match=r"small_emr\.yml: schedule: 'daily'"):
        Timetable(workspace, clock).entries()


def test_looking_at_the_timetable_changes_nothing(workspace: Workspace, clock: Clock) -> None:
    with workspace.exclusive("load"):
        first = entry(workspace, clock, "emr")
    assert first.next_at == datetime(2026, 1, 6, 12, 15, tzinfo=UTC)
    clock.forward(days=3)
    assert not entry(workspace, clock, "emr").is_due(clock.now)


def test_a_watch_builds_what_came_when_it_was_due(
    workspace: Workspace, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    monkeypatch.setattr(pipeline, "build_models", lambda *_: done.append(f"build {clock.now:%H:%M}"))
    monkeypatch.setattr(pipeline, "calculate_metrics", lambda *_: None)
    monkeypatch.setattr("time.sleep", lambda seconds: clock.forward(minutes=seconds))
    deliver(workspace, "office", "1")
    watch(workspace, seconds=60, progress=done.append, rounds=5, clock=clock)
    assert done == ["build 18:00", "taking 1 files of north/office", "build 20:00"]
