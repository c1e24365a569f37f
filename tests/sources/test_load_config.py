import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from claimlake.errors import ConfigurationError
from claimlake.sources.ingest import ingest
from claimlake.sources.load_config import FILE, read_load_config
from claimlake.workspace import Workspace
from tests.sources.landing import MAPPING, TENANT, make, rows, run

HEADER = "database,datasource,tablename,loadtype,watermark,is_active,targetpath"


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    made = make(tmp_path)
    with closing(sqlite3.connect(made.path / "emr.sqlite")) as database:
        database.executescript(
            "create table departments (id text, name text); insert into departments values ('D1', 'Heart');"
            "create table charges (id text, enc text, day text, amount text, changed text, seen text);"
            "insert into charges values ('C1', 'E', '2024-03-01', '1', '2024-03-02', '2024-03-05'),"
            "('C2', 'E', '2024-03-01', '1', '2024-03-03', '2024-03-04');"
        )
    return made


def write(workspace: Workspace, *lines: str) -> None:
    (workspace.path / FILE).write_text("\n".join([HEADER, *lines]))  # no newline at the end


def ids(workspace: Workspace, table: str, column: str) -> list[str]:
    return [value for (value,) in rows(workspace, table, column, "1")]


def test_lines_say_which_tables_are_read(workspace: Workspace) -> None:
    write(
        workspace,
        "clinic,emr,dbo.departments,Full,,0,",
        "clinic,emr,dbo.charges,Incremental,changed,1,emr",
    )
    assert run(workspace).errors == []
    assert ids(workspace, "bronze.emr_charges", "charge_id") == ["C1", "C2"]
    assert ids(workspace, "bronze.emr_departments", "department_id") == []
    assert rows(workspace, "platform.load_logs", "tablename, numberofrowscopied, watermarkcolumnname") == [
        ("bronze.emr_charges", 2, "changed")
    ]


def test_a_table_of_a_named_source_that_is_not_listed_is_not_read(workspace: Workspace) -> None:
    write(workspace, "clinic,north/emr,departments,full,,yes,")
    assert run(workspace).errors == []
    assert ids(workspace, "bronze.emr_departments", "department_id") == ["D1"]
    assert ids(workspace, "bronze.emr_charges", "charge_id") == []


def test_a_second_line_of_one_feed_is_refused_with_both_numbers(workspace: Workspace) -> None:
    write(workspace, "clinic,emr,charges,Full,,1,", "", "clinic,emr,dbo.charges,Incremental,seen,1,")
    (problem,) = run(workspace).errors
    assert problem.startswith(
        "load_config.csv:4: table 'dbo.charges' is read by feed 'charge_table', as is 'charges' on line 2."
    )
    configs = rows(workspace, "platform.ingestion_configs", "tablename, loadtype")
    assert ("charges", "full") in configs


def test_a_line_wins_over_the_mapping(workspace: Workspace) -> None:
    write(workspace, "clinic,emr,charges,Incremental,seen,1,")
    run(workspace)
    with closing(sqlite3.connect(workspace.path / "emr.sqlite")) as database:
        database.execute(
            "insert into charges values ('C3', 'E', '2024-03-01', '1', '2024-03-09', '2024-03-01')"
        )
        database.execute(
            "insert into charges values ('C4', 'E', '2024-03-01', '1', '2024-03-01', '2024-03-05')"
        )
        database.commit()
    run(workspace)
    assert ids(workspace, "bronze.emr_charges", "charge_id") == ["C1", "C2", "C4"]


def test_a_table_finds_the_file_feed_that_is_named_like_it(workspace: Workspace) -> None:
    with closing(sqlite3.connect(workspace.path / "emr.sqlite")) as database:
        database.execute("create table patients as select 'P1' as ID, 'Ash' as LName, '1980-01-02' as DOB")
        database.commit()
    write(workspace, "clinic,emr,dbo.patients,Full,,1,")
    assert run(workspace).errors == []
    assert ids(workspace, "bronze.emr_patients", "patient_id") == ["P1"]


