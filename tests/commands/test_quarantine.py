"""The quarantine commands: what they print, what they record, and that they print no content unasked."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from claimlake.access.audit import entries
from claimlake.cli import main
from claimlake.workspace import Workspace
from tests.sources.landing import deliver, run, without_database
from tests.sources.test_replay import LINES, mend


@pytest.fixture
def held(tmp_path: Path) -> Workspace:
    workspace = without_database(tmp_path)
    deliver(workspace, "emr/lines.csv", LINES)
    run(workspace)
    return workspace


def call(workspace: Workspace, *arguments: str) -> Result:
    return CliRunner().invoke(
        main, ["quarantine", *arguments, "--org", "north", "--dir", str(workspace.path)]
    )


def first_id(workspace: Workspace, *arguments: str) -> str:
    return str(json.loads(call(workspace, "list", "--json", *arguments).stdout)[0]["quarantine_id"])


def test_list_names_place_and_reason_and_no_content(held: Workspace) -> None:
    lines = call(held, "list").stdout.splitlines()
    assert len(lines) == 2
    assert lines[0].endswith("ALL-09   lines.csv, row 2, byte 51: amount charge_amount is not a money value")
    assert "USD" not in call(held, "list", "--json").stdout
    assert call(held, "list", "--rule", "ALL-10", "--table", "emr_charges").stdout.count("\n") == 1
    assert call(held, "list", "--status", "closed").stdout == ""
    counted = call(held, "list", "--counts").stdout.splitlines()
    words = "1 open 0 closed ALL-09 emr bronze.emr_charges: amount charge_amount is not a money value"
    assert " ".join(counted[0].split()) == words


def test_content_is_shown_only_when_asked_for_and_that_is_recorded(held: Workspace) -> None:
    start = first_id(held, "--rule", "ALL-09")[:12]
    assert "USD" not in call(held, "show", start).stdout
    assert entries(held, org_id="north") == []
    assert "USD 50" in call(held, "show", start, "--content").stdout
    (entry,) = entries(held, org_id="north")
    assert (entry.action, entry.object[:12]) == ("quarantine_content", start)
    assert entry.user_name.startswith("login:")


def test_an_unknown_record_is_an_error_that_says_where_ids_come_from(held: Workspace) -> None:
    result = call(held, "show", "beef")
    assert result.exit_code == 1
    assert "no quarantine record with id 'beef'" in result.stderr
    assert "claimlake quarantine list" in result.stderr


def test_replay_says_what_was_loaded_and_closed(held: Workspace) -> None:
    mend(held)
    result = call(held, "replay", "--rule", "ALL-09")
    assert result.exit_code == 0, result.stderr
    assert "1  closed in quarantine: replayed" in result.stdout
    assert call(held, "list", "--status", "closed").stdout.rstrip().endswith("[replayed]")
    assert entries(held, org_id="north")[0].action == "quarantine_replay"
    assert json.loads(call(held, "replay", "--json").stdout)["total"]["quarantined"] == 1


def test_discard_closes_one_record_once(held: Workspace) -> None:
    start = first_id(held, "--rule", "ALL-10")
    assert call(held, "discard", start).stdout == "Discarded 1 records.\n"
    again = call(held, "discard", start)
    assert (again.exit_code, "closed already" in again.stderr) == (1, True)
    assert call(held, "list", "--rule", "ALL-10").stdout == ""
