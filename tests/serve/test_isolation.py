import re
from collections.abc import Callable

import pytest
from fastapi import FastAPI

from claimlake.access.session import Session
from claimlake.access.visit import create_token
from claimlake.serve.raw import raw_link
from claimlake.workspace import Workspace
from tests.serve.browser import Browser, visible
from tests.serve.invented import PATIENT

SignedIn = Callable[[str], Browser]
Sessions = Callable[[str, str], Session]
OTHER = "harbor_clinic"


def their_addresses(sessions: Sessions) -> list[str]:
    """Pages and API addresses of records that belong to the other tenant."""
    theirs = sessions(OTHER, "biller")
    claim = theirs.rows("select claim_key, account_key from gold.fact_claim order by claim_key limit 1")[0]
    record = theirs.rows("select source_record_id from silver.claim_payment order by 1 limit 1")[0]
    raw = raw_link(record["source_record_id"])
    row = theirs.rows("select file_id, source_row from bronze.emr_patients")[0]
    parts = re.fullmatch(r"/raw/(\w+)/(\d+)-(\d+)", raw)
    assert parts
    return [
        f"/claims/{claim['claim_key']}",
        f"/accounts/{claim['account_key']}",
        raw,
        f"/raw/{row['file_id']}/row/{row['source_row']}",
        f"/api/v1/claims/{claim['claim_key']}",
        f"/api/v1/raw/{parts[1]}?offset={parts[2]}&length={parts[3]}",
        f"/api/v1/raw/{row['file_id']}?row={row['source_row']}",
    ]


def test_records_of_another_tenant_do_not_exist(signed_in: SignedIn, sessions: Sessions) -> None:
    for address in their_addresses(sessions):
        assert signed_in("hugo").get(address).status_code == 200, address
        for name in ("bill", "ana", "root"):
            assert signed_in(name).get(address).status_code == 404, (name, address)


def test_a_token_is_as_narrow_as_its_user(app: FastAPI, workspace: Workspace, sessions: Sessions) -> None:
    token = create_token(workspace, "bill", "isolation")
    browser = Browser(app)
    for address in their_addresses(sessions):
        answer = browser.get(address, authorization=f"Bearer {token}")
        assert answer.status_code == (404 if address.startswith("/api/") else 303), address


def test_filters_cannot_reach_another_tenant(signed_in: SignedIn) -> None:
    page = signed_in("bill").get("/dashboards/initial_denials?entity=harbor_clinic_general")
    assert page.status_code == 200
    assert "Nothing to show" in visible(page)
    answer = signed_in("bill").get(
        "/api/v1/metrics/hosp_initial_denial_rate_claims/rows?entity=harbor_clinic_general&org_id=harbor_clinic"
    )
    assert answer.json()["total"] == 0
    assert answer.json()["org_id"] == "north_valley"


def test_the_same_address_is_not_shared_between_tenants_or_roles(signed_in: SignedIn) -> None:
    for address in ("/dashboards/initial_denials", "/metrics/hosp_initial_denial_rate_claims/denominator/0"):
        first, second = signed_in("bill").get(address), signed_in("hugo").get(address)
        masked = signed_in("ana").get(address)
        assert first.text != second.text
        assert first.headers["etag"] != second.headers["etag"] != masked.headers["etag"]
        stolen = signed_in("hugo").get(address, if_none_match=first.headers["etag"])
        assert stolen.status_code == 200
        assert "Harbor Clinic" in visible(stolen)
        assert "North Valley" not in visible(stolen)


def test_a_masked_role_never_reads_the_patient(signed_in: SignedIn, sessions: Sessions) -> None:
    mine = sessions("north_valley", "biller")
    claim = mine.rows("select claim_key, claim_id from gold.fact_claim order by claim_key limit 1")[0]
    records = mine.rows(
        "select source_record_id from silver.claim_payment where claim_key = ?"
        " union all select source_record_id from silver.claim_submission where claim_key = ?",
        [claim["claim_key"], claim["claim_key"]],
    )
    row = mine.rows("select file_id, source_row from bronze.emr_patients")[0]
    addresses = [f"/claims/{claim['claim_key']}", f"/raw/{row['file_id']}/row/{row['source_row']}"]
    addresses += [raw_link(record["source_record_id"]) for record in records]
    addresses += [
        f"/api/v1/claims/{claim['claim_key']}",
        "/api/v1/metrics/hosp_initial_denial_rate_claims/rows",
    ]
    clear = "".join(signed_in("bill").get(address).text for address in addresses)
    masked = "".join(signed_in("ana").get(address).text for address in addresses)
    for secret in (*PATIENT, claim["claim_id"], "MRN0007"):
        assert secret in clear, secret
        assert secret not in masked, secret
    assert "CAS" in masked


def test_no_address_holds_a_patients_number(signed_in: SignedIn) -> None:
    browser = signed_in("bill")
    page = browser.get("/metrics/hosp_initial_denial_rate_claims/denominator/0").text
    claim_ids = set(re.findall(r">(NO\d{6})<", page))
    assert claim_ids
    assert not any(claim_id in href for href in re.findall(r'href="([^"]+)"', page) for claim_id in claim_ids)


@pytest.mark.parametrize(
    "address",
    [
        "/raw/{file}/0-99999999",
        "/raw/{file}/99999999-10",
        "/raw/{file}/0-0",
        "/raw/../control.db/0-10",
        "/raw/..%2F..%2Fcontrol.db/0-10",
        "/raw/{file}/-1-10",
        "/raw/{file}/row/99999",
        "/claims/..%2F..%2Fcontrol.db",
        "/claims/' or '1'='1",
        "/accounts/none",
        "/metrics/no_such_kpi",
        "/metrics/hosp_initial_denial_rate_claims/numerator/9",
        "/metrics/hosp_initial_denial_rate_claims/sideways/0",
        "/metrics/hosp_initial_denial_rate_claims/numerator/x",
        "/dashboards/none",
        "/dashboards/initial_denials/none",
        "/dashboards/initial_denials/rate_by_month",
    ],
)
def test_guessed_addresses_are_not_found(signed_in: SignedIn, sessions: Sessions, address: str) -> None:
    file_id = sessions("north_valley", "biller").rows("select file_id from bronze.x12_interchange")[0][
        "file_id"
    ]
    assert signed_in("bill").get(address.replace("{file}", file_id)).status_code == 404


@pytest.mark.parametrize(
    "query",
    ["payer=%27%20or%201%3D1--", "month=2026-99", "entity=<script>", "page=-1", "page=99999999", "setting=x"],
)
def test_hostile_filters_are_refused_in_plain_words(signed_in: SignedIn, query: str) -> None:
    answer = signed_in("bill").get(f"/metrics/hosp_initial_denial_rate_claims/denominator/0?{query}")
    assert answer.status_code == 400
    assert "This address does not work" in visible(answer)
    assert "<script>" not in answer.text.replace('<script src="/static', "")
