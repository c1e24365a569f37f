"""A mutant that crashes a process or hangs it is named, and the others are read."""

import sys
from pathlib import Path

import crew
import pytest
from crew import Report

FAKE = """
import json, os, signal, sys, time
from pathlib import Path
folder, seed, first, until = Path(sys.argv[1]), *map(int, sys.argv[2:])
for number in range(first, until):
    (folder / f"{first}.at").write_bytes(number.to_bytes(8, "little"))
    if number == 3:
        print(json.dumps({"failure": [number, "is off by 1"]}), flush=True)
    if number == 5:
        os.kill(os.getpid(), signal.SIGSEGV)
    if number == 8:
        time.sleep(60)
print(json.dumps({"until": until, "outcomes": {"accepted": 1}, "slowest": [0.5, first], "peak": [9, first]}))
"""


@pytest.fixture(autouse=True)
def engine() -> str:
    """No file is read here."""
    return "none"


@pytest.mark.parametrize("processes", [1, 2])
def test_a_crash_and_a_hang_are_failures_of_their_mutants_and_the_rest_is_read(
    processes: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crew, "_BLOCK", 4)
    told: list[tuple[int, int]] = []

    def tell(_: Report, done: int, first: int) -> None:
        told.append((done, first))

    program = (sys.executable, "-S", "-c", FAKE)
    report = crew.run(
        tmp_path, 1, range(12), processes=processes, patience=1.5, program=program, progress=tell
    )
    [wrong, crashed, hung] = sorted(report.failures)
    assert wrong == (3, "is off by 1")
    assert crashed[0] == 5 and "with -11" in crashed[1]
    assert hung[0] == 8 and "with -9" in hung[1]
    assert report.done == 12 and told[-1] == (12, 12)
    assert report.outcomes["accepted"] == 3  # the blocks from 0, 6 and 9: those from 4 and 8 told nothing
    assert report.slowest[0] == 0.5
