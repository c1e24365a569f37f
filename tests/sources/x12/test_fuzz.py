"""Damaged files: each is read and balanced, or held with a reason and a place, and no byte of it is lost.

The suite reads a few; CLAIMLAKE_MUTANTS says how many (`make fuzz` reads a hundred thousand).
"""

import io
import os
import random
import resource
import time
from collections import Counter
from pathlib import Path
from typing import Any

import duckdb
import pytest
from mutant import mutant

from claimlake.errors import SourceError
from claimlake.sources.x12 import kernel, read_tables
from claimlake.sources.x12.source import content_of
from claimlake.sources.x12.whole import restored
from claimlake.synthetic.network import generate

FEW = 150
MUTANTS = int(os.environ.get("CLAIMLAKE_MUTANTS", FEW))
SEED = int(os.environ.get("CLAIMLAKE_SEED", "1"))
COMPARED = 10
"""One in so many is read by NumPy too, and must give the same rows."""
MOST_SECONDS, MOST_MEGABYTES = 2.0, 512

BALANCE = """
    select payment.transaction_no,
        payment_amount - coalesce((select sum(paid_amount) from era_835 as claim
            where claim.transaction_no = payment.transaction_no), 0)
        + coalesce((select sum(amount) from era_835_provider_adjustment as other
            where other.transaction_no = payment.transaction_no), 0)
    from era_835_transaction as payment
"""


@pytest.fixture(autouse=True)
def engine() -> str:
    """The kernel, where it was built: some of the files are read by NumPy as well."""
    return "kernel" if kernel.available() else "numpy"


@pytest.fixture(scope="module")
def contents(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    """Small files of every kind that the synthetic network sends."""
    network = tmp_path_factory.mktemp("network")
    generate(network, claims=60, seed=3, progress=lambda _: None)
    found = [file.read_bytes() for file in sorted((network / "landing").rglob("*")) if file.is_file()]
    edi = [content for content in found if content.startswith(b"ISA") and len(content) < 60_000]
    kinds = {content.split(b"ST", 1)[1][1:4]: content for content in edi if b"ST" in content}
    assert {b"837", b"835", b"277", b"999"} <= set(kinds)
    return list(kinds.values()) + edi[:40]


Tables = dict[str, list[tuple[Any, ...]]]


class Reader:
    """Reads files and proves what it read."""

    def __init__(self) -> None:
        self.connection = duckdb.connect(config={"threads": 1})
        self.outcomes: Counter[str] = Counter()
        self.slowest = 0.0
        """Processor seconds of the file that took longest to read."""

    def read(self, content: bytes) -> Tables:
        """Every row of every table; nothing when the file is refused whole."""
        started = time.process_time()
        try:
            found = read_tables(io.BytesIO(content), in_detail=True)
        except SourceError as error:
            assert error.what and error.remedy
            self.outcomes["refused"] += 1
            return {}
        finally:
            self.slowest = max(self.slowest, time.process_time() - started)
        for item in found.transactions:
            self.outcomes[item.status] += 1
            assert item.status == "accepted" or (item.reason_code and item.reason and item.byte_offset >= 0)
        read = {}
        for name, rows in found.tables.items():
            self.connection.register(name, rows)
            if len(rows):
                read[name] = sorted(self.connection.execute(f"from {name}").fetchall(), key=repr)
        for number, difference in self.connection.execute(BALANCE).fetchall():
            assert abs(difference) <= 1, f"transaction {number} is accepted and does not balance"
        self._is_whole(content)
        return read

    def _is_whole(self, content: bytes) -> None:
        segments = self.connection.execute(
            "select content, ending, raw from x12_segment order by byte_offset"
        ).fetchall()
        assert b"".join(restored(*row) for row in segments) == content_of(io.BytesIO(content))


def _differences(first: Tables, second: Tables) -> dict[str, tuple[Any, ...]]:
    """The rows by which two readings differ, by table."""
    tables = sorted({*first, *second})
    pairs = {name: (set(first.get(name, ())), set(second.get(name, ()))) for name in tables}
    return {name: (one - other, other - one) for name, (one, other) in pairs.items() if one != other}


def test_damaged_files_are_balanced_or_held_and_lose_no_byte(
    contents: list[bytes], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    dice = random.Random(SEED)
    reader = Reader()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for number in range(MUTANTS):
        content = mutant(contents, dice)
        (tmp_path / "mutant").write_bytes(content)  # what a crash of the process would leave to look at
        found, slowest = reader.read(content), reader.slowest
        if number % COMPARED == 0:
            with monkeypatch.context() as patch:
                patch.setattr(kernel, "library", lambda: None)
                assert _differences(reader.read(content), found) == {}
            reader.slowest = slowest  # of the kernel alone
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    assert grown <= MOST_MEGABYTES
    assert reader.outcomes["accepted"] and reader.outcomes["quarantined"] and reader.outcomes["refused"]
    if MUTANTS > FEW:
        print(
            f"{MUTANTS} files: {dict(reader.outcomes)}; slowest {reader.slowest:.2f} s, {grown:.0f} MB more"
        )
        assert reader.slowest <= MOST_SECONDS
