import errno
import os
import sqlite3
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from claimlake.errors import WorkspaceError
from claimlake.lake.quarantine import quarantine
from claimlake.sources.ingest import ingest
from tests.sources.landing import deliver, make, only, rows, run, versions, without_database

PATIENTS = (
    "ID,LName,DOB,SSN,Updated\n1,Ash,1980-01-02,111-22-3333,2024-05-01\n2,Birch,1990-03-04,,2024-05-02\n"
)
LINES = (
    "Id,Enc,Day,Amount,Paid\nT1,E1,2024-03-01,988.3699951171875,10\n"
    "T2,E1,2024-03-02,50,0\nT3,E2,2024-03-02,5.555,1\n"
)
ACKNOWLEDGEMENT = (
    "ISA*00*          *00*          *ZZ*PAYER          *ZZ*NORTH          "
    "*240301*1200*^*00501*000000001*0*P*:~"
    "GS*FA*PAYER*NORTH*20240301*1200*1*X*005010X231A1~ST*999*0001*005010X231A1~AK1*HC*7*005010X222A1~"
    "AK2*837*0001*005010X222A1~IK5*A~AK9*A*1*1*1~SE*6*0001~GE*1*1~IEA*1*000000001~"
)


def test_a_file_becomes_rows_with_their_place_and_content(tmp_path: Path) -> None:
    workspace = without_database(tmp_path)
    deliver(workspace, "emr/patients.csv", PATIENTS)
    report = run(workspace)
    assert (report.exit_code, vars(report.total)) == (
        0,
        {"delivered": 2, "loaded": 2, "quarantined": 0, "duplicates": 0, "unsupported": 0},
    )
    columns = (
        "patient_id, birth_date, source_system_id, source_file, source_row, length(file_id), length(ssn_hash)"
    )
    assert rows(workspace, "bronze.emr_patients", columns) == [
        ("1", date(1980, 1, 2), "emr", "patients.csv", 1, 64, 64),
        ("2", date(1990, 3, 4), "emr", "patients.csv", 2, 64, None),
    ]
    assert "111-22" not in str(rows(workspace, "bronze.emr_patients"))


def test_ingesting_the_same_landing_again_changes_no_table(tmp_path: Path) -> None:
    workspace = without_database(tmp_path)
    deliver(workspace, "emr/patients.csv", PATIENTS)
    deliver(workspace, "emr/lines.csv", LINES)
    run(workspace)
    before = versions(workspace)
    assert run(workspace).files == []
    assert versions(workspace) == before


def test_the_same_content_under_another_name_is_a_duplicate(tmp_path: Path) -> None:
    workspace = without_database(tmp_path)
    deliver(workspace, "emr/patients.csv", PATIENTS)
    run(workspace)
    before = versions(workspace)
    deliver(workspace, "emr/again/patients_2.csv", PATIENTS)
    file = only(run(workspace))
    assert (file.status, file.counts.delivered, file.counts.duplicates) == ("duplicate", 2, 2)
    assert versions(workspace) == before


def test_of_a_later_full_file_only_what_changed_is_appended(tmp_path: Path) -> None:
    workspace = without_database(tmp_path)
    deliver(workspace, "emr/patients.csv", PATIENTS)
    run(workspace)
    deliver(
        workspace, "emr/patients.csv", PATIENTS.replace("Birch", "Beech") + "3,Cedar,1970-01-01,,2024-05-03\n"
    )
    file = only(run(workspace))
    assert (file.counts.delivered, file.counts.loaded, file.counts.duplicates) == (3, 2, 1)
    names = [name for (name,) in rows(workspace, "bronze.emr_patients", "last_name")]
    assert names == ["Ash", "Beech", "Birch", "Cedar"]
    deliver(workspace, "emr/patients.csv", PATIENTS + "\n")
    assert only(run(workspace)).counts.loaded == 1  # Birch is news again, because Beech came in between


def test_a_record_with_one_bad_value_is_held_out_of_all_its_tables(tmp_path: Path) -> None:
    workspace = without_database(tmp_path)
    deliver(workspace, "emr/lines.csv", LINES)
    file = only(run(workspace))
    assert file.quarantined == {("ALL-09", "amount charge_amount is not a money value"): 1}
    assert rows(workspace, "bronze.emr_charges", "charge_id, charge_amount") == [
        ("T1", Decimal("988.37")),
        ("T2", Decimal("50.00")),
    ]
    assert rows(workspace, "bronze.emr_transactions", "transaction_id, amount") == [("T1", Decimal("10.00"))]
    (held,) = quarantine(workspace, "north")
    assert (held.rule_id, held.source_row, held.table_name) == ("ALL-09", 3, "bronze.emr_charges")


