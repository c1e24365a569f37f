"""Reads damaged X12 for a while: no crash, no lost byte, and the kernel agrees with NumPy on every table.

    python benchmarks/fuzz_x12.py --seconds 600 --seed 1 [file …]

Files given are damaged too; without any, a synthetic remittance is.
"""

import argparse
import io
import random
import time
from pathlib import Path
from typing import Any

import duckdb
from x12 import remittance

from claimlake.errors import SourceError
from claimlake.sources.x12 import kernel, read_tables


def damage(content: bytes, dice: random.Random) -> bytes:
    """The content with some bytes cut, repeated or changed."""
    found = bytearray(content)
    for _ in range(dice.randint(1, 8)):
        at, length = dice.randrange(len(found)), dice.randint(0, 60)
        change = dice.randrange(5)
        if change == 0:
            del found[at : at + length]
        elif change == 1:
            found[at:at] = found[at : at + length] * dice.randint(1, 50)
        elif change == 2:
            found[at] = dice.choice((dice.randrange(256), *b"*~:^|>\r\n "))
        elif change == 3:
            del found[at:]
        else:
            other = dice.randrange(len(found))
            found[at : at + length] = found[other : other + length]
        found = found or bytearray(content)
    return bytes(found)


def everything(content: bytes) -> dict[str, list[tuple[Any, ...]]] | str:
    """Every row of every table, or why there is none."""
    try:
        found = read_tables(io.BytesIO(content), in_detail=True)
    except SourceError as error:
        return error.what
    with duckdb.connect() as connection:
        read = {}
        for name, stream in found.tables.items():
            connection.register("stream", stream)
            read[name] = connection.sql("select * from stream").fetchall()
        segments = connection.register("stream", found.tables["x12_segment"]).sql(
            "select raw from stream order by byte_offset"
        )
        if b"".join(row[0] for row in segments.fetchall()) != content:
            raise AssertionError("the segments are not the file")
    return read


def main() -> None:
    """Damage and read until the time is up; the first failing content is written to a file."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    dice = random.Random(options.seed)
    contents = [path.read_bytes() for path in options.files] or [remittance(2), remittance(30)]
    fast, until, count = kernel.library, time.monotonic() + options.seconds, 0
    while time.monotonic() < until:
        content = damage(dice.choice(contents), dice)
        kernel.library = fast
        found = everything(content)
        kernel.library = lambda: None  # type: ignore[assignment]
        if everything(content) != found:
            Path("fuzz_failure.x12").write_bytes(content)
            raise SystemExit("the engines differ; see fuzz_failure.x12")
        count += 1
    print(f"{count} damaged files read alike by both engines")


if __name__ == "__main__":
    main()
