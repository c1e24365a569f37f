import re
from collections.abc import Callable

import pytest
from fastapi import FastAPI
from starlette.routing import Route

from claimlake.access.audit import entries, verify
from claimlake.serve import account, api, audit_page, drill, export, pages
from claimlake.serve.auth import PUBLIC, local_address
from claimlake.workspace import Workspace
from tests.serve.browser import Browser, csrf, links, visible
from tests.serve.invented import PATIENT

SignedIn = Callable[[str], Browser]
KEY = "0" * 64


def addresses() -> list[tuple[str, str]]:
    """Every route with its parts filled in."""
    found = []
    for module in (account, api, audit_page, drill, export, pages):
        for route in module.router.routes:
            assert isinstance(route, Route)
            path = re.sub(r"\{(\w+):int\}|\{(term)\}", "0", route.path)
            path = re.sub(r"\{\w+\}", KEY, path)
            found += [(method, path) for method in sorted((route.methods or set()) - {"HEAD"})]
    return [*found, ("GET", "/api/openapi.json")]


def test_every_route_is_closed_to_strangers(stranger: Browser) -> None:
    closed = [(method, path) for method, path in addresses() if path not in PUBLIC]
    assert len(closed) > 14
    for method, path in closed:
        answer = stranger.send(method, path)
        if path.startswith("/api/"):
            assert answer.status_code == 401, path
            assert set(answer.json()["error"]) == {"what", "where", "remedy"}
        else:
            assert answer.status_code == 303, path
            assert answer.headers["location"].startswith("/login"), path


def test_an_address_that_does_not_exist_says_nothing_to_strangers(stranger: Browser) -> None:
    assert stranger.get("/no/such/page").headers["location"].startswith("/login?next=%2Fno")
    assert stranger.get("/api/v1/nothing").status_code == 401


def test_health_is_open_and_says_nothing(stranger: Browser) -> None:
    assert stranger.get("/health").json() == {"status": "ok"}


def test_sign_in_leads_back_to_the_page(app: FastAPI) -> None:
    answer = Browser(app).sign_in("bill", next="/dashboards/ar_aging?month=2026-05")
    assert (answer.status_code, answer.headers["location"]) == (303, "/dashboards/ar_aging?month=2026-05")
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie


@pytest.mark.parametrize(
    "address", ["https://evil.test/", "//evil.test", "/\\evil.test", "javascript:x", "", "/a\nb"]
)
def test_sign_in_never_leads_away(address: str) -> None:
    assert local_address(address) == "/"


def test_a_wrong_password_is_refused_and_audited(app: FastAPI, workspace: Workspace) -> None:
    browser = Browser(app)
    answer = browser.sign_in("vera", password="not her password")
    assert answer.status_code == 401
    assert "not right" in visible(answer)
    assert entries(workspace, org_id="")[0].action == "sign-in refused"


def test_sign_in_needs_the_forms_token(app: FastAPI) -> None:
    browser = Browser(app)
    browser.get("/login")
    assert browser.post("/login", name="bill", password="correct horse battery", csrf="").status_code == 403
    assert browser.get("/").status_code == 303
    assert "login" in browser.get("/").headers["location"]


@pytest.mark.parametrize("path", ["/logout", "/theme"])
@pytest.mark.parametrize("token", ["", "wrong", "é"])
def test_forms_without_the_visits_token_are_refused(signed_in: SignedIn, path: str, token: str) -> None:
    browser = signed_in("ana")
    assert browser.post(path, csrf=token).status_code == 403
    assert browser.get("/dashboards/ar_aging").status_code == 200


def test_signing_out_ends_the_visit(app: FastAPI) -> None:
    browser = Browser(app)
    browser.sign_in("bill")
    cookies = dict(browser.cookies)
    assert browser.post("/logout", csrf=csrf(browser.get("/dashboards/ar_aging"))).status_code == 303
    for name, value in cookies.items():
        browser.cookies.set(name, value)
    assert browser.get("/dashboards/ar_aging").status_code == 303


