"""The bytes a figure comes from: one extent of one landed file, segment by segment, masked by role."""

import re
from dataclasses import dataclass
from pathlib import Path

from claimlake.access.policy import Policy, load_policy
from claimlake.access.session import Session
from claimlake.serve.missing import NotFoundError
from claimlake.sources.x12.envelope import Content
from claimlake.sources.x12.source import is_x12, opened
from claimlake.workspace import Workspace

FILE_ID = re.compile(r"[0-9a-f]{64}")
ISA_LENGTH = 106
LONGEST = 256 * 1024
HEAD = 64 * 1024
"""Bytes that tell what a file is."""
HIDDEN = "•••"
BLANKS = b"\r\n \t"
LONGEST_GAP = 64
"""Blanks between two segments, at most."""


@dataclass(frozen=True)
class Segment:
    """One X12 segment: its name and elements as the role may read them."""

    name: str
    elements: tuple[str, ...]
    offset: int
    """Byte at which it starts in the file."""


@dataclass(frozen=True)
class Extent:
    """A part of a landed X12 file."""

    file_id: str
    file_name: str
    file_size: int
    offset: int
    length: int
    element_separator: str
    segments: tuple[Segment, ...]
    is_masked: bool
    is_cut: bool
    """True when the extent is longer than what is shown."""


@dataclass(frozen=True)
class Place:
    """Where a record stands: bytes of a landed file."""

    file_id: str
    offset: int
    length: int


@dataclass(frozen=True)
class Separators:
    """How an interchange separates its elements and ends its segments."""

    element: bytes = b"*"
    terminator: bytes = b"~"


def read_extent(workspace: Workspace, session: Session, place: Place) -> Extent:
    """The segments at a place, masked by the session's role; only files of its tenant can be found."""
    # Places count in what an archive holds, so it is unpacked as it was for loading.
    with opened(path_of(workspace, session.org_id, place.file_id)) as content:
        size = len(content)
        if place.offset < 0 or place.length <= 0 or place.offset + place.length > size:
            raise not_found()
        separators = _separators(content, place.offset)
        if not _is_start(content, place.offset, separators.terminator):
            raise not_found()
        body = bytes(content[place.offset : place.offset + min(place.length, LONGEST)])
    is_masked = session.role.phi != "clear"
    policy = load_policy(workspace) if is_masked else None
    return Extent(
        file_id=place.file_id,
        file_name=_file_name(session, place.file_id),
        file_size=size,
        offset=place.offset,
        length=place.length,
        element_separator=separators.element.decode("latin-1"),
        segments=tuple(_segments(body, place.offset, separators, policy)),
        is_masked=is_masked,
        is_cut=place.length > LONGEST,
    )


def is_segmented(workspace: Workspace, session: Session, file_id: str) -> bool:
    """Whether a landed file of the session's tenant is X12, whose records are segments."""
    with opened(path_of(workspace, session.org_id, file_id)) as content:
        return is_x12(bytes(content[:HEAD]))


def raw_link(source_record_id: str | None) -> str:
    """The address of the raw page of a silver row; empty when the row does not say where it came from."""
    record = source_record_id or ""
    if found := re.fullmatch(r"([0-9a-f]{64})@(\d+)\+(\d+)", record):
        return f"/raw/{found[1]}/{found[2]}-{found[3]}"
    if found := re.fullmatch(r"([0-9a-f]{64})#(\d+)", record):
        return f"/raw/{found[1]}/row/{found[2]}"
    return ""


def path_of(workspace: Workspace, org_id: str, file_id: str) -> Path:
    """The kept file of a tenant."""
    path = workspace.files_path / org_id / file_id
    if not FILE_ID.fullmatch(file_id) or not path.is_file() or path.stat().st_size == 0:
        raise not_found()
    return path


def not_found() -> NotFoundError:
    """The one answer to what is not there and to what is another tenant's."""
    return NotFoundError("no such record.", remedy="Follow a link from a claim; addresses are not guessed.")


def _separators(content: Content, offset: int) -> Separators:
    """The separators of the interchange around a byte (ISA has a fixed length of 106 bytes)."""
    place = content.rfind(b"ISA", 0, offset + 3)
    while place >= 0:
        header = content[place : place + ISA_LENGTH]
        if _is_header(header):
            return Separators(header[3:4], header[105:106])
        place = content.rfind(b"ISA", 0, place)
    return Separators()


def _is_header(header: bytes) -> bool:
    is_whole = len(header) == ISA_LENGTH and header.startswith(b"ISA")
    return is_whole and header[3:4] == header[6:7] == header[103:104]


def _is_start(content: Content, offset: int, terminator: bytes) -> bool:
    """Whether a segment starts at a byte: an address inside one would show a value as its name."""
    before = content[max(0, offset - LONGEST_GAP) : offset]
    text = before.rstrip(BLANKS)
    is_first = not text and offset <= LONGEST_GAP
    is_after_end = text.endswith(terminator) or terminator in before[len(text) :]
    return is_first or is_after_end or _is_header(content[offset : offset + ISA_LENGTH])


def _segments(body: bytes, offset: int, separators: Separators, policy: Policy | None) -> list[Segment]:
    """The segments of a body that starts at `offset`; with a policy, only what masked roles may read."""
    found, place = [], offset
    for piece in body.split(separators.terminator):
        text = piece.strip(BLANKS)
        if text:
            name, *elements = (part.decode("utf-8", "replace") for part in text.split(separators.element))
            shown = _masked(name, elements, policy) if policy else elements
            found.append(Segment(name, tuple(shown), place + piece.index(text)))
        place += len(piece) + len(separators.terminator)
    return found


def _masked(name: str, elements: list[str], policy: Policy) -> list[str]:
    readable = policy.segments.get(name, frozenset())
    return [
        value if not value or place in readable else HIDDEN for place, value in enumerate(elements, start=1)
    ]


def _file_name(session: Session, file_id: str) -> str:
    table = "bronze.x12_interchange"
    if table not in session.tables:
        return ""
    rows = session.rows(f"select source_file from {table} where file_id = ? limit 1", [file_id])
    return str(rows[0]["source_file"]) if rows else ""
