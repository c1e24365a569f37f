"""The bytes of a file, a stream, a gzip or a zip, and whether they are X12 at all."""

import gzip
import io
import zipfile
from pathlib import Path
from typing import BinaryIO

from claimlake.errors import SourceError
from claimlake.sources.x12.envelope import starts

_HEAD = 65_536


def is_x12(head: bytes) -> bool:
    """Whether these bytes are X12: an ISA, after blanks or explanatory text if any, or a bare GS or ST."""
    return bool(starts(head[:_HEAD]))


def content_of(source: Path | BinaryIO) -> bytes:
    """Every byte of the source, unpacked; raises SourceError when it cannot be read or unpacked."""
    where = str(source) if isinstance(source, Path) else "stream"
    try:
        raw = source.read_bytes() if isinstance(source, Path) else source.read()
    except OSError as error:
        raise SourceError(f"cannot read: {error.strerror}", where=where) from error
    return unpacked(raw, where)


def unpacked(raw: bytes, where: str) -> bytes:
    """The content of a gzip or of a zip (its members one after the other), or the bytes as they are."""
    try:
        if raw[:2] == b"\x1f\x8b":
            return gzip.decompress(raw)
        if raw[:4] == b"PK\x03\x04":
            with zipfile.ZipFile(io.BytesIO(raw)) as archive:
                names = [item.filename for item in archive.infolist() if not item.is_dir()]
                return b"\n".join(archive.read(name) for name in names)
    except (OSError, EOFError, zipfile.BadZipFile, RuntimeError, NotImplementedError) as error:
        raise SourceError(
            f"the archive cannot be unpacked: {error}",
            where=where,
            remedy="Ask the sender for the file again.",
        ) from error
    return raw
