"""How fast X12 becomes tables, beside the parsers a Python user could install instead, in one run.

    python -m venv /tmp/peers && /tmp/peers/bin/pip install oxedi openx12 edi-835-parser pyx12 pyarrow
    python -m venv /tmp/older && /tmp/older/bin/pip install linuxforhealth-x12 'pydantic<2' python-dotenv
    python benchmarks/x12.py --peers /tmp/peers/bin/python --older /tmp/older/bin/python --claims 40000

Every reader reads the same synthetic files in a process of its own; the clock runs from after its imports
until the caller holds every record, checks included. Rounds are interleaved; the best of a reader's rounds
counts, since others only slow it down, and the median stands beside it. A reader may use every processor.
linuxforhealth-x12 refuses a payer with contacts (PER), which the guide requires: its file has none.

`--gigabyte` also reads a file of a gigabyte and says how much memory that took.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from x12_files import file_of

CLOCK = """
import json, os, resource, sys, time
path = sys.argv[1]
def most_memory():
    try:
        with open("/proc/self/status") as status:  # getrusage counts the program that started this one, too
            return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) / 1024
    except FileNotFoundError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
def report(read):
    before, started = os.times(), time.perf_counter()
    claims = read(path)
    elapsed, after = time.perf_counter() - started, os.times()
    processor = after.user + after.system - before.user - before.system
    print(json.dumps([claims, elapsed, processor, most_memory()]))
"""

OURS = """
from pathlib import Path
from claimlake.sources.x12 import kernel, read
if not {kernel}:
    kernel.library = lambda: None
main = {{"835": "era_835", "837": "claims_837", "277": "ack_277ca"}}[path.rpartition(".")[2]]
def run(path):
    claims, kept = 0, []
    for chunk in read(Path(path), scope={scope!r}, workers={workers}):
        claims += len(chunk.tables.get(main, ()))
        kept.append(chunk.tables if {keeps} else None)
    return claims
"""

TO_PARQUET = """
import tempfile
from pathlib import Path
from claimlake.sources.x12.export import export
def run(path):
    with tempfile.TemporaryDirectory() as folder:
        made = export([Path(path)], Path(folder), scope={scope!r})
        return {{item.table: item.rows for item in made.tables}}["era_835"]
"""

OXEDI = """
import oxedi
def run(path):
    found = oxedi.parse_file(path)
    return found.count_claims()
"""

OXEDI_TO_PARQUET = """
import tempfile
from pathlib import Path
import oxedi, pyarrow, pyarrow.parquet
def run(path):
    found = oxedi.parse_file(path)
    with tempfile.TemporaryDirectory() as folder:
        for name in ("claims", "services", "adjustments", "payments", "provider_adjustments"):
            table = pyarrow.table(found.tables[name])
            pyarrow.parquet.write_table(table, str(Path(folder) / name), compression="zstd")
    return found.count_claims()
"""

PEERS = {
    "oxedi": OXEDI,
    "openx12": """
from openx12 import x835
def run(path):
    with open(path) as file:
        return len(x835.parse(file.read()).claims)
""",
    "edi-835-parser": """
import warnings
warnings.simplefilter("ignore")
from edi_835_parser import parse
def run(path):
    return sum(len(found.claims) for found in parse(path).transaction_sets)
""",
    "pyx12": """
import pyx12.error_handler, pyx12.params, pyx12.x12context
def run(path):
    with open(path) as file:
        errors = pyx12.error_handler.errh_null()
        reader = pyx12.x12context.X12ContextReader(pyx12.params.params(), errors, file)
        return sum(1 for node in reader.iter_segments("2100") if node.id == "2100")
""",
    "oxedi, to Parquet": OXEDI_TO_PARQUET,
}

LINUXFORHEALTH = """
from linuxforhealth.x12.io import X12ModelReader
def run(path):
    with X12ModelReader(path) as reader:
        return sum(len(loop.loop_2100) for found in reader.models() for loop in found.loop_2000)
