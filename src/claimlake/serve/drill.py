"""From a figure to its rows, from a row to its claim, from a claim to the raw record."""

from fastapi import APIRouter, Request
from markupsafe import Markup
from starlette.responses import Response

from claimlake.access.session import Session
from claimlake.metrics.drill import Drill, query_rows
from claimlake.serve.amount import Choice, slice_rows
from claimlake.serve.answer import Sheet, page
from claimlake.serve.auth import CanSeeRaw, CanSeeRows, site_of
from claimlake.serve.claim import Claim, account_balances, account_claims, load_claim
from claimlake.serve.filter import Filters
from claimlake.serve.listing import listing
from claimlake.serve.missing import NotFoundError
from claimlake.serve.number import cents, month, words
from claimlake.serve.pager import Pager, asked_page
from claimlake.serve.pages import known_kpi, view_of
from claimlake.serve.raw import FILE_ID, Place, is_segmented, read_extent
from claimlake.serve.raw_row import SourceRow, read_placed, read_row
from claimlake.serve.scope import Scope
from claimlake.serve.table import Table

router = APIRouter(include_in_schema=False)


@router.get("/metrics/{key}/{side}/{term}")
def metric_rows(request: Request, key: str, side: str, term: int, session: CanSeeRows) -> Response:
    """The rows one term of a KPI counted."""
    kpi, number = known_kpi(request, key), asked_page(request)
    sides = dict(kpi.sides)
    if side not in sides or not 0 <= term < len(sides[side].terms):
        raise NotFoundError("no such term.", remedy="Follow a link from the KPI's page.")
    view = view_of(request, session, kpi.dashboard)

    def draw() -> Markup:
        wanted = Drill(key, view.filters.period, side, term, view.filters.dimensions)
        pager = Pager(number, 0)
        found = query_rows(session, view.catalog, wanted, limit=pager.size, offset=pager.offset)
        rows = [dict(zip(found.columns, row, strict=True)) for row in found.rows]
        return site_of(request).draw(
            "rows.html",
            heading=f"{kpi.name}: {side}",
            about=f"{sides[side].terms[term].where or 'All rows'} · {found.table}",
            total="",
            month=month(view.filters.period.start),
            back=view.filters.link(f"/metrics/{key}"),
            back_label=kpi.name,
            table=listing(session, view.scope, view.filters, f"Rows behind the {side}", rows),
            pager=Pager(number, found.total),
            filters=view.filters,
            path=request.url.path,
            also={},
            more=None,
            export=view.filters.link(f"{request.url.path}/export") if session.role.may("export") else "",
        )

    return page(request, session, draw, Sheet(f"Rows: {kpi.name}", action="drill", active=kpi.dashboard))


@router.get("/dashboards/{name}/{chart}")
def chart_rows(request: Request, name: str, chart: str, session: CanSeeRows) -> Response:
    """The rows behind one mark of an amount chart."""
    site, number = site_of(request), asked_page(request)
    if name not in site.dashboards:
        raise NotFoundError("no such dashboard.", remedy="Choose one from the top of the page.")
    dashboard = site.dashboards[name]
    plan = dashboard.chart(chart)
    by, across = (request.query_params.get(part, "")[:80] for part in ("by", "across"))
    amount = plan.amount
    if amount is None:
        raise NotFoundError("this chart has no rows of its own.", remedy="Follow a mark to its KPI.")
    view = view_of(request, session, name)

    def draw() -> Markup:
        pager = Pager(number, 0)
        count, total, rows = slice_rows(session, amount, view.filters, Choice(by, across), pager)
        chosen = " · ".join(words(part) for part in (by, across) if part)
        return site.draw(
            "rows.html",
            heading=f"{plan.title}: {chosen}" if chosen else plan.title,
            about=amount.table,
            total=cents(total),
            month=month(view.filters.period.start),
            back=view.filters.link(f"/dashboards/{name}"),
            back_label=dashboard.title,
            table=listing(session, view.scope, view.filters, plan.title, rows),
            pager=Pager(number, count),
            filters=view.filters,
            path=request.url.path,
            also={"by": by, "across": across},
            more=None,
            export="",
        )

    return page(request, session, draw, Sheet(plan.title, action="drill", active=name))


@router.get("/claims/{claim_key}")
def claim(request: Request, claim_key: str, session: CanSeeRows) -> Response:
    """One claim, every event in order."""
    found = load_claim(session, claim_key)
    view = view_of(request, session, "")

    def draw() -> Markup:
        return site_of(request).draw(
            "claim.html",
            claim=found,
            siblings=_siblings(session, view.scope, view.filters, found),
            filters=view.filters,
            scope=view.scope,
            can_open_raw=session.role.may("raw"),
            is_masked=session.role.phi != "clear",
        )

    return page(request, session, draw, Sheet("Claim timeline", action="drill", detail={"claim": claim_key}))


@router.get("/accounts/{account_key}")
def account(request: Request, account_key: str, session: CanSeeRows) -> Response:
    """The claims of one account."""
    claims, balances = account_claims(session, account_key), account_balances(session, account_key)
    if not claims and not balances:
        raise NotFoundError("no such account.", remedy="Follow a link from a list of balances.")
    view = view_of(request, session, "")

    def draw() -> Markup:
        return site_of(request).draw(
            "rows.html",
            heading=f"Account {account_key[:10]}",
            about="Claims and balances of the account",
            total="",
            month="",
            back=view.filters.link("/dashboards/ar_aging"),
            back_label="A/R aging",
            table=listing(session, view.scope, view.filters, "Claims of the account", claims),
            more=listing(session, view.scope, view.filters, "Balances, newest first", balances),
            pager=Pager(1, len(claims)),
            filters=view.filters,
            path=request.url.path,
            also={},
            export="",
        )

    return page(request, session, draw, Sheet("Account", action="drill", detail={"account": account_key}))


@router.get("/raw/{file_id}/{offset:int}-{length:int}")
def raw_extent(request: Request, file_id: str, offset: int, length: int, session: CanSeeRaw) -> Response:
    """The segments of one record as they arrived, or the landed row of a record of another format."""
    site, place = site_of(request), Place(file_id, offset, length)
    detail: dict[str, str | int] = {"file": file_id, "offset": offset, "length": length}
    if not is_segmented(site.workspace, session, file_id):
        return _row_page(request, session, read_placed(site.workspace, session, place), detail)
    extent = read_extent(site.workspace, session, place)

    def draw() -> Markup:
        return site.draw("raw.html", extent=extent, claim_key=_claim_key(request))

    return page(request, session, draw, Sheet("Raw record", action="raw", detail=detail))


@router.get("/raw/{file_id}/row/{row:int}")
def raw_row(request: Request, file_id: str, row: int, session: CanSeeRaw) -> Response:
    """One landed row of a feed that is not X12."""
    found = read_row(site_of(request).workspace, session, file_id, row)
    return _row_page(request, session, found, {"file": file_id, "row": row})


def _row_page(request: Request, session: Session, found: SourceRow, detail: dict[str, str | int]) -> Response:
    def draw() -> Markup:
        return site_of(request).draw("raw_row.html", row=found, claim_key=_claim_key(request))

    return page(request, session, draw, Sheet("Raw record", action="raw", detail=detail))


def _claim_key(request: Request) -> str:
    """The claim the reader came from, when the address names one."""
    text = request.query_params.get("claim", "")
    return text if FILE_ID.fullmatch(text) else ""


def _siblings(session: Session, scope: Scope, filters: Filters, found: Claim) -> Table | None:
    if not found.siblings:
        return None
    return listing(session, scope, filters, "Other claims of the account", found.siblings)
