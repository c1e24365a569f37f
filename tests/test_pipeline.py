import os
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import pytest
from deltalake import write_deltalake

from claimlake.errors import ModelError
from claimlake.pipeline import watch
from claimlake.sources.report import IngestReport
from claimlake.workspace import Workspace
from tests.sources.landing import MAPPING, deliver, rows, without_database

PEOPLE = "ID,LName,DOB\n1,Ash,1980-01-02\n2,Birch,1980-01-02\n3,Cedar,1980-01-02\n"


@dataclass
class Steps:
    """Stands in for the three steps and notes them; `landed` says which rounds change a table of bronze."""

    workspace: Workspace
    landed: list[bool]
    done: list[str] = field(default_factory=list)

    def ingest(self, *_: object, **__: object) -> IngestReport:
        if self.landed.pop(0):  # a deletion or a replay loads nothing, and is news all the same
            table = str(self.workspace.lake_path / "bronze" / "vanished_record")
            write_deltalake(table, duckdb.sql("select 1 as number"), mode="append")
        self.done.append("ingest")
        return IngestReport(errors=["source emr: the database cannot be read."])


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace.create(tmp_path / "lake")


def watched(workspace: Workspace, monkeypatch: pytest.MonkeyPatch, landed: list[bool]) -> list[str]:
    steps = Steps(workspace, landed)
    monkeypatch.setattr("claimlake.pipeline.ingest", steps.ingest)
    monkeypatch.setattr("claimlake.pipeline.build_models", lambda *_: steps.done.append("build"))
    monkeypatch.setattr("claimlake.pipeline.calculate_metrics", lambda *_: steps.done.append("calculate"))
    watch(workspace, seconds=0, progress=steps.done.append, rounds=len(landed))
    return steps.done


def test_the_first_round_builds_what_a_killed_watch_left(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = watched(workspace, monkeypatch, [False, False, True])
    assert [step for step in done if not step.startswith("Error")] == [
        *("ingest", "build", "calculate"),
        "ingest",
        *("ingest", "build", "calculate"),
    ]


def test_a_watch_tells_what_cannot_be_loaded_or_built_and_tries_again(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    built = iter([ModelError("no table 'a'.", where="silver/b.sql:3"), None])

    def build(*_: object) -> None:
        error = next(built)
        if error:
            raise error
        told.append("build")

    def sleep(_: float) -> None:
        tenant.unlink(missing_ok=True)

    monkeypatch.setattr("claimlake.pipeline.build_models", build)
    monkeypatch.setattr("claimlake.pipeline.calculate_metrics", lambda *_: told.append("calculate"))
    monkeypatch.setattr("claimlake.pipeline.time.sleep", sleep)
    tenant = workspace.path / "tenants" / "north.yml"
    tenant.write_text("org_id: north\nname")
    watch(workspace, seconds=60, progress=told.append, rounds=4)
    assert told == [
        f"Error: {tenant}: not a YAML file (ScannerError)",
        "Error: silver/b.sql:3: no table 'a'.",
        "build",
        "calculate",
    ]


def test_a_deletion_alone_is_built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full file without a new row ends a history; the watch builds that too."""
    workspace = without_database(tmp_path)
    mapping = MAPPING.replace('"**/patients*", format: delimited', '"**/patients*", load: full')
    (workspace.path / "sources" / "small_emr.yml").write_text(mapping)
    days = [PEOPLE, PEOPLE.replace("2,Birch,1980-01-02\n", "")]

    def deliver_next(_: float) -> None:
        if days:
            number = 3 - len(days)
            deliver(workspace, f"emr/patients_{number}.csv", days.pop(0))
            os.utime(workspace.landing / "north" / f"emr/patients_{number}.csv", (number, number))

    done: list[str] = []
    monkeypatch.setattr("claimlake.pipeline.build_models", lambda *_: done.append("build"))
    monkeypatch.setattr("claimlake.pipeline.calculate_metrics", lambda *_: None)
    monkeypatch.setattr("claimlake.pipeline.time.sleep", deliver_next)
    watch(workspace, seconds=60, progress=done.append, rounds=4)
    taking = "taking 1 files of north/emr"
    assert done == ["build", taking, "build", taking, "build"]
    assert rows(workspace, "bronze.vanished_record", "record_id") == [("2",)]
    assert len(rows(workspace, "bronze.emr_patients")) == 3


def test_what_cannot_be_reached_is_said(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "Error: source emr: the database cannot be read." in watched(workspace, monkeypatch, [False])
