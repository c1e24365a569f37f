"""An API on this machine whose answers a test writes: it pages, throttles, fails and keeps silent."""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from claimlake.sources.throttle import Clock


@dataclass(frozen=True)
class Asked:
    """One request as it arrived."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    form: Mapping[str, str]


@dataclass(frozen=True)
class Said:
    """One answer: a status and a JSON body, or bytes as they are."""

    body: Any = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: bool = False
    """Whether the connection breaks off in the middle of the body."""
    reset: bool = False
    """Whether the connection closes without a word."""
    silent: threading.Event | None = None
    """Says nothing until this is set."""


@dataclass
class Server:
    """A running API and what it was asked."""

    url: str
    asked: list[Asked] = field(default_factory=list)
    answer: Callable[[Asked], Said] = lambda _: Said({})


@contextmanager
def serving(answer: Callable[[Asked], Said]) -> Iterator[Server]:
    """An API on a free port of the loopback interface."""
    httpd = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    httpd.daemon_threads = True
    server = Server(f"http://127.0.0.1:{httpd.server_port}", answer=answer)
    httpd.api = server  # type: ignore[attr-defined]
    thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        httpd.shutdown()
        httpd.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self._respond("")

    def do_POST(self) -> None:
        self._respond(self.rfile.read(int(self.headers["Content-Length"])).decode())

    def _respond(self, body: str) -> None:
        parts = urlsplit(self.path)
        server: Server = self.server.api  # type: ignore[attr-defined]
        asked = Asked(
            self.command, parts.path, dict(parse_qsl(parts.query)), dict(self.headers), dict(parse_qsl(body))
        )
        server.asked.append(asked)
        self._say(server.answer(asked))

    def _say(self, said: Said) -> None:
        if said.silent:
            said.silent.wait(5)
        if said.reset or said.silent:
            self.close_connection = True
            return
        content = said.body if isinstance(said.body, bytes) else json.dumps(said.body).encode()
        self.send_response(said.status)
        for name, value in said.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content[: len(content) // 2] if said.cut else content)
        self.close_connection = said.cut

    def log_message(self, *_: Any) -> None:
        return


class Script:
    """Gives the listed answers in their order, then the last one for ever."""

    def __init__(self, *answers: Said) -> None:
        self.answers = list(answers)

    def __call__(self, _: Asked) -> Said:
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


class Waits:
    """A clock that waiting moves on at once."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.seconds += seconds

    @property
    def clock(self) -> Clock:
        return Clock(now=lambda: self.seconds, wall=lambda: 1_700_000_000 + self.seconds, sleep=self.sleep)
