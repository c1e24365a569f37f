"""REST APIs: JSON over HTTP, asked no faster than allowed, again where that can help, and never for ever.

The standard library speaks HTTP: it takes proxies (HTTPS_PROXY, NO_PROXY) and authorities (SSL_CERT_FILE)
from the environment and the system, as a hospital's network wants it. Credentials travel in headers only, a
redirection is never followed, so that they reach no other host, and no message repeats a query, a header or
an answer.
"""

import json
import random
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.message import Message
from email.utils import parsedate_to_datetime
from http.client import HTTPException
from ipaddress import ip_address
from typing import Any, Protocol
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urlencode, urlsplit
from urllib.request import HTTPRedirectHandler, HTTPSHandler, OpenerDirector, Request, build_opener

from claimlake.errors import ClaimlakeError, ConfigurationError, SourceError
from claimlake.sources.throttle import Clock, Throttle

LARGEST_ANSWER = 64_000_000
CHUNK = 1 << 16
BUSY = (408, 425, 429, 500, 502, 503, 504)
"""Answers after which the same request may succeed."""


@dataclass(frozen=True)
class Patience:
    """How long an API is given before a request is told as failed."""

    attempts: int = 6
    first_wait: float = 1.0
    """Seconds before the second attempt; each further wait is twice as long, less a random part."""
    longest_wait: float = 60.0
    longest_asked: float = 300.0
    """Seconds an API may ask to be left alone (Retry-After); one that asks for more is given up."""
    timeout: float = 30.0
    """Seconds without a byte; a whole answer may take four times as long."""


class Authority(Protocol):
    """Gives the credentials that travel with a request."""

    def header(self) -> str:
        """The value of the Authorization header."""
        ...

    def forget(self) -> None:
        """Drop what was refused, so that the next header is a new one."""
        ...


class _AgainError(Exception):
    """A failure that may pass, and the seconds the API asks to wait."""

    def __init__(self, what: str, seconds: float = 0.0) -> None:
        super().__init__(what)
        self.what = what
        self.seconds = seconds


class _NoRedirect(HTTPRedirectHandler):
    """Follows nothing: a redirection is an answer like any other."""

    def redirect_request(self, *_: object) -> None:
        """No request, whatever the answer says."""
        return