"""

# Peers this slow read a smaller file; rates are per byte all the same.
SLOW = {"pyx12": 500, "openx12": 5_000, "edi-835-parser": 5_000, "linuxforhealth-x12": 500}


@dataclass
class Reader:
    """One way to read one kind of file, and what its rounds gave."""

    name: str
    python: str
    code: str
    claims: int
    kind: str = "835"
    content: Callable[[str, int], bytes] = file_of
    megabytes: float = 0
    elapsed: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)
    peak: float = 0
    failure: str = ""

    def round(self, path: Path) -> None:
        """Read the file once, in a new process."""
        program = CLOCK + self.code + "\nreport(run)\n"
        done = subprocess.run(
            [self.python, "-c", program, str(path)],
            env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},  # its threads spin after the import of NumPy
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            self.failure = done.stderr.strip().splitlines()[-1][:80]
            return
        claims, elapsed, processor, peak = json.loads(done.stdout.splitlines()[-1])
        if claims < self.claims:
            self.failure = f"{claims} of {self.claims} claims"
        self.megabytes = path.stat().st_size / 1e6
        self.elapsed.append(elapsed)
        self.processor.append(processor)
        self.peak = max(self.peak, peak)

    @property
    def rate(self) -> float:
        """Megabytes a second of elapsed time."""
        return self.megabytes / min(self.elapsed)

    @property
    def usual_rate(self) -> float:
        """Megabytes a second of elapsed time in the median round."""
        return self.megabytes / statistics.median(self.elapsed)

    @property
    def processor_rate(self) -> float:
        """Megabytes a second of processor time."""
        return self.megabytes / min(self.processor)


def ours(**how: object) -> str:
    """The program of our own reader: by default all tables, but not the segments as such."""
    usual = {"kernel": True, "scope": "detail", "workers": None, "keeps": True}
    return OURS.format(**usual | how)


def to_parquet(**how: object) -> str:
    """The program of our own export: by default all tables, but not the segments as such."""
    return TO_PARQUET.format(**{"scope": "detail"} | how)


def readers(claims: int, peers: str | None, older: str | None) -> list[Reader]:
    """Every reader that takes part."""
    python = sys.executable
    found = [
        Reader("claimlake, all tables", python, ours(), claims),
        Reader("claimlake, and every segment", python, ours(scope="lossless"), claims),
        Reader("claimlake, all tables, one thread", python, ours(workers=1), claims),
        Reader("claimlake, main tables", python, ours(scope="main"), claims),
        Reader("claimlake, main tables, NumPy", python, ours(kernel=False, scope="main"), claims),
        Reader("claimlake, 837P, all tables", python, ours(), claims, "837"),
        Reader("claimlake, 277CA, all tables", python, ours(), claims * 3, "277"),
        Reader("claimlake, main tables to Parquet", python, to_parquet(scope="main"), claims),
        Reader("claimlake, all tables to Parquet", python, to_parquet(), claims),
        Reader("claimlake, and segments to Parquet", python, to_parquet(scope="lossless"), claims),
    ]
    if peers:
        found += [
            Reader(name, peers, code, min(claims, SLOW.get(name, claims))) for name, code in PEERS.items()
        ]
    if older:
        name = "linuxforhealth-x12"
        found.append(Reader(name, older, LINUXFORHEALTH, min(claims, SLOW[name]), content=without_contacts))
    return found


def without_contacts(kind: str, claims: int) -> bytes:
    """The same file without PER segments, counts put right."""
    kept: list[bytes] = []
    first = 0
    for segment in file_of(kind, claims).split(b"~\n"):
        if segment.startswith(b"PER"):
            continue
        if segment.startswith(b"ST*"):
            first = len(kept)
        is_trailer = segment.startswith(b"SE*")
        counted = b"SE*%d*%s" % (len(kept) - first + 1, segment.split(b"*")[2]) if is_trailer else segment
        kept.append(counted)
    return b"~\n".join(kept)


def main() -> None:
    """Run the comparison and print it as a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--claims", type=int, default=40_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--peers", help="python of an environment with the peers")
    parser.add_argument("--older", help="python of an environment with linuxforhealth-x12")
    parser.add_argument("--gigabyte", action="store_true", help="also read a file of a gigabyte")
    options = parser.parse_args()
    taking_part = readers(options.claims, options.peers, options.older)
    with tempfile.TemporaryDirectory() as folder:
        paths = {}
        for one in taking_part:
            path = Path(folder) / f"{one.claims}-{one.content.__name__}.{one.kind}"
            if path not in paths.values():
                path.write_bytes(one.content(one.kind, one.claims))
            paths[one.name] = path
        for number in range(options.rounds):
            # Memory that the one before gave back is cheaper than new memory: each round begins elsewhere.
            first = number * len(taking_part) // options.rounds
            for one in taking_part[first:] + taking_part[:first]:
                one.round(paths[one.name])
        show(taking_part)
        if options.gigabyte:
            gigabyte(Path(folder))


