"""Archives: unpacked in place, refused when they are damaged or made to fill a disk."""

import gzip
import zipfile
from pathlib import Path

import pytest

from claimlake.errors import SourceError
from claimlake.sources.x12 import source


def test_an_archive_made_to_fill_the_disk_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "_ALWAYS_ALLOWED", 1024)
    bomb = tmp_path / "bomb.835.gz"
    bomb.write_bytes(gzip.compress(b"\0" * 50_000_000))
    with pytest.raises(SourceError, match="200 times its size"):
        source.content_of(bomb)


def test_a_damaged_archive_is_named_without_its_members(tmp_path: Path) -> None:
    damaged = tmp_path / "one.zip"
    with zipfile.ZipFile(damaged, "w") as archive:
        archive.writestr("DOE_JO_835.txt", "ISA*")
    content = bytearray(damaged.read_bytes())
    content[40:44] = b"????"
    damaged.write_bytes(bytes(content))
    with pytest.raises(SourceError) as caught:
        source.content_of(damaged)
    assert "DOE" not in str(caught.value)
