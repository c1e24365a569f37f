from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from interchange import interchange, transaction

from claimlake.errors import SourceError
from claimlake.sources.x12.export import Format, export

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
    with pytest.raises(SourceError, match=r"era_835\.parquet: cannot be written"):
        export([file], out)
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