def test_the_report_says_what_became_of_the_money_of_every_table(tmp_path: Path) -> None:
    workspace = without_database(tmp_path)
    # Its charge is no amount, so its payment waits with it, as does one of 1.00 before it.
    held = "T4,E4,2024-03-01,abc,25.50\n"
    deliver(workspace, "emr/lines.csv", LINES + held)
    first = only(run(workspace)).as_dict()["amounts"]
    assert first["bronze.emr_charges.charge_amount"]["loaded"] == "1038.37"
    assert first["bronze.emr_transactions.amount"] == {
        "delivered": "36.50",
        "loaded": "10.00",
        "quarantined": "26.50",
        "duplicates": "0.00",
    }
    deliver(workspace, "emr/lines2.csv", LINES + "T5,E5,2024-03-01,1.00,0\n")
    again = only(run(workspace)).as_dict()["amounts"]
    assert again["bronze.emr_charges.charge_amount"] == {
        "delivered": "1039.37",
        "loaded": "1.00",
        "quarantined": "0.00",
        "duplicates": "1038.37",
    }
    text = str(run(workspace))
    assert "bronze.emr_charges.charge_amount" not in text


def test_a_record_in_quarantine_is_not_put_there_twice(tmp_path: Path) -> None:
    workspace = without_database(tmp_path)
    deliver(workspace, "emr/lines.csv", LINES)
    run(workspace)
    deliver(workspace, "emr/lines.csv", LINES + "T4,E2,2024-03-03,7,0\n")
    file = only(run(workspace))
    assert (file.counts.loaded, file.counts.quarantined, file.counts.duplicates) == (1, 1, 2)
    assert len(quarantine(workspace, "north")) == 1


@pytest.mark.parametrize(
    ("name", "content", "rule", "reason"),
    [
        ("patients.csv", "", "ALL-01", "file is empty"),
        ("patients.csv", " \r\n\r\n", "ALL-01", "file is empty"),
        ("patients.csv", '[{"ID": 1}]', "ALL-16", "file is json, not delimited"),
        ("patients.csv", b"%PDF-1.7 ...", "ALL-16", "file is a PDF"),
        ("patients.csv", b"ab\0\1\2", "ALL-16", "file is not text"),
        ("patients.csv", b"ID,LName\n1,\x81\n", "ALL-16", "file is neither UTF-8 nor Windows-1252 text"),
        ("other.csv", "a,b\n1,2\n", "ALL-15", "no feed of small_emr takes a file of this name"),
        ("patients.csv", "Name,DOB\nAsh,1980-01-01\n", "ALL-02", "required column ID is missing"),
    ],
)
def test_a_file_that_cannot_be_taken_is_quarantined_whole(
    tmp_path: Path, name: str, content: str | bytes, rule: str, reason: str
) -> None:
    workspace = without_database(tmp_path)
    deliver(workspace, f"emr/{name}", content)
    report = run(workspace)
    file = only(report)
    assert (report.exit_code, file.status, file.quarantined) == (1, "quarantined", {(rule, reason): 1})
    (held,) = quarantine(workspace, "north")
    assert (held.table_name, held.source_file, held.rule_id) == ("file", name, rule)
    assert (workspace.files_path / "north" / (held.file_id or "")).is_file()
    assert run(workspace).files == []


def test_other_columns_order_case_and_delimiter_are_understood(tmp_path: Path) -> None:
    workspace = without_database(tmp_path)
    content = '\ufeffdob|Extra|mrn|lname\r\n01/02/1980|x|9|"Ash, Jr"\r\n'
    deliver(workspace, "emr/patients.txt", content)
    file = only(run(workspace))
    assert file.counts.loaded == 1
    assert set(file.warnings) == {
        ("ALL-02", f"optional column {name} is missing") for name in ("ID", "SSN", "Updated")
    }
    expected = [("9", "Ash, Jr", date(1980, 1, 2))]
    assert rows(workspace, "bronze.emr_patients", "patient_id, last_name, birth_date") == expected


def test_windows_1252_text_is_read_with_a_warning(tmp_path: Path) -> None:
    workspace = without_database(tmp_path)
    deliver(workspace, "emr/patients.csv", "ID,LName,DOB\n1,Núñez,1980-01-01\n".encode("cp1252"))
    file = only(run(workspace))
    assert ("ALL-01", "file is not UTF-8, read as Windows-1252") in file.warnings
    assert rows(workspace, "bronze.emr_patients", "last_name") == [("Núñez",)]