def test_dark_is_kept_in_a_cookie(app: FastAPI) -> None:
    browser = Browser(app)
    browser.sign_in("bill")
    page = browser.get("/dashboards/ar_aging")
    assert "data-theme" not in page.text
    answer = browser.post("/theme", csrf=csrf(page), theme="dark", next="/dashboards/ar_aging")
    assert answer.headers["location"] == "/dashboards/ar_aging"
    assert '<html lang="en" data-theme="dark">' in browser.get("/dashboards/ar_aging").text


def test_pages_have_safe_headers_and_nothing_inline(signed_in: SignedIn, stranger: Browser) -> None:
    browser = signed_in("bill")
    claim = links(browser.get("/metrics/hosp_initial_denial_rate_claims/denominator/0"), "/claims/")[0]
    raw = links(browser.get(claim), "/raw/")[0]
    pages = [stranger.get("/login"), browser.get("/claims/none"), browser.get(claim), browser.get(raw)]
    pages += [browser.get(f"/dashboards/{name}") for name in ("initial_denials", "ar_aging")]
    pages += [browser.get("/metrics/hosp_initial_denial_rate_claims")]
    for page in pages:
        policy = page.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert page.headers["x-content-type-options"] == "nosniff"
        assert page.headers["x-frame-options"] == "DENY"
        assert not re.search(r"\s(style|on[a-z]+)\s*=", re.sub(r">[^<]*<", "><", page.text))
        assert "<style" not in page.text
        assert all(match.strip().startswith("src=") for match in re.findall(r"<script([^>]*)>", page.text))
        assert not re.search(r"(src|href|action)=\"(https?:)?//", page.text)
        assert "javascript:" not in page.text


def test_static_files_are_cached_and_pages_are_not_shared(signed_in: SignedIn, stranger: Browser) -> None:
    assert "immutable" in stranger.get("/static/claimlake.css").headers["cache-control"]
    assert stranger.get("/static/../auth.py").status_code in (303, 404)
    assert signed_in("bill").get("/dashboards/ar_aging").headers["cache-control"] == "private, no-cache"


@pytest.mark.parametrize("name", ["vera"])
def test_a_viewer_sees_figures_but_no_rows(signed_in: SignedIn, name: str) -> None:
    browser = signed_in(name)
    page = browser.get("/dashboards/initial_denials")
    assert page.status_code == 200
    assert links(page, "/claims/") == []
    for path in (
        f"/claims/{KEY}",
        f"/raw/{KEY}/0-10",
        "/metrics/hosp_initial_denial_rate_claims/numerator/0",
        "/metrics/hosp_initial_denial_rate_claims/numerator/0/export",
        "/dashboards/ar_aging/buckets",
        f"/accounts/{KEY}",
        "/audit",
    ):
        answer = browser.get(path)
        assert answer.status_code == 403, path
        assert "may not do this" in visible(answer)


def test_reading_is_audited_and_the_chain_holds(signed_in: SignedIn, workspace: Workspace) -> None:
    browser = signed_in("root")
    claim = links(browser.get("/metrics/hosp_initial_denial_rate_claims/denominator/0"), "/claims/")[0]
    raw = links(browser.get(claim), "/raw/")[0]
    browser.get(raw)
    found = [entry.action for entry in entries(workspace, org_id="north_valley") if entry.user_name == "root"]
    assert found[:3] == ["raw", "drill", "drill"]
    assert verify(workspace).is_whole
    assert "The chain is whole" in visible(browser.get("/audit"))


def test_an_unexpected_error_says_nothing_about_data(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from claimlake.serve.app import create_app

    app = create_app(workspace)
    browser = Browser(app)
    browser.sign_in("bill")

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError(" ".join(PATIENT))

    monkeypatch.setattr("claimlake.serve.pages.tiles", broken)
    answer = browser.get("/dashboards/initial_denials")
    assert answer.status_code == 500
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert PATIENT[0] not in answer.text + caplog.text
    assert "RuntimeError" in caplog.text
