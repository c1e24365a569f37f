"""Reporting periods and the windows of dates that KPI terms look at."""

import re
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

from claimlake.errors import QueryError

DAY = timedelta(days=1)
SHIFTED = {"matured_90d": 90, "matured_120d": 120, "matured_180d": 180}
TRAILING_MONTHS = {"trailing_3m": 3, "trailing_12m": 12}
SNAPSHOTS = ("as_of", "prior_as_of")
WINDOWS = ("period", *SNAPSHOTS, *TRAILING_MONTHS, "prior_3m", "trailing_28d", *SHIFTED)
_FORMS = "2025-06, 2025-Q2, 2025, 2025-W23, 2025-06-30 or 2025-06-01..2025-06-30"


def add_months(day: date, months: int) -> date:
    """The same day of the month `months` later (negative: earlier), or that month's last day."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    following = date(year + (month == 11), (month + 1) % 12 + 1, 1)
    return date(year, month + 1, min(day.day, (following - DAY).day))


@dataclass(frozen=True, order=True)
class Period:
    """A reporting period: both days belong to it."""

    start: date
    end: date

    def __post_init__(self) -> None:
        if self.end < self.start:
            raise QueryError(
                f"period {self.start}..{self.end} ends before it starts.", remedy="Swap the dates."
            )

    @classmethod
    def month(cls, year: int, month: int) -> "Period":
        """The calendar month."""
        first = date(year, month, 1)
        return cls(first, add_months(first, 1) - DAY)

    @property
    def kind(self) -> str:
        """day, week (Monday to Sunday), month, quarter, year, or custom."""
        following = self.end + DAY
        if self.start == self.end:
            return "day"
        if (following - self.start).days == 7 and self.start.isoweekday() == 1:
            return "week"
        if self.start.day != 1 or following.day != 1:
            return "custom"
        lengths = {1: "month", 3: "quarter", 12: "year"}
        kind = lengths.get(_month_number(following) - _month_number(self.start), "custom")
        if kind == "quarter" and self.start.month % 3 != 1:
            return "custom"
        return "custom" if kind == "year" and self.start.month != 1 else kind

    @property
    def is_whole_months(self) -> bool:
        """True when it starts on the first and ends on the last day of a month."""
        return self.start.day == 1 and (self.end + DAY).day == 1

    def months(self) -> list["Period"]:
        """The calendar months it consists of; only for whole months."""
        return months(self.start, self.end)

    def shifted(self, count: int) -> "Period":
        """The period `count` periods later (negative: earlier), of the same kind or length."""
        lengths = {"month": 1, "quarter": 3, "year": 12}
        if self.is_whole_months:
            step = lengths.get(self.kind, len(self.months())) * count
            return Period(add_months(self.start, step), add_months(self.end + DAY, step) - DAY)
        days = timedelta(days=((self.end - self.start).days + 1) * count)
        return Period(self.start + days, self.end + days)

    def last_year(self) -> "Period":
        """The same dates one year earlier; weeks move 52 weeks so that weekdays match."""
        if self.kind == "week":
            return self.shifted(-52)
        if self.is_whole_months:
            return Period(add_months(self.start, -12), add_months(self.end + DAY, -12) - DAY)
        return Period(add_months(self.start, -12), add_months(self.end, -12))

    def __str__(self) -> str:
        if self.kind == "month":
            return f"{self.start:%Y-%m}"
        return f"{self.start}..{self.end}"


@dataclass(frozen=True)
class Window:
    """The dates a term looks at for one period; both days belong to it."""

    start: date
    end: date

    @property
    def days(self) -> int:
        """How many days it has: the parameter :days_in_window."""
        return (self.end - self.start).days + 1


def _month_number(day: date) -> int:
    return day.year * 12 + day.month - 1


def months(first: date, last: date) -> list[Period]:
    """Every calendar month that touches [first, last]."""
    numbers = range(_month_number(first), _month_number(last) + 1)
    return [Period.month(number // 12, number % 12 + 1) for number in numbers]


@lru_cache(maxsize=4096)
def window(period: Period, name: str) -> Window:
    """The window of that name around a period (model: period windows)."""
    if name in SHIFTED:
        shift = timedelta(days=SHIFTED[name])
        return Window(period.start - shift, period.end - shift)
    if name in TRAILING_MONTHS:
        return Window(add_months(period.end + DAY, -TRAILING_MONTHS[name]), period.end)
    first = period.start.replace(day=1)
    windows = {
        "period": Window(period.start, period.end),
        "as_of": Window(period.end, period.end),
        "prior_as_of": Window(first - DAY, first - DAY),
        "prior_3m": Window(add_months(first, -3), first - DAY),
        "trailing_28d": Window(period.end - timedelta(days=27), period.end),
    }
    return windows[name]


def months_in_window(period: Period, name: str) -> int:
    """How many calendar months the window has: the parameter :months_in_window."""
    fixed = {**TRAILING_MONTHS, "prior_3m": 3, "as_of": 1, "prior_as_of": 1, "trailing_28d": 1}
    return fixed.get(name) or len(months(period.start, period.end))


def parse_period(text: str) -> Period:
    """The period a person wrote: 2025-06, 2025-Q2, 2025, 2025-W23, a day, or two days with `..` between."""
    try:
        return _parse(text.strip())
    except ValueError:
        raise QueryError(f"'{text}' is not a period.", remedy=f"Write {_FORMS}.") from None


def _parse(text: str) -> Period:
    if ".." in text:
        start, end = text.split("..", 1)
        return Period(date.fromisoformat(start), date.fromisoformat(end))
    if found := re.fullmatch(r"(\d{4})-W(\d{1,2})", text):
        monday = date.fromisocalendar(int(found[1]), int(found[2]), 1)
        return Period(monday, monday + timedelta(days=6))
    if found := re.fullmatch(r"(\d{4})-Q([1-4])", text):
        first = date(int(found[1]), int(found[2]) * 3 - 2, 1)
        return Period(first, add_months(first, 3) - DAY)
    if found := re.fullmatch(r"(\d{4})-(\d{2})", text):
        return Period.month(int(found[1]), int(found[2]))
    if re.fullmatch(r"\d{4}", text):
        return Period(date(int(text), 1, 1), date(int(text), 12, 31))
    day = date.fromisoformat(text)
    return Period(day, day)
