import re
from collections.abc import Callable
from pathlib import Path

import pytest

from claimlake.access.session import Session
from claimlake.lake.snapshot import latest, publish
from claimlake.serve.app import create_app
from claimlake.workspace import Workspace
from tests.serve.browser import Browser, links, visible
from tests.serve.invented import build_workspace

SignedIn = Callable[[str], Browser]
Sessions = Callable[[str, str], Session]


def test_the_way_from_a_tile_to_the_raw_segment(signed_in: SignedIn, sessions: Sessions) -> None:
    denied = sessions("north_valley", "biller").rows(
        "select max(opened_date) as last from gold.fact_denial where billing_type = 'HB'"
        " and opened_date <= date '2026-07-31'"
    )
    browser = signed_in("bill")
    dashboard = browser.get(f"/dashboards/initial_denials?month={denied[0]['last']:%Y-%m}")
    tile = next(link for link in links(dashboard, "/metrics/") if "rate_claims" in link)
    metric = browser.get(tile)
    assert "How this figure comes about" in visible(metric)
    rows = browser.get(next(link for link in links(metric) if "/numerator/0" in link))
    claim = browser.get(links(rows, "/claims/")[0])
    text = visible(claim)
    assert text.index("Claim submitted") < text.index("Payer acknowledged") < text.index("Denial case")
    raw = [browser.get(link) for link in links(claim, "/raw/")]
    assert len(raw) == 3
    assert [re.findall(r"<b>(\w+)</b>", page.text)[0] for page in raw] == ["CLM", "TRN", "CLP"]
    assert "edi/2026/all.x12" in visible(raw[0])
    assert f"/claims/{links(rows, '/claims/')[0].split('/')[2].split('?')[0]}" in links(raw[0], "/claims/")


@pytest.mark.parametrize("name", ["initial_denials", "ar_aging"])
@pytest.mark.parametrize("setting", ["hospital", "physician"])
def test_every_link_of_a_dashboard_opens_and_keeps_the_filters(
    signed_in: SignedIn, name: str, setting: str
) -> None:
    browser = signed_in("bill")
    page = browser.get(f"/dashboards/{name}?month=2026-05&setting={setting}&payer=blue_ridge")
    assert page.status_code == 200
    found = [link for link in links(page) if link.startswith(("/metrics", "/dashboards"))]
    assert len(found) > 15
    seen: set[str] = set()
    for link in found:
        assert "payer=" in link or "payer_class=" in link or link.split("?")[0] == f"/dashboards/{name}", link
        kind = re.sub(r"\?.*", "", link)
        if kind not in seen:
            seen.add(kind)
            assert browser.get(link).status_code == 200, link


def test_tiles_say_value_change_trend_and_benchmark(signed_in: SignedIn) -> None:
    page = signed_in("bill").get("/dashboards/initial_denials")
    assert page.text.count('<li class="tile">') == 10
    assert page.text.count('<svg class="spark"') >= 9
    text = visible(page)
    assert re.search(r"pts (better|worse) than Jun 2026", text)
    assert "11.8% average, all payers" in text
    assert "Kodiak Solutions KPI benchmarking 2024 data, secondary" in text


def test_every_chart_has_a_table_twin_with_the_same_links(signed_in: SignedIn) -> None:
    page = signed_in("bill").get("/dashboards/ar_aging")
    panels = re.findall(r'<section class="panel.*?</section>', page.text, re.S)
    assert len(panels) == 6
    for panel in panels:
        drawing, _, twin = panel.partition("<details")
        marks = set(re.findall(r'<a class="mark" href="([^"]+)"', drawing))
        assert marks
        assert marks <= set(re.findall(r'<a href="([^"]+)"', twin))
        assert "<caption" in twin


def test_the_rows_behind_a_bar_add_up_to_it(signed_in: SignedIn) -> None:
    browser = signed_in("bill")
    page = browser.get("/dashboards/ar_aging")
    link = next(link for link in links(page, "/dashboards/ar_aging/buckets") if "by=0-30" in link)
    mark = re.search(r'aria-label="0-30: [^"]*?, (\$[\d,.]+), (\d+) rows?"', page.text)
    assert mark
    rows = visible(browser.get(link))
    assert f"{mark[2]} row" in rows
    assert mark[1] in rows


def test_long_lists_are_paged(signed_in: SignedIn) -> None:
    browser = signed_in("bill")
    first = browser.get("/metrics/hosp_initial_denial_rate_claims/denominator/0")
    total = re.search("1\u2013" + r"(\d+) of (\d+)", visible(first))
    assert total
    assert int(total[1]) <= int(total[2])
    beyond = browser.get("/metrics/hosp_initial_denial_rate_claims/denominator/0?page=99")
    assert beyond.status_code == 200
    assert "No rows" in visible(beyond)


def test_pages_are_in_one_language_with_a_skip_link_and_one_heading(signed_in: SignedIn) -> None:
    for path in ("/dashboards/initial_denials", "/metrics/hosp_net_days_ar", "/claims/none"):
        page = signed_in("bill").get(path).text
        assert '<html lang="en"' in page
        assert '<a class="skip" href="#content">' in page
        assert page.count("<h1") == 1
        assert page.count("<main") == 1
        identifiers = re.findall(r'\sid="([^"]+)"', page)
        assert len(identifiers) == len(set(identifiers))


def test_a_browser_that_has_the_page_gets_304(signed_in: SignedIn) -> None:
    browser = signed_in("bill")
    page = browser.get("/dashboards/ar_aging")
    again = browser.get("/dashboards/ar_aging", if_none_match=page.headers["etag"])
    assert (again.status_code, again.text) == (304, "")
    other = browser.get("/dashboards/ar_aging?month=2026-05", if_none_match=page.headers["etag"])
    assert other.status_code == 200


def test_a_new_snapshot_is_seen_without_a_restart(tmp_path: Path) -> None:
    workspace = build_workspace(tmp_path / "workspace", claims_per_month=1)
    browser = Browser(create_app(workspace))
    browser.sign_in("bill")
    before = browser.get("/dashboards/ar_aging")
    published = latest(workspace)
    assert published
    publish(workspace, {"gold.dim_payer": published.tables["gold.dim_payer"]})
    after = browser.get("/dashboards/ar_aging", if_none_match=before.headers["etag"])
    assert after.status_code == 200
    assert "Snapshot 2" in visible(after)


def test_an_empty_workspace_says_what_to_do(tmp_path: Path) -> None:
    workspace = Workspace.create(tmp_path / "workspace")
    from claimlake.access.user import add_user
    from tests.serve.invented import PASSWORD

    add_user(workspace, "ana", org_id="north", role="analyst", password=PASSWORD)
    browser = Browser(create_app(workspace))
    browser.sign_in("ana")
    page = browser.get("/dashboards/initial_denials")
    assert page.status_code == 200
    assert "claimlake run" in visible(page)
