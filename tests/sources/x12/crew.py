"""Fuzzers side by side, each in a process of its own that a mutant may crash or hang."""

import json
import subprocess
import sys
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fuzzer import at_file

_BLOCK = 2_000
"""Mutants of one process; then another takes its place."""
_MOST_FAILURES = 50
_POLL_SECONDS = 0.1
_PROGRAM = (sys.executable, str(Path(__file__).with_name("fuzzer.py")))


@dataclass
class Report:
    """What the fuzzers found."""

    failures: list[tuple[int, str]] = field(default_factory=list)
    outcomes: Counter[str] = field(default_factory=Counter)
    slowest: tuple[float, int] = (0.0, 0)
    """Processor seconds, and the number of the mutant."""
    peak: tuple[int, int] = (0, 0)
    """Megabytes, and the number of the mutant."""
    done: int = 0

    def add(self, line: dict[str, Any]) -> None:
        """Take in a line that a fuzzer told."""
        if "failure" in line:
            self.failures.append((line["failure"][0], line["failure"][1]))
            return
        self.outcomes.update(line["outcomes"])
        self.slowest = max(self.slowest, tuple(line["slowest"]))
        self.peak = max(self.peak, tuple(line["peak"]))


class Block:
    """A process that reads the mutants from one number up to another."""

    def __init__(self, program: tuple[str, ...], folder: Path, seed: int, first: int, until: int) -> None:
        self.folder, self.first, self.until = folder, first, until
        at_file(folder, first).write_bytes(first.to_bytes(8, "little"))
        self.out, self.err = folder / f"{first}.out", folder / f"{first}.err"
        with self.out.open("wb") as out, self.err.open("wb") as err:
            arguments = [str(folder), str(seed), str(first), str(until)]
            self.process = subprocess.Popen([*program, *arguments], stdout=out, stderr=err)
        self.seen, self.since = first, time.monotonic()

    @property
    def number(self) -> int:
        """The mutant it is at."""
        return int.from_bytes(at_file(self.folder, self.first).read_bytes(), "little")

    def is_over(self, patience: float) -> bool:
        """Whether it ended; one that stays at a mutant for longer than `patience` seconds is ended."""
        if self.number != self.seen:
            self.seen, self.since = self.number, time.monotonic()
        if self.process.poll() is None and time.monotonic() - self.since > patience:
            self.process.kill()
            self.process.wait()
        return self.process.poll() is not None

    def tell(self, report: Report) -> int:
        """Add what it found, and how it ended; the number of the next mutant to read."""
        lines = [json.loads(line) for line in self.out.read_text().splitlines()]
        for line in lines:
            report.add(line)
        if self.process.returncode == 0:
            until = int(lines[-1]["until"])
        else:
            until = self.number + 1
            last = self.err.read_text().strip().splitlines()[-1:]
            report.failures.append((self.number, f"ended the process with {self.process.returncode} {last}"))
        report.done += until - self.first
        return until


def run(
    folder: Path,
    seed: int,
    numbers: range,
    *,
    processes: int,
    patience: float = 120,
    program: tuple[str, ...] = _PROGRAM,
    progress: Callable[[Report, int, int], None] = lambda *_: None,
) -> Report:
    """Read the mutants of these numbers; ends early when many of them have failed.

    Args:
        folder: has the files to damage, as `*.content`; the processes write beside them.
        seed: of every mutant, with its number.
        numbers: which mutants.
        processes: how many read at the same time.
        patience: seconds after which a process is ended that is still at the same mutant.
        program: what is run for a block of mutants.
        progress: told over and over what was found, how many were read, and the first that was not.
    """
    report, running = Report(), list[Block]()
    todo = deque(_blocks(numbers))
    try:
        while running or todo:
            while todo and len(running) < processes:
                running.append(Block(program, folder, seed, *todo.popleft()))
            time.sleep(_POLL_SECONDS)
            for block in [block for block in running if block.is_over(patience)]:
                running.remove(block)
                next_number = block.tell(report)
                if next_number < block.until:
                    todo.appendleft((next_number, block.until))
            if len(report.failures) >= _MOST_FAILURES:
                break
            done = report.done + sum(block.number - block.first for block in running)
            progress(report, done, _first_open(running, todo, numbers.stop))
    finally:
        for block in running:
            block.process.kill()
            block.process.wait()
    return report


def _first_open(running: Iterable[Block], todo: Iterable[tuple[int, int]], stop: int) -> int:
    """The first mutant that was not read yet."""
    return min([*(block.number for block in running), *(first for first, _ in todo)], default=stop)


def _blocks(numbers: range) -> Iterator[tuple[int, int]]:
    for first in range(numbers.start, numbers.stop, _BLOCK):
        yield first, min(first + _BLOCK, numbers.stop)
