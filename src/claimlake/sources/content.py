"""What a file really is: told from its bytes, whatever its name says."""

import codecs
import re
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from claimlake.sources.x12 import is_x12
from claimlake.sources.x12.source import BAD_ARCHIVE

HEAD = 1 << 16
CHUNK = 1 << 20

MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}
UNMARKED = ("utf-8", "cp1252")
"""What text without a mark can be, likeliest first."""
UTF8 = ("utf-8", "utf-8-sig", "ascii")
OTHERS = {
    b"%PDF": "a PDF",
    b"\xd0\xcf\x11\xe0": "an old Office file (.xls), which must be saved as .xlsx or CSV",
    b"PARE": "an encrypted Parquet file",
    b"<?xml": "XML",
    b"<html": "a web page",
    b"<!DOCTYPE": "a web page",
}
PARQUET = b"PAR1"
GZIP, ZIP, EMPTY_ZIP = b"\x1f\x8b", b"PK\x03\x04", b"PK\x05\x06"
JSON_START = re.compile(r"\{\s*[\"}]|\[\s*([\[\{\"\]\d-]|true\b|false\b|null\b)|[\[{]\s*\Z")
"""A header may start with a bracket as well: [ID],[Name]."""


@dataclass(frozen=True)
class Content:
    """The format of a file, '' with what it is instead, and the encoding of its text."""

    format: str
    """'delimited' (any text of lines), 'json', 'parquet', 'xlsx', 'x12' or 'packed' (an archive)."""
    encoding: str = "utf-8"
    problem: str = ""
    """Why no reader can take it."""


def content_of(file: Path, declared: str | None = None) -> Content:
    """What the bytes of a file are; its text is of the declared encoding, where one is."""
    with file.open("rb") as reader:
        head = reader.read(HEAD)
    if not head.strip(b"\0 \t\r\n"):
        return Content("", problem="is empty")
    if is_x12(head):
        return Content("x12", "bytes")
    if head.startswith(PARQUET):
        return _parquet(file)
    if head.startswith((GZIP, ZIP, EMPTY_ZIP)):
        return _packed(file, head)
    for mark, what in OTHERS.items():
        if head.startswith(mark):
            return Content("", problem=f"is {what}")
    return _text(file, head, declared)


def _text(file: Path, head: bytes, declared: str | None) -> Content:
    marked = next((name for mark, name in MARKS.items() if head.startswith(mark)), None)
    unmarked = unmarked_utf16(head)
    if declared == "utf-16":
        declared = unmarked or "utf-16-le"
    marked = marked or declared or unmarked
    if marked is None and b"\0" in head:
        return Content("", problem="is not text")
    encoding = encoding_of(file, (marked,) if marked else UNMARKED)
    if encoding is None:
        if marked and marked == declared:
            found = f"not {declared} text, as its feed says"
        else:
            found = (
                f"not {marked} text, though its mark says so"
                if marked
                else "neither UTF-8 nor Windows-1252 text"
            )
        return Content("", problem=f"is {found}")
    start = head.decode(encoding, errors="ignore").lstrip("\ufeff \t\r\n")
    return Content("json" if JSON_START.match(start) else "delimited", encoding)


def unmarked_utf16(head: bytes) -> str | None:
    """The UTF-16 of a text without a mark: most of its characters are ASCII, so every other byte is zero."""
    pairs = len(head) // 2
    for place, name in ((1, "utf-16-le"), (0, "utf-16-be")):
        zeros, others = (head[start : pairs * 2 : 2].count(0) for start in (place, 1 - place))
        if zeros > 0.7 * pairs > 0 and others < 0.1 * pairs:
            return name
    return None


def _parquet(file: Path) -> Content:
    with file.open("rb") as reader:
        reader.seek(-len(PARQUET), 2)
        if reader.read() != PARQUET or reader.tell() < 12:
            return Content("", problem="is a Parquet file without its end, so only a part of it came")
    return Content("parquet", "bytes")


def _packed(file: Path, head: bytes) -> Content:
    """An archive, or a workbook, which is a zip archive as well."""
    if head.startswith(ZIP):
        try:
            with zipfile.ZipFile(file) as archive:
                names = set(archive.namelist())
        except BAD_ARCHIVE:
            return Content("", problem="is a zip archive that is cut short or damaged")
        if "[Content_Types].xml" in names:
            is_workbook = "xl/workbook.xml" in names
            return (
                Content("xlsx", "bytes")
                if is_workbook
                else Content("", problem="is an Office file, and no .xlsx workbook")
            )
    return Content("packed", "bytes")


def encoding_of(file: Path, candidates: Iterable[str] = UNMARKED) -> str | None:
    """The first of the encodings in which every byte of the file is text, else None."""
    for encoding in candidates:
        decoder = codecs.getincrementaldecoder(encoding)()
        try:
            for chunk in _chunks(file):
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
        except UnicodeError:
            continue
        return encoding
    return None


def as_utf8(file: Path, encoding: str, target: Path) -> Path:
    """The file itself when it is UTF-8, else a copy in UTF-8."""
    if encoding in UTF8:
        return file
    decoder = codecs.getincrementaldecoder(encoding)()
    with target.open("w", encoding="utf-8", newline="") as writer:
        for chunk in _chunks(file):
            writer.write(decoder.decode(chunk))
        writer.write(decoder.decode(b"", final=True))
    return target


def _chunks(file: Path) -> Iterator[bytes]:
    with file.open("rb") as reader:
        while chunk := reader.read(CHUNK):
            yield chunk
