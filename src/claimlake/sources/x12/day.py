"""Days and moments as X12 writes them: CCYYMMDD, YYMMDD, ranges of two, and a day with a time behind it."""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from claimlake.sources.x12.array import Bytes, Mask, Positions
from claimlake.sources.x12.word import SIZE, are_digits, numbers, words_at

_DASH = 0x2D
_FIRST_YEAR, _YEARS = 1900, 200
"""Years whose months are looked up; any other is counted."""


def days(data: Bytes, start: Positions, end: Positions, *, is_last: bool) -> tuple[Positions, Mask, Mask]:
    """Days since 1970 (of a range the first or the last); where there is one; where the value is none."""
    size = end - start
    there = size > 0
    if not there.any():
        return np.zeros(len(size), dtype=np.int64), there, there.copy()
    found, is_read = _usual(data, start, size)
    bad = there & ~is_read
    if bad.any():
        rest = np.flatnonzero(bad)
        first, after = _of_range(data, start[rest], end[rest], is_last=is_last)
        found[rest], is_good = _calendar(data, first, after)
        bad[rest] = ~is_good
    return found, there & ~bad, bad


def moments(data: Bytes, start: Positions, end: Positions) -> tuple[Positions, Mask, Mask]:
    """Microseconds since 1970 of two neighbouring elements, a day and then HHMM, HHMMSS or HHMMSSDD."""
    there = end > start
    mark = start + 8
    is_short = (end > start + 6) & _is_not_digit(data, start + 6)
    mark = np.where(is_short, start + 6, mark)
    mark = np.minimum(mark, end)
    day, good = _calendar(data, start, mark)
    clock = mark + 1
    size = end - clock
    hours, is_hours = _number_at(data, clock, 4)
    seconds, is_seconds = _number_at(data, clock + 4, 2)
    has_time = is_hours & (size >= 4) & (hours // 100 < 24) & (hours % 100 < 60)
    minutes = np.where(has_time, hours // 100 * 60 + hours % 100, 0)
    second = np.where(has_time & is_seconds & (size >= 6) & (seconds < 60), seconds, 0)
    micros = ((day * 1440 + minutes) * 60 + second) * 1_000_000
    good &= there
    return np.where(good, micros, 0), good, there & ~good


@cache
def _months() -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """The first day and the length of every month, by (year - 1900) * 100 + month."""
    months = np.arange(f"{_FIRST_YEAR}-01", f"{_FIRST_YEAR + _YEARS}-01", dtype="datetime64[M]")
    first = months.astype("datetime64[D]").astype(np.int64)
    length = (months + 1).astype("datetime64[D]").astype(np.int64) - first
    place = np.arange(len(months)) // 12 * 100 + np.arange(len(months)) % 12 + 1
    found = np.zeros((2, _YEARS * 100), dtype=np.int32)
    found[:, place] = first, length
    return found[0], found[1]


def _usual(data: Bytes, start: Positions, size: Positions) -> tuple[Positions, Mask]:
    """Days that are CCYYMMDD in the years looked up, and which values are that."""
    word = words_at(data, start)
    is_read = are_digits(word) & (size == SIZE)
    number = numbers(word)
    month = number // 100
    of_month = number - month * 100
    month -= _FIRST_YEAR * 100
    first, length = _months()
    is_read &= (month >= 0) & (month < len(first)) & (of_month > 0)
    is_read &= of_month <= length.take(month, mode="clip")
    return np.where(is_read, first.take(month, mode="clip") + (of_month - 1), 0), is_read


def _number_at(data: Bytes, start: Positions, width: int) -> tuple[Positions, Mask]:
    number = np.zeros(len(start), dtype=np.int64)
    is_number = np.ones(len(start), dtype=bool)
    for offset in range(width):
        digit = data[np.minimum(start + offset, len(data) - 1)].astype(np.int64) - 0x30
        is_number &= (digit >= 0) & (digit <= 9)
        number = number * 10 + digit
    return number, is_number


def _calendar(data: Bytes, start: Positions, end: Positions) -> tuple[Positions, Mask]:
    """Days since 1970 of CCYYMMDD (or YYMMDD, of 1950 to 2049), and whether it is a day."""
    size = end - start
    is_short = size == 6
    year, is_year = _number_at(data, start, 4)
    short, is_short_year = _number_at(data, start, 2)
    year = np.where(is_short, short + np.where(short < 50, 2000, 1900), year)
    rest, is_rest = _number_at(data, np.where(is_short, start + 2, start + 4), 4)
    good = is_rest & np.where(is_short, is_short_year, is_year) & (is_short | (size >= 8))
    month, of_month = rest // 100, rest % 100
    good &= (month >= 1) & (month <= 12) & (of_month >= 1) & (of_month <= 31) & (year >= 1)
    months = np.where(good, (year - 1970) * 12 + month - 1, 0).astype("datetime64[M]")
    found = months.astype("datetime64[D]").astype(np.int64) + np.where(good, of_month - 1, 0)
    is_in_month = found < (months + 1).astype("datetime64[D]").astype(np.int64)
    return np.where(good & is_in_month, found, 0), good & is_in_month


def _of_range(data: Bytes, start: Positions, end: Positions, *, is_last: bool) -> tuple[Positions, Positions]:
    """The bounds of the first or the last day where a dash stands between two."""
    dash = end.copy()
    for offset in range(11, 5, -1):  # at the first day's end or a little later
        at = start + offset
        is_dash = (at < end) & (data[np.minimum(at, len(data) - 1)] == _DASH)
        dash = np.where(is_dash, at, dash)
    is_range = dash < end
    if is_last:
        return np.where(is_range, dash + 1, start), end
    return start, dash


def _is_not_digit(data: Bytes, position: Positions) -> Mask:
    byte = data[np.minimum(position, len(data) - 1)]
    return (byte < 0x30) | (byte > 0x39)
