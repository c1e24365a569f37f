"""What a file really is: told from its bytes, whatever its name says."""

import codecs
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from claimlake.sources.x12 import is_x12

HEAD = 1 << 16
CHUNK = 1 << 20

MARKS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
UNMARKED = ("utf-8", "cp1252")
"""What text without a mark can be, likeliest first."""
OTHERS = {b"PK\x03\x04": "a zip archive or Office file", b"\x1f\x8b": "a gzip file", b"%PDF": "a PDF"}


@dataclass(frozen=True)
class Content:
    """The format of a file ('delimited', 'json', 'x12', or '' with what it is instead) and its encoding."""

    format: str
    encoding: str = "utf-8"
    problem: str = ""
    """Why no reader can take it."""


def content_of(file: Path) -> Content:
    """What the bytes of a file are."""
    with file.open("rb") as reader:
        head = reader.read(HEAD)
    if not head.strip(b"\0 \t\r\n"):
        return Content("", problem="is empty")
    if is_x12(head) or (head[:2] == b"\x1f\x8b" or head[:4] == b"PK\x03\x04"):
        return _packed(head)
    for mark, what in OTHERS.items():
        if head.startswith(mark):
            return Content("", problem=f"is {what}")
    marked = next((name for mark, name in MARKS.items() if head.startswith(mark)), None)
    if marked is None and b"\0" in head:
        return Content("", problem="is not text")
    encoding = encoding_of(file, (marked,) if marked else UNMARKED)
    if encoding is None:
        claimed = f"not {marked} text, though its mark says so"
        found = claimed if marked else "neither UTF-8 nor Windows-1252 text"
        return Content("", problem=f"is {found}")
    start = head.decode(encoding, errors="ignore").lstrip()[:1]
    return Content("json" if start in "[{" else "delimited", encoding)


def _packed(head: bytes) -> Content:
    # The X12 reader unpacks archives itself; whether one holds X12 is found when it is read.
    return Content("x12" if is_x12(head) else "packed", "bytes")


def encoding_of(file: Path, candidates: Iterable[str] = UNMARKED) -> str | None:
    """The first of the encodings in which every byte of the file is text, else None."""
    for encoding in candidates:
        decoder = codecs.getincrementaldecoder(encoding)()
        try:
            for chunk in _chunks(file):
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            continue
        return encoding
    return None


def as_utf8(file: Path, encoding: str, target: Path) -> Path:
    """The file itself when it is UTF-8, else a copy in UTF-8."""
    if encoding in ("utf-8", "utf-8-sig"):
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
