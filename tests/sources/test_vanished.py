"""A full extract ends the history of what it lacks; a doubtful one ends nothing."""

import os
from pathlib import Path

import pytest

from claimlake.errors import ConfigurationError
from claimlake.lake.build import build
from claimlake.sources import inbox
from claimlake.sources.ingest import all_contracts
from claimlake.workspace import Workspace
from tests.sources.landing import MAPPING, deliver, only, rows, run, without_database

FULL = MAPPING.replace(
    '{file: "**/patients*", format: delimited}', '{file: "**/patients*", format: delimited, load: full}'
)
HEADER = "ID,LName,DOB,SSN,Updated,MRN\n"
DAY = 86_400


def person(number: int, name: str = "Ash", updated: str = "2024-01-01 08:00:00") -> str:
    return f"{number},{name},1980-01-02,,{updated},\n"


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    workspace = without_database(tmp_path)
    (workspace.path / "sources" / "small_emr.yml").write_text(FULL)
    return workspace


def send(workspace: Workspace, day: int, *people: str) -> None:
    """Deliver one day's full extract."""
    deliver(workspace, f"emr/patients_{day}.csv", HEADER + "".join(people))
    file = workspace.landing / "north" / f"emr/patients_{day}.csv"
    os.utime(file, (day * DAY, day * DAY))


def ended(workspace: Workspace) -> list[str]:
    return [name for (name,) in rows(workspace, "bronze.vanished_record", "record_id")]


def test_a_key_that_a_full_extract_lacks_has_ended(workspace: Workspace) -> None:
    send(workspace, 1, person(1), person(2), person(3))
    run(workspace)
    send(workspace, 2, person(1), person(3))
    report = only(run(workspace))
    assert ended(workspace) == ["2"]
    assert report.warnings["ALL-20", "key is no longer delivered, its history ends"] == 1
    assert report.counts.delivered == report.counts.duplicates == 2


def test_a_key_ends_once_and_can_come_back_with_the_same_content(workspace: Workspace) -> None:
    for day, people in enumerate([(1, 2, 3), (1, 3), (3, 1), (1, 2, 3), (1, 3)], start=1):
        send(workspace, day, *(person(number) for number in people))
        run(workspace)
    assert ended(workspace) == ["2", "2"]
    assert len(rows(workspace, "bronze.emr_patients", "patient_id")) == 4


def test_files_that_wait_together_are_taken_in_the_order_they_were_written(workspace: Workspace) -> None:
    send(workspace, 9, person(1), person(2), person(3))
    send(workspace, 10, person(1), person(3))
    run(workspace)
    assert ended(workspace) == ["2"]


def test_files_of_several_batches_are_taken_in_the_order_they_were_written(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbox, "BATCH_BYTES", 1)
    send(workspace, 9, person(1), person(2), person(3))
    send(workspace, 10, person(1), person(3))
    run(workspace)
    assert ended(workspace) == ["2"]


def test_the_first_extract_again_after_others_is_news(workspace: Workspace) -> None:
    send(workspace, 1, person(1), person(2), person(3))
    run(workspace)
    send(workspace, 2, person(1), person(3))
    run(workspace)
    send(workspace, 3, person(1), person(2), person(3))
    assert only(run(workspace)).counts.loaded == 1
    send(workspace, 4, person(1), person(2), person(3))
    assert only(run(workspace)).status == "duplicate"
    assert ended(workspace) == ["2"]


@pytest.mark.parametrize(
    ("second", "rule"),
    [
        ([person(1), "2,Ash,no date,,,\n"], "ALL-22"),
        ([person(1), person(2) + '"cut in the'], "ALL-22"),
        ([], "ALL-21"),
        ([person(1)], "ALL-23"),
    ],
    ids=["held_record", "cut_file", "empty", "too_few"],
)
def test_a_doubtful_extract_ends_nothing_and_says_so(
    workspace: Workspace, second: list[str], rule: str
) -> None:
    send(workspace, 1, person(1), person(2), person(3))
    run(workspace)
    send(workspace, 2, *second)
    report = only(run(workspace))
    assert ended(workspace) == []
    assert rule in {code for code, _ in report.warnings}
    assert rule in {code for (code,) in rows(workspace, "platform.dq_result", "rule_id")}


def test_a_refused_file_ends_nothing(workspace: Workspace) -> None:
    send(workspace, 1, person(1), person(2), person(3))
    run(workspace)
    deliver(workspace, "emr/patients_2.csv", "Something,Else\n1,2\n")
    assert only(run(workspace)).status == "quarantined"
    assert ended(workspace) == []


def test_a_file_whose_load_failed_is_loaded_once_its_mapping_is_mended(workspace: Workspace) -> None:
    mapping = workspace.path / "sources" / "small_emr.yml"
    mapping.write_text(FULL.replace("last_name: LName", "last_name: cast(LName as integer)"))
    send(workspace, 1, person(1), person(2))
    assert only(run(workspace)).status == "failed"
    mapping.write_text(FULL)
    assert only(run(workspace)).status == "loaded"
    assert rows(workspace, "bronze.emr_patients", "patient_id") == [("1",), ("2",)]


def test_an_incremental_feed_ends_nothing(tmp_path: Path) -> None:
    workspace = without_database(tmp_path)
    send(workspace, 1, person(1), person(2), person(3))
    run(workspace)
    send(workspace, 2, person(1), person(3))
    run(workspace)
    assert ended(workspace) == []


def test_a_full_feed_ends_only_what_it_delivered_itself(workspace: Workspace) -> None:
    deliver(workspace, "emr/other.csv", "Number,Family,Born\n7,Oak,1970-01-01\n")
    other = """
  - feed: other
    from: {file: "**/other*", format: delimited}
    into:
      - table: emr_patients
        fields: {patient_id: Number, last_name: Family, birth_date: Born}
"""
    (workspace.path / "sources" / "small_emr.yml").write_text(FULL + other)
    send(workspace, 1, person(1), person(2))
    run(workspace)
    send(workspace, 2, person(1))
    run(workspace)
    assert ended(workspace) == ["2"]


def test_an_x12_feed_is_never_full(workspace: Workspace) -> None:
    (workspace.path / "sources" / "small_emr.yml").write_text(
        'system: small_emr\nfeeds:\n  - feed: edi\n    from: {file: "**", format: x12, load: full}\n'
    )
    with pytest.raises(ConfigurationError, match="never a full load"):
        run(workspace)


def test_versions_of_a_patient_that_vanished_and_came_back(workspace: Workspace) -> None:
    for day, people in enumerate([(1, 2, 3), (1, 3), (1, 2, 3)], start=1):
        send(workspace, day, *(person(number) for number in people))
        run(workspace)
    build(workspace, contracts=all_contracts(workspace))
    versions = rows(
        workspace,
        "silver.patient",
        "patient_id, valid_to is null, is_current, valid_from",
        "patient_id, valid_from",
    )
    assert [version[:3] for version in versions if version[0] == "2"] == [
        ("2", False, False),
        ("2", True, True),
    ]
    assert [version[:3] for version in versions if version[0] != "2"] == [
        ("1", True, True),
        ("3", True, True),
    ]
