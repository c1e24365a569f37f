"""The web application of a workspace."""

import logging
import traceback
from collections.abc import Callable
from secrets import token_hex

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response
from starlette.staticfiles import StaticFiles

from claimlake import __version__
from claimlake.errors import AccessError, ClaimlakeError, QueryError
from claimlake.serve import account, api, audit_page, drill, export, pages
from claimlake.serve.answer import plain_page
from claimlake.serve.auth import Gate
from claimlake.serve.missing import NotFoundError
from claimlake.serve.site import FOLDER, Site
from claimlake.workspace import Workspace

LOG = logging.getLogger("claimlake.serve")
STATUS: tuple[tuple[type[ClaimlakeError], int], ...] = (
    (NotFoundError, 404),
    (AccessError, 403),
    (QueryError, 400),
    (ClaimlakeError, 500),
)
TITLES = {
    400: "This address does not work",
    403: "Not allowed",
    404: "Not found",
    405: "Not possible",
    422: "This address does not work",
    500: "Something went wrong",
}
REMEDIES = {
    403: "Ask an administrator when you need this for your work.",
    404: "Go back, or start from a dashboard.",
    500: "Try again. If it stays, tell your administrator the number above.",
}


def create_app(workspace: Workspace) -> FastAPI:
    """The application: pages, API and static files, closed to everyone who is not signed in."""
    site = Site(workspace)
    app = FastAPI(
        title="claimlake",
        version=__version__,
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
        description="Metrics, rows, claims and raw records of one tenant. Send an API token as bearer.",
    )
    app.state.site = site
    app.mount("/static", StaticFiles(directory=FOLDER / "static"), name="static")
    for part in (account, pages, drill, export, audit_page, api):
        app.include_router(part.router)
    for kind, handler in _handlers().items():
        app.add_exception_handler(kind, handler)
    app.add_middleware(Gate, site=site, trouble=_unexpected)
    return app


def _handlers() -> dict[type[Exception], Callable[[Request, Exception], Response]]:
    return {
        ClaimlakeError: _expected,
        HTTPException: _http,
        RequestValidationError: _invalid,
    }


def _expected(request: Request, error: Exception) -> Response:
    assert isinstance(error, ClaimlakeError)  # noqa: S101 - registered for this type only
    status = next(code for kind, code in STATUS if isinstance(error, kind))
    return _problem(request, status, error.what, error.where, error.remedy)


def _http(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    what = "this method is not possible here." if status == 405 else "there is nothing at this address."
    return _problem(request, status, what, request.url.path, "")


def _invalid(request: Request, error: Exception) -> Response:
    details = error.errors() if isinstance(error, RequestValidationError) else []
    where = ", ".join(".".join(str(part) for part in detail["loc"][1:]) for detail in details)
    is_path = any(detail["loc"][0] == "path" for detail in details)
    what = "a part of the address is not of the right kind."
    return _problem(request, 404 if is_path else 422, what, where, "See /api/openapi.json.")


def _unexpected(request: Request, error: Exception) -> Response:
    number = token_hex(4)
    # Not the message: it can quote a value, and a value can be a patient.
    frames = "".join(traceback.format_tb(error.__traceback__))
    LOG.error("incident %s: %s\n%s", number, type(error).__name__, frames)
    return _problem(request, 500, f"an unexpected error, number {number}.", "", "")


def _problem(request: Request, status: int, what: str, where: str, remedy: str) -> Response:
    remedy = remedy or REMEDIES.get(status, "")
    if request.url.path.startswith("/api/"):
        return JSONResponse({"error": {"what": what, "where": where, "remedy": remedy}}, status)
    title = TITLES.get(status, TITLES[500])
    sentence = what[:1].upper() + what[1:]
    return plain_page(request, "error.html", status, title=title, what=sentence, remedy=remedy, code=status)
