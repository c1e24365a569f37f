"""A full extract ends the history of what it lacks; a doubtful one ends nothing."""

import os
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from claimlake.errors import ConfigurationError
from claimlake.lake.build import build
from claimlake.lake.quarantine import Filter
from claimlake.sources import inbox
from claimlake.sources.ingest import all_contracts, ingest
from claimlake.sources.replay import replay
from claimlake.workspace import Workspace
from tests.sources.landing import MAPPING, deliver, make, only, rows, run, without_database

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


def test_a_full_file_older_than_one_that_was_loaded_is_held_and_ends_nothing(workspace: Workspace) -> None:
    send(workspace, 1, person(1), person(2), person(3))
    run(workspace)
    send(workspace, 3, person(1, "Elm"), person(2), person(4))
    run(workspace)
    assert ended(workspace) == ["3"]
    send(workspace, 2, person(1), person(3))
    late = only(run(workspace))
    reason = "full file is older than one that was loaded, nothing of it is loaded"
    assert (late.status, late.quarantined) == ("quarantined", {("ALL-24", reason): 1})
    assert ended(workspace) == ["3"]
    assert len(rows(workspace, "bronze.emr_patients")) == 5
    assert only(replay(workspace, "north", Filter())).quarantined == {("ALL-24", reason): 1}
    send(workspace, 4, person(1, "Elm"), person(2), person(4))  # the known content with a newer date
    assert only(run(workspace)).status == "duplicate"
    send(workspace, 5, person(1, "Elm"), person(2))
    run(workspace)
    assert ended(workspace) == ["3", "4"]


def test_a_file_dated_ahead_of_the_clock_does_not_hold_the_later_ones(workspace: Workspace) -> None:
    send(workspace, 400 * 365, person(1), person(2), person(3))
    run(workspace)
    deliver(workspace, "emr/patients_next.csv", HEADER + person(1) + person(3))
    file = workspace.landing / "north" / "emr/patients_next.csv"
    os.utime(file, (time.time() + 60, time.time() + 60))
    run(workspace)
    assert ended(workspace) == ["2"]


def test_a_refused_full_file_is_not_loaded_after_a_newer_one(workspace: Workspace) -> None:
    mapping = workspace.path / "sources" / "small_emr.yml"
    mapping.write_text(FULL.replace("patient_id: coalesce(ID, MRN)", "patient_id: Number"))
    send(workspace, 1, person(1, "Old"), person(2))
    assert only(run(workspace)).status == "quarantined"
    mapping.write_text(FULL)
    send(workspace, 2, person(1, "New"), person(2))
    run(workspace)
    assert {rule for rule, _ in only(replay(workspace, "north", Filter())).quarantined} == {"ALL-24"}
    assert rows(workspace, "bronze.emr_patients", "last_name") == [("Ash",), ("New",)]


@pytest.mark.parametrize(
    "second", [[person(1)], [person(1), "9,Ash,no date,,,\n"]], ids=["too_few", "held_record"]
)
def test_deletions_that_were_held_back_are_carried_out_when_somebody_confirms_them(
    workspace: Workspace, second: list[str]
) -> None:
    send(workspace, 1, person(1), person(2), person(3))
    run(workspace)
    send(workspace, 2, *second)
    assert "--confirm-deletions" in str(run(workspace))
    assert run(workspace).files == []
    report = ingest(workspace, settle_seconds=0, confirm_deletions=True)
    assert only(report).warnings["ALL-20", "key is no longer delivered, its history ends"] == 2
    assert ended(workspace) == ["2", "3"]
    assert ingest(workspace, settle_seconds=0, confirm_deletions=True).files == []


def test_an_empty_full_file_ends_nothing_even_when_confirmed(workspace: Workspace) -> None:
    send(workspace, 1, person(1), person(2))
    run(workspace)
    send(workspace, 2)
    run(workspace)
    ingest(workspace, settle_seconds=0, confirm_deletions=True)
    assert ended(workspace) == []


def test_deletions_of_a_table_are_confirmed_by_its_next_read(tmp_path: Path) -> None:
    workspace = make(tmp_path)
    with closing(sqlite3.connect(workspace.path / "emr.sqlite")) as database:
        database.executescript(
            "create table charges (id text, enc text, day text, amount text, changed text);"
            "create table departments (id text, name text);"
            "insert into departments values ('D1', 'Heart'), ('D2', 'Lung'), ('D3', 'Skin');"
        )
        run(workspace)
        database.executescript("delete from departments where id <> 'D1'")
    for _ in range(2):
        assert {rule for rule, _ in only(run(workspace)).warnings} == {"ALL-03", "ALL-23"}
    ingest(workspace, settle_seconds=0, confirm_deletions=True)
    assert ended(workspace) == ["D2", "D3"]


TWO = (
    FULL
    + """
  - feed: clinic
    from: {file: "**/clinic*", format: delimited, load: full}
    into:
      - table: emr_patients
        fields: {patient_id: ID, last_name: LName, birth_date: DOB}
"""
)


def send_clinic(workspace: Workspace, day: int, *people: str) -> None:
    send(workspace, 1000 + day, *people)
    folder = workspace.landing / "north" / "emr"
    (folder / f"patients_{1000 + day}.csv").rename(folder / f"clinic_{day}.csv")


def test_two_full_feeds_of_one_table_do_not_end_each_others_keys(workspace: Workspace) -> None:
    (workspace.path / "sources" / "small_emr.yml").write_text(TWO)
    send(workspace, 1, person(1), person(2), person(3))
    send_clinic(workspace, 1, person(2), person(3), person(4), person(5, "Clinic"))
    run(workspace)
    send(workspace, 2, person(1), person(3))  # 2 is at the clinic still
    report = only(run(workspace))
    assert report.warnings["ALL-20", "key is no longer delivered, another full feed still holds it"] == 1
    send_clinic(workspace, 2, person(2), person(3), person(4))
    run(workspace)
    assert ended(workspace) == ["5"]
    assert run(workspace).files == []
    send_clinic(workspace, 3, person(3), person(4))
    run(workspace)
    assert ended(workspace) == ["2", "5"]
    send(workspace, 3, person(1), person(2), person(3))
    run(workspace)
    send_clinic(workspace, 4, person(4), person(6))
    run(workspace)
    assert ended(workspace) == ["2", "5"]
    send(workspace, 4, person(1), person(2))
    run(workspace)
    assert ended(workspace) == ["2", "3", "5"]


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
