import json
import sqlite3
import traceback
from contextlib import closing
from datetime import datetime
from pathlib import Path

import duckdb
import pytest
import sqlalchemy
from sqlalchemy.engine import make_url

from claimlake.engines.sql import quoted
from claimlake.errors import ConfigurationError, SourceError
from claimlake.sources import extract, filing, row_stream
from claimlake.sources.database import connected, resolved_url
from claimlake.sources.mapping import Feed
from claimlake.tenant import Source
from claimlake.workspace import Workspace
from tests.sources.landing import MAPPING, make, only, rows, run, versions

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


@pytest.mark.parametrize("name", ['last "change"', "changed ", "seen/by~us", "Geändert"])
def test_a_watermark_may_have_any_name(tmp_path: Path, name: str) -> None:
    workspace = make(tmp_path)
    column, label = quoted(name), quoted(name.strip())
    mapping = MAPPING.replace("watermark: changed", f"watermark: '{name.strip()}'")
    mapping = mapping.replace("modified_at: changed", f"modified_at: '{label}'")
    (workspace.path / "sources" / "small_emr.yml").write_text(mapping)
    change(workspace, SCHEMA.replace("changed text", f"{column} text"))
    run(workspace)
    change(workspace, "insert into charges values ('C4', 'E2', '2024-03-01', 1, '2024-03-03 10:00:00')")
    report = only(run(workspace))
    # C2 at the watermark and C3 without one are read again; C1 is not.
    assert (report.counts.delivered, report.counts.loaded) == (3, 1)
    assert rows(workspace, "bronze.emr_charges", "max(modified_at)") == [(datetime(2024, 3, 3, 10),)]


def test_a_full_disk_is_told_as_such_and_not_as_a_fault_of_the_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def onto_full_disk(database: duckdb.DuckDBPyConnection, metadata: dict[str, str], target: Path) -> int:
        full = Path("/dev/full") if metadata["feed"] == "charge_table" else target
        return write(database, metadata, full)

    write = extract._write
    workspace = make(tmp_path)
    change(workspace, SCHEMA)
    monkeypatch.setattr(extract, "_write", onto_full_disk)
    report = run(workspace)
    assert report.errors == [
        "tenant north: source emr: feed charge_table: the load stopped because the workspace's disk is full. "
        "Free space on it and run again."
    ]
    assert only(report).feed == "department_table"


def test_a_table_that_fails_at_any_stage_leaves_the_others_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(stage: object, feed: Feed, *rest: object) -> None:
        if feed.name == "charge_table":
            raise duckdb.InternalException("a value")
        conform(stage, feed, *rest)  # type: ignore[arg-type]

    conform = filing.conform
    workspace = make(tmp_path)
    change(workspace, SCHEMA)
    with monkeypatch.context() as patched:
        patched.setattr(filing, "conform", breaks)
        report = run(workspace)
    assert report.errors == [
        "tenant north: source emr: feed charge_table: the load stopped with InternalException. "
        "Trying again may help."
    ]
    assert rows(workspace, "bronze.emr_departments", "department_id") == [("D1",), ("D2",)]
    logs = rows(workspace, "platform.ingestion_logs", "config_id, status")
    assert logs == [("north/emr/charge_table", "failed"), ("north/emr/department_table", "success")]
    assert run(workspace).errors == []
    assert [name for name, _ in charges(workspace)] == ["C1", "C2", "C3"]


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
    monkeypatch.setenv("NORTH_DB", "postgresql+psycopg://north:pass@db.example:secret/emr")
    with pytest.raises(ConfigurationError, match="is not a database address") as error:
        resolved_url(workspace, Source("emr", "x", url="env:NORTH_DB"))
    assert "secret" not in "".join(traceback.format_exception(error.value))


