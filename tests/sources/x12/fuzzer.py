"""Reads mutants one after the other and tells what went wrong: the program that `crew` runs.

Its arguments: a folder with the files to damage, the seed, the first number and the one behind the last.
It writes a line of JSON for every failure, and one about all of them at the end; the number that it is at
stands in a file of its own, so that it is known after a crash.
"""

import faulthandler
import io
import json
import mmap
import os
import resource
import sys
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any
from unittest import mock

from mutant import Mutant, mutant
from proof import differences, doubts

from claimlake.errors import SourceError
from claimlake.sources.x12 import Reading, kernel, read_tables
from claimlake.sources.x12.source import content_of

COMPARED = 20
"""One in so many is read by NumPy too, and in one piece, and must give the same rows."""
MOST_SECONDS, MOST_MEGABYTES = 2.0, 512
"""Of the processor, for one reading by the kernel; and of memory, for the whole process."""
_TRIES = 3
_STATUS, _FORGET = Path("/proc/self/status"), Path("/proc/self/clear_refs")
MEASURES = _STATUS.exists() and _FORGET.exists()
"""Whether the system tells the most memory of a moment."""


def at_file(folder: Path, first: int) -> Path:
    """Where the number stands that a fuzzer is at."""
    return folder / f"{first}.at"


def contents_in(folder: Path) -> list[bytes]:
    """The files to damage."""
    return [file.read_bytes() for file in sorted(folder.glob("*.content"))]


def forget_peak() -> None:
    """Let `megabytes` begin anew, where the system can."""
    if _FORGET.exists():
        _FORGET.write_text("5")


def megabytes() -> int:
    """The most memory that this process had."""
    if _STATUS.exists():  # what getrusage says includes the process that started this one
        peak = next(line for line in _STATUS.read_text().splitlines() if line.startswith("VmHWM"))
        return int(peak.split()[1]) // 1024
    unit = 1024 * 1024 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // unit


class Fuzzer:
    """Reads mutants, proves each reading, and keeps the records."""

    def __init__(self) -> None:
        self.outcomes: Counter[str] = Counter()
        self.slowest = (0.0, 0)
        """Processor seconds, and the number of the mutant."""
        self.peak = (megabytes(), 0)

    def failures(self, number: int, made: Mutant) -> Iterator[str]:
        """What is wrong with the reading of one mutant."""
        try:
            yield from self._failures(number, made)
        except Exception as error:  # noqa: BLE001 - any that escapes the reader is what is looked for
            last = traceback.extract_tb(error.__traceback__)[-1]
            yield f"{type(error).__name__} in {Path(last.filename).name}:{last.lineno}: {error}"[:300]

    def _failures(self, number: int, made: Mutant) -> Iterator[str]:
        forget_peak()
        found, refusal, seconds = _timed(made)
        peak = megabytes()
        self.slowest, self.peak = max(self.slowest, (seconds, number)), max(self.peak, (peak, number))
        if peak > MOST_MEGABYTES:
            yield f"needs {peak} MB"
        if seconds > MOST_SECONDS:
            yield f"takes {seconds:.1f} s"
        self.outcomes.update(made.kinds)
        if found is None:
            self.outcomes["refused"] += 1
            if refusal is None or not (refusal.what and refusal.remedy):
                yield f"is refused without a remedy: {refusal}"
        else:
            self.outcomes.update(item.status for item in found.transactions)
            yield from doubts(content_of(io.BytesIO(made.content)), found)
        if number % COMPARED == 0:
            yield from self._compared(made, found, refusal)

    def _compared(self, made: Mutant, found: Reading | None, refusal: SourceError | None) -> Iterator[str]:
        others = [("NumPy", made.chunk_bytes, False)]
        if made.chunk_bytes is not None:
            others.append(("in one piece", None, True))
        for name, chunk_bytes, is_compiled in others:
            with nullcontext() if is_compiled else mock.patch.object(kernel, "library", lambda: None):
                other, its_refusal = _reading(made.content, chunk_bytes)
            if found is None or other is None:
                if str(refusal) != str(its_refusal):
                    yield f"{name}: is refused otherwise: {refusal}, {its_refusal}"
            else:
                yield from (f"{name}: {difference}" for difference in differences(found, other))


def _timed(made: Mutant) -> tuple[Reading | None, SourceError | None, float]:
    """The reading and its seconds: those of the quickest of several when it is slow, as others run too."""
    seconds = float("inf")
    for _ in range(_TRIES):
        started = time.process_time()
        found, refusal = _reading(made.content, made.chunk_bytes)
        seconds = min(seconds, time.process_time() - started)
        if seconds <= MOST_SECONDS:
            break
    return found, refusal, seconds


def _reading(content: bytes, chunk_bytes: int | None) -> tuple[Reading | None, SourceError | None]:
    how: dict[str, Any] = {} if chunk_bytes is None else {"chunk_bytes": chunk_bytes}
    try:
        return read_tables(io.BytesIO(content), scope="lossless", **how), None
    except SourceError as error:
        return None, error


def main(folder: Path, seed: int, first: int, until: int) -> None:
    """Read the mutants from `first` up to `until`; ends early when one takes too much memory, or alone."""
    faulthandler.enable()
    crew = os.getppid()
    contents, fuzzer, number = contents_in(folder), Fuzzer(), first
    at_file(folder, first).write_bytes(first.to_bytes(8, "little"))
    with at_file(folder, first).open("r+b") as file, mmap.mmap(file.fileno(), 8) as at:
        while number < until and fuzzer.peak[0] <= MOST_MEGABYTES and os.getppid() == crew:
            at[:] = number.to_bytes(8, "little")
            made = mutant(contents, seed, number)
            for failure in fuzzer.failures(number, made):
                _tell({"failure": [number, failure]})
            number += 1
    _tell(
        {
            "until": number,
            "outcomes": fuzzer.outcomes,
            "slowest": fuzzer.slowest,
            "peak": fuzzer.peak,
        }
    )


def _tell(what: dict[str, Any]) -> None:
    print(json.dumps(what), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), *(int(value) for value in sys.argv[2:5]))
