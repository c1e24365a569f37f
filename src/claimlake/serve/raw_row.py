"""One landed row of a JSON, delimited or table feed: its columns, and the record's bytes as they arrived."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from claimlake.access.session import Session
from claimlake.serve.raw import FILE_ID, LONGEST, Place, not_found
from claimlake.sources.content import MARKS, unmarked_utf16
from claimlake.sources.omission import is_kept_whole
from claimlake.workspace import Workspace

HEAD = 4096
"""Bytes of a file that tell its encoding."""
BESIDE = ("org_id", "load_id", "file_id", "record_hash", "raw", "byte_offset", "byte_length")
"""Columns told elsewhere on the page, or of no use to a reader."""


@dataclass(frozen=True)
class RawText:
    """The bytes of a record as text, and where they stand."""

    offset: int
    length: int
    file_size: int
    text: str
    """Empty where it is hidden."""
    is_hidden: bool
    """True for a role without clear identifiers: which fields of a source name a patient, nobody can tell."""
    is_whole: bool
    """False when fields are left out that the feed keeps out of the lake."""
    is_cut: bool
    """True when the record is longer than what is shown."""


@dataclass(frozen=True)
class SourceRow:
    """A landed row, column by column, masked by the session's role."""

    file_id: str
    file_name: str
    row: int
    table: str
    values: tuple[tuple[str, str], ...]
    is_masked: bool
    record: RawText | None
    """None where the bytes are not kept, or have no place: an extract of a table, a workbook."""


def read_row(workspace: Workspace, session: Session, file_id: str, row: int) -> SourceRow:
    """A landed row by file and row number; only rows of the session's tenant can be found."""
    return _row(workspace, session, file_id, {"source_row": row})


def read_placed(workspace: Workspace, session: Session, place: Place) -> SourceRow:
    """A landed row by the bytes it came from, which must be those of a whole record of its tenant."""
    where = {"byte_offset": place.offset, "byte_length": place.length}
    return _row(workspace, session, place.file_id, where)


def _row(workspace: Workspace, session: Session, file_id: str, where: dict[str, int]) -> SourceRow:
    if not FILE_ID.fullmatch(file_id):
        raise not_found()
    wanted = {"file_id": file_id, **where}
    predicate = " and ".join(f"{name} = ?" for name in wanted)
    for table in sorted(name for name in session.tables if name.startswith("bronze.")):
        if {"source_row", *wanted} <= session.columns(table).keys():
            found = session.rows(
                f"select * from {table} where {predicate} order by source_row limit 1", [*wanted.values()]
            )
            if found:
                return _source_row(workspace, session, table, found[0])
    raise not_found()


def _source_row(workspace: Workspace, session: Session, table: str, values: dict[str, Any]) -> SourceRow:
    own = {name: value for name, value in values.items() if name not in BESIDE}
    file_id = str(values["file_id"])
    return SourceRow(
        file_id=file_id,
        file_name=str(values.get("source_file") or ""),
        row=int(values["source_row"]),
        table=table,
        values=tuple((name, "" if value is None else str(value)) for name, value in own.items()),
        is_masked=session.role.phi != "clear",
        record=_record(workspace, session, values),
    )


def _record(workspace: Workspace, session: Session, values: dict[str, Any]) -> RawText | None:
    file_id, offset, length = (values.get(name) for name in ("file_id", "byte_offset", "byte_length"))
    path = workspace.files_path / session.org_id / str(file_id)
    if offset is None or length is None or not path.is_file():
        return None
    is_hidden = session.role.phi != "clear"
    is_whole = is_hidden or is_kept_whole(workspace, session.org_id, str(file_id))
    text = "" if is_hidden else _text(path, offset, length) if is_whole else str(values.get("raw") or "")
    return RawText(
        offset=offset,
        length=length,
        file_size=path.stat().st_size,
        text=text[:LONGEST],
        is_hidden=is_hidden,
        is_whole=is_whole,
        is_cut=not is_hidden and max(length, len(text)) > LONGEST,
    )


def _text(path: Path, offset: int, length: int) -> str:
    """The text of some bytes of a file, in the encoding that its head or they themselves tell."""
    with path.open("rb") as file:
        head = file.read(HEAD)
        file.seek(offset)
        body = file.read(min(length, LONGEST))
    marked = next((name for mark, name in MARKS.items() if head.startswith(mark)), None)
    encoding = marked or unmarked_utf16(head)
    if encoding is None:
        try:
            return body.decode("utf-8")
        except UnicodeDecodeError as error:
            # A record that is cut for its length may be cut inside a character.
            is_cut_character = length > LONGEST and error.start > len(body) - 4
            encoding = "utf-8" if is_cut_character else "cp1252"
    return body.decode(encoding, "replace")
