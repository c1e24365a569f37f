import gzip
import hashlib
from collections.abc import Callable

import pytest

from claimlake.access.session import Session
from claimlake.serve.missing import NotFoundError
from claimlake.serve.raw import HIDDEN, Place, read_extent
from claimlake.workspace import Workspace

HEADER = (
    b"ISA*00*          *00*          *ZZ*PAYER          *ZZ*NORTH          "
    b"*240301*1200*^*00501*000000001*0*P*:"
)
NAME = b"NM1*QC*1*ASH*ISABEL*ISA"


def keep(workspace: Workspace, content: bytes) -> str:
    file_id = hashlib.sha256(content).hexdigest()
    folder = workspace.files_path / "north"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / file_id).write_bytes(content)
    return file_id


@pytest.mark.parametrize("end", [b"~", b"\n", b"\r\n", b"~\r\n", b"~\n   "])
def test_an_extent_starts_where_a_segment_starts(
    workspace: Workspace, sessions: Callable[[str, str], Session], end: bytes
) -> None:
    content = HEADER + end + NAME + end + b"LX*1" + end
    file_id, session = keep(workspace, content), sessions("north", "analyst")
    starts = {0, content.index(b"NM1"), content.index(b"LX*1")}
    for offset in range(len(content) - 1):
        place = Place(file_id, offset, len(content) - offset)
        if offset in starts:
            names = [segment.name for segment in read_extent(workspace, session, place).segments]
            assert set(names) <= {"ISA", "NM1", "LX"}
        elif content[offset - 1 : offset] not in (b"~", b"\r", b"\n", b" "):
            with pytest.raises(NotFoundError):
                read_extent(workspace, session, place)


def test_a_packed_file_is_read_at_the_places_of_its_content(
    workspace: Workspace, sessions: Callable[[str, str], Session]
) -> None:
    content = HEADER + b"~" + NAME + b"~"
    file_id = keep(workspace, gzip.compress(content, mtime=0))
    place = Place(file_id, content.index(b"NM1"), len(NAME) + 1)
    extent = read_extent(workspace, sessions("north", "analyst"), place)
    assert (extent.file_size, extent.segments[0].elements[:3]) == (len(content), ("QC", "1", HIDDEN))
