"""What a replay reads again: the bytes of its own source, by the feed that held them, or nothing at all."""

import io
import sqlite3
import zipfile
from contextlib import closing
from pathlib import Path

from claimlake.lake.quarantine import Filter, held_records
from claimlake.sources.replay import replay
from claimlake.workspace import Workspace
from tests.sources.landing import MAPPING, TENANT, deliver, make, rows, run, without_database

MENDED = MAPPING.replace("birth_date: DOB", "birth_date: replace(DOB, 'born ', '')")
PATIENTS = "ID,LName,DOB,SSN,Updated,MRN\n1,Ash,1980-01-02,,2024-01-01,\n2,Oak,born 1980-01-02,,2024-01-01,\n"
PEOPLE = """
system: small_emr
feeds:
  - feed: people
    from: {table: people, load: full, key: [id]}
    omit: [note]
    into:
      - table: emr_patients
        fields:
          patient_id: id
          last_name: name
          birth_date: born
"""


def remap(workspace: Workspace, mapping: str) -> None:
    (workspace.path / "sources" / "small_emr.yml").write_text(mapping)


def with_people(folder: Path, mapping: str = PEOPLE) -> Workspace:
    workspace = make(folder)
    remap(workspace, mapping)
    change(
        workspace,
        "create table people (id text, name text, born text, note text, ssn text);"
        "insert into people values ('1', 'Ash', '1980-01-01', 'x', null),"
        " ('2', 'Oak', 'born 1980-01-01', 'y', null), ('3', 'Elm', 'born', null, 'z');",
    )
    return workspace


def change(workspace: Workspace, script: str) -> None:
    with closing(sqlite3.connect(workspace.path / "emr.sqlite")) as database:
        database.executescript(script)


def resolutions(workspace: Workspace) -> list[tuple[str, int | None, str | None]]:
    return sorted(
        (record.source_system_id, record.source_row, record.resolution)
        for record in held_records(workspace, "north", Filter(status="all"))
    )


def test_an_extract_that_was_refused_as_a_whole_waits_for_its_next_read(tmp_path: Path) -> None:
    rule = "{rule: X-1, check: last_name <> 'Ash', severity: fail, reason: no Ash}"
    workspace = with_people(tmp_path, f"{PEOPLE.rstrip()}\n        rules: [{rule}]\n")
    run(workspace)
    held = resolutions(workspace)
    assert held == [("emr", None, None)]
    remap(workspace, PEOPLE)
    (file,) = replay(workspace, "north", Filter()).files
    assert file.error == "its bytes are not kept; the next run reads it again"
    assert resolutions(workspace) == held


def test_two_sources_that_delivered_the_same_file_are_kept_apart(tmp_path: Path) -> None:
    workspace = without_database(tmp_path)
    tenant = TENANT.replace(', url: "sqlite:///emr.sqlite"', "")
    tenant = tenant.replace("  - {id: edi", "  - {id: second, system: small_emr}\n  - {id: edi")
    (workspace.path / "tenants" / "north.yml").write_text(tenant)
    for source in ("emr", "second"):
        deliver(workspace, f"{source}/patients.csv", PATIENTS)
    run(workspace)
    remap(workspace, MENDED)
    report = replay(workspace, "north", Filter())
    assert [(file.source_id, file.counts.loaded) for file in report.files] == [("emr", 1), ("second", 1)]
    assert rows(workspace, "bronze.emr_patients", "source_system_id, patient_id") == [
        ("emr", "1"),
        ("emr", "2"),
        ("second", "1"),
        ("second", "2"),
    ]
    assert {resolution for *_, resolution in resolutions(workspace)} == {"replayed"}


def test_a_row_of_a_database_that_was_replayed_is_no_news_to_its_next_read(tmp_path: Path) -> None:
    workspace = with_people(tmp_path)
    run(workspace)
    remap(workspace, PEOPLE.replace("birth_date: born", "birth_date: replace(born, 'born ', '')"))
    replay(workspace, "north", Filter())
    assert resolutions(workspace) == [("emr", 2, "replayed"), ("emr", 3, None)]
    change(workspace, "update people set name = 'Ashe' where id = '1'")
    run(workspace)
    assert rows(workspace, "bronze.emr_patients", "patient_id, last_name") == [
        ("1", "Ash"),
        ("1", "Ashe"),
        ("2", "Oak"),
    ]


def test_rows_without_a_column_their_mapping_needs_wait_on(tmp_path: Path) -> None:
    mapping = PEOPLE.replace("omit: [note]", "omit: [SSN]").replace(
        "last_name: name", "last_name: name\n          ssn_hash: keyed_hash(ssn)"
    )
    workspace = with_people(tmp_path, mapping)
    run(workspace)
    remap(workspace, mapping.replace("birth_date: born", "birth_date: replace(born, 'born ', '')"))
    (file,) = replay(workspace, "north", Filter()).files
    assert file.error == "column ssn is omitted from what is kept; the rows wait for their next read"
    assert resolutions(workspace) == [("emr", 2, None), ("emr", 3, None)]


def test_a_record_of_a_file_in_an_archive_is_read_again(tmp_path: Path) -> None:
    workspace = without_database(tmp_path)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("patients.csv", PATIENTS)
    deliver(workspace, "emr/day.zip", packed.getvalue())
    run(workspace)
    remap(workspace, MENDED)
    replay(workspace, "north", Filter())
    assert rows(workspace, "bronze.emr_patients", "patient_id") == [("1",), ("2",)]
    assert resolutions(workspace) == [("emr", 2, "replayed")]


def test_a_key_whose_newest_row_came_from_a_replay_can_end(tmp_path: Path) -> None:
    workspace = with_people(tmp_path)
    change(workspace, "insert into people values ('4', 'Fir', '1980-01-01', null, null)")
    change(workspace, "delete from people where id = '3'")
    run(workspace)
    remap(workspace, PEOPLE.replace("birth_date: born", "birth_date: replace(born, 'born ', '')"))
    replay(workspace, "north", Filter())
    change(workspace, "delete from people where id = '2'")
    run(workspace)
    assert rows(workspace, "bronze.vanished_record", "record_id") == [("2",)]


def test_deletions_that_were_held_back_are_made_up_once_they_are_no_longer_doubted(tmp_path: Path) -> None:
    workspace = with_people(tmp_path)
    change(workspace, "update people set born = '1980-01-01'")
    run(workspace)
    change(workspace, "delete from people where id <> '1'; update people set name = 'Ashe'")
    run(workspace)
    assert rows(workspace, "bronze.vanished_record", "record_id") == []
    settings = workspace.path / "claimlake.yml"
    settings.write_text(settings.read_text() + "\nvanish_percent: 90\n")
    run(Workspace.open(workspace.path))
    assert rows(workspace, "bronze.vanished_record", "record_id") == [("2",), ("3",)]


def test_what_came_before_a_doubtful_extract_is_news_after_it(tmp_path: Path) -> None:
    workspace = with_people(tmp_path)
    change(workspace, "update people set born = '1980-01-01'")
    run(workspace)
    change(workspace, "create table kept as select * from people")
    change(workspace, "delete from people where id <> '1'; update people set name = 'Ashe'")
    run(workspace)
    change(workspace, "delete from people; insert into people select * from kept")
    run(workspace)
    names = rows(workspace, "bronze.emr_patients", "last_name", "ingested_at")
    assert names[-2:] == [("Ashe",), ("Ash",)]
