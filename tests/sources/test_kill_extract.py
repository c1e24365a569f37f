"""An extract killed at any step, or between two, and started again: no row lost, none doubled.

Two kills by default; `make kill-extract` asks for a hundred.
"""

import multiprocessing
import random
import shutil
import signal
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from claimlake.lake.contract import load_contracts
from claimlake.workspace import Workspace
from tests.sources import dying
from tests.sources.landing import make, rows, run, versions
from tests.sources.test_crash import KILLS, content, copy_of, steps_of

SIZE = 30_000 if KILLS > 10 else 300
FIRST = f"""
create table departments (id text, name text);
insert into departments values ('D1', 'Cardiology'), ('D2', 'Oncology');
create table charges (id text primary key, enc text, day text, amount numeric, changed text);
insert into charges
    with recursive numbers(n) as (select 1 union all select n + 1 from numbers where n < {SIZE})
    select 'C' || n, 'E' || n / 3, '2024-03-01', n / 100.0,
    '2024-03-02 10:' || printf('%02d', n % 60) || ':00' from numbers;
insert into charges values ('BAD', 'E', '2024-03-01', 'much', '2024-03-02 10:30:00');
"""
SECOND = """
insert into charges values ('LATE', 'E', '2024-03-01', 1, '2024-03-02 10:59:00');
insert into charges values ('NEW', 'E', '2024-03-01', 2, '2024-03-03 10:00:00');
insert into charges values ('UNDATED', 'E', '2024-03-01', 3, null);
update charges set amount = 99, changed = '2024-03-03 11:00:00' where id = 'C7';
update departments set name = 'Heart' where id = 'D1';
alter table charges add column note text;
"""


FORKS = multiprocessing.get_context("forkserver")
"""Starts each run from a process that has imported everything and done nothing yet."""
FORKS.set_forkserver_preload(["claimlake.sources.ingest"])


def change(workspace: Workspace, script: str) -> None:
    with closing(sqlite3.connect(workspace.path / "emr.sqlite")) as database:
        database.executescript(script)


def killed(workspace: Workspace, step: int, seconds: float | None = None) -> bool:
    """Whether the run, in a process of its own, was killed before it was done."""
    process = FORKS.Process(target=dying.main, args=(str(workspace.path), step, seconds))
    process.start()
    process.join()
    assert process.exitcode in (0, -signal.SIGKILL)
    return process.exitcode != 0


def test_an_extract_killed_at_any_step_loses_no_row_and_doubles_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pristine = make(tmp_path / "pristine")
    contracts = load_contracts(pristine)  # read once for the runs that are not killed
    monkeypatch.setattr("claimlake.sources.ingest.load_contracts", lambda _: contracts)
    change(pristine, FIRST)
    calm = copy_of(pristine, tmp_path / "calm")
    first = steps_of(calm)
    changed = copy_of(calm, tmp_path / "changed")
    change(changed, SECOND)
    change(calm, SECOND)
    second = steps_of(calm)
    expected = content(calm)
    assert len(expected["bronze.emr_charges"]) == SIZE + 4
    assert len(expected["platform.quarantine_record"]) == 1

    moments = random.Random(20261125)
    places = [(pristine, step) for step in range(1, len(first) + 1)]
    places += [(changed, step) for step in range(1, len(second) + 1)]
    if len(places) > KILLS:
        places = moments.sample(places, KILLS)
    died = 0
    for number in range(KILLS):
        at_step = number < len(places)
        start, step = places[number] if at_step else (moments.choice([pristine, changed]), 0)
        workspace = copy_of(start, tmp_path / f"killed_{number}")
        died += killed(workspace, step, None if at_step else moments.uniform(0, 1.5))
        assert run(workspace).errors == []
        if start is pristine:
            change(workspace, SECOND)
            assert run(workspace).errors == []
        assert content(workspace) == expected, f"killed at {step or 'a moment'} (kill {number})"
        before = versions(workspace)
        assert run(workspace).total.loaded == 0, "the watermark is right: nothing is left to load"
        assert versions(workspace) == before
        assert not any((workspace.path / ".extract" / "north" / "emr").iterdir())
        shutil.rmtree(workspace.path)
    print(f"{died} of {KILLS} runs died, {min(KILLS, len(places))} of them at a step of their own")
    assert died >= min(KILLS, len(places))


def test_what_a_killed_run_left_is_told_by_the_audit(tmp_path: Path) -> None:
    workspace = make(tmp_path)
    change(workspace, FIRST)
    steps = steps_of(make(tmp_path / "other"))
    assert steps[-1] == "mirror the audit"
    assert killed(workspace, 5)
    with workspace.control() as control:
        running = control.execute("select config_id from ingestion_logs where status = 'running'").fetchall()
    assert ("north/emr/charge_table",) in running
    run(workspace)
    found = rows(workspace, "platform.ingestion_logs", "status, error_details", "status")
    assert [status for status, _ in found if status == "failed"]
    assert "the run ended before it could say" in found[0][1]
    assert ("success", "[]") in found
