from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claimlake.cron import Cron, check_cron
from claimlake.errors import ConfigurationError

CHICAGO = "America/Chicago"
MINUTES = st.integers(0, 366 * 24 * 60).map(lambda n: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=n))
EXPRESSIONS = st.sampled_from(["30 1 * * *", "30 2 * * *", "0,45 1-2 * * *", "*/20 * * * *", "15 6 * * 1-5"])


def times(expression: str, start: str, count: int, zone: str = CHICAGO) -> list[str]:
    cron = Cron(expression, zone)
    moment = datetime.fromisoformat(start).replace(tzinfo=UTC)
    found = []
    for _ in range(count):
        moment = cron.next_after(moment)
        found.append(f"{moment:%m-%d %H:%M}")
    return found


def test_the_hour_is_the_tenants_in_summer_and_in_winter() -> None:
    # 6:15 in Chicago is 12:15 UTC in winter and 11:15 in summer; 7 March 2026 is a Saturday.
    assert times("15 6 * * 1-5", "2026-03-05T18:00", 2) == ["03-06 12:15", "03-09 11:15"]
    assert times("15 6 * * *", "2026-03-05T18:00", 1, zone="UTC") == ["03-06 06:15"]


def test_a_time_that_is_skipped_in_spring_comes_once_after_the_skip() -> None:
    # On 8 March 2026 the clock goes from 2:00 (8:00 UTC) to 3:00.
    assert times("30 2 * * *", "2026-03-07T12:00", 2) == ["03-08 08:00", "03-09 07:30"]


def test_a_time_that_is_shown_twice_in_autumn_comes_once() -> None:
    # On 1 November 2026 it is 1:30 at 6:30 UTC and again at 7:30 UTC.
    assert times("30 1 * * *", "2026-10-31T12:00", 2) == ["11-01 06:30", "11-02 07:30"]
    assert times("30 1 * * *", "2026-11-01T07:10", 1) == ["11-02 07:30"]


@given(EXPRESSIONS, MINUTES, MINUTES)
def test_the_next_time_is_later_and_the_first(expression: str, one: datetime, other: datetime) -> None:
    cron = Cron(expression, CHICAGO)
    earlier, later = sorted((one, other))
    following = cron.next_after(earlier)
    assert following > earlier
    assert following <= cron.next_after(later)


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("15 6 * *", "does not have five fields"),
        ("0 15 6 * * *", "does not have five fields"),
        ("@daily", "does not have five fields"),
        ("75 6 * * *", "the minute of '75 6"),
        ("15 6 * * noon", "the day-of-week of"),
        ("0 0 31 2 *", "the day-of-month of"),
        ("0 0 31 2,4 *", "the day-of-month of"),
    ],
)
def test_an_expression_that_cannot_be_is_refused_with_an_example(expression: str, message: str) -> None:
    with pytest.raises(ConfigurationError) as error:
        check_cron(expression, where="acme.yml: sources[1]: schedule")
    assert message in str(error.value)
    assert str(error.value).startswith("acme.yml: sources[1]: schedule: ")
    assert '"15 6 * * 1-5"' in error.value.remedy
