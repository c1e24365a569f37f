from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import pytest
from deltalake import write_deltalake

from claimlake.pipeline import watch
from claimlake.sources.report import IngestReport
from claimlake.workspace import Workspace


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


def test_what_cannot_be_reached_is_said(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "Error: source emr: the database cannot be read." in watched(workspace, monkeypatch, [False])
