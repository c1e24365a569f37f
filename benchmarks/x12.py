"""How fast 835 files become records, beside the parsers a Python user could install instead, in one run.

    python -m venv /tmp/peers && /tmp/peers/bin/pip install oxedi openx12 edi-835-parser pyx12
    python benchmarks/x12.py --peers /tmp/peers/bin/python --claims 20000

Every parser reads the same synthetic file in its own process; the clock runs from after its imports until
the caller holds claims, services and adjustments. Rounds are interleaved; the best counts, in processor
seconds (user and system) and in elapsed seconds.
"""

import argparse
import json
import random
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

CLOCK = """
import json, os, resource, sys, time
path = sys.argv[1]
def report(read):
    before, started = os.times(), time.perf_counter()
    claims = read(path)
    elapsed, after = time.perf_counter() - started, os.times()
    processor = after.user + after.system - before.user - before.system
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps([claims, elapsed, processor, peak]))
"""

OURS = """
from pathlib import Path
from claimlake.sources.x12 import kernel, read
if not {kernel}:
    kernel.library = lambda: None
def run(path):
    claims, kept = 0, []
    for chunk in read(Path(path), in_detail={in_detail}):
        claims += len(chunk.tables["era_835"])
        kept.append(chunk.tables["era_835"])
    return claims
"""

PEERS = {
    "oxedi": """
import oxedi
def run(path):
    found = oxedi.parse_file(path)
    return found.count_claims()
""",
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
}

# Peers this slow read a smaller file; rates are per claim all the same.
SLOW = {"pyx12": 500, "openx12": 5_000, "edi-835-parser": 5_000}


def _money(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02d}" if cents % 100 else str(cents // 100)


def _claim(dice: random.Random, number: int) -> tuple[list[str], int]:
    lines: list[str] = []
    charged = paid = 0
    for line in range(dice.choice((2, 3, 3, 3))):
        charge = dice.randint(5_000, 90_000)
        parts = [dice.randint(1, charge // 8) for _ in range(4)]
        payment = charge - sum(parts)
        charged, paid = charged + charge, paid + payment
        lines += [
            f"SVC*HC:{dice.randint(10_000, 99_999)}:25*{_money(charge)}*{_money(payment)}**1",
            f"DTM*472*202601{dice.randint(1, 28):02d}",
            f"CAS*CO*45*{_money(parts[0])}**253*{_money(parts[1])}",
            f"CAS*PR*1*{_money(parts[2])}**2*{_money(parts[3])}",
            f"REF*6R*{number}L{line}",
            f"AMT*B6*{_money(payment)}",
            "LQ*HE*N130",
        ]
    head = [
        f"CLP*ACCT{number}*1*{_money(charged)}*{_money(paid)}*0*12*PCN{number}*11*1",
        f"NM1*QC*1*LAST{number % 977}*FIRST{number % 389}****MI*M{number}",
        "NM1*82*1*OKORO*IDA****XX*1234567893",
        "MOA***MA01*MA18",
        "REF*1L*GRP1",
        "DTM*232*20260101",
        "DTM*233*20260105",
    ]
    return head + lines, paid


def _transaction(dice: random.Random, first: int, count: int) -> list[str]:
    body: list[str] = []
    total = 0
    for number in range(first, first + count):
        segments, paid = _claim(dice, number)
        body += segments
        total += paid
    head = [
        f"ST*835*{first:09d}",
        f"BPR*I*{_money(total)}*C*ACH*CCP*01*011*DA*33*1512345678**01*022*DA*44*20260301",
        f"TRN*1*TRACE{first}*1512345678",
        "DTM*405*20260228",
        "N1*PR*NORTH MUTUAL*XV*60054",
        "N3*1 STREET",
        "N4*TOWN*TX*75001",
        "REF*2U*10054",
        "PER*BL*DESK*TE*8005550100",
        "N1*PE*RIVER CLINIC*XX*1234567893",
        "REF*TJ*741234567",
        "LX*1",
    ]
    return [*head, *body, f"SE*{len(head) + len(body) + 1}*{first:09d}"]


def remittance(claims: int, seed: int = 1) -> bytes:
    """A synthetic 835 file that balances, 100 claims to a payment."""
    dice = random.Random(seed)
    parties = "ZZ*NORTHMUTUAL    *ZZ*RIVERCLINIC    "
    segments = [
        f"ISA*00*          *00*          *{parties}*260301*1405*^*00501*000000001*0*P*:",
        "GS*HP*NORTHMUTUAL*RIVERCLINIC*20260301*1405*1*X*005010X221A1",
    ]
    starts = range(1, claims + 1, 100)
    for first in starts:
        segments += _transaction(dice, first, min(100, claims + 1 - first))
    segments += [f"GE*{len(starts)}*1", "IEA*1*000000001", ""]
    return "~\n".join(segments).encode()


@dataclass
class Result:
    """The best of the rounds of one parser."""

    claims: int = 0
    megabytes: float = 0
    elapsed: float = float("inf")
    processor: float = float("inf")
    peak: float = 0
    failure: str = ""


def _measure(result: Result, python: str, code: str, path: Path) -> None:
    program = CLOCK + code + "\nreport(run)\n"
    done = subprocess.run([python, "-c", program, str(path)], capture_output=True, text=True, check=False)
    if done.returncode:
        result.failure = done.stderr.strip().splitlines()[-1][:80]
        return
    claims, elapsed, processor, peak = json.loads(done.stdout.splitlines()[-1])
    result.claims, result.megabytes = claims, path.stat().st_size / 1e6
    result.elapsed, result.processor = min(result.elapsed, elapsed), min(result.processor, processor)
    result.peak = max(result.peak, peak)


def main() -> None:
    """Run the comparison and print it as a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--claims", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--peers", help="python of an environment with the peers")
    options = parser.parse_args()
    runs = {
        "claimlake": (sys.executable, OURS.format(kernel=True, in_detail=False), options.claims),
        "claimlake, all detail tables": (
            sys.executable,
            OURS.format(kernel=True, in_detail=True),
            options.claims,
        ),
        "claimlake, NumPy only": (sys.executable, OURS.format(kernel=False, in_detail=False), options.claims),
    }
    if options.peers:
        for name, code in PEERS.items():
            runs[name] = (options.peers, code, min(options.claims, SLOW.get(name, options.claims)))
    results = {name: Result() for name in runs}
    with tempfile.TemporaryDirectory() as folder:
        paths = {}
        for size in {size for _, _, size in runs.values()}:
            paths[size] = Path(folder) / f"{size}.835"
            paths[size].write_bytes(remittance(size))
        for _ in range(options.rounds):
            for name, (python, code, size) in runs.items():
                _measure(results[name], python, code, paths[size])
    _print(results)


def _print(results: dict[str, Result]) -> None:
    first = next(iter(results.values()))
    best = first.processor / first.megabytes
    heads = ("claims", "MB/s cpu", "MB/s", "claims/s cpu", "peak MB", "times slower")
    widths = (9, 10, 8, 14, 9, 14)
    print(f"{'parser':<30}" + "".join(f"{head:>{width}}" for head, width in zip(heads, widths, strict=True)))
    for name, result in results.items():
        if result.failure:
            print(f"{name:<30}failed: {result.failure}")
            continue
        rate = result.megabytes / result.processor
        print(
            f"{name:<30}{result.claims:>9,}{rate:>10.1f}{result.megabytes / result.elapsed:>8.1f}"
            f"{result.claims / result.processor:>14,.0f}{result.peak:>9.0f}{1 / rate / best:>14.1f}"
        )


if __name__ == "__main__":
    main()
