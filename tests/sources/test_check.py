"""sources check and suggest: what would become of a file, and a mapping to start from."""

import json
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from claimlake.cli import main
from claimlake.sources.ingest import all_contracts
from claimlake.sources.mapping import read_mapping
from claimlake.sources.synonym import load_synonyms, words
from claimlake.workspace import Workspace
from tests.sources.landing import deliver, run, versions, without_database

PATIENTS = (
    "ID,LName,DOB,SSN,Updated,Extra\n1,Ash,1980-01-02,,2024-05-01,\n"
    "2,Birch,1990-02-30,,2024-05-02,\n3,Cedar\n"
)
EXPORT = (
    "MRN|PatFirstName|Last|Date Of Birth|SSN|Changed|Shoe Size\n"
    "1|Wilma|Example|31.12.1961|900-11-2222|2026-01-05 07:00|38\n"
    "2|Otto|Sample|05.04.1988||2026-01-05 07:00|\n"
)


def sources(*arguments: str | Path) -> tuple[int, str, str]:
    result = CliRunner().invoke(main, ["sources", *(str(argument) for argument in arguments)])
    return result.exit_code, result.stdout, result.stderr


def files_of(workspace: Workspace) -> set[Path]:
    return {path for path in workspace.path.rglob("*") if ".spill" not in path.parts}


def test_a_check_says_what_would_be_loaded_and_held_and_changes_nothing(tmp_path: Path) -> None:
    workspace = without_database(tmp_path)
    deliver(workspace, "emr/patients_1.csv", PATIENTS.replace("2,Birch,1990-02-30", "9,Elm,1990-02-03"))
    run(workspace)
    before = (versions(workspace), files_of(workspace))
    file = tmp_path / "patients.csv"
    file.write_text(PATIENTS)
    arguments = ("check", file, "--dir", workspace.path, "--org", "north", "--source", "emr")
    code, text, _ = sources(*arguments)
    assert (code, text.splitlines()) == (
        1,
        [
            f"{str(file).lstrip('/')}: feed patients, 3 records",
            "           0  bronze.emr_patients",
            "           1  loaded before, or twice in the file",
            "           1  quarantined ALL-10: date birth_date is invalid or out of range "
            f"(row 2; the first starts at byte {PATIENTS.index('2,Birch')})",
            "           1  quarantined ALL-14: row has fewer values than the header "
            f"(row 3; the first starts at byte {PATIENTS.index('3,Cedar')})",
            "           1  warning ALL-02: optional column MRN is missing",
            "           1  warning ALL-03: duplicate delivery, ignored",
        ],
    )
    assert "3,Cedar" not in text
    assert "Birch" not in text
    (found,) = json.loads(sources(*arguments, "--json")[1])
    assert {key: found[key] for key in ("delivered", "loaded", "quarantined", "duplicates")} == {
        "delivered": 3,
        "loaded": 0,
        "quarantined": 2,
        "duplicates": 1,
    }
    assert [(held["rule"], held["first_rows"], held["first_byte"]) for held in found["held"]] == [
        ("ALL-10", [2], PATIENTS.index("2,Birch")),
        ("ALL-14", [3], PATIENTS.index("3,Cedar")),
    ]
    assert (versions(workspace), files_of(workspace)) == before


def test_a_check_of_a_source_follows_the_load_configuration(tmp_path: Path) -> None:
    workspace = without_database(tmp_path)
    (workspace.path / "load_config.csv").write_text(
        "database,datasource,tablename,loadtype,watermark,is_active,targetpath\n"
        "clinic,emr,patients,Full,,1,\nclinic,emr,dbo.patients,Full,,1,\n"
    )
    file = tmp_path / "patients.csv"
    file.write_text("ID,LName,DOB\n1,Ash,1980-01-02\n")
    arguments = ("check", file, "--dir", workspace.path)
    code, text, notes = sources(*arguments, "--org", "north", "--source", "emr")
    assert (code, "feed none" in text) == (1, True)
    assert notes.splitlines() == [
        "Note: load_config.csv:3: table 'dbo.patients' is read by feed 'patients', "
        "as is 'patients' on line 2. Remove one of the two lines, or give the other table a feed of its own.",
        "Note: load_config.csv: feed patients reads table patients, so it takes no file",
    ]
    code, text, notes = sources(*arguments, "--system", "small_emr")
    assert (code, "feed patients, 1 records" in text, notes) == (0, True, "")


def test_a_check_needs_no_workspace_and_names_what_is_wrong_with_a_file(tmp_path: Path) -> None:
    mapping = without_database(tmp_path).path / "sources" / "small_emr.yml"
    file = tmp_path / "patients.csv"
    file.write_text("Charge,Enc\n1,2\n")
    code, text, _ = sources("check", file, "--mapping", mapping, "--dir", tmp_path)
    assert code == 1
    assert "quarantined ALL-02: required column" in text
    code, _, error = sources("check", file, "--system", "nonsense", "--dir", tmp_path)
    assert (code, "no mapping 'nonsense'" in error, "x12" in error) == (1, True, True)


