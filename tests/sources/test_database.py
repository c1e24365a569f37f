import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy
from sqlalchemy.engine import make_url

from claimlake.errors import ConfigurationError, SourceError
from claimlake.sources.database import connected, resolved_url
from claimlake.tenant import Source
from claimlake.workspace import Workspace
from tests.sources.landing import make, rows, run, versions

SCHEMA = """
create table departments (id text, name text);
create table charges (id text, enc text, day text, amount real, changed text);
insert into departments values ('D1', 'Cardiology'), ('D2', 'Oncology');
insert into charges values ('C1', 'E1', '2024-03-01', 988.37, '2024-03-02 10:00:00'),
    ('C2', 'E1', '2024-03-01', 5, '2024-03-03 10:00:00'), ('C3', 'E1', '2024-03-01', 7.25, null);
"""


def change(workspace: Workspace, script: str) -> None:
    with closing(sqlite3.connect(workspace.path / "emr.sqlite")) as database:
        database.executescript(script)


def charges(workspace: Workspace) -> list[tuple[str, str]]:
    return rows(workspace, "bronze.emr_charges", "charge_id, cast(charge_amount as varchar)")


def test_tables_are_loaded_and_a_second_run_changes_nothing(tmp_path: Path) -> None:
    workspace = make(tmp_path)
    change(workspace, SCHEMA)
    report = run(workspace)
    assert (report.exit_code, report.total.loaded) == (0, 5)
    assert charges(workspace) == [("C1", "988.37"), ("C2", "5.00"), ("C3", "7.25")]
    assert rows(workspace, "bronze.emr_charges", "source_file", "1")[0] == ("table:charges",)
    before = versions(workspace)
    assert run(workspace).total.loaded == 0
    assert versions(workspace) == before
    assert list((workspace.files_path / "north").iterdir()) == []
    assert list((workspace.path / ".extract" / "north" / "emr").iterdir()) == []


def test_an_incremental_load_reads_from_the_watermark_on_its_boundary_included(tmp_path: Path) -> None:
    workspace = make(tmp_path)
    change(workspace, SCHEMA)
    run(workspace)
    change(
        workspace,
        "insert into charges values ('C4', 'E2', '2024-03-01', 1, '2024-03-03 10:00:00');"
        "insert into charges values ('C0', 'E2', '2024-03-01', 1, '2024-03-01 10:00:00');"
        "update charges set amount = 6, changed = '2024-03-04 10:00:00' where id = 'C2';",
    )
    report = next(file for file in run(workspace).files if file.feed == "charge_table")
    # C2 as changed, C4 at the old watermark and C3 without one are read; C3 is known; C0 came late, below it.
    assert (report.counts.delivered, report.counts.loaded, report.counts.duplicates) == (3, 2, 1)
    assert charges(workspace) == [
        ("C1", "988.37"),
        ("C2", "5.00"),
        ("C2", "6.00"),
        ("C3", "7.25"),
        ("C4", "1.00"),
    ]


def test_a_full_load_appends_only_what_differs_from_the_latest_of_its_key(tmp_path: Path) -> None:
    workspace = make(tmp_path)
    change(workspace, SCHEMA)
    run(workspace)
    for name in ("Heart", "Cardiology"):  # back to the first content is news again
        change(workspace, f"update departments set name = '{name}' where id = 'D1'")
        assert run(workspace).total.loaded == 1
    names = rows(workspace, "bronze.emr_departments", "department_name", "ingested_at, department_id")
    assert names == [("Cardiology",), ("Oncology",), ("Heart",), ("Cardiology",)]


def test_a_row_in_quarantine_is_held_once_however_often_it_is_read(tmp_path: Path) -> None:
    workspace = make(tmp_path)
    change(workspace, SCHEMA + "update charges set amount = 1.234 where id = 'C2';")
    run(workspace)
    for number in (5, 6):
        change(
            workspace,
            f"insert into charges values ('C{number}', 'E1', '2024-03-01', 1, '2024-03-03 11:00:00')",
        )
        run(workspace)
    assert len(rows(workspace, "platform.quarantine_record")) == 1


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    workspace = make(tmp_path)
    change(workspace, SCHEMA + "alter table charges drop column amount;")
    report = run(workspace)
    assert (report.exit_code, report.total.loaded) == (1, 2)
    assert "no column 'amount' in table 'charges'" in report.errors[0]


def test_addresses_come_from_the_environment_or_a_file_and_are_not_repeated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = make(tmp_path)
    monkeypatch.setenv("NORTH_DB", "postgresql+psycopg://north:secret@db.example/emr")
    assert resolved_url(workspace, Source("emr", "x", url="env:NORTH_DB")).password == "secret"
    (workspace.path / "address").write_text("postgresql+psycopg://north:hidden@db.example/emr\n")
    assert resolved_url(workspace, Source("emr", "x", url="file:address")).password == "hidden"
    with pytest.raises(ConfigurationError, match="MISSING_DB is not set"):
        resolved_url(workspace, Source("emr", "x", url="env:MISSING_DB"))
    with pytest.raises(ConfigurationError) as error:
        resolved_url(workspace, Source("emr", "x", url="north secret"))
    assert "secret" not in str(error.value)


def test_a_database_that_cannot_be_reached_is_an_error_without_its_address(tmp_path: Path) -> None:
    url = make_url(f"sqlite:///file:{tmp_path}/none.sqlite?mode=ro&uri=true")
    with (
        pytest.raises(SourceError) as error,
        connected(url, Source("emr", "x")) as connection,
    ):
        connection.execute(sqlalchemy.text("select 1"))
    assert "source emr: the database file cannot be opened." in str(error.value)
    assert "none.sqlite" not in str(error.value)
