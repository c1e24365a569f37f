"""How a delimited text is written, told from its first lines where its feed does not say it."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TextIO

from claimlake.sources.file_origin import FileOrigin
from claimlake.sources.record import unique_names

DELIMITERS = (",", "\t", "|", ";", "^", "~", "\x01", "\x1f", "\x1e")
LONGEST_LINE = 16_000_000
LONGEST_HEADER = 100
"""Lines of a header whose names hold line ends."""
SAMPLE = 1 << 18
"""Characters from which the escape is told."""


@dataclass(frozen=True)
class Layout:
    """How a delimited text is written: its columns, and the marks between and around its values."""

    delimiter: str
    columns: tuple[str, ...]
    lines: int = 1
    """Lines before the first record: preamble, blank lines and header."""
    quote: str = '"'
    escape: str = '"'
    is_plain: bool = True
    """Whether the lines before the first record hold no quote that could reach into it."""
    repeated: tuple[str, ...] = ()
    """Names that the header has more than once; the first keeps the name."""


def layout_of(file: Path, encoding: str, wanted: Iterable[str], origin: FileOrigin) -> Layout:
    """The layout of a text: what is declared, and else the delimiter that makes the most wanted columns."""
    with file.open(encoding=encoding, newline="") as reader:
        lines, text, is_plain = _header(reader, origin)
        sample = text + reader.read(SAMPLE)
    candidates = dict.fromkeys([*([origin.delimiter] if origin.delimiter else []), *DELIMITERS])
    names = {name.lower() for name in wanted}
    best: tuple[tuple[int, int], str, list[str]] = ((-1, -1), ",", [])
    for delimiter in candidates:
        cells = _cells(text, delimiter, origin.quote)
        score = (
            len(names & {name.lower() for name in unique_names(cells)}) if not origin.names else 0,
            len(cells) if not origin.delimiter else 0,
        )
        if score > best[0]:
            best = (score, delimiter, cells)
    _, delimiter, cells = best
    return Layout(
        delimiter,
        tuple(unique_names(origin.names or cells)),
        lines,
        origin.quote,
        origin.escape or _escape(sample, delimiter, origin.quote),
        is_plain,
        _repeated(origin.names or cells),
    )


def _header(reader: TextIO, origin: FileOrigin) -> tuple[int, str, bool]:
    """Lines before the first record; the header, or the first record where none is; whether quotes close."""
    skipped = [reader.readline(LONGEST_LINE) for _ in range(origin.skip)]
    line = reader.readline(LONGEST_LINE)
    while line and not line.strip("\ufeff \t\r\n"):
        skipped.append(line)
        line = reader.readline(LONGEST_LINE)
    is_plain = not (origin.quote and any(origin.quote in one for one in skipped))
    text = line.lstrip("\ufeff")
    parts = [text]
    while line and not _closes("".join(parts), origin.quote) and len(parts) < LONGEST_HEADER:
        line = reader.readline(LONGEST_LINE)
        parts.append(line)
    if origin.names:
        return len(skipped), "".join(parts), is_plain
    if _closes("".join(parts), origin.quote):
        return len(skipped) + len(parts), "".join(parts), is_plain and len(parts) == 1
    return len(skipped) + 1, text, False


def _closes(text: str, quote: str) -> bool:
    return not quote or text.count(quote) % 2 == 0


def _cells(text: str, delimiter: str, quote: str) -> list[str]:
    """The cells of a header; none when one is longer than a column name can be."""
    if len(delimiter) > 1:
        return [cell.strip(quote) for cell in text.rstrip("\r\n").split(delimiter)]
    style: Literal[0, 3] = csv.QUOTE_MINIMAL if quote else csv.QUOTE_NONE
    try:
        rows = csv.reader(
            io.StringIO(text, newline=""), delimiter=delimiter, quotechar=quote or None, quoting=style
        )
        return [" ".join(cell.split()) if "\n" in cell else cell for cell in next(rows, [])]
    except csv.Error:
        return []


def _escape(sample: str, delimiter: str, quote: str) -> str:
    """A backslash when quotes inside quotes are written with one, else the quote itself."""
    if not quote or f"\\{quote}" not in sample:
        return quote
    after = [sample[at + 2 : at + 2 + len(delimiter)] for at in _places(sample, f"\\{quote}")]
    is_inside = [bool(text) and text != delimiter and text[0] not in "\r\n" for text in after]
    return (
        "\\"
        if any(is_inside) and f"{quote}{quote}" not in sample.replace(f"{quote}{quote}{delimiter}", "")
        else quote
    )


def _places(text: str, part: str) -> Iterator[int]:
    at = text.find(part)
    while at >= 0:
        yield at
        at = text.find(part, at + 1)


def _repeated(cells: Sequence[str]) -> tuple[str, ...]:
    names = [cell.strip().lower() for cell in cells if cell.strip()]
    return tuple(dict.fromkeys(name for name in names if names.count(name) > 1))
