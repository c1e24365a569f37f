"""Feeds that are neither X12 nor a database: delimited text or JSON, in folders of a source."""

import csv
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")
Value = str | int | None
JSON = "json"
"""In the place of a delimiter: an array of objects."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """One file: a table with a header."""

    path: str
    """Below the tenant's landing folder; begins with the source."""
    delimiter: str
    header: Sequence[str]
    rows: Sequence[Sequence[Value]]


def write_sheets(landing: Path, sheets: Iterable[Sheet]) -> int:
    """Write the sheets that have rows; the number of files."""
    files = 0
    for sheet in sheets:
        if not sheet.rows:
            continue
        path = landing / sheet.path
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", encoding="utf-8", newline="") as file:
            if sheet.delimiter == JSON:
                objects = [dict(zip(sheet.header, row, strict=True)) for row in sheet.rows]
                json.dump(objects, file, separators=(",", ":"))
            else:
                writer = csv.writer(file, delimiter=sheet.delimiter, lineterminator="\n")
                writer.writerow(sheet.header)
                writer.writerows(sheet.rows)
        files += 1
    return files


def clock(second: int, separator: str = ":") -> str:
    """Seconds of the day as 08:05:09."""
    return separator.join(f"{part:02d}" for part in (second // 3_600, second // 60 % 60, second % 60))


def by_source(events: Iterable[tuple[str, T]]) -> dict[str, list[T]]:
    """Events by the source they are delivered by, sources in order of name."""
    found: dict[str, list[T]] = {}
    for source_id, event in events:
        found.setdefault(source_id, []).append(event)
    return dict(sorted(found.items()))
