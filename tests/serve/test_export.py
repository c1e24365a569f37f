from collections.abc import Callable

from claimlake.access.audit import entries
from claimlake.serve.export import csv_text
from claimlake.serve.table import Cell, Head, Table
from claimlake.workspace import Workspace
from tests.serve.browser import Browser, links

SignedIn = Callable[[str], Browser]
ROWS = "/metrics/hosp_initial_denial_rate_claims/denominator/0"


def test_an_export_has_the_rows_of_the_list_and_is_audited(signed_in: SignedIn, workspace: Workspace) -> None:
    browser = signed_in("bill")
    link = next(link for link in links(browser.get(ROWS)) if "/export" in link)
    answer = browser.get(link)
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert "attachment" in answer.headers["content-disposition"]
    lines = answer.text.splitlines()
    assert lines[0].startswith("Claim,Payer,")
    newest = next(entry for entry in entries(workspace, org_id="north_valley") if entry.user_name == "bill")
    assert (newest.action, newest.detail) == ("export", f'{{"rows": {len(lines) - 1}}}')


def test_an_export_is_masked_like_the_list(signed_in: SignedIn) -> None:
    answer = signed_in("ana").get(f"{ROWS}/export")
    assert answer.status_code == 200
    assert all(line.startswith("~") for line in answer.text.splitlines()[1:])


def test_a_cell_never_becomes_a_formula() -> None:
    table = Table(
        "x",
        [Head("A"), Head("B", is_number=True)],
        [[Cell("=cmd()"), Cell("-5", "-5.20")], [Cell("@x"), Cell("")]],
    )
    assert csv_text(table).splitlines() == ["A,B", "'=cmd(),-5.20", "'@x,"]