def test_the_target_is_the_source_the_rows_are_kept_under(workspace: Workspace) -> None:
    tenant = TENANT + "  - {id: hosa, system: small_emr}\n"
    (workspace.path / "tenants" / "north.yml").write_text(tenant)
    write(workspace, "clinic,emr,departments,Full,,1,hosa")
    assert run(workspace).errors == []
    assert rows(workspace, "bronze.emr_departments", "source_system_id") == [("hosa",)]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("clinic,emr,departments,Full,,2,", "load_config.csv:3: is_active '2'. Write 1 or 0."),
        (
            "clinic,emr,departments,Daily,,1,",
            "load_config.csv:3: loadtype 'Daily'. Write Full or Incremental.",
        ),
        (
            "clinic,emr,departments,Incremental,,1,",
            "load_config.csv:3: an incremental load has no watermark.",
        ),
        ("clinic,emr,,Full,,1,", "load_config.csv:3: 'tablename' is empty."),
        ("clinic,emr,departments,Full,1", "load_config.csv:3: 5 cells, not 7."),
        ("clinic,emr,departements,Full,,1,", "no feed of the mapping reads table 'departements'"),
        ("clinic,emr,departements,Full,,1,", "Did you mean 'departments'?"),
        ("clinic,emr2,departments,Full,,1,", "load_config.csv:3: no source 'emr2'. Did you mean 'emr'?"),
        ("clinic,emr,departments,Full,,1,lost", "targetpath 'lost' is no source of tenant north"),
        ("clinic,emr,CHARGES,Full,,1,", "load_config.csv:3: table 'CHARGES' is on line 2 already."),
    ],
)
def test_a_wrong_line_is_named_and_the_others_are_followed(
    workspace: Workspace, line: str, said: str
) -> None:
    write(workspace, "clinic,emr,charges,Full,,1,", line)
    report = run(workspace)
    assert said in "\n".join(report.errors)
    assert report.exit_code == 1
    assert ids(workspace, "bronze.emr_charges", "charge_id") == ["C1", "C2"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "load_config.csv:1: no column 'database'."),
        (HEADER.replace("watermark", "mark").encode(), "load_config.csv:1: no column 'watermark'."),
        (f"{HEADER},note\n".encode(), "load_config.csv:1: column 'note'."),
        (HEADER.encode("utf-16"), "load_config.csv: is no CSV file in UTF-8."),
    ],
)
def test_a_file_that_is_no_load_configuration_is_refused(
    workspace: Workspace, content: bytes, said: str
) -> None:
    (workspace.path / FILE).write_bytes(content)
    with pytest.raises(ConfigurationError) as error:
        read_load_config(workspace)
    assert said in str(error.value)


def test_a_source_id_of_two_tenants_is_ambiguous(workspace: Workspace) -> None:
    other = TENANT.replace("org_id: north", "org_id: south").replace(', url: "sqlite:///emr.sqlite"', "")
    (workspace.path / "tenants" / "south.yml").write_text(other.replace("1234567893", "1245319599"))
    write(workspace, "clinic,emr,departments,Full,,1,", "clinic,north/emr,charges,Full,,1,")
    report = run(workspace)
    assert "'emr' is a source of several tenants. Write north/emr or south/emr." in report.errors[0]
    assert ids(workspace, "bronze.emr_charges", "charge_id") == ["C1", "C2"]
    assert ids(workspace, "bronze.emr_departments", "department_id") == []


class CutError(BaseException):
    """The run ends here, as a killed one does."""


def test_an_extract_read_incrementally_ends_nothing_when_it_is_resumed_as_a_full_table(
    workspace: Workspace,
) -> None:
    def cut(step: str) -> None:
        if step.startswith("stage"):
            raise CutError

    full = MAPPING.replace("load: incremental, watermark: changed", "load: full, watermark: changed")
    (workspace.path / "sources" / "small_emr.yml").write_text(full)
    write(workspace, "clinic,emr,charges,Incremental,changed,1,")
    with closing(sqlite3.connect(workspace.path / "emr.sqlite")) as database:
        database.execute("delete from charges")
        database.executemany(
            "insert into charges values (?, 'E1', '2024-03-01', '1', ?, null)",
            [(f"C{day}", f"2024-03-0{day}") for day in (1, 2, 3, 4)],
        )
        database.commit()
        run(workspace)
        database.execute("update charges set amount = 2, changed = '2024-03-05' where id in ('C3', 'C4')")
        database.commit()
        with pytest.raises(CutError):
            ingest(workspace, settle_seconds=0, progress=cut)
    write(workspace, "clinic,emr,charges,Incremental,changed,0,")
    run(workspace)
    assert rows(workspace, "bronze.vanished_record", "record_id") == []
    assert len(rows(workspace, "bronze.emr_charges", "charge_id")) == 6
