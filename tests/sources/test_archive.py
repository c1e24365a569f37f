import gzip
import io
import zipfile
from pathlib import Path

import pytest

from claimlake.errors import SourceError
from claimlake.lake.quarantine import quarantine
from claimlake.sources import archive
from claimlake.sources.archive import in_order
from tests.sources.landing import deliver, only, rows, run, versions, without_database

PATIENTS = "ID,LName,DOB,SSN,Updated\n1,Ash,1980-01-02,,2024-05-01\n2,Birch,1990-03-04,,2024-05-02\n"
LINES = "Id,Enc,Day,Amount,Paid\nT1,E1,2024-03-01,5.00,0\n"


def zipped(files: dict[str, str]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in files.items():
            packed.writestr(name, content)
    return stream.getvalue()


def test_each_file_of_a_zip_goes_to_its_feed_and_its_name_is_kept_nowhere(tmp_path: Path) -> None:
    workspace = without_database(tmp_path)
    content = zipped({"may/patients_of_Ash.csv": PATIENTS, "lines.csv": LINES, "x/patients.txt": ""})
    deliver(workspace, "emr/nightly.zip", content)
    report = run(workspace)
    files = sorted(report.files, key=lambda file: file.path)
    assert [(file.path, file.feed, file.counts.loaded) for file in files] == [
        ("nightly.zip#1", "patients", 2),
        ("nightly.zip#2", "lines", 1),
        ("nightly.zip#3", "-", 0),
    ]
    assert files[2].quarantined == {("ALL-01", "file is empty"): 1}
    stored = rows(workspace, "bronze.emr_patients", "source_file, file_id, byte_offset, byte_length")
    kept = (workspace.files_path / "north" / stored[0][1]).read_bytes()
    assert next(kept[at : at + length] for *_, at, length in stored) == b"1,Ash,1980-01-02,,2024-05-01"
    assert "of_Ash" not in str(stored) + str(report) + (workspace.control_path.read_bytes()).decode("latin-1")


def test_an_archive_is_taken_once(tmp_path: Path) -> None:
    workspace = without_database(tmp_path)
    deliver(workspace, "emr/patients.csv.gz", gzip.compress(PATIENTS.encode()))
    assert only(run(workspace)).counts.loaded == 2
    before = versions(workspace)
    assert run(workspace).files == []
    deliver(workspace, "emr/again/patients.csv", PATIENTS)
    assert only(run(workspace)).status == "duplicate"
    deliver(workspace, "emr/later/patients.csv.gz", gzip.compress(PATIENTS.encode()))
    assert {file.status for file in run(workspace).files} == {"duplicate"}
    assert versions(workspace) == before


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("patients.csv.gz", gzip.compress(PATIENTS.encode())[:-9], "the archive is cut short, damaged or"),
        ("patients.zip", zipped({"patients.csv": PATIENTS})[:-30], "file is a zip archive that is cut short"),
        ("patients.zip", zipped({}), "the archive holds no file"),
        ("patients.zip", zipped({"patients.csv": "0" * 70_000_000}), "the archive unpacks to over 200 times"),
        ("patients.zip", zipped({"inner.zip": "PK\x03\x04 ..."}), "file is a zip archive that is cut short"),
        ("patients.csv.gz", gzip.compress(gzip.compress(b"x")), "file is an archive in an archive"),
    ],
    ids=["half a gzip", "half a zip", "an empty zip", "a bomb", "a zip in a zip", "a gzip in a gzip"],
)
def test_an_archive_that_cannot_be_unpacked_is_held_and_the_others_are_loaded(
    tmp_path: Path, name: str, content: bytes, reason: str
) -> None:
    workspace = without_database(tmp_path)
    deliver(workspace, f"emr/bad/{name}", content)
    deliver(workspace, "emr/good/patients.csv", PATIENTS)
    report = run(workspace)
    assert report.total.loaded == 2
    (held,) = quarantine(workspace, "north")
    assert held.rule_id == "ALL-16"
    assert reason in held.reason
    left = [file.name for file in (workspace.files_path / "north").iterdir()]
    assert archive.UNPACKED not in left


def test_what_could_not_be_kept_or_unpacked_is_in_the_audit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise SourceError("there is no room to unpack the archive", where="x", retryable=True)

    workspace = without_database(tmp_path)
    deliver(workspace, "emr/nightly.zip", zipped({"patients.csv": PATIENTS}))
    columns = "config_id, status, error_details"
    with monkeypatch.context() as patched:
        patched.setattr("claimlake.sources.source_run.unpack", full)
        assert run(workspace).exit_code == 1
    details = '["nightly.zip: there is no room to unpack the archive"]'
    assert rows(workspace, "platform.ingestion_logs", columns) == [(None, "failed", details)]
    (workspace.landing / "north" / "emr" / "lines.csv").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere").write_text(LINES)
    report = run(workspace)
    assert (len(report.errors), report.total.loaded) == (1, 2)
    link = '["lines.csv: is a link, and links are not followed. Deliver the file itself."]'
    logged = rows(workspace, "platform.ingestion_logs", columns)
    assert logged[1:] == [(None, "failed", details), (None, "partial", link)]
    assert logged[0][:2] == ("north/emr/patients", "success")


def test_a_load_that_dies_in_the_middle_of_an_archive_is_finished_once(tmp_path: Path) -> None:
    workspace = without_database(tmp_path)
    deliver(workspace, "emr/nightly.zip", zipped({"patients.csv": PATIENTS, "lines.csv": LINES}))
    with pytest.MonkeyPatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr("claimlake.sources.source_run.SourceRun._outcome", _dies)
        run(workspace)
    run(workspace)
    assert (len(rows(workspace, "bronze.emr_patients")), len(rows(workspace, "bronze.emr_charges"))) == (2, 1)
    assert run(workspace).files == []


def _dies(*_: object) -> None:
    raise KeyboardInterrupt


def test_the_files_of_an_archive_are_sorted_by_number() -> None:
    paths = ["day.zip#10", "day.zip#2", "a.csv", "no#te.csv"]
    assert sorted(paths, key=in_order) == ["a.csv", "day.zip#2", "day.zip#10", "no#te.csv"]
