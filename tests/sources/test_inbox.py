import os
import time
from pathlib import Path

import pytest

from claimlake.sources import inbox


@pytest.mark.parametrize(
    ("ages", "waits"), [([60.0], []), ([60.0, 0.25], [0.75]), ([60.0, 0.25, -3600.0], [1.0])]
)
def test_it_waits_once_for_the_youngest_file_whatever_the_clock_of_its_sender(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ages: list[float], waits: list[float]
) -> None:
    now = 1_700_000_000.0
    for number, age in enumerate(ages):
        file = tmp_path / f"{number}.csv"
        file.write_text("a")
        os.utime(file, (now - age, now - age))
    slept: list[float] = []
    monkeypatch.setattr(time, "time", lambda: now)
    monkeypatch.setattr(time, "sleep", slept.append)
    found = list(inbox.settled(inbox.scan(tmp_path, set()), 1.0))
    assert (slept, len(found)) == (pytest.approx(waits, abs=1e-3), len(ages))
