import threading
from collections.abc import Callable
from email.utils import formatdate
from itertools import chain, repeat

import pytest

from claimlake.errors import ClaimlakeError, ConfigurationError, SourceError
from claimlake.sources.access_token import AccessToken
from claimlake.sources.rest import Patience, RestClient, check_address
from claimlake.sources.throttle import Clock, Throttle
from tests.sources.api_server import Asked, Said, Script, Waits, serving


def client(url: str, waits: Waits, **more: object) -> RestClient:
    throttle = Throttle(per_second=1000, clock=waits.clock)
    return RestClient(url, "source npi", throttle, clock=waits.clock, jitter=lambda: 1.0, **more)  # type: ignore[arg-type]


def test_an_answer_is_the_json_of_the_path_and_parameters() -> None:
    waits = Waits()
    with serving(Script(Said({"name": "é"}))) as server:
        assert client(server.url, waits, headers={"API-Version": "v2"}).get("a b/c", {"q": "x&y"}) == {
            "name": "é"
        }
    assert (server.asked[0].path, server.asked[0].query) == ("/a%20b/c", {"q": "x&y"})
    assert server.asked[0].headers["Api-Version"] == "v2"


def test_nothing_there_is_none() -> None:
    with serving(Script(Said({}, status=404))) as server:
        assert client(server.url, Waits()).get("x") is None
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("failure", "cause"),
    [
        (Said({}, status=500), "answers 500"),
        (Said({}, status=503), "answers 503"),
        (Said({"a": 1}, cut=True), "not JSON, or only part"),
        (Said(b'{"results": [', status=200), "not JSON, or only part"),
        (Said(b"<html>sign in</html>"), "not JSON, or only part"),
        (Said(b"[" * 200_000), "not JSON, or only part"),
        (Said(reset=True), "cannot be reached"),
    ],
)
def test_a_failure_that_may_pass_is_tried_again_ever_slower_and_given_up_in_the_end(
    failure: Said, cause: str
) -> None:
    waits = Waits()
    with serving(Script(failure, failure, Said({"ok": 1}))) as server:
        assert client(server.url, waits).get() == {"ok": 1}
    assert [seconds for seconds in waits.slept if seconds > 0.1] == [1.0, 2.0]
    with serving(Script(failure)) as server, pytest.raises(SourceError, match=cause) as caught:
        client(server.url, Waits(), patience=Patience(attempts=3)).get("", {"number": "1234567893"})
    assert len(server.asked) == 3
    assert caught.value.retryable
    assert "given up after 3 attempts" in str(caught.value)
    assert "1234567893" not in str(caught.value)


def test_silence_is_a_failure_that_may_pass() -> None:
    silence = threading.Event()
    with serving(Script(Said(silent=silence), Said({"ok": 1}))) as server:
        try:
            patience = Patience(timeout=0.05)
            assert client(server.url, Waits(), patience=patience).get() == {"ok": 1}
        finally:
            silence.set()


def test_an_answer_that_trickles_is_cut_off() -> None:
    waits = Waits()
    times = chain([0.0, 500.0], repeat(1000.0))  # the first answer takes longer than one may
    with serving(Script(Said({"long": "x" * 200_000}), Said({"ok": 1}))) as server:
        slow = client(server.url, waits)
        slow.clock = Clock(now=lambda: next(times), sleep=waits.sleep)
        assert slow.get() == {"ok": 1}
    assert len(server.asked) == 2


def _in_ten_seconds() -> str:
    return formatdate(1_700_000_010, usegmt=True)


@pytest.mark.parametrize("asked", [lambda: "10", _in_ten_seconds])
def test_an_api_that_asks_to_wait_is_left_alone_that_long(asked: Callable[[], str]) -> None:
    waits = Waits()
    busy = Said({}, status=429, headers={"Retry-After": asked()})
    with serving(Script(busy, Said({"ok": 1}))) as server:
        assert client(server.url, waits).get() == {"ok": 1}
    assert max(waits.slept) == pytest.approx(10, abs=0.01)


