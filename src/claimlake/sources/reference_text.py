"""Published lists of codes made readable: the order files of CMS, and tables below lines of title."""

import csv
import io
import json
import re
import shutil
from collections.abc import Collection
from pathlib import Path

from claimlake.sources.content import content_of
from claimlake.sources.layout import DELIMITERS

TITLE_LINES = 60
"""Lines above a table among which its header is looked for."""
LONGEST_LINE = 16_000_000

# An order file: number 1-5, code 7-13, billable 15, short description 17-76, long description from 78.
_ORDER = re.compile(r"\d{5} [A-Z0-9]{3,7} {1,5}[01] \S")


def prepare(file: Path, wanted: Collection[str], target: Path) -> Path:
    """A copy that a reader takes as it is: an order file as JSON lines, a table from its header on."""
    content = content_of(file)
    if content.format != "delimited":
        shutil.copyfile(file, target)
    elif _is_order(file, content.encoding):
        _write_order(file, content.encoding, target)
    else:
        _copy_from(file, _header_line(file, content.encoding, wanted), content.encoding, target)
    return target


def _is_order(file: Path, encoding: str) -> bool:
    with file.open(encoding=encoding) as reader:
        return _ORDER.match(reader.readline(LONGEST_LINE)) is not None


def _write_order(file: Path, encoding: str, target: Path) -> None:
    with file.open(encoding=encoding) as reader, target.open("w", encoding="utf-8") as writer:
        for line in reader:
            text = line.rstrip("\r\n")
            record = {
                "code": text[6:13].strip(),
                "billable": text[14:15],
                "short_description": text[16:76].strip(),
                "long_description": text[77:].strip(),
            }
            # A line that is laid out otherwise is held whole, for want of a code.
            is_whole = _ORDER.match(text) is not None
            row = record if is_whole else {**dict.fromkeys(record), "line": text}
            writer.write(json.dumps(row, ensure_ascii=False) + "\n")


def _header_line(file: Path, encoding: str, wanted: Collection[str]) -> int:
    """Number of lines above the header: the line that holds the most of the wanted names."""
    names = {name.lower() for name in wanted}
    best, above = 0, 0
    with file.open(encoding=encoding, newline="") as reader:
        for number in range(TITLE_LINES):
            line = reader.readline(LONGEST_LINE)
            found = max(len(names & _cells(line, delimiter)) for delimiter in DELIMITERS)
            if found > best:
                best, above = found, number
    return above


def _cells(line: str, delimiter: str) -> set[str]:
    try:
        cells = next(csv.reader(io.StringIO(line), delimiter=delimiter), [])
    except csv.Error:
        return set()
    return {cell.strip().strip("\ufeff").lower() for cell in cells}


def _copy_from(file: Path, above: int, encoding: str, target: Path) -> None:
    with file.open(encoding=encoding, newline="") as reader:
        for _ in range(above):
            reader.readline(LONGEST_LINE)
        with target.open("w", encoding="utf-8", newline="") as writer:
            shutil.copyfileobj(reader, writer)
