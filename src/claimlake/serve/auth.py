"""The gate before every route: who is asking, what strangers may see, and the headers of every answer."""

import secrets
from collections.abc import Callable
from typing import Annotated
from urllib.parse import quote

from fastapi import Depends, Request
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from claimlake.access.session import Session
from claimlake.access.user import User
from claimlake.access.visit import Visit, find_visit, user_of_token
from claimlake.errors import AccessError
from claimlake.serve.site import Site

COOKIE = "claimlake_visit"
LOGIN_COOKIE = "claimlake_login"
THEME_COOKIE = "claimlake_theme"
PUBLIC = ("/login", "/health")
PUBLIC_FOLDER = "/static/"
FOR_EVER = "public, max-age=31536000, immutable"
"""Static files carry their content hash in the address."""
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; font-src 'self';"
        " connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


Trouble = Callable[[Request, Exception], Response]
"""Answers a request that failed for a reason nobody foresaw."""


class Gate:
    """Middleware that finds the visitor, refuses strangers, and sets the security headers."""

    def __init__(self, app: ASGIApp, site: Site, trouble: Trouble) -> None:
        self.app = app
        self.site = site
        self.trouble = trouble

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_safe(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
                is_static = scope["path"].startswith(PUBLIC_FOLDER)
                headers.setdefault("Cache-Control", FOR_EVER if is_static else "no-store")
            await send(message)

        request = Request(scope)
        path = request.url.path
        visit = await run_in_threadpool(self._visit, request)
        user = visit.user if visit else await run_in_threadpool(self._token_user, request)
        scope.setdefault("state", {}).update(visit=visit, user=user)
        is_open = path in PUBLIC or path.startswith(PUBLIC_FOLDER)
        if user is None and not is_open:
            await _stranger(request)(scope, receive, send_safe)
            return
        try:
            await self.app(scope, receive, send_safe)
        except Exception as error:  # noqa: BLE001 - the top: a server's own log would quote the message, and so a value
            await self.trouble(request, error)(scope, receive, send_safe)

    def _visit(self, request: Request) -> Visit | None:
        key = request.cookies.get(COOKIE)
        return find_visit(self.site.workspace, key) if key else None

    def _token_user(self, request: Request) -> User | None:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not request.url.path.startswith("/api/"):
            return None
        return user_of_token(self.site.workspace, token.strip())


def _stranger(request: Request) -> Response:
    if request.url.path.startswith("/api/"):
        body = {
            "what": "not signed in.",
            "where": request.url.path,
            "remedy": "Send 'Authorization: Bearer <token>'; create one with: claimlake users token NAME",
        }
        return JSONResponse({"error": body}, 401, {"WWW-Authenticate": "Bearer"})
    if request.method != "GET":
        return RedirectResponse("/login", 303)
    address = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return RedirectResponse(f"/login?next={quote(address, safe='')}" if address != "/" else "/login", 303)


def site_of(request: Request) -> Site:
    """The site that answers the request."""
    site: Site = request.app.state.site
    return site


def user_of(request: Request) -> User:
    """The signed-in user."""
    user: User | None = request.state.user
    if user is None:
        raise AccessError("not signed in.", remedy="Sign in first.")
    return user


class Permission:
    """A route's dependency: the user's session, when the role holds the permission."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(self, request: Request) -> Session:
        """The session of the signed-in user; AccessError when the role may not do this."""
        user, site = user_of(request), site_of(request)
        role = site.policy.role(user.role)
        if not role.may(self.name):
            raise AccessError(
                f"the role {role.name} may not do this.",
                where=self.name,
                remedy="Ask an administrator for another role.",
            )
        return site.sessions.session(user.org_id, user.role)


CanSeeFigures = Annotated[Session, Depends(Permission("dashboard"))]
CanSeeRows = Annotated[Session, Depends(Permission("rows"))]
CanSeeRaw = Annotated[Session, Depends(Permission("raw"))]
CanExport = Annotated[Session, Depends(Permission("export"))]
CanAudit = Annotated[Session, Depends(Permission("audit"))]


def check_form(request: Request, token: str) -> None:
    """Refuse a form that does not carry the visit's token."""
    visit: Visit | None = request.state.visit
    if visit is None or not secrets.compare_digest(visit.csrf.encode(), token.encode()):
        raise AccessError("the form is out of date.", remedy="Go back, load the page again and repeat.")


def local_address(address: str) -> str:
    """The address when it stays on this site, else the start page."""
    is_local = address.startswith("/") and not address.startswith(("//", "/\\")) and "\\" not in address
    return address if is_local and address.isprintable() else "/"
