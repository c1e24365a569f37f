import os
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from interchange import interchange, transaction

from claimlake.errors import SourceError
from claimlake.sources.x12 import export as exporting
from claimlake.sources.x12.export import Format, export
from claimlake.sources.x12.reader import Chunk

REMITTANCE = transaction("835", "BPR*I*60*C*NON", "TRN*1*T1*1", "CLP*ACCT1*1*100*60", "CAS*CO*45*40")
BROKEN = transaction("835", "BPR*I*61*C*NON", "TRN*1*T1*1", "CLP*ACCT1*1*100*60", "CAS*CO*45*40")


@pytest.mark.parametrize("kind", ["parquet", "csv", "json"])
def test_files_become_one_file_per_table(tmp_path: Path, kind: Format) -> None:
    first, second = tmp_path / "it's.835", tmp_path / "second.835"
    first.write_bytes(interchange(REMITTANCE))
    second.write_bytes(interchange(REMITTANCE, BROKEN))
    notes = tmp_path / "notes.txt"
    notes.write_text("nothing of the kind")
    summary = export([first, notes, second], tmp_path / "out", kind)
    written = {item.table: item for item in summary.tables}
    assert (written["era_835"].rows, written["x12_transaction"].rows) == (2, 3)
    assert (summary.count("accepted"), summary.count("quarantined")) == (2, 1)
    assert [error.where for error in summary.unreadable] == [str(notes)]
    path = written["era_835_adjustment"].path
    found = duckdb.sql(
        f"select source_file, carc::text, amount::decimal(18,2) from '{path}' order by 1"
    ).fetchall()
    assert found == [(str(first), "45", Decimal("40.00")), (str(second), "45", Decimal("40.00"))]


def test_a_table_that_cannot_be_written_leaves_nothing_that_looks_whole(tmp_path: Path) -> None:
    out = tmp_path / "out"
    (out / "era_835.parquet.part").mkdir(parents=True)
    file = tmp_path / "one.835"
    file.write_bytes(interchange(REMITTANCE))
    read: list[Path] = []
    with pytest.raises(SourceError, match=r"era_835\.parquet: cannot be written"):
        export([file] * 20, out, done=lambda path, *_: read.append(path))
    assert len(read) <= 3  # as many as wait for their writer: nothing is read in vain
    (out / "era_835.parquet.part").rmdir()
    assert list(out.iterdir()) == []


def test_a_table_without_rows_keeps_none_of_an_earlier_export(tmp_path: Path) -> None:
    bad, good = tmp_path / "bad.835", tmp_path / "good.835"
    bad.write_bytes(interchange(REMITTANCE, BROKEN))
    good.write_bytes(interchange(REMITTANCE))
    export([bad], tmp_path / "out")
    assert (tmp_path / "out" / "x12_finding.parquet").exists()
    export([good], tmp_path / "out")
    assert not (tmp_path / "out" / "x12_finding.parquet").exists()


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SourceError, match="file: cannot be made"):
        export([], tmp_path / "file")
    (tmp_path / "out" / "era_835.csv").mkdir(parents=True)
    with pytest.raises(SourceError, match=r"era_835\.csv: is a folder"):
        export([], tmp_path / "out", "csv")


@pytest.mark.parametrize("kind", ["parquet", "csv", "json"])
def test_an_export_that_is_broken_off_leaves_nothing(
    tmp_path: Path, kind: Format, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "one.835"
    path.write_bytes(interchange(REMITTANCE))

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        export([path], tmp_path / "out", kind, done=interrupted)
    assert list((tmp_path / "out").iterdir()) == []
    assert capfd.readouterr().err == ""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device here is always full")
@pytest.mark.parametrize("kind", ["parquet", "csv", "json"])
def test_a_full_disk_is_told(tmp_path: Path, kind: Format, capfd: pytest.CaptureFixture[str]) -> None:
    file, out = tmp_path / "one.835", tmp_path / "out"
    file.write_bytes(interchange(REMITTANCE))
    out.mkdir()
    (out / f"era_835.{kind}.part").symlink_to("/dev/full")
    with pytest.raises(SourceError, match=rf"era_835\.{kind}: cannot be written .*the disk has room"):
        export([file], out, kind)
    assert [path.name for path in out.iterdir()] == [f"era_835.{kind}.part"]
    assert "Exception in thread" not in capfd.readouterr().err


def test_an_error_behind_the_first_rows_of_a_file_ends_the_export(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "one.835"
    path.write_bytes(interchange(REMITTANCE))

    def halted(path: Path, **how: object) -> Iterator[Chunk]:
        yield from exporting_read(path)
        raise SourceError("not enough memory to read the file")

    exporting_read = exporting.read
    monkeypatch.setattr(exporting, "read", halted)
    with pytest.raises(SourceError, match="not enough memory"):
        export([path], tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.skipif(sys.platform != "linux", reason="names of files are text here")
def test_a_file_name_that_is_no_text_is_written_as_one(tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"a\xff.835")
    path.write_bytes(interchange(REMITTANCE))
    written = {item.table: item.path for item in export([path], tmp_path / "out").tables}
    [(name,)] = duckdb.sql(f"select source_file from '{written['era_835']}'").fetchall()
    assert name.endswith(r"/a\udcff.835")