def show(taking_part: list[Reader]) -> None:
    """Print every reader's rates, and how many times slower it is than the first that did not fail."""
    first = next((one for one in taking_part if not one.failure), None)
    heads = ("claims", "MB/s", "median", "MB/s cpu", "claims/s", "peak MB", "times slower")
    widths = (9, 8, 8, 10, 12, 9, 14)
    print(f"{'reader':<36}" + "".join(f"{head:>{width}}" for head, width in zip(heads, widths, strict=True)))
    for one in taking_part:
        if one.failure or first is None:
            print(f"{one.name:<36}failed: {one.failure}")
            continue
        speed = one.claims / min(one.elapsed)
        print(
            f"{one.name:<36}{one.claims:>9,}{one.rate:>8.1f}{one.usual_rate:>8.1f}{one.processor_rate:>10.1f}"
            f"{speed:>12,.0f}{one.peak:>9.0f}{first.rate / one.rate:>14.2f}"
        )


def gigabyte(folder: Path) -> None:
    """Read files of growing size up to a gigabyte, many transactions and one: memory must not grow."""
    many = file_of("835", 17_000)
    head, claims, tail = one_set(17_000)
    print(f"{'file':<36}{'MB':>8}{'MB/s':>8}{'peak MB':>9}")
    rates: dict[str, list[float]] = {}
    for times in (10, 30, 100):
        for name, pieces in (
            (f"{times * 170} transactions", [many] * times),
            ("1 transaction", [head(times), *[claims] * times, tail]),
        ):
            path = folder / "large.835"
            with path.open("wb") as file:
                file.writelines(pieces)
            one = Reader(name, sys.executable, ours(scope="lossless", keeps=False), 1)
            one.round(path)
            path.unlink()
            if one.failure:
                raise SystemExit(f"{name}: {one.failure}")
            rates.setdefault(name.partition(" ")[2], []).append(one.rate)
            print(f"{one.name:<36}{one.megabytes:>8.0f}{one.rate:>8.1f}{one.peak:>9.0f}")
    for name, found in rates.items():
        print(
            f"{name}: the largest file is read at {found[-1] / found[0]:.2f} times the rate of the smallest"
        )


def one_set(claims: int) -> tuple[Callable[[int], bytes], bytes, bytes]:
    """A payment of one transaction in three parts; the first one says what so many of the second come to."""
    content = file_of("835", claims, batch=claims)
    first, last = content.index(b"CLP*"), content.index(b"SE*")
    head = content[:first].decode()
    amount = Decimal(head.split("BPR*I*")[1].split("*")[0])
    return (
        lambda times: head.replace(f"BPR*I*{amount}", f"BPR*I*{amount * times}").encode(),
        content[first:last],
        content[last:],
    )


if __name__ == "__main__":
    main()
