"""The raw page of JSON and delimited files: the record as it arrived, for whom may read it."""

import html
from typing import Any

import pytest
from fastapi import FastAPI

from claimlake.access.session import open_session
from claimlake.access.user import add_user
from claimlake.lake.snapshot import publish
from claimlake.lake.table import Lake
from claimlake.serve.app import create_app
from claimlake.workspace import Workspace
from tests.serve.browser import Browser, visible
from tests.serve.invented import PASSWORD
from tests.sources.landing import TENANT, deliver, make, run

ACK = (
    '{"claim_id": "C-<1>", "status_code": "A2",\n   "event_time": "2026-01-09T10:00:00", '
    '"payer_name": "Zoë & Sons", "trace_number": "K1"}'
)
LINES = "Id,Enc,Day,Amount,Paid\nL1,E1,2026-01-05,10.00,\nL2,E2,2026-01-06,20.00,<b>5</b>\n"


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """Two tenants; the first has JSON and delimited files, one of them with a number nobody may keep."""
    workspace = make(tmp_path_factory.mktemp("raw"))
    tenant = workspace.path / "tenants" / "north.yml"
    tenant.write_text(TENANT.replace(', url: "sqlite:///emr.sqlite"', ""))
    (workspace.path / "tenants" / "south.yml").write_text(
        "org_id: south\nname: South\nsources:\n  - {id: edi, system: x12}\n"
    )
    deliver(workspace, "events/ack.json", f"[{ACK}]")
    deliver(workspace, "emr/lines.csv", LINES)
    deliver(workspace, "emr/lines_utf16.csv", LINES.replace("L", "M").encode("utf-16"))
    deliver(workspace, "emr/patients.csv", "MRN,LName,SSN,DOB\nM7,Ash,111-22-3333,1960-04-01\n")
    run(workspace)
    lake = Lake(workspace.lake_path)
    publish(workspace, {name: lake.version(name) or 0 for name in lake.names("bronze")})
    for name, org_id, role in (
        ("bill", "north", "biller"),
        ("ana", "north", "analyst"),
        ("vera", "north", "viewer"),
        ("hugo", "south", "biller"),
    ):
        add_user(workspace, name, org_id=org_id, role=role, password=PASSWORD)
    return workspace


@pytest.fixture(scope="module")
def app(workspace: Workspace) -> FastAPI:
    return create_app(workspace)


def as_user(app: FastAPI, name: str) -> Browser:
    browser = Browser(app)
    assert browser.sign_in(name).status_code == 303
    return browser


def landed(workspace: Workspace, table: str, where: str = "true") -> dict[str, Any]:
    session = open_session(workspace, org_id="north", role="biller")
    (row,) = session.rows(f"select * from {table} where {where}")
    session.close()
    return row


def addresses(row: dict[str, Any]) -> list[str]:
    place = f"{row['byte_offset']}-{row['byte_length']}"
    return [
        f"/raw/{row['file_id']}/{place}",
        f"/raw/{row['file_id']}/row/{row['source_row']}",
        f"/api/v1/raw/{row['file_id']}?row={row['source_row']}",
        f"/api/v1/raw/{row['file_id']}?offset={row['byte_offset']}&length={row['byte_length']}",
    ]


def record_of(page: str) -> str:
    return html.unescape(page.partition('Text of the record">')[2].partition("</pre>")[0])


def test_a_json_record_is_shown_byte_by_byte_and_escaped(app: FastAPI, workspace: Workspace) -> None:
    browser = as_user(app, "bill")
    for address in addresses(landed(workspace, "bronze.ack_277ca"))[:2]:
        page = browser.get(address)
        assert page.status_code == 200
        assert record_of(page.text) == ACK
        assert "C-<1>" not in page.text
        assert "ack.json, row 1" in visible(page)


def test_a_delimited_record_is_shown_in_the_encoding_of_its_file(app: FastAPI, workspace: Workspace) -> None:
    browser = as_user(app, "bill")
    for charge_id, line in (("L1", "L1,E1,2026-01-05,10.00,"), ("M1", "M1,E1,2026-01-05,10.00,")):
        row = landed(workspace, "bronze.emr_charges", f"charge_id = '{charge_id}'")
        page = browser.get(addresses(row)[0])
        assert record_of(page.text).strip() == line
        answer = browser.get(addresses(row)[3]).json()
        assert answer["record"]["text"].strip() == line
        assert (
            answer["record"]["file_size"] == (workspace.files_path / "north" / row["file_id"]).stat().st_size
        )


def test_fields_that_a_feed_keeps_out_of_the_lake_are_not_shown(app: FastAPI, workspace: Workspace) -> None:
    browser = as_user(app, "bill")
    for address in addresses(landed(workspace, "bronze.emr_patients")):
        page = browser.get(address)
        assert page.status_code == 200
        assert "Ash" in page.text
        assert "111-22-3333" not in page.text
    assert "Without the fields that its feed keeps out" in visible(
        browser.get(addresses(landed(workspace, "bronze.emr_patients"))[0])
    )


def test_a_masked_role_sees_where_the_record_stands_and_none_of_it(
    app: FastAPI, workspace: Workspace
) -> None:
    browser = as_user(app, "ana")
    for row, secrets in (
        (landed(workspace, "bronze.ack_277ca"), ("C-&lt;1&gt;", "C-<1>")),
        (landed(workspace, "bronze.emr_patients"), ("Ash", "111-22-3333", "M7")),
    ):
        for address in addresses(row):
            page = browser.get(address)
            assert page.status_code == 200
            assert not any(secret in page.text for secret in secrets), address
        assert "Hidden for your role" in visible(browser.get(addresses(row)[0]))


@pytest.mark.parametrize(("name", "status"), [("vera", 403), ("hugo", 404)])
def test_others_see_no_record(app: FastAPI, workspace: Workspace, name: str, status: int) -> None:
    browser = as_user(app, name)
    for table in ("bronze.ack_277ca", "bronze.emr_patients"):
        for address in addresses(landed(workspace, table)):
            assert browser.get(address).status_code == status, address


def test_only_whole_records_have_an_address(app: FastAPI, workspace: Workspace) -> None:
    row = landed(workspace, "bronze.emr_patients")
    browser = as_user(app, "bill")
    for offset, length in (
        (0, row["byte_offset"]),
        (row["byte_offset"] + 1, row["byte_length"] - 1),
        (row["byte_offset"], row["byte_length"] - 1),
        (0, 10_000),
    ):
        assert browser.get(f"/raw/{row['file_id']}/{offset}-{length}").status_code == 404