def test_a_truncated_file_loads_its_whole_rows_and_holds_the_broken_one(tmp_path: Path) -> None:
    workspace = without_database(tmp_path)
    deliver(workspace, "emr/lines.csv", LINES.splitlines()[0] + "\nT1,E1,2024-03-01,5,1\nT2,E1,20")
    file = only(run(workspace))
    assert (file.counts.delivered, file.counts.loaded, file.counts.quarantined) == (2, 1, 1)
    assert file.quarantined == {("ALL-14", "row has fewer values than the header"): 1}
    assert file.is_partial


def test_unfinished_and_hidden_files_wait(tmp_path: Path) -> None:
    workspace = without_database(tmp_path)
    for name in ("patients.csv.part", ".patients.csv", "patients.tmp"):
        deliver(workspace, f"emr/{name}", PATIENTS)
    assert run(workspace).files == []


def test_a_mapping_that_fails_is_an_error_and_the_file_is_tried_again(tmp_path: Path) -> None:
    workspace = without_database(tmp_path)
    mapping = workspace.path / "sources" / "small_emr.yml"
    good = mapping.read_text()
    mapping.write_text(good.replace("birth_date: DOB", "birth_date: cast(LName as date)"))
    deliver(workspace, "emr/patients.csv", PATIENTS)
    report = run(workspace)
    assert report.exit_code == 1
    assert "fail (Conversion)" in only(report).error
    assert "Ash" not in only(report).error
    mapping.write_text(good)
    assert only(run(workspace)).counts.loaded == 2


def test_an_unknown_system_is_named(tmp_path: Path) -> None:
    workspace = without_database(tmp_path)
    (workspace.path / "sources" / "small_emr.yml").unlink()
    deliver(workspace, "emr/patients.csv", PATIENTS)
    report = run(workspace)
    assert report.exit_code == 1
    assert "no mapping 'small_emr'" in report.errors[0]


def test_two_ingestions_cannot_run_at_once(tmp_path: Path) -> None:
    workspace = without_database(tmp_path)
    deliver(workspace, "emr/patients.csv", PATIENTS)
    seen: list[str] = []

    def again(step: str) -> None:
        with pytest.raises(WorkspaceError, match="another ingest"):
            run(workspace)
        seen.append(step)

    ingest(workspace, progress=again, settle_seconds=0)
    assert seen


def test_a_database_that_is_missing_does_not_stop_the_files(tmp_path: Path) -> None:
    workspace = make(tmp_path)
    deliver(workspace, "emr/patients.csv", PATIENTS)
    report = run(workspace)
    assert (report.exit_code, report.total.loaded) == (1, 2)
    assert "no database file 'emr.sqlite'" in report.errors[0]


def test_a_missing_table_is_named_and_the_others_are_read(tmp_path: Path) -> None:
    workspace = make(tmp_path)
    with sqlite3.connect(workspace.path / "emr.sqlite") as database:
        database.execute("create table departments (id text, name text)")
        database.execute("insert into departments values ('D1', 'Cardiology')")
    database.close()
    report = run(workspace)
    assert (report.exit_code, report.total.loaded) == (1, 1)
    assert "no table 'charges' in the database" in report.errors[0]


def test_the_report_prints_sums_and_reasons_and_no_patient(tmp_path: Path) -> None:
    workspace = without_database(tmp_path)
    deliver(workspace, "emr/lines.csv", LINES)
    deliver(workspace, "emr/patients.csv", PATIENTS)
    report = run(workspace)
    text = str(report)
    assert "quarantined ALL-09: amount charge_amount is not a money value" in text
    assert text.splitlines()[3].split() == ["total", "2", "5", "4", "1", "0", "0"]
    assert "Ash" not in text + str(report.as_dict())


@pytest.mark.parametrize(
    "content",
    [
        b"\xff\xfe" + PATIENTS.encode("utf-16-le") + b"\0",
        b"\xff\xfe" + PATIENTS.encode("utf-16-le") + b"\0\xd8A\0",
        b"\xef\xbb\xbf" + PATIENTS.encode() + b"3,\xff\xfe\n",
        b"x" * 200_000 + b"\n1\n",
    ],
    ids=["half a character", "half a pair", "not the UTF-8 it says", "endless header"],
)
def test_a_file_that_is_no_text_is_held_and_the_others_are_loaded(tmp_path: Path, content: bytes) -> None:
    workspace = without_database(tmp_path)
    deliver(workspace, "emr/bad/patients.csv", content)
    deliver(workspace, "emr/good/patients.csv", PATIENTS)
    assert [(file.path, file.status) for file in run(workspace).files] == [
        ("bad/patients.csv", "quarantined"),
        ("good/patients.csv", "loaded"),
    ]


