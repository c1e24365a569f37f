"""The command line: names, help, exit codes and messages."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from claimlake.access.audit import record, verify
from claimlake.access.user import User, check_password
from claimlake.cli import main
from claimlake.sources.reference_list import Lists
from claimlake.workspace import Workspace

REMITTANCE = (
    "ISA*00*          *00*          *ZZ*PAYER          *ZZ*PROVIDER       "
    "*260105*0900*^*00501*000000001*0*T*:~"
    "GS*HP*PAYER*PROVIDER*20260105*0900*1*X*005010X221A1~ST*835*0001~"
    "BPR*I*60*C*ACH*CCP*01*111000025*DA*1*1999999999**01*111000025*DA*2*20260105~TRN*1*T1*1999999999~"
    "DTM*405*20260105~N1*PR*INVENTED PAYER*XV*12345~N1*PE*INVENTED CLINIC*XX*1234567893~LX*1~"
    "CLP*C1*1*100*60*10*12*PCN1*11*1~CAS*CO*45*30~CAS*PR*2*10~NM1*QC*1*DOE*JO~SE*12*0001~GE*1*1~IEA*1*000000001~"
)


def commands(
    group: click.Group, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    for name, command in group.commands.items():
        yield (*path, name), command
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))


@pytest.mark.parametrize("path", [path for path, _ in commands(main)], ids=" ".join)
def test_every_command_has_help(path: tuple[str, ...]) -> None:
    result = CliRunner().invoke(main, [*path, "--help"])
    assert result.exit_code == 0
    assert result.output.splitlines()[2].strip()


def test_a_folder_that_is_no_workspace_is_named_with_what_to_do(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["build", "--dir", str(tmp_path)])
    assert result.exit_code == 1
    assert str(tmp_path) in result.output
    assert "claimlake init" in result.output


def test_a_wrong_option_is_a_usage_error() -> None:
    assert CliRunner().invoke(main, ["demo", "--scale", "enormous"]).exit_code == 2


def test_init_does_not_touch_a_folder_in_use(tmp_path: Path) -> None:
    (tmp_path / "kept.txt").write_text("mine", encoding="utf-8")
    result = CliRunner().invoke(main, ["init", str(tmp_path)])
    assert result.exit_code == 1
    assert (tmp_path / "kept.txt").read_text(encoding="utf-8") == "mine"


def test_x12_writes_tables_without_a_workspace(tmp_path: Path) -> None:
    (tmp_path / "one.835").write_text(REMITTANCE, encoding="ascii")
    result = CliRunner().invoke(
        main, ["x12", str(tmp_path / "one.835"), "--out", str(tmp_path / "out"), "--json"]
    )
    assert result.exit_code == 0, result.output
    summary = json.loads(result.output)
    assert summary["transactions"] == {"accepted": 1, "quarantined": 0, "unsupported": 0}
    rows = {table["table"]: table["rows"] for table in summary["tables"]}
    assert rows["era_835"] == 1
    assert rows["era_835_adjustment"] == 2


def test_x12_answers_files_with_a_999_on_request(tmp_path: Path) -> None:
    for folder in ("first", "second"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "one.835").write_text(REMITTANCE, encoding="ascii")
    out = tmp_path / "out"
    files = [str(tmp_path / folder) for folder in ("first", "second")]
    result = CliRunner().invoke(main, ["x12", *files, "--out", str(out), "--ack", "--json"])
    assert result.exit_code == 0, result.output
    answers = [out / "one.835.999", out / "one.835.2.999"]
    assert json.loads(result.output)["acknowledgements"] == [str(path) for path in answers]
    assert [b"IK5*A~" in path.read_bytes() for path in answers] == [True, True]
    assert [path.read_bytes().splitlines()[-1] for path in answers] == [
        b"IEA*1*000000001~",
        b"IEA*1*000000002~",
    ]


def test_x12_names_a_file_it_cannot_read_and_reads_the_others(tmp_path: Path) -> None:
    (tmp_path / "one.835").write_text(REMITTANCE, encoding="ascii")
    (tmp_path / "two.835").write_text("", encoding="ascii")
    result = CliRunner().invoke(main, ["x12", str(tmp_path), "--out", str(tmp_path / "out")])
    assert result.exit_code == 1
    assert "two.835" in result.output
    assert (tmp_path / "out" / "era_835.parquet").exists()


def test_metrics_can_be_listed_and_explained_before_there_is_data(tmp_path: Path) -> None:
    assert CliRunner().invoke(main, ["init", str(tmp_path / "lake")]).exit_code == 0
    where = ["--dir", str(tmp_path / "lake")]
    listed = CliRunner().invoke(main, ["metrics", "list", "--json", *where])
    assert {"hosp_initial_denial_rate_claims", "phys_days_in_ar"} <= {
        kpi["key"] for kpi in json.loads(listed.output)
    }
    explained = CliRunner().invoke(main, ["metrics", "explain", "hosp_initial_denial_rate_claims", *where])
    assert "first adjudication" in explained.output


def test_an_unknown_metric_is_answered_with_the_nearest(tmp_path: Path) -> None:
    CliRunner().invoke(main, ["init", str(tmp_path / "lake")])
    result = CliRunner().invoke(
        main, ["metrics", "explain", "hosp_dnfb_day", "--dir", str(tmp_path / "lake")]
    )
    assert result.exit_code == 1
    assert "hosp_dnfb_days" in result.output


def test_users_are_added_listed_and_given_tokens(tmp_path: Path) -> None:
    CliRunner().invoke(main, ["init", str(tmp_path / "lake")])
    (tmp_path / "lake" / "tenants" / "acme.yml").write_text("org_id: acme\nname: Acme\n", encoding="utf-8")
    where = ["--dir", str(tmp_path / "lake")]
    added = CliRunner().invoke(
        main,
        [
            "users",
            "add",
            "jo@acme.example",
            "--org",
            "acme",
            "--role",
            "analyst",
            "--password",
            "a long password",
            *where,
        ],
    )
    assert added.exit_code == 0, added.output
    assert "jo@acme.example" in CliRunner().invoke(main, ["users", "list", *where]).output
    token = CliRunner().invoke(main, ["users", "token", "jo@acme.example", "--label", "nightly", *where])
    assert token.exit_code == 0
    assert len(token.output.strip()) >= 32


def test_doctor_finds_this_installation_well(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["doctor", "--json", "--dir", str(tmp_path)])
    assert result.exit_code == 0, result.output
    assert {"Python", "duckdb", "Built-in content"} <= {
        finding["name"] for finding in json.loads(result.output)
    }


def test_the_audit_chain_is_held_to_an_earlier_head(tmp_path: Path) -> None:
    workspace = Workspace.create(tmp_path / "lake")
    record(workspace, User("jo", "acme", "analyst"), "page")
    first = verify(workspace).head
    record(workspace, User("jo", "acme", "analyst"), "page")
    command = ["audit", "verify", "--dir", str(workspace.path), "--expected-head"]
    assert CliRunner().invoke(main, [*command, first]).exit_code == 0
    other = CliRunner().invoke(main, [*command, "f" * 64])
    assert (other.exit_code, other.output) == (1, "Broken: the expected head is not in the chain.\n")


def test_an_unexpected_error_shows_where_but_never_a_value(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    value = "ANN " + "ELM"

    def fails(_: Path) -> None:
        raise ValueError(value)

    monkeypatch.setattr("claimlake.doctor.examine", fails)
    result = CliRunner().invoke(main, ["doctor", "--dir", str(tmp_path)])
    assert result.exit_code == 1
    assert "unexpected ValueError" in result.output
    assert "in doctor_command" in result.output
    assert value not in result.output


def test_only_the_named_proxies_are_believed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    workspace = Workspace.create(tmp_path / "lake")
    given: dict[str, object] = {}
    monkeypatch.setattr("uvicorn.run", lambda _, **options: given.update(options))
    command = ["serve", "--dir", str(workspace.path)]
    assert CliRunner().invoke(main, command).exit_code == 0
    assert given["forwarded_allow_ips"] == ["127.0.0.1"]
    assert CliRunner().invoke(main, [*command, "--trusted-proxy", "10.0.0.7"]).exit_code == 0
    assert given["forwarded_allow_ips"] == ["10.0.0.7"]


def test_a_user_of_a_tenant_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    CliRunner().invoke(main, ["init", str(tmp_path / "lake")])
    options = ["--org", "nope", "--role", "analyst", "--password", "a long password"]
    result = CliRunner().invoke(main, ["users", "add", "jo", *options, "--dir", str(tmp_path / "lake")])
    assert result.exit_code == 1
    assert "no tenant 'nope'" in result.output


def test_a_tenant_that_sends_only_x12_has_figures(tmp_path: Path) -> None:
    CliRunner().invoke(main, ["init", str(tmp_path / "lake")])
    tenant = "org_id: acme\nname: Acme\nsources:\n  - {id: edi, system: x12}\n"
    (tmp_path / "lake" / "tenants" / "acme.yml").write_text(tenant, encoding="utf-8")
    delivered = tmp_path / "lake" / "landing" / "acme" / "edi" / "one.835"
    delivered.parent.mkdir(parents=True)
    delivered.write_text(REMITTANCE, encoding="ascii")
    os.utime(delivered, (0, 0))
    result = CliRunner().invoke(main, ["run", "--json", "--dir", str(tmp_path / "lake")])
    assert result.exit_code == 0, result.output
    assert "calculated acme" in result.output
    assert " 0 results" not in result.output


def test_the_schedule_is_listed_and_one_source_is_loaded_by_name(tmp_path: Path) -> None:
    CliRunner().invoke(main, ["init", str(tmp_path / "lake")])
    tenant = (
        "org_id: acme\nname: Acme\ntime_zone: America/Chicago\nsources:\n"
        "  - {id: edi, system: x12, schedule: 15 6 * * 1-5}\n  - {id: other, system: x12}\n"
    )
    (tmp_path / "lake" / "tenants" / "acme.yml").write_text(tenant, encoding="utf-8")
    here = ["--dir", str(tmp_path / "lake")]
    listed = json.loads(CliRunner().invoke(main, ["schedule", "list", "--json", *here]).stdout)
    assert [(one["source_id"], one["schedule"], one["last_status"]) for one in listed] == [
        ("edi", "15 6 * * 1-5", None),
        ("other", None, None),
    ]
    assert "T06:15:00-0" in listed[0]["next_at"]
    ingested = CliRunner().invoke(main, ["ingest", "--org", "acme", "--source", "edi", *here])
    assert ingested.exit_code == 0
    shown = CliRunner().invoke(main, ["schedule", "list", *here]).stdout.splitlines()
    assert shown[1].startswith("acme/edi") and " success " in shown[1]
    assert shown[2].startswith("acme/other") and "never" in shown[2] and "when something comes" in shown[2]
    assert CliRunner().invoke(main, ["ingest", "--due", *here]).exit_code == 0
    assert "never" not in CliRunner().invoke(main, ["schedule", "list", *here]).stdout
    wrong = CliRunner().invoke(main, ["ingest", "--source", "edii", *here])
    assert wrong.exit_code == 1
    assert "no active source 'edii'" in wrong.output


def test_a_password_is_taken_from_where_the_option_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    CliRunner().invoke(main, ["init", str(tmp_path / "lake")])
    workspace = Workspace.open(tmp_path / "lake")
    (workspace.path / "tenants" / "acme.yml").write_text("org_id: acme\nname: Acme\n", encoding="utf-8")
    monkeypatch.setenv("JO_PASSWORD", "a very long password")
    add = ["users", "add", "--org", "acme", "--role", "analyst", "--dir", str(workspace.path)]
    assert CliRunner().invoke(main, [*add, "jo", "--password", "env:JO_PASSWORD"]).exit_code == 0
    assert check_password(workspace, "jo", "a very long password")
    typed = "env:typed at the prompt\n"
    assert CliRunner().invoke(main, [*add, "al"], input=typed * 2).exit_code == 0
    assert check_password(workspace, "al", typed.strip())
    shown = CliRunner().invoke(main, [*add, "bo", "--password", "a long password"])
    assert shown.exit_code == 0
    assert "Warning: every user of this machine can see this password" in shown.stderr
    missing = CliRunner().invoke(main, [*add, "cy", "--password", "env:CY_PASSWORD"])
    assert "--password: environment variable CY_PASSWORD is not set" in missing.output


def test_code_sets_are_loaded_and_listed(tmp_path: Path) -> None:
    workspace = Workspace.create(tmp_path / "workspace")
    for org_id in ("north", "south"):
        (workspace.path / "tenants" / f"{org_id}.yml").write_text(f"org_id: {org_id}\nname: {org_id}\n")
    lists = tmp_path / "carc.csv"
    lists.write_text("Code,Description\n1,own words\nCO-45,a group is no part of the code\n")
    load = ["reference", "load", "carc", str(lists), "--dir", str(workspace.path)]
    loaded = CliRunner().invoke(main, [*load, "--valid-from", "2020-03-01", "--org", "north"])
    assert loaded.exit_code == 1  # half of it is held
    assert "REF-04: code does not have the shape of its code set" in loaded.output
    listed = CliRunner().invoke(main, ["reference", "list", "--dir", str(workspace.path)])
    (line,) = listed.output.splitlines()
    assert line.split()[:7] == ["north", "carc", "2020-03-01", "to", "now", "1", "carc.csv"]
    assert "REF-02: the edition of" in line
    as_json = CliRunner().invoke(main, ["reference", "list", "--dir", str(workspace.path), "--json"])
    assert [edition["codes"] for edition in json.loads(as_json.output)] == [1]


def test_a_reference_list_of_no_kind_or_tenant_is_refused_with_what_there_is(tmp_path: Path) -> None:
    workspace = Workspace.create(tmp_path / "workspace")
    (workspace.path / "tenants" / "north.yml").write_text("org_id: north\nname: North\n")
    file = tmp_path / "list.csv"
    file.write_text("Code\n1\n")
    load = ["reference", "load", "icd9", str(file), "--dir", str(workspace.path)]
    result = CliRunner().invoke(main, load)
    assert (result.exit_code, "Kinds: carc, ccn, cpt" in result.output) == (1, True)
    result = CliRunner().invoke(main, [*load, "--org", "nort"])
    assert (result.exit_code, "Known: north." in result.output) == (1, True)


def test_the_help_of_reference_load_names_every_kind(tmp_path: Path) -> None:
    text = " ".join(CliRunner().invoke(main, ["reference", "load", "--help"]).output.split())
    kinds = Lists.of(Workspace.create(tmp_path / "workspace"), lambda _: None).kinds
    assert f"Kinds: {', '.join(kinds)}." in text