@dataclass
class RestClient:
    """One API at one configured address."""

    url: str
    where: str
    """What messages call it: 'source npi'."""
    throttle: Throttle
    headers: Mapping[str, str] = field(default_factory=dict)
    authority: Authority | None = None
    patience: Patience = field(default_factory=Patience)
    clock: Clock = field(default_factory=Clock)
    jitter: Callable[[], float] = random.random
    _opener: OpenerDirector = field(init=False, repr=False)

    def __post_init__(self) -> None:
        check_address(self.url, self.where, has_credentials=self.authority is not None)
        self._opener = build_opener(_NoRedirect, HTTPSHandler(context=ssl.create_default_context()))

    def get(self, path: str = "", parameters: Mapping[str, str] | None = None) -> Any:
        """The JSON at a path below the address; None when there is nothing (404)."""
        query = f"?{urlencode(parameters)}" if parameters else ""
        address = f"{self.url.rstrip('/')}/{quote(path.lstrip('/'), safe='/%')}" if path else self.url
        return self._patiently(lambda: Request(address + query))  # noqa: S310 - the scheme is checked

    def post_form(self, fields: Mapping[str, str]) -> Any:
        """The JSON that the address answers a form with."""
        body = urlencode(fields).encode()
        return self._patiently(lambda: Request(self.url, data=body))  # noqa: S310 - the scheme is checked

    def _patiently(self, request: Callable[[], Request]) -> Any:
        wait = self.patience.first_wait
        problem = _AgainError("was not asked")
        for attempt in range(1, self.patience.attempts + 1):
            self.throttle.wait()
            try:
                return self._ask(request())
            except _AgainError as error:
                problem = error
            if problem.seconds > self.patience.longest_asked:
                break
            if attempt < self.patience.attempts:
                self.clock.sleep(max(problem.seconds, wait * (0.5 + self.jitter() / 2)))
                wait = min(2 * wait, self.patience.longest_wait)
        raise self._given_up(problem, attempt)

    def _given_up(self, problem: _AgainError, attempts: int) -> SourceError:
        asked = f" and asks to wait {problem.seconds:,.0f} s" if problem.seconds else ""
        return SourceError(
            f"the API {problem.what}{asked}; given up after {attempts} attempts.",
            where=self.where,
            remedy="What was answered before is kept; the next run asks for the rest.",
            retryable=True,
        )

    def _ask(self, request: Request) -> Any:
        """One attempt; credentials that have run out are renewed once."""
        is_renewed = False
        while True:
            for name, value in {"Accept": "application/json", **self.headers}.items():
                request.add_header(name, value)
            if self.authority:
                request.add_unredirected_header("Authorization", self.authority.header())
            try:
                return self._answer(request)
            except HTTPError as error:
                error.close()
                if error.code == 404:
                    return None
                if error.code == 401 and self.authority and not is_renewed:
                    self.authority.forget()
                    is_renewed = True
                    continue
                raise self._refused(error) from None

    def _answer(self, request: Request) -> Any:
        try:
            with self._opener.open(request, timeout=self.patience.timeout) as response:
                return json.loads(self._body(response))
        except HTTPError:
            raise
        except OSError as error:
            raise self._unreached(error) from None
        except (ValueError, RecursionError, HTTPException):  # cut short, or no JSON
            raise _AgainError("answers what is not JSON, or only part of it") from None

    def _body(self, response: Any) -> bytes:
        """The answer, read to its end within the time and size an answer may have."""
        until = self.clock.now() + 4 * self.patience.timeout
        parts: list[bytes] = []
        size = 0
        while chunk := response.read(CHUNK):
            parts.append(chunk)
            size += len(chunk)
            if size > LARGEST_ANSWER:
                raise SourceError(f"the API answers more than {LARGEST_ANSWER:,} bytes.", where=self.where)
            if self.clock.now() > until:
                raise TimeoutError
        return b"".join(parts)

    def _unreached(self, error: OSError) -> Exception:
        cause = error.reason if isinstance(error, URLError) else error
        if isinstance(cause, ssl.SSLCertVerificationError):
            return SourceError(
                "the API's certificate is not trusted, so nothing was sent.",
                where=self.where,
                remedy="Correct the address, or name the authority that signed it with SSL_CERT_FILE.",
            )
        if isinstance(cause, TimeoutError):
            return _AgainError("does not answer in time")
        return _AgainError(f"cannot be reached ({type(cause).__name__})")

    def _refused(self, error: HTTPError) -> Exception:
        if error.code in BUSY:
            return _AgainError(f"answers {error.code}", self._asked_to_wait(error.headers))
        if error.code in (401, 403, 407):
            return ConfigurationError(
                f"the API refuses the credentials (status {error.code}).",
                where=self.where,
                remedy="Check the source's 'token' in the tenant file and what it may read.",
            )
        if 300 <= error.code < 400:
            return ConfigurationError(
                f"the API sends elsewhere (status {error.code}), which is not followed.",
                where=self.where,
                remedy="Write the address it moved to as the source's 'url'.",
            )
        return SourceError(f"the API refuses the request (status {error.code}).", where=self.where)

    def _asked_to_wait(self, headers: Message) -> float:
        """Seconds of a Retry-After header, which is a number or a date; 0 without one."""
        value = (headers.get("Retry-After") or "").strip()
        if value.isdigit():
            return float(value)
        try:
            return max(0.0, parsedate_to_datetime(value).timestamp() - self.clock.wall())
        except ValueError:
            return 0.0


def check_address(url: str, where: str, *, has_credentials: bool) -> None:
    """Refuse an address that is none, that holds a password, or that would show credentials on the way."""
    parts = urlsplit(url)
    if parts.scheme not in ("https", "http") or not parts.hostname:
        raise _bad_address("is not the address of an API.", where, "Example: https://host/api/.")
    if parts.username or parts.password:
        raise _bad_address("holds a user name or password.", where, "Name credentials under 'token'.")
    if parts.query or parts.fragment:
        raise _bad_address("holds a query.", where, "Write the address up to the '?'.")
    if parts.scheme == "http" and has_credentials and not _is_local(parts.hostname):
        raise _bad_address("would send credentials unencrypted.", where, "Use https.")


def _bad_address(what: str, where: str, remedy: str) -> ClaimlakeError:
    return ConfigurationError(what, where=f"{where}: url", remedy=remedy)


def _is_local(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
