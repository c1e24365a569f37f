import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from claimlake.lake.table import Lake
from claimlake.sources.ingest import ingest
from claimlake.workspace import Workspace
from tests.sources.landing import deliver, make, rows, run, versions

KILLS = int(os.environ.get("CLAIMLAKE_KILLS", "2"))
"""`make kill-extract` asks for a hundred, so for every step; else one step of each kind is tried."""
PATIENTS = "ID,LName,DOB\n1,Ash,1980-01-02\n2,Birch,2990-03-04\n"
EDI = (
    "ISA*00*          *00*          *ZZ*PAYER          *ZZ*NORTH          "
    "*240301*1200*^*00501*000000001*0*P*:~"
    "GS*HP*PAYER*NORTH*20240301*1200*1*X*005010X221A1~ST*835*0001~BPR*I*80*C*CHK************20240301~"
    "TRN*1*TRACE1*1999999999~N1*PR*ACME~N1*PE*GENERAL*XX*1234567893~LX*1~CLP*A1*1*100*80**12*C1~"
    "CAS*CO*45*20~NM1*QC*1*ELM*ANN~SE*9*0001~GE*1*1~IEA*1*000000001~"
)
VOLATILE = {
    "ingested_at",
    "load_id",
    "quarantined_at",
    "quarantined_date",
    "checked_at",
    "resolved_at",
    "resolved_load_id",
    "loaddate",
    "id",
    "ssn_hash",
    "last_run_at",
}
HISTORY = "platform.ingestion_logs"
"""Keeps every attempt."""


def prepare(folder: Path) -> Workspace:
    workspace = make(folder)
    deliver(workspace, "emr/patients.csv", PATIENTS)
    deliver(workspace, "edi/one.835", EDI)
    database = sqlite3.connect(workspace.path / "emr.sqlite")
    database.executescript(
        "create table departments (id text, name text); insert into departments values ('D1', 'Cardiology');"
        "create table charges (id text, enc text, day text, amount text, changed text);"
        "insert into charges values ('C1', 'E1', '2024-03-01', '12.50', '2024-03-02 10:00:00');"
    )
    database.close()
    return workspace


def content(workspace: Workspace) -> dict[str, list[tuple[object, ...]]]:
    found = {}
    for table in versions(workspace):
        if table == HISTORY:
            continue
        names = [name for name in columns(workspace, table) if name not in VOLATILE]
        found[table] = rows(workspace, table, ", ".join(f'"{name}"' for name in names))
    return found


def columns(workspace: Workspace, table: str) -> list[str]:
    return [name for name, _ in Lake(workspace.lake_path).schema(table)]


class PowerCutError(BaseException):
    """Nothing catches it, as nothing catches a power cut."""


def steps_of(workspace: Workspace, last: int = 0) -> list[str]:
    """The steps of an ingestion that is cut off at one of them."""
    steps: list[str] = []

    def progress(step: str) -> None:
        if len(steps) == last > 0:
            raise PowerCutError  # the other threads die too
        steps.append(step)
        if len(steps) == last:
            raise PowerCutError

    with suppress(PowerCutError):
        ingest(workspace, progress=progress, settle_seconds=0)
    return steps


def copy_of(workspace: Workspace, folder: Path) -> Workspace:
    return Workspace.open(shutil.copytree(workspace.path, folder))


def tried(steps: list[str]) -> list[int]:
    """Numbers of the steps to be cut off at."""
    if KILLS > 10:
        return list(range(1, len(steps) + 1))
    kinds: dict[str, list[int]] = {}
    for number, step in enumerate(steps, start=1):
        word = step.split()[0]
        kinds.setdefault(step.split(".")[0] if word == "commit" else word, []).append(number)
    return sorted(numbers[len(numbers) // 2] for numbers in kinds.values())


def test_a_run_cut_off_at_any_step_is_finished_by_the_next_one_and_nothing_is_lost_or_doubled(
    tmp_path: Path,
) -> None:
    pristine = prepare(tmp_path / "pristine")
    undisturbed = copy_of(pristine, tmp_path / "undisturbed")
    steps = steps_of(undisturbed)
    expected = content(undisturbed)
    assert [step.split()[0] for step in steps[:6]] == [
        "taking",
        "plan",
        "stage",
        "commit",
        "commit",
        "commit",
    ]
    assert len(expected["bronze.era_835"]) == 1
    assert len(expected["platform.quarantine_record"]) == 1
    for number in tried(steps):
        workspace = copy_of(pristine, tmp_path / f"step_{number}")
        assert len(steps_of(workspace, number)) == number
        report = run(workspace)
        assert report.errors == []
        assert content(workspace) == expected, f"cut off at step {number}: {steps[number - 1]}"


def test_a_killed_process_leaves_a_lake_the_next_run_finishes(tmp_path: Path) -> None:
    pristine = prepare(tmp_path / "pristine")
    undisturbed = copy_of(pristine, tmp_path / "undisturbed")
    steps = steps_of(undisturbed)
    number = steps.index("commit bronze.era_835") + 1
    workspace = copy_of(pristine, tmp_path / "killed")
    program = [sys.executable, str(Path(__file__).with_name("dying.py")), str(workspace.path), str(number)]
    assert subprocess.run(program, check=False).returncode == -signal.SIGKILL
    run(workspace)
    assert content(workspace) == content(undisturbed)
    before = versions(workspace)
    assert run(workspace).total.loaded == 0
    assert versions(workspace) == before
