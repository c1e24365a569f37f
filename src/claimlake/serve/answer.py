"""Answers in HTML: the frame around a page, its ETag, and the entry in the audit chain."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import Request
from markupsafe import Markup
from starlette.responses import HTMLResponse, Response

from claimlake.access.audit import record
from claimlake.access.session import Session
from claimlake.access.visit import Visit
from claimlake.serve.auth import THEME_COOKIE, site_of, user_of
from claimlake.serve.cache import page_key
from claimlake.serve.filter import Filters, parse_filters
from claimlake.serve.scope import Scope

THEMES = ("light", "dark")


def asked(request: Request, session: Session) -> tuple[Filters, Scope]:
    """The settled filters of a request, and what its tenant can choose from."""
    scope = site_of(request).scope(session)
    return scope.settled(parse_filters(request.query_params)), scope


@dataclass(frozen=True)
class Sheet:
    """How a page is titled, found in the navigation, cached and audited."""

    title: str
    action: str = "page"
    """What the audit chain calls it: page, drill, raw, audit."""
    active: str = ""
    """The dashboard it belongs to; such pages have the filter bar."""
    detail: Mapping[str, str | int] | None = None
    """What is noted besides the address; the filters when nothing is given."""
    is_cached: bool = True


def page(request: Request, session: Session, draw: Callable[[], Markup], sheet: Sheet) -> Response:
    """A page within its frame; a browser that already has it is told so, and both are audited."""
    site = site_of(request)
    detail = sheet.detail if sheet.detail is not None else _filter_detail(request)
    record(site.workspace, user_of(request), sheet.action, request.url.path, detail)
    if not sheet.is_cached:
        return _framed(request, session, sheet, draw(), {"Cache-Control": "no-store"})
    tag = etag(request, session)
    headers = {"ETag": tag, "Cache-Control": "private, no-cache", "Vary": "Cookie"}
    if tag in [item.strip() for item in request.headers.get("if-none-match", "").split(",")]:
        return Response(status_code=304, headers=headers)
    body = site.pages.page(page_key(session, f"{request.url.path}?{request.url.query}"), draw)
    return _framed(request, session, sheet, body, headers)


def _framed(
    request: Request, session: Session, sheet: Sheet, body: Markup, headers: Mapping[str, str]
) -> HTMLResponse:
    filters, scope = asked(request, session)
    kept = {
        name: request.query_params[name][:80] for name in ("by", "across") if name in request.query_params
    }
    frame = _frame(request, sheet.title, sheet.active) | {
        "body": body,
        "filters": filters,
        "scope": scope,
        "snapshot_id": session.snapshot_id,
        "has_filters": bool(sheet.active),
        "kept": kept,
    }
    return HTMLResponse(site_of(request).draw("page.html", **frame), headers=dict(headers))


def plain_page(request: Request, template: str, status: int = 200, **values: Any) -> HTMLResponse:
    """A page without figures: sign-in and errors."""
    site = site_of(request)
    title = str(values.pop("title"))
    return HTMLResponse(site.draw(template, **_frame(request, title, ""), **values), status)


def etag(request: Request, session: Session) -> str:
    """The version of an address for one visit: tenant, role and snapshot first, then the rest of the page."""
    visit: Visit | None = getattr(request.state, "visit", None)
    parts = (
        session.org_id,
        session.role.name,
        str(session.snapshot_id),
        site_of(request).boot,
        visit.key if visit else "",
        request.cookies.get(THEME_COOKIE, ""),
        str(request.url),
    )
    return '"' + hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32] + '"'


def _frame(request: Request, title: str, active: str) -> dict[str, Any]:
    site, visit = site_of(request), getattr(request.state, "visit", None)
    theme = request.cookies.get(THEME_COOKIE, "")
    address = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return {
        "title": title,
        "active": active,
        "visit": visit,
        "role": site.policy.roles.get(visit.user.role) if visit else None,
        "theme": theme if theme in THEMES else "",
        "address": address if request.method == "GET" else "/",
        "dashboards": site.dashboards.values(),
    }


def _filter_detail(request: Request) -> dict[str, str]:
    return {name: value[:80] for name, value in sorted(request.query_params.items())[:12]}