def test_an_api_that_asks_for_an_hour_is_given_up_at_once() -> None:
    busy = Said({}, status=503, headers={"Retry-After": "3600"})
    waits = Waits()
    with serving(Script(busy)) as server, pytest.raises(SourceError, match=r"asks to wait 3,600 s") as caught:
        client(server.url, waits).get()
    assert caught.value.retryable
    assert (len(server.asked), sum(waits.slept)) == (1, 0)


def test_a_strange_retry_after_is_no_reason_to_stop() -> None:
    busy = Said({}, status=429, headers={"Retry-After": "soon"})
    with serving(Script(busy, Said({"ok": 1}))) as server:
        assert client(server.url, Waits()).get() == {"ok": 1}


@pytest.mark.parametrize(
    ("status", "error", "says"),
    [
        (400, SourceError, "status 400"),
        (403, ConfigurationError, "credentials"),
        (302, ConfigurationError, "elsewhere"),
    ],
)
def test_a_refusal_is_told_at_once(status: int, error: type[ClaimlakeError], says: str) -> None:
    said = Said({}, status=status, headers={"Location": "http://127.0.0.1:1/other"})
    with serving(Script(said)) as server, pytest.raises(error, match=says):
        client(server.url, Waits()).get()
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("npiregistry.example", "not the address"),
        ("file:///etc/passwd", "not the address"),
        ("https://user:secret@host/api", "user name or password"),
        ("https://host/api?key=1", "holds a query"),
        ("http://icd.example/icd", "unencrypted"),
    ],
)
def test_an_address_that_would_leak_or_mislead_is_refused(url: str, says: str) -> None:
    with pytest.raises(ConfigurationError, match=says) as caught:
        check_address(url, "source npi", has_credentials=True)
    assert "secret" not in str(caught.value)


def _token(url: str, waits: Waits) -> AccessToken:
    return AccessToken(client(f"{url}/token", waits), "me", "s3cret", "icdapi_access")


def _guarded(tokens: Script, valid: set[str]) -> Callable[[Asked], Said]:
    def answer(asked: Asked) -> Said:
        if asked.path == "/token":
            return tokens(asked)
        return Said({"ok": 1}) if asked.headers.get("Authorization") in valid else Said({}, status=401)

    return answer


def test_a_token_is_fetched_once_and_renewed_before_it_runs_out() -> None:
    waits = Waits()
    tokens = Script(
        Said({"access_token": "one", "expires_in": 3600}), Said({"access_token": "two", "expires_in": 3600})
    )
    with serving(_guarded(tokens, {"Bearer one", "Bearer two"})) as server:
        api = client(server.url, waits, authority=_token(server.url, waits))
        assert [api.get("a"), api.get("b")] == [{"ok": 1}, {"ok": 1}]
        waits.seconds += 3550
        api.get("c")
    assert [asked.path for asked in server.asked] == ["/token", "/a", "/b", "/token", "/c"]
    assert server.asked[0].form == {
        "grant_type": "client_credentials",
        "client_id": "me",
        "client_secret": "s3cret",
        "scope": "icdapi_access",
    }


def test_a_token_that_is_refused_early_is_renewed_once() -> None:
    waits = Waits()
    tokens = Script(Said({"access_token": "old"}), Said({"access_token": "new"}))
    with serving(_guarded(tokens, {"Bearer new"})) as server:
        assert client(server.url, waits, authority=_token(server.url, waits)).get("a") == {"ok": 1}
    with serving(_guarded(Script(Said({"access_token": "bad"})), set())) as server:
        api = client(server.url, waits, authority=_token(server.url, waits))
        with pytest.raises(ConfigurationError, match="refuses the credentials") as caught:
            api.get("a")
    assert "bad" not in f"{caught.value} {api!r}"
    assert "s3cret" not in f"{caught.value} {api!r}"


def test_an_issuer_without_a_token_is_named() -> None:
    with serving(Script(Said({"error": "x"}))) as server:
        api = client(server.url, Waits(), authority=_token(server.url, Waits()))
        with pytest.raises(SourceError, match="without a token"):
            api.get("a")
