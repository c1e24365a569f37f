"""The pages with figures: dashboards and the page of one KPI."""

from fastapi import APIRouter, Request
from markupsafe import Markup
from starlette.responses import RedirectResponse, Response

from claimlake.access.session import Session
from claimlake.metrics.explain import CONFIDENCE_WORDS, DIRECTION_WORDS, SETTING_WORDS, WINDOW_WORDS
from claimlake.metrics.kpi import Kpi
from claimlake.serve.answer import Sheet, asked, page
from claimlake.serve.auth import CanSeeFigures, site_of
from claimlake.serve.dashboard import ChartPlan
from claimlake.serve.figure import Figure, load_figures
from claimlake.serve.filter import Filters
from claimlake.serve.missing import NotFoundError
from claimlake.serve.number import plain
from claimlake.serve.panel import View, panel, split_panel, tile, tiles, trend_panel

router = APIRouter(include_in_schema=False)
LONG_TREND = 24


@router.get("/health")
def health() -> dict[str, str]:
    """Whether the application answers; says nothing about data."""
    return {"status": "ok"}


@router.get("/")
def start(request: Request, session: CanSeeFigures) -> Response:
    """The first dashboard."""
    first = next(iter(site_of(request).dashboards))
    return RedirectResponse(f"/dashboards/{first}", 303)


@router.get("/dashboards/{name}")
def dashboard(request: Request, name: str, session: CanSeeFigures) -> Response:
    """A dashboard under the filters of the address."""
    site = site_of(request)
    if name not in site.dashboards:
        raise NotFoundError("no such dashboard.", remedy="Choose one from the top of the page.")
    plan = site.dashboards[name]
    view = view_of(request, session, name)

    def draw() -> Markup:
        return site.draw(
            "dashboard.html",
            dashboard=plan,
            tiles=tiles(view, plan),
            panels=[panel(view, chart) for chart in plan.charts],
            filters=view.filters,
            scope=view.scope,
            can_drill=session.role.may("rows"),
        )

    return page(request, session, draw, Sheet(plan.title, active=name))


@router.get("/metrics/{key}")
def metric(request: Request, key: str, session: CanSeeFigures) -> Response:
    """One KPI: its value, its terms with the rows behind them, its trend, its split, and its definition."""
    site = site_of(request)
    kpi = known_kpi(request, key)
    view = view_of(request, session, kpi.dashboard)
    view = _in_setting(view, kpi)

    def draw() -> Markup:
        item = load_figures(session, site.catalog, [key], view.filters, months=LONG_TREND)[0]
        return site.draw(
            "metric.html",
            tile=tile(item, view.filters),
            kpi=kpi,
            dashboard_title=site.dashboards[kpi.dashboard].title
            if kpi.dashboard in site.dashboards
            else "Dashboards",
            sides=_sides(item, view.filters, can_drill=session.role.may("rows")),
            children=_children(view, kpi),
            trend=trend_panel(view, ChartPlan("trend", "trend", f"{kpi.name} by month", width="full"), item),
            splits=_splits(view, kpi),
            filters=view.filters,
            scope=view.scope,
            words={
                "direction": DIRECTION_WORDS[kpi.direction],
                "setting": SETTING_WORDS[kpi.setting],
                "confidence": CONFIDENCE_WORDS[kpi.benchmark.confidence],
            },
        )

    return page(request, session, draw, Sheet(kpi.name, active=kpi.dashboard))


def view_of(request: Request, session: Session, name: str) -> View:
    """What the panels of a request are drawn from."""
    filters, scope = asked(request, session)
    return View(session, site_of(request).catalog, scope, filters, name)


def known_kpi(request: Request, key: str) -> Kpi:
    """The KPI of a key, or 404."""
    kpis = site_of(request).catalog.kpis
    if key not in kpis:
        raise NotFoundError("no such KPI.", remedy="Follow a link from a dashboard.")
    return kpis[key]


def _in_setting(view: View, kpi: Kpi) -> View:
    """The view in the KPI's own setting, so that links back lead to its tiles."""
    if kpi.setting not in ("hospital", "physician"):
        return view
    settled = Filters(**{**vars(view.filters), "setting": kpi.setting})
    return View(view.session, view.catalog, view.scope, settled, view.page)


def _sides(item: Figure, filters: Filters, *, can_drill: bool) -> list[dict[str, object]]:
    value = item.current
    sides: list[dict[str, object]] = []
    for name, side in item.kpi.sides:
        total = getattr(value, name) if value else None
        terms = [
            {
                "text": term.text,
                "window": WINDOW_WORDS[term.window],
                "table": term.table,
                "expr": term.expr,
                "where": term.where or "",
                "href": filters.link(f"/metrics/{item.kpi.key}/{name}/{number}") if can_drill else "",
            }
            for number, term in enumerate(side.terms)
        ]
        sides.append({"name": name, "text": side.text, "value": plain(total), "terms": terms})
    return sides


def _children(view: View, kpi: Kpi) -> list[object]:
    if not kpi.lineage:
        return []
    figures = load_figures(view.session, view.catalog, list(kpi.lineage), view.filters, months=13)
    return [tile(item, view.filters) for item in figures]


def _splits(view: View, kpi: Kpi) -> list[object]:
    plans = [
        ChartPlan(
            f"by_{by}", "heatmap", f"By {by.replace('_', ' ')} and month", by=by, months=12, width="full"
        )
        for by in ("entity", "payer", "payer_class", "department")
        if by in kpi.grain and not getattr(view.filters, by)
    ]
    return [split_panel(view, plan, kpi) for plan in plans[:2]]
