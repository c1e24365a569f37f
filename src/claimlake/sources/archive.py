"""Archives (gzip, zip): what they hold as files of their own, within limits that no bomb gets past."""

import gzip
import hashlib
import os
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, cast

from claimlake.errors import SourceError
from claimlake.lake.ledger import Delivery
from claimlake.sources.content import GZIP
from claimlake.sources.failure import is_disk_full
from claimlake.sources.x12.source import BAD_ARCHIVE

PIECE = 1 << 20
LARGEST_RATIO = 200
"""Text shrinks to a tenth or a fiftieth; what grows two hundredfold is made to fill a disk."""
ALWAYS_ALLOWED = 64 * PIECE
MOST_MEMBERS = 10_000
UNPACKED = ".unpacked"
"""Name of a member under way; what a killed ingestion left is written over."""


def unpack(archive: Delivery, files: Path) -> dict[Delivery, str]:
    """Keep the files of an archive under files/<sha256>; each with its name, by which a feed knows it.

    A name can hold a patient's, so it is kept nowhere: a file of a zip is archive.zip#2. SourceError when not
    all of the archive can be read.
    """
    file = files / archive.file_id
    found: dict[Delivery, str] = {}
    left = _allowed(file)
    try:
        for path, name, reader in _members(file, archive.path):
            digest, size = _copy(reader, files / UNPACKED, left)
            left -= size
            (files / UNPACKED).replace(files / digest)
            found[Delivery(path, digest, size, archive.modified_ns)] = name
    except BAD_ARCHIVE as error:
        raise _unreadable(file, error) from error
    finally:
        (files / UNPACKED).unlink(missing_ok=True)
    if not found:
        raise SourceError("the archive holds no file", where=file.name)
    return found


def in_order(path: str) -> tuple[str, int]:
    """What sorts paths, and the files of one archive by their number."""
    archive, _, number = path.rpartition("#")
    return (archive, int(number)) if archive and number.isdecimal() else (path, 0)


def why_not(file: Path, spill: Path) -> str:
    """Why the files of an archive could not be kept."""
    with tempfile.TemporaryDirectory(dir=spill) as folder:
        link = Path(folder) / file.name
        link.symlink_to(file.resolve())
        try:
            unpack(Delivery("", file.name, 0), Path(folder))
        except SourceError as error:
            return error.what
    return "file is an archive in an archive"


def refuse_bomb(file: Path) -> None:
    """SourceError when a zip says that it unpacks to more than a file of its size may hold."""
    try:
        with zipfile.ZipFile(file) as archive:
            size = sum(item.file_size for item in archive.infolist())
    except BAD_ARCHIVE as error:
        raise SourceError("the file is cut short or damaged", where=file.name) from error
    if size > _allowed(file):
        raise _bomb(file)


def _allowed(file: Path) -> int:
    return max(ALWAYS_ALLOWED, LARGEST_RATIO * file.stat().st_size)


def _members(file: Path, path: str) -> Iterator[tuple[str, str, IO[bytes]]]:
    """Path, name and bytes of each file of an archive."""
    with file.open("rb") as reader:
        is_gzip = reader.read(2) == GZIP
    if is_gzip:
        with gzip.open(file) as member:
            yield path, path[:-3] if path.lower().endswith(".gz") else path, cast(IO[bytes], member)
        return
    folder = path.rpartition("/")[0]
    with zipfile.ZipFile(file) as archive:
        items = [item for item in archive.infolist() if not item.is_dir()]
        items = [item for item in items if not item.filename.startswith("__MACOSX/")]
        if len(items) > MOST_MEMBERS:
            raise SourceError(f"the archive holds over {MOST_MEMBERS:,} files", where=file.name)
        for number, item in enumerate(items, start=1):
            with archive.open(item) as member:
                yield f"{path}#{number}", f"{folder}/{item.filename}".lstrip("/"), member


def _copy(reader: IO[bytes], target: Path, left: int) -> tuple[str, int]:
    digest = hashlib.sha256()
    size = 0
    with target.open("wb") as writer:
        while piece := reader.read(PIECE):
            size += len(piece)
            if size > left:
                raise _bomb(target)
            digest.update(piece)
            writer.write(piece)
        writer.flush()
        os.fsync(writer.fileno())
    return digest.hexdigest(), size


def _bomb(file: Path) -> SourceError:
    return SourceError(
        f"the archive unpacks to over {LARGEST_RATIO} times its size",
        where=file.name,
        remedy="Unpack it yourself if you trust it.",
    )


def _unreadable(file: Path, error: Exception) -> SourceError:
    if is_disk_full(error):
        return SourceError("there is no room to unpack the archive", where=file.name, retryable=True)
    # Not the error's own words: they can quote the name of a member, and a name can be a patient.
    return SourceError(
        f"the archive is cut short, damaged or encrypted ({type(error).__name__})",
        where=file.name,
        remedy="Ask the sender for the file again.",
    )