def test_the_password_of_an_address_comes_from_its_own_reference(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = make(tmp_path)
    monkeypatch.setenv("NORTH_PW", "s3cret@/:%")
    source = Source("emr", "x", url="postgresql+psycopg://loader@db.example/emr", password="env:NORTH_PW")
    url = resolved_url(workspace, source)
    assert (url.username, url.password, url.host) == ("loader", "s3cret@/:%", "db.example")
    assert "s3cret" not in repr(url) + repr(source)
    monkeypatch.delenv("NORTH_PW")
    with pytest.raises(ConfigurationError, match="source emr: password: environment variable NORTH_PW"):
        resolved_url(workspace, source)


def test_what_a_driver_says_of_an_address_goes_no_further(monkeypatch: pytest.MonkeyPatch) -> None:
    def connect(*_: object, **__: object) -> None:
        raise sqlite3.OperationalError("cannot connect to server=db;user=loader;pwd=s3cret")

    monkeypatch.setattr("sqlite3.dbapi2.connect", connect)
    with (
        pytest.raises(SourceError) as error,
        connected(make_url("sqlite:///none.sqlite"), Source("emr", "x")) as connection,
    ):
        connection.execute(sqlalchemy.text("select 1"))
    assert "s3cret" not in "".join(traceback.format_exception(error.value))


def test_a_database_that_cannot_be_reached_is_an_error_without_its_address(tmp_path: Path) -> None:
    url = make_url(f"sqlite:///file:{tmp_path}/none.sqlite?mode=ro&uri=true")
    with (
        pytest.raises(SourceError) as error,
        connected(url, Source("emr", "x")) as connection,
    ):
        connection.execute(sqlalchemy.text("select 1"))
    assert "source emr: the database file cannot be opened." in str(error.value)
    assert "none.sqlite" not in str(error.value)


def test_loose_types_of_sqlite_keep_every_digit_and_every_text(tmp_path: Path) -> None:
    workspace = make(tmp_path)
    change(
        workspace,
        "create table departments (id text, name text);"
        "create table charges "
        "(id text, enc, day date, amount decimal(10, 2), changed text, big integer, note);"
        "insert into charges values ('C1', 'E', '2024-03-01', 0.1, 't1', 9223372036854775807, null);"
        "insert into charges values ('C2', 7, '2024-03-01', '12.50', 't2', 1.5, 0.30000000000000004);"
        "insert into charges values ('C3', x'00ff', '2024-03-01', 3, 't3', 'many', 1e300);"
        "insert into charges values ('C4', 'é', '2024-03-01', 100000.01, 't4', null, 'text');",
    )
    mapping = workspace.path / "sources" / "small_emr.yml"
    mapping.write_text(mapping.read_text().replace("          modified_at: changed\n", ""))
    run(workspace)
    found = [json.loads(raw) for (raw,) in rows(workspace, "bronze.emr_charges", "raw", "charge_id")]
    assert [row["amount"] for row in found] == ["0.1", "12.5", "3", "100000.01"]
    assert [row["enc"] for row in found] == ["E", "7", "00ff", "é"]
    assert [row["big"] for row in found] == ["9223372036854775807", "1.5", "many", None]
    assert [row["note"] for row in found] == [None, "0.30000000000000004", "1.0e+300", "text"]


def test_a_column_that_is_empty_for_many_rows_is_still_text(tmp_path: Path) -> None:
    workspace = make(tmp_path)
    change(
        workspace,
        "create table charges (id text, enc text, day text, amount text, changed text);"
        "create table departments (id text, name);"
        "insert into departments with recursive numbers(n) as (select 1 union all select n + 1 from numbers "
        "where n < 10000) select n, null from numbers;"
        "insert into departments values ('last', 'Oncology');",
    )
    assert run(workspace).errors == []
    names = rows(workspace, "bronze.emr_departments", "max(department_name)", "1")
    assert names[0][0] == "Oncology"


def test_without_an_arrow_driver_the_same_rows_come(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    workspace = make(tmp_path)
    change(workspace, SCHEMA)
    monkeypatch.setattr(row_stream, "DRIVERS", {})
    run(workspace)
    monkeypatch.undo()
    change(workspace, "insert into charges values ('C4', 'E1', '2024-03-01', 0.07, '2024-03-03 10:00:00');")
    report = next(file for file in run(workspace).files if file.feed == "charge_table")
    assert (report.counts.loaded, report.counts.duplicates) == (1, 2)


def test_dates_written_day_first_do_not_lead_an_incremental_load(tmp_path: Path) -> None:
    workspace = make(tmp_path)
    change(workspace, SCHEMA + "update charges set changed = '03/02/2024';")
    assert run(workspace).total.loaded == 5
    report = run(workspace)
    assert "watermark changed: its dates are texts with the day or the month first" in report.errors[0]


def test_the_audit_says_what_is_configured_and_what_became_of_it(tmp_path: Path) -> None:
    workspace = make(tmp_path)
    change(workspace, SCHEMA + "update charges set amount = 'x' where id = 'C1'; drop table departments;")
    run(workspace)
    configs = rows(
        workspace, "platform.ingestion_configs", "config_id, tablename, loadtype, watermark, is_active"
    )
    assert ("north/emr/charge_table", "charges", "incremental", "changed", True) in configs
    assert ("north/emr/patients", "**/patients*", "incremental", None, True) in configs
    logs = rows(
        workspace,
        "platform.ingestion_logs",
        "config_id, status, records_processed, records_success, records_error, error_details, "
        "freshness_hours > 0",
    )
    charge, department = logs
    assert charge[:5] == ("north/emr/charge_table", "partial", 3, 2, 1)
    assert json.loads(charge[5]) == ["quarantined ALL-09: amount charge_amount is not a money value (1)"]
    assert charge[6] is True
    assert department[:5] == ("north/emr/department_table", "failed", 0, 0, 0)
    assert "no table 'departments'" in department[5]