def test_a_link_is_not_followed_and_named(tmp_path: Path) -> None:
    workspace = without_database(tmp_path)
    (workspace.path / "elsewhere.csv").write_text(PATIENTS)
    deliver(workspace, "emr/patients.csv", PATIENTS)
    (workspace.landing / "north" / "emr" / "patients_link.csv").symlink_to(workspace.path / "elsewhere.csv")
    report = run(workspace)
    assert only(report).path == "patients.csv"
    assert report.errors == [
        "tenant north: source emr: patients_link.csv: is a link, and links are not followed. "
        "Deliver the file itself."
    ]


def test_a_file_that_cannot_be_read_does_not_stop_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = without_database(tmp_path)
    for name in ("one", "two"):
        deliver(workspace, f"emr/{name}/patients.csv", PATIENTS + name[0] + ",Elm,1970-01-01,,\n")
    opened = os.open

    def refused(path: str | Path, flags: int, *rest: int) -> int:
        if str(path).endswith("one/patients.csv"):
            raise PermissionError(errno.EACCES, "Permission denied")
        return opened(path, flags, *rest)

    monkeypatch.setattr("claimlake.sources.inbox.os.open", refused)
    report = run(workspace)
    assert only(report).path == "two/patients.csv"
    assert "one/patients.csv: cannot be kept: Permission denied." in report.errors[0]


def test_content_that_is_touched_again_and_again_is_loaded_once(tmp_path: Path) -> None:
    workspace = without_database(tmp_path)
    deliver(workspace, "edi/999.txt", ACKNOWLEDGEMENT)
    statuses = []
    for moment in range(4):
        statuses.append(only(run(workspace)).status)
        os.utime(workspace.landing / "north" / "edi" / "999.txt", (1e9 + moment, 1e9 + moment))
    assert statuses == ["loaded", "duplicate", "duplicate", "duplicate"]
    assert len(rows(workspace, "bronze.x12_interchange")) == 1
    assert len(rows(workspace, "bronze.x12_transaction")) == 1


def test_source_columns_may_be_named_like_those_of_the_quarantine(tmp_path: Path) -> None:
    workspace = without_database(tmp_path)
    text = "ID,LName,DOB,reason,rule,fault,table_name\n1,ALPHA,1950-01-31,a,b,c,d\n2,BETA,soon,a,b,c,d\n"
    deliver(workspace, "emr/patients.csv", text)
    report = run(workspace)
    assert not report.errors
    assert (only(report).counts.loaded, only(report).counts.quarantined) == (1, 1)


def test_source_columns_may_be_named_like_those_of_the_table(tmp_path: Path) -> None:
    workspace = without_database(tmp_path)
    text = "ID,LName,DOB,patient_id,last_name,modified_at\n1,Ash,1950-01-31,x,y,z\n"
    deliver(workspace, "emr/patients.csv", text)
    report = run(workspace)
    assert not report.errors
    assert rows(workspace, "bronze.emr_patients", "patient_id, last_name") == [("1", "Ash")]


def test_a_repeated_record_and_one_without_its_key_are_told_by_rule(tmp_path: Path) -> None:
    workspace = without_database(tmp_path)
    deliver(
        workspace, "emr/patients.csv", "ID,LName,DOB\n1,Ash,1980-01-02\n1,Ash,1980-01-02\n,Elm,1980-01-02\n"
    )
    file = only(run(workspace))
    assert file.warnings["ALL-03", "duplicate delivery, ignored"] == 1
    assert file.quarantined == {("ALL-07", "key patient_id is missing"): 1}


def test_a_rule_that_cannot_be_judged_fails_its_file_and_poisons_no_later_run(tmp_path: Path) -> None:
    workspace = without_database(tmp_path)
    mapping = workspace.path / "sources" / "small_emr.yml"
    good = mapping.read_text(encoding="utf-8")
    rule = '{rule: OWN-1, check: "cast(last_name as int) > 0", severity: warn, reason: odd}'
    mapping.write_text(
        good.replace("- table: emr_patients\n", f"- table: emr_patients\n        rules: [{rule}]\n")
    )
    assert mapping.read_text(encoding="utf-8") != good
    deliver(workspace, "emr/patients.csv", "ID,LName,DOB\n1,Ash,1980-01-02\n")
    file = only(run(workspace))
    assert file.status == "failed"
    assert file.error is not None and "rule OWN-1 of bronze.emr_patients fails (Conversion)" in file.error
    assert "Ash" not in file.error
    mapping.write_text(good, encoding="utf-8")
    assert only(run(workspace)).counts.loaded == 1
