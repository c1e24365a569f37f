import pytest

from claimlake.errors import SourceError
from claimlake.sources.database_fault import unreadable
from claimlake.sources.retry import retried


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    found: list[float] = []
    monkeypatch.setattr("claimlake.sources.retry.time.sleep", found.append)
    return found


def test_what_passes_is_tried_again_and_told(waits: list[float]) -> None:
    told: list[str] = []
    failures = [SourceError("is silent.", where="source emr", retryable=True)] * 6

    def action() -> str:
        if failures:
            raise failures.pop()
        return "rows"

    assert retried(action, attempts=7, tell=told.append) == "rows"
    assert told[0].startswith("source emr: is silent. Attempt 2 of 7 in ")
    for wait, longest in zip(waits, (1, 2, 4, 8, 16, 30), strict=True):
        assert longest / 2 <= wait <= longest


def test_what_does_not_pass_is_not_tried_again(waits: list[float]) -> None:
    def refused() -> None:
        raise SourceError("the database refused the user or the password.")

    with pytest.raises(SourceError, match="refused"):
        retried(refused, attempts=4, tell=print)
    assert waits == []


def test_after_the_last_attempt_it_is_an_error(waits: list[float]) -> None:
    def silent() -> None:
        raise SourceError("is silent.", retryable=True)

    with pytest.raises(SourceError):
        retried(silent, attempts=3, tell=print)
    assert len(waits) == 2


class DriverError(Exception):
    """As a driver raises it; its message quotes what must not be repeated."""

    def __init__(self, message: str, sqlstate: str | None = None) -> None:
        super().__init__(message)
        self.sqlstate = sqlstate


@pytest.mark.parametrize(
    ("error", "said", "is_transient"),
    [
        (DriverError('FATAL: password authentication failed for user "zoe"'), "refused the user", False),
        (DriverError("secret", "28P01"), "refused the user", False),
        (DriverError("secret", "42501"), "may not read it", False),
        (DriverError('relation "secret" does not exist', "42P01"), "the table vanished", False),
        (DriverError("secret", "42703"), "a column vanished", False),
        (DriverError('FATAL: database "secret" does not exist'), "no such database", False),
        (DriverError("database is locked"), "is locked", True),
        (DriverError("secret", "57P01"), "does not answer", True),
        (DriverError("connection to server at 10.1.1.1 failed: Connection refused"), "does not answer", True),
        (DriverError("could not translate host name"), "host is not known", True),
        (DriverError("file is not a database"), "no intact database", False),
        (DriverError("secret"), "cannot be read (DriverError)", True),
    ],
)
def test_what_a_driver_says_comes_out_in_plain_words_without_what_it_quotes(
    error: DriverError, said: str, is_transient: bool
) -> None:
    found = unreadable(error, "source emr")
    assert said in str(found)
    assert found.retryable is is_transient
    assert "secret" not in str(found) and "zoe" not in str(found) and "10.1" not in str(found)
