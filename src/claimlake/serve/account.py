"""Signing in and out, and choosing light or dark."""

import secrets
from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse, Response

from claimlake.access.audit import record
from claimlake.access.user import User
from claimlake.access.visit import LONGEST, end_visit, find_visit, sign_in
from claimlake.errors import AccessError
from claimlake.serve.answer import THEMES, plain_page
from claimlake.serve.auth import COOKIE, LOGIN_COOKIE, THEME_COOKIE, check_form, local_address, site_of

router = APIRouter(include_in_schema=False)
YEAR = 365 * 24 * 3600


@router.get("/login")
def login_page(request: Request, next: str = "/") -> Response:  # noqa: A002 - the name users see in the address
    """The sign-in form."""
    if request.state.user is not None:
        return RedirectResponse(local_address(next), 303)
    return _login_form(request, local_address(next), "")


@router.post("/login")
def login(
    request: Request,
    name: Annotated[str, Form(max_length=100)] = "",
    password: Annotated[str, Form(max_length=1000)] = "",
    csrf: Annotated[str, Form()] = "",
    next: Annotated[str, Form()] = "/",  # noqa: A002
) -> Response:
    """Start a visit when name and password are right."""
    site, address = site_of(request), request.client.host if request.client else "unknown"
    # Before sign-in there is no visit to hold a token: the form must repeat what this browser's cookie says.
    given = request.cookies.get(LOGIN_COOKIE, "")
    if not given or not secrets.compare_digest(given.encode(), csrf.encode()):
        return _login_form(request, local_address(next), "The form was out of date. Try again.", 403)
    try:
        key = sign_in(site.workspace, name, password, address)
    except AccessError as error:
        record(site.workspace, User("", "", ""), "sign-in refused", "/login")
        status = 429 if error.retryable else 401
        return _login_form(request, local_address(next), f"{error.what} {error.remedy}".capitalize(), status)
    visit = find_visit(site.workspace, key)
    if visit:
        record(site.workspace, visit.user, "sign-in", "/login")
    answer = RedirectResponse(local_address(next), 303)
    _set_cookie(request, answer, COOKIE, key, int(LONGEST.total_seconds()))
    answer.delete_cookie(LOGIN_COOKIE)
    return answer


@router.post("/logout")
async def logout(request: Request, csrf: Annotated[str, Form()] = "") -> Response:
    """End the visit."""
    check_form(request, csrf)
    site, visit = site_of(request), request.state.visit
    await run_in_threadpool(record, site.workspace, visit.user, "sign-out", "/logout")
    await run_in_threadpool(end_visit, site.workspace, visit)
    answer = RedirectResponse("/login", 303)
    answer.delete_cookie(COOKIE)
    return answer


@router.post("/theme")
async def choose_theme(
    request: Request,
    csrf: Annotated[str, Form()] = "",
    theme: Annotated[str, Form()] = "",
    next: Annotated[str, Form()] = "/",  # noqa: A002
) -> Response:
    """Keep the choice of light or dark in a cookie; anything else follows the device."""
    check_form(request, csrf)
    answer = RedirectResponse(local_address(next), 303)
    _set_cookie(request, answer, THEME_COOKIE, theme if theme in THEMES else "", YEAR)
    return answer


def _login_form(request: Request, address: str, problem: str, status: int = 200) -> Response:
    token = secrets.token_urlsafe(32)
    answer = plain_page(
        request, "login.html", status, title="Sign in", next=address, problem=problem, csrf=token
    )
    _set_cookie(request, answer, LOGIN_COOKIE, token, 3600)
    return answer


def _set_cookie(request: Request, answer: Response, name: str, value: str, seconds: int) -> None:
    answer.set_cookie(
        name,
        value,
        max_age=seconds,
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
        path="/",
    )
