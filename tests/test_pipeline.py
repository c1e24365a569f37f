from dataclasses import dataclass, field
from pathlib import Path

import pytest

from claimlake.pipeline import watch
from claimlake.sources.report import FileReport, IngestReport
from claimlake.workspace import Workspace


@dataclass
class Steps:
    """Stands in for the three steps and notes them; `loaded` says how much each round brings."""

    loaded: list[int]
    done: list[str] = field(default_factory=list)

    def ingest(self, *_: object, **__: object) -> IngestReport:
        file = FileReport("north", "emr", "patients", "patients.csv", "f" * 64, "loaded")
        file.counts.loaded = self.loaded.pop(0)
        report = IngestReport([file], errors=["source emr: the database cannot be read."])
        self.done.append("ingest")
        return report


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace.create(tmp_path / "lake")


def watched(workspace: Workspace, monkeypatch: pytest.MonkeyPatch, loaded: list[int]) -> list[str]:
    steps = Steps(loaded)
    monkeypatch.setattr("claimlake.pipeline.ingest", steps.ingest)
    monkeypatch.setattr("claimlake.pipeline.build_models", lambda *_: steps.done.append("build"))
    monkeypatch.setattr("claimlake.pipeline.calculate_metrics", lambda *_: steps.done.append("calculate"))
    watch(workspace, seconds=0, progress=steps.done.append, rounds=len(loaded))
    return steps.done


def test_the_first_round_builds_what_a_killed_watch_left(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = watched(workspace, monkeypatch, [0, 0, 3])
    assert [step for step in done if not step.startswith("Error")] == [
        *("ingest", "build", "calculate"),
        "ingest",
        *("ingest", "build", "calculate"),
    ]


def test_what_cannot_be_reached_is_said(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "Error: source emr: the database cannot be read." in watched(workspace, monkeypatch, [0])