def test_a_suggestion_maps_by_name_and_loads_without_an_edit(tmp_path: Path) -> None:
    file = tmp_path / "patients_20260105.txt"
    file.write_text(EXPORT)
    code, text, _ = sources("suggest", file, "--system", "pm_export", "--dir", tmp_path)
    assert code == 0
    (tmp_path / "pm_export.yml").write_text(text)
    body = yaml.safe_load(text)["feeds"][0]
    assert body["from"] == {"file": "**/patients_*", "format": "delimited", "delimiter": "|"}
    assert body["omit"] == ["SSN"]
    (target,) = body["into"]
    assert target["table"] == "emr_patients"
    assert target["fields"] | {"ssn_hash": ""} == {
        "patient_id": "MRN",
        "first_name": "PatFirstName",
        "last_name": "Last",
        "birth_date": {"value": '"Date Of Birth"', "date": "%d.%m.%Y"},
        "ssn_hash": "",
        "modified_at": "Changed",
    }
    assert "# not mapped: Shoe Size (number)" in text
    assert not {"Wilma", "Example", "1961", "900-11"} & set(text.replace("'", " ").split())
    code, text, _ = sources("check", file, "--mapping", tmp_path / "pm_export.yml", "--dir", tmp_path)
    assert (code, "2  bronze.emr_patients" in text) == (0, True)
    assert "not mapped: Shoe Size" in text


def test_what_a_suggestion_lacks_is_named(tmp_path: Path) -> None:
    file = tmp_path / "patients.csv"
    file.write_text("First,Last,DOB\nWilma,Example,1961-12-31\n")
    code, text, error = sources("suggest", file, "--dir", tmp_path)
    assert code == 1
    assert "Missing: emr_patients needs patient_id" in error
    assert "# patient_id: required" in text
    file.write_text("1,Example,1961-12-31\n")
    _, text, error = sources("suggest", file, "--dir", tmp_path)
    assert "Example" not in text + error
    file.write_bytes(b"%PDF-1.7")
    assert "is a PDF" in sources("suggest", file, "--dir", tmp_path)[2]


def test_the_systems_and_the_schema_are_printed(tmp_path: Path) -> None:
    code, text, _ = sources("list", "--dir", tmp_path)
    assert code == 0
    assert "  remittances: json files ** → era_835_transaction, era_835, era_835_adjustment" in text
    assert "  providers: API npi_registry → " in text
    listed = json.loads(sources("list", "--dir", tmp_path, "--json")[1])
    assert "x12" in {system["system"] for system in listed}
    assert json.loads(sources("schema", "--dir", tmp_path)[1])["title"] == "claimlake source mapping"


@pytest.mark.parametrize(
    ("name", "column", "is_like"),
    [
        ("PatientID", "patient_id", True),
        ("patient-id", "patient_id", True),
        ("MRN", "patient_id", True),
        ("DeptID", "department_id", True),
        ("Paid Amt", "paid_amount", True),
        ("PatientName", "patient_id", False),
    ],
)
def test_names_are_compared_as_a_person_reads_them(
    tmp_path: Path, name: str, column: str, is_like: bool
) -> None:
    synonyms = load_synonyms(Workspace.create(tmp_path / "workspace"))
    assert (synonyms.likeness(column, name) > 0) is is_like
    assert words("HSPAccountID_2") == ["hsp", "account", "id", "2"]


CSV_MAPPING = """
system: payer_portal
feeds:
  - feed: remittances
    from: {file: "**/*835*"}
    into:
      - table: era_835_transaction
        fields: {transaction_no: _row, payment_amount: Paid, credit_debit: "'C'", payment_date: CheckDate,
                 trace_number: Trace, payer_name: Payer}
      - table: era_835
        fields: {transaction_no: _row, claim_no: _row, clp_ordinal: "1", claim_id: Claim, status_code: "'1'",
                 charge_amount: Charge, paid_amount: Paid}
      - table: era_835_adjustment
        where: Adjusted is not null
        fields: {transaction_no: _row, claim_no: _row, level: "'claim'", cas_ordinal: "1",
                 group_code: "split_part(Reason, '-', 1)", carc: "split_part(Reason, '-', 2)",
                 amount: Adjusted}
  - feed: acknowledgements
    from: {file: "**/*277*"}
    into:
      - table: ack_277ca
        fields: {transaction_no: _row, status_no: "1", level: "'claim'", trn02: Claim,
                 category_code: Category, status_code: Status, acknowledged_at: Received,
                 charge_amount: Charge}
"""


def test_remittances_and_acknowledgements_come_as_csv_too(tmp_path: Path) -> None:
    (tmp_path / "payer_portal.yml").write_text(CSV_MAPPING)
    assert read_mapping(tmp_path / "payer_portal.yml", all_contracts(Workspace.create(tmp_path / "w"))).feeds
    remittance = tmp_path / "may_835.csv"
    remittance.write_text(
        "Trace,CheckDate,Payer,Claim,Charge,Paid,Reason,Adjusted\n"
        "T1,05/01/2026,Invented Payer,C1,100.00,60.00,CO-45,40.00\n"
        "T1,05/01/2026,Invented Payer,C2,50.00,50.00,,\n"
    )
    status = tmp_path / "may_277.csv"
    status.write_text(
        "Claim,Category,Status,Received,Charge\nC1,A2,20,2026-05-01 10:00,100\nC2,A3,21,soon,50\n"
    )
    arguments = ("--mapping", tmp_path / "payer_portal.yml", "--dir", tmp_path, "--json")
    (found,) = json.loads(sources("check", remittance, *arguments)[1])
    assert found["tables"] == {
        "bronze.era_835": 2,
        "bronze.era_835_adjustment": 1,
        "bronze.era_835_transaction": 2,
    }
    (found,) = json.loads(sources("check", status, *arguments)[1])
    assert found["tables"] == {"bronze.ack_277ca": 1}
    assert [(held["rule"], held["first_rows"]) for held in found["held"]] == [("ALL-10", [2])]
