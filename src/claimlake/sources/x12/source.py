"""The bytes of a file, a stream, a gzip or a zip, and whether they are X12 at all."""

import contextlib
import gzip
import io
import lzma
import mmap
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, BinaryIO

from claimlake.errors import SourceError
from claimlake.sources.x12.envelope import Content, starts

_HEAD = 65_536
_IN_MEMORY = 16 * 1024 * 1024
_PIECE = 1024 * 1024
_LARGEST_RATIO = 200
"""EDI shrinks to a tenth or a fiftieth; what grows two hundredfold is made to fill a disk."""
_ALWAYS_ALLOWED = 64 * 1024 * 1024
BAD_ARCHIVE = (
    *(OSError, EOFError, RuntimeError, ValueError, OverflowError),
    *(zlib.error, lzma.LZMAError, struct.error, zipfile.BadZipFile),
)
"""What the archive modules raise at damaged bytes: places before the start are a ValueError."""


def is_x12(head: bytes) -> bool:
    """Whether these bytes are X12: an ISA, after blanks or explanatory text if any, or a bare GS or ST."""
    return bool(starts(head[:_HEAD]))


def content_of(source: Path | BinaryIO) -> bytes:
    """Every byte of the source, unpacked; raises SourceError when it cannot be read or unpacked."""
    with opened(source) as content:
        return bytes(content[:])


@contextlib.contextmanager
def opened(source: Path | BinaryIO) -> Iterator[Content]:
    """The bytes of the source, unpacked, mapped from disk when they are many; SourceError if unreadable."""
    where = str(source) if isinstance(source, Path) else "stream"
    with contextlib.ExitStack() as stack:
        try:
            file: IO[bytes] = stack.enter_context(source.open("rb")) if isinstance(source, Path) else source
            head = file.read(4)
            file.seek(0)
        except OSError as error:
            raise SourceError(f"cannot read: {error.strerror}", where=where) from error
        if head[:2] == b"\x1f\x8b" or head == b"PK\x03\x04":
            file = stack.enter_context(_unpacked(file, head, where))
        yield _mapped(file, stack)


@contextlib.contextmanager
def _unpacked(file: IO[bytes], head: bytes, where: str) -> Iterator[IO[bytes]]:
    """The content of a gzip, or of the members of a zip one after the other, in a temporary file."""
    allowed = max(_ALWAYS_ALLOWED, _LARGEST_RATIO * file.seek(0, io.SEEK_END))
    file.seek(0)
    with tempfile.TemporaryFile() as plain:
        try:
            for member in _members(file, is_gzip=head[:2] == b"\x1f\x8b"):
                _copy(member, plain, allowed, where)
        except BAD_ARCHIVE as error:
            # Not the error's own words: they can quote the name of a member, and a name can be a patient.
            what = f"the archive cannot be unpacked ({type(error).__name__})."
            remedy = "It is damaged or encrypted: ask the sender for the file again."
            raise SourceError(what, where=where, remedy=remedy) from error
        plain.seek(0)
        yield plain


def _members(file: IO[bytes], *, is_gzip: bool) -> Iterator[IO[bytes] | gzip.GzipFile]:
    if is_gzip:
        with gzip.open(file) as member:
            yield member
        return
    with zipfile.ZipFile(file) as archive:
        for item in archive.infolist():
            with archive.open(item) as member:
                yield member
            yield io.BytesIO(b"\n")


def _copy(member: IO[bytes] | gzip.GzipFile, plain: IO[bytes], allowed: int, where: str) -> None:
    while piece := member.read(_PIECE):
        plain.write(piece)
        if plain.tell() > allowed:
            raise SourceError(
                f"the archive unpacks to over {allowed // _PIECE:,} MB, {_LARGEST_RATIO} times its size.",
                where=where,
                remedy="Unpack it yourself if you trust it.",
            )


def _mapped(file: IO[bytes], stack: contextlib.ExitStack) -> Content:
    """The whole file: read when it is small or has no place on disk, else mapped."""
    try:
        number = file.fileno()
        size = file.seek(0, io.SEEK_END)
        file.seek(0)
    except (OSError, io.UnsupportedOperation):
        return file.read()
    if size <= _IN_MEMORY:
        return file.read()
    mapped = mmap.mmap(number, size, access=mmap.ACCESS_READ)
    stack.callback(_close, mapped)
    return mapped


def _close(mapped: mmap.mmap) -> None:
    with contextlib.suppress(BufferError):  # arrays that still look at it close it when they go
        mapped.close()


class Pages:
    """Gives the memory of a mapped file back as it is read, so that a file of any size takes little."""

    def __init__(self, content: Content) -> None:
        self.content = content

    def seen(self, until: int) -> None:
        """Release what is in front of a place; reading it again is possible, and reads the file again."""
        if not isinstance(self.content, mmap.mmap) or not hasattr(mmap, "MADV_DONTNEED"):
            return
        until -= until % mmap.PAGESIZE
        if until:  # from the start: what was released may have been looked at again
            self.content.madvise(mmap.MADV_DONTNEED, 0, until)
