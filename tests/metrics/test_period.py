"""Periods and windows, against dates counted on a calendar."""

import itertools
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claimlake.errors import QueryError
from claimlake.metrics.period import (
    WINDOWS,
    Period,
    add_months,
    months,
    months_in_window,
    parse_period,
    window,
)

APRIL = Period.month(2025, 4)


@pytest.mark.parametrize(
    ("name", "start", "end", "days"),
    [
        ("period", date(2025, 4, 1), date(2025, 4, 30), 30),
        ("as_of", date(2025, 4, 30), date(2025, 4, 30), 1),
        ("prior_as_of", date(2025, 3, 31), date(2025, 3, 31), 1),
        ("trailing_3m", date(2025, 2, 1), date(2025, 4, 30), 89),
        ("trailing_12m", date(2024, 5, 1), date(2025, 4, 30), 365),
        ("prior_3m", date(2025, 1, 1), date(2025, 3, 31), 90),
        ("trailing_28d", date(2025, 4, 3), date(2025, 4, 30), 28),
        ("matured_90d", date(2025, 1, 1), date(2025, 1, 30), 30),
        ("matured_120d", date(2024, 12, 2), date(2024, 12, 31), 30),
        ("matured_180d", date(2024, 10, 3), date(2024, 11, 1), 30),
    ],
)
def test_window_of_april_2025(name: str, start: date, end: date, days: int) -> None:
    found = window(APRIL, name)
    assert (found.start, found.end, found.days) == (start, end, days)


def test_windows_cross_the_year_and_leap_day() -> None:
    january = Period.month(2024, 1)
    assert window(january, "prior_3m").start == date(2023, 10, 1)
    assert window(january, "prior_as_of").end == date(2023, 12, 31)
    assert window(Period.month(2024, 2), "trailing_12m").days == 366
    assert window(Period.month(2025, 2), "trailing_12m").days == 365


def test_prior_windows_of_a_week_stand_on_its_month() -> None:
    week = parse_period("2025-W15")
    assert window(week, "prior_as_of").end == date(2025, 3, 31)
    assert window(week, "trailing_28d").start == date(2025, 3, 17)


def test_months_in_window() -> None:
    quarter = parse_period("2025-Q2")
    assert months_in_window(quarter, "period") == 3
    assert months_in_window(quarter, "prior_3m") == 3
    assert months_in_window(APRIL, "trailing_12m") == 12


@pytest.mark.parametrize(
    ("text", "start", "end", "kind"),
    [
        ("2025-04", date(2025, 4, 1), date(2025, 4, 30), "month"),
        ("2024-02", date(2024, 2, 1), date(2024, 2, 29), "month"),
        ("2025-Q4", date(2025, 10, 1), date(2025, 12, 31), "quarter"),
        ("2025", date(2025, 1, 1), date(2025, 12, 31), "year"),
        ("2025-W01", date(2024, 12, 30), date(2025, 1, 5), "week"),
        ("2025-06-30", date(2025, 6, 30), date(2025, 6, 30), "day"),
        ("2025-06-01..2025-06-15", date(2025, 6, 1), date(2025, 6, 15), "custom"),
        ("2025-02-01..2025-04-30", date(2025, 2, 1), date(2025, 4, 30), "custom"),
    ],
)
def test_written_periods(text: str, start: date, end: date, kind: str) -> None:
    period = parse_period(text)
    assert (period.start, period.end, period.kind) == (start, end, kind)


@pytest.mark.parametrize("text", ["", "2025-13", "2025-Q5", "2025-W54", "june", "2025-02-30", "1 or 1=1"])
def test_what_is_no_period_is_refused_with_the_forms(text: str) -> None:
    with pytest.raises(QueryError, match="is not a period"):
        parse_period(text)


def test_period_that_ends_before_it_starts_is_refused() -> None:
    with pytest.raises(QueryError, match="ends before it starts"):
        parse_period("2025-06-30..2025-06-01")


@pytest.mark.parametrize(
    ("text", "previous", "last_year"),
    [
        ("2025-03", "2025-02", "2024-03"),
        ("2025-Q1", "2024-Q4", "2024-Q1"),
        ("2025", "2024", "2024"),
        ("2025-W15", "2025-W14", "2024-W15"),
        ("2025-03-01", "2025-02-28", "2024-03-01"),
        ("2024-02", "2024-01", "2023-02"),
        ("2025-02-01..2025-04-30", "2024-11-01..2025-01-31", "2024-02-01..2024-04-30"),
        ("2025-06-06..2025-06-15", "2025-05-27..2025-06-05", "2024-06-06..2024-06-15"),
    ],
)
def test_earlier_periods(text: str, previous: str, last_year: str) -> None:
    period = parse_period(text)
    assert period.shifted(-1) == parse_period(previous)
    assert period.last_year() == parse_period(last_year)


def test_month_ends_are_kept_short_of_the_next_month() -> None:
    assert add_months(date(2025, 5, 31), -3) == date(2025, 2, 28)
    assert add_months(date(2025, 11, 30), 1) == date(2025, 12, 30)
    assert add_months(date(2025, 12, 1), 1) == date(2026, 1, 1)


days = st.dates(min_value=date(1990, 1, 1), max_value=date(2100, 12, 31))


@given(first=days, last=days)
def test_months_of_a_span_touch_and_cover_it(first: date, last: date) -> None:
    found = months(min(first, last), max(first, last))
    assert found[0].start <= min(first, last) <= found[0].end
    assert found[-1].start <= max(first, last) <= found[-1].end
    assert all((later.start - earlier.end).days == 1 for earlier, later in itertools.pairwise(found))


@given(first=days, name=st.sampled_from(WINDOWS))
def test_every_window_of_a_month_has_days_and_months(first: date, name: str) -> None:
    period = Period.month(first.year, first.month)
    assert window(period, name).days >= 1
    assert months_in_window(period, name) in {1, 3, 12}
