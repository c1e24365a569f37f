"""The inbox: files as they land in a source's folder, and the copy of their bytes that is kept for good.

A delivery is complete when it has rested for the settling time and neither its size nor its modification time
changes while it is read. Names that say otherwise wait: hidden files, and *.part, *.tmp, *.partial,
*.filepart, *.crdownload, which transfer programs rename when they are done.
"""

import errno
import hashlib
import os
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from claimlake.errors import SourceError
from claimlake.lake.ledger import Delivery

UNFINISHED = (".part", ".tmp", ".partial", ".filepart", ".crdownload")
SETTLE_SECONDS = 1.0
CHUNK = 1 << 20
BATCH_FILES = 500
BATCH_BYTES = 64_000_000
LATEST_NS = 2**63 - 1
INCOMING = ".incoming"
"""Name of a copy under way; one ingestion runs at a time, so what a killed one left is written over."""


@dataclass(frozen=True)
class Candidate:
    """A file in the landing folder that has not been taken yet."""

    path: str
    file: Path
    size: int
    modified_ns: int


def scan(folder: Path, known: set[tuple[str, int, int]]) -> list[Candidate]:
    """The files below a landing folder, in the order of their paths, that are not known."""
    found = []
    for file in sorted(folder.rglob("*")) if folder.is_dir() else []:
        path = file.relative_to(folder).as_posix()
        is_hidden = any(part.startswith(".") for part in path.split("/"))
        if is_hidden or file.suffix.lower() in UNFINISHED or not file.is_file():
            continue
        size, modified_ns = _sized(file.stat())
        if (path, size, modified_ns) not in known:
            found.append(Candidate(path, file, size, modified_ns))
    return found


def settled(candidates: Iterable[Candidate], seconds: float) -> Iterator[Candidate]:
    """The candidates that did not change for `seconds`; waits once, for the youngest.

    A file from the future (its sender's clock is ahead) may be as young as one of this moment.
    """
    waiting = list(candidates)
    now = time.time()
    youngest = min(max((candidate.modified_ns for candidate in waiting), default=0) / 1e9, now)
    if waiting and youngest + seconds > now:
        time.sleep(youngest + seconds - now)
    for candidate in waiting:
        if _state(candidate.file) == (candidate.size, candidate.modified_ns):
            yield candidate


def batches(candidates: Iterable[Candidate]) -> Iterator[list[Candidate]]:
    """The candidates, oldest first, in batches of bounded size."""
    batch: list[Candidate] = []
    size = 0
    for candidate in sorted(candidates, key=lambda one: (one.modified_ns, one.path)):
        if batch and (len(batch) >= BATCH_FILES or size + candidate.size > BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(candidate)
        size += candidate.size
    if batch:
        yield batch


def keep(candidate: Candidate, files: Path) -> Delivery | None:
    """Copy the bytes to files/<sha256>, durably; None when the file changed or went away meanwhile.

    A link is refused: it could lead to another tenant's files.
    """
    temporary = files / INCOMING
    try:
        digest = _copy(candidate.file, temporary)
    except FileNotFoundError:
        return None
    except OSError as error:
        if error.errno == errno.ELOOP:
            what, remedy = "is a link, and links are not followed.", "Deliver the file itself."
        else:
            what, remedy = f"cannot be kept: {error.strerror}.", "Check its permissions and the free space."
        raise SourceError(what, where=candidate.path, remedy=remedy) from error
    if _state(candidate.file) != (candidate.size, candidate.modified_ns):
        temporary.unlink()
        return None
    temporary.replace(files / digest)
    return Delivery(candidate.path, digest, candidate.size, candidate.modified_ns)


def make_durable(folder: Path) -> None:
    """Force the names in a folder to disk, so that a renamed file survives a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _copy(source: Path, target: Path) -> str:
    digest = hashlib.sha256()
    with (
        os.fdopen(os.open(source, os.O_RDONLY | os.O_NOFOLLOW), "rb") as reader,
        target.open("wb") as writer,
    ):
        while chunk := reader.read(CHUNK):
            digest.update(chunk)
            writer.write(chunk)
        writer.flush()
        os.fsync(writer.fileno())
    return digest.hexdigest()


def _state(file: Path) -> tuple[int, int] | None:
    with suppress(FileNotFoundError):
        return _sized(file.stat())
    return None


def _sized(state: os.stat_result) -> tuple[int, int]:
    """Size and modification time, which a file system may set later than the ledger can hold."""
    return state.st_size, min(state.st_mtime_ns, LATEST_NS)
