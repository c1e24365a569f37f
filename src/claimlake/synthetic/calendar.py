"""Days as proleptic ordinals, their spellings, and the days on which files travel."""

from datetime import date
from functools import cache


@cache
def iso(day: int) -> str:
    """The day as 2026-01-31."""
    return date.fromordinal(day).isoformat()


@cache
def compact(day: int) -> str:
    """The day as X12 writes it, D8: 20260131."""
    return iso(day).replace("-", "")


@cache
def american(day: int) -> str:
    """The day as 01/31/2026."""
    year, month, number = iso(day).split("-")
    return f"{month}/{number}/{year}"


@cache
def julian(day: int) -> str:
    """The day as payers stamp control numbers: two-digit year and day of the year."""
    return date.fromordinal(day).strftime("%y%j")


def weekday(day: int) -> int:
    """0 for Monday to 6 for Sunday."""
    return (day - 1) % 7


def next_weekday(day: int, wanted: int) -> int:
    """The first day on or after `day` that is the wanted weekday."""
    return day + (wanted - weekday(day)) % 7


def next_workday(day: int) -> int:
    """The first Monday-to-Friday day on or after `day`."""
    return day + max(0, 7 - weekday(day)) if weekday(day) > 4 else day


def month_end(day: int) -> int:
    """The last day of the month of `day`."""
    moment = date.fromordinal(day)
    following = date(moment.year + moment.month // 12, moment.month % 12 + 1, 1)
    return following.toordinal() - 1


def month_ends(start: int, until: int) -> list[int]:
    """The month ends from the month of `start` up to and including `until`."""
    ends = []
    end = month_end(start)
    while end <= until:
        ends.append(end)
        end = month_end(end + 1)
    return ends
