"""Damaged files: each is read and balanced, or held with a reason and a place, and no byte of it is lost.

The suite reads a few; CLAIMLAKE_MUTANTS says how many (`make fuzz` reads a hundred thousand), and
CLAIMLAKE_SEED and CLAIMLAKE_FIRST which.
"""

import os
import re
import time
from pathlib import Path

import crew
import pytest
from crew import Report
from fuzzer import contents_in
from interchange import interchange, transaction
from mutant import HEAVY, LIGHT, mutant
from test_whole import ANSWERS, FILES, LONG, MANY, TA1, several

from claimlake.sources.x12 import kernel
from claimlake.synthetic.network import generate

FEW = 400
MUTANTS = int(os.environ.get("CLAIMLAKE_MUTANTS", FEW))
FIRST = int(os.environ.get("CLAIMLAKE_FIRST", "0"))
SEED = int(os.environ.get("CLAIMLAKE_SEED", "1"))
LONG_RUN = "CLAIMLAKE_MUTANTS" in os.environ
OF_A_KIND, LARGEST = 10, 12_000
TOLD_EVERY_SECONDS = 10


@pytest.fixture(autouse=True)
def engine() -> str:
    """The kernel, where it was built: some of the files are read by NumPy as well."""
    return "kernel" if kernel.available() else "numpy"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Small files of every kind that the synthetic network sends, and some that have every segment."""
    network = tmp_path_factory.mktemp("network")
    generate(network, claims=900, seed=3, progress=lambda _: None)
    kinds: dict[bytes, list[bytes]] = {}
    for file in sorted((network / "landing").rglob("*")):
        content = file.read_bytes() if file.is_file() else b""
        if content.startswith(b"ISA") and len(content) < LARGEST:
            found = re.search(rb"ST(.)(\d{3})", content)
            kinds.setdefault(found[2] + found[1] if found else b"", []).append(content)
    assert {b"837*", b"835*", b"277*", b"999*"} < set(kinds)
    sent = [
        item for found in kinds.values() for item in sorted(found, key=len)[:: len(found) // OF_A_KIND + 1]
    ]
    answers = interchange(transaction("999", "AK1*HC*1", *ANSWERS, "AK9*R*80*80*0"))
    contents = [*sent, *FILES * 3, several(LONG, LONG), several(LONG, MANY), TA1 + answers]
    folder = tmp_path_factory.mktemp("mutants")
    for number, content in enumerate(contents):
        (folder / f"{number:03d}.content").write_bytes(content)
    return folder


class Teller:
    """Says now and then how far the fuzzers are, and at once what failed."""

    def __init__(self) -> None:
        self.started = self.last = time.monotonic()
        self.failures = 0

    def __call__(self, report: Report, done: int, first: int, *, is_last: bool = False) -> None:
        """Say it, unless it was said a moment ago; mutants before `first` need not be read again."""
        if not LONG_RUN:
            return
        for number, failure in report.failures[self.failures :]:
            print(f"mutant {number} of seed {SEED} {failure}", flush=True)
        self.failures = len(report.failures)
        now = time.monotonic()
        if now - self.last < TOLD_EVERY_SECONDS and not is_last:
            return
        self.last = now
        (seconds, slow), (peak, large) = report.slowest, report.peak
        print(
            f"{done:,} of {MUTANTS:,} files, {done / (now - self.started):.0f} a second; "
            f"slowest {seconds:.2f} s ({slow}), {peak} MB ({large}); {self.failures} failures; "
            f"the rest: CLAIMLAKE_FIRST={first} CLAIMLAKE_MUTANTS={FIRST + MUTANTS - first}",
            flush=True,
        )


def test_damaged_files_are_balanced_or_held_and_lose_no_byte(folder: Path) -> None:
    tell, numbers = Teller(), range(FIRST, FIRST + MUTANTS)
    processes = (os.cpu_count() or 1) if LONG_RUN else 1
    report = crew.run(folder, SEED, numbers, processes=processes, progress=tell)
    tell(report, report.done, numbers.stop, is_last=True)
    contents = contents_in(folder)
    told = []
    for number, failure in sorted(report.failures):
        made = mutant(contents, SEED, number)
        (folder / f"{number}.mutant").write_bytes(made.content)
        told.append(f"mutant {number} of seed {SEED} ({', '.join(made.kinds)}) {failure}")
    assert not told, "\n".join([*told, f"they are in {folder}"])
    assert report.done == MUTANTS
    expected = {"accepted", "quarantined", "unsupported", "refused"}
    if MUTANTS >= FEW:
        assert expected | {kind.__name__ for kind in LIGHT} <= set(report.outcomes)
    if MUTANTS >= 10 * FEW:
        assert {kind.__name__ for kind in HEAVY} <= set(report.outcomes)
        print(", ".join(f"{name} {report.outcomes[name]:,}" for name in sorted(expected)))


def test_a_mutant_is_the_same_whatever_was_made_before(folder: Path) -> None:
    contents = contents_in(folder)
    some = {number: mutant(contents, SEED, number) for number in range(400)}
    assert all(mutant(contents, SEED, number) == some[number] for number in reversed(range(400)))
    assert mutant(contents, SEED + 1, 7) != some[7]
