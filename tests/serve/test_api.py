from collections.abc import Callable
from decimal import Decimal

import pytest
from fastapi import FastAPI

from claimlake.access.session import Session
from claimlake.access.visit import create_token, revoke_tokens
from claimlake.workspace import Workspace
from tests.serve.browser import Browser

SignedIn = Callable[[str], Browser]
Sessions = Callable[[str, str], Session]
KPI = "hosp_initial_denial_rate_claims"


def test_a_token_opens_the_api_and_nothing_else(app: FastAPI, workspace: Workspace) -> None:
    token = create_token(workspace, "ana", "test")
    browser = Browser(app)
    assert browser.get("/api/v1/metrics", authorization=f"Bearer {token}").status_code == 200
    assert browser.get("/dashboards/ar_aging", authorization=f"Bearer {token}").status_code == 303
    revoke_tokens(workspace, "ana")
    assert browser.get("/api/v1/metrics", authorization=f"Bearer {token}").status_code == 401


def test_metrics_are_listed_and_defined(signed_in: SignedIn) -> None:
    browser = signed_in("ana")
    found = browser.get("/api/v1/metrics?dashboard=initial_denials&setting=hospital").json()
    assert len(found) == 10
    assert browser.get(f"/api/v1/metrics/{KPI}").json()["unit"] == "percent"


def test_values_are_exact_and_equal_to_their_rows(signed_in: SignedIn, sessions: Sessions) -> None:
    browser = signed_in("ana")
    body = browser.get(f"/api/v1/values?keys={KPI}&period=2026-06&trailing=3").json()
    assert [item["period_start"] for item in body["values"]] == ["2026-04-01", "2026-05-01", "2026-06-01"]
    last = body["values"][-1]
    rows = browser.get(f"/api/v1/metrics/{KPI}/rows?period=2026-06").json()
    assert Decimal(last["numerator"]) == rows["total"] == len(rows["rows"])
    direct = sessions("north_valley", "biller").rows(
        "select count(*) as n from gold.fact_claim where is_initial_denied and billing_type = 'HB'"
        " and initial_denial_date between date '2026-06-01' and date '2026-06-30'"
    )
    assert rows["total"] == direct[0]["n"]
    assert Decimal(last["value"]).as_tuple().exponent == -6


def test_values_split_and_filter(signed_in: SignedIn) -> None:
    body = (
        signed_in("ana").get(f"/api/v1/values?keys={KPI}&period=2026-06&grain=payer&payer=blue_ridge").json()
    )
    assert [item["dims"] for item in body["values"]] == [{"payer": "blue_ridge"}]


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/api/v1/values", 400),
        ("/api/v1/values?keys=nothing", 404),
        (f"/api/v1/values?keys={KPI}&period=soon", 400),
        (f"/api/v1/values?keys={KPI}&grain=shoe_size", 400),
        (f"/api/v1/values?keys={KPI}&trailing=9999", 422),
        (f"/api/v1/metrics/{KPI}/rows?side=top", 422),
        (f"/api/v1/metrics/{KPI}/rows?limit=0", 422),
        ("/api/v1/claims/none", 404),
        ("/api/v1/raw/none?offset=0&length=1", 404),
        ("/api/v1/raw/none", 400),
        ("/api/v1/no/such", 404),
    ],
)
def test_errors_have_one_shape(signed_in: SignedIn, address: str, status: int) -> None:
    answer = signed_in("ana").get(address)
    assert answer.status_code == status
    assert set(answer.json()) == {"error"}
    assert set(answer.json()["error"]) == {"what", "where", "remedy"}


def test_a_claim_has_its_events_in_order(signed_in: SignedIn, sessions: Sessions) -> None:
    key = sessions("north_valley", "biller").rows(
        "select claim_key from gold.fact_denial order by 1 limit 1"
    )[0]
    body = signed_in("bill").get(f"/api/v1/claims/{key['claim_key']}").json()
    days = [event["on"] for event in body["events"]]
    assert days == sorted(days)
    assert {"submission", "ack", "remittance", "denial"} <= {event["kind"] for event in body["events"]}


def test_openapi_is_there_and_needs_no_other_host(signed_in: SignedIn) -> None:
    answer = signed_in("ana").get("/api/openapi.json")
    assert answer.status_code == 200
    paths = answer.json()["paths"]
    assert len(paths) == 6
    assert all(path.startswith("/api/v1/") for path in paths)
    assert signed_in("ana").get("/docs").status_code == 404


def test_a_viewer_gets_values_but_no_rows(signed_in: SignedIn) -> None:
    assert signed_in("vera").get(f"/api/v1/values?keys={KPI}").status_code == 200
    assert signed_in("vera").get(f"/api/v1/metrics/{KPI}/rows").status_code == 403
