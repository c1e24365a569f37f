from datetime import date, timedelta

import numpy as np

from claimlake.sources.x12.day import days
from claimlake.sources.x12.word import MARGIN

MARK = b"*" * MARGIN


def read(texts: list[str], *, is_last: bool = False) -> list[date | str | None]:
    sizes = [len(text) for text in texts]
    start = MARGIN + np.cumsum([0, *(size + 1 for size in sizes[:-1])])
    data = np.frombuffer(MARK + "*".join(texts).encode() + MARK, dtype=np.uint8)
    found, is_valid, is_bad = days(data, start, start + np.array(sizes), is_last=is_last)
    return [
        date(1970, 1, 1) + timedelta(days=value) if there else "bad" if bad else None
        for value, there, bad in zip(found.tolist(), is_valid, is_bad, strict=True)
    ]


def test_every_day_of_four_centuries_is_its_own() -> None:
    every = [date(1800, 1, 1) + timedelta(days=number) for number in range(0, 146_097, 7)]
    assert read([f"{day:%Y%m%d}" for day in every]) == every


def test_a_day_that_is_none_is_bad_and_what_is_empty_is_none() -> None:
    texts = [
        "20260230",
        "",
        "20250229",
        "20260001",
        "20261301",
        "20260100",
        "20260132",
        "2026010",
        "2026O101",
    ]
    assert read(texts) == ["bad", None] + ["bad"] * 7
    assert read(["20240229", "19000228", "20000229", "19000229"]) == [
        date(2024, 2, 29),
        date(1900, 2, 28),
        date(2000, 2, 29),
        "bad",
    ]


def test_a_range_has_a_first_and_a_last_day_and_short_years_are_near() -> None:
    texts = ["20260101-20260105", "20260107", "260108", "490101", "500101"]
    rest = [date(2026, 1, 7), date(2026, 1, 8), date(2049, 1, 1), date(1950, 1, 1)]
    assert read(texts) == [date(2026, 1, 1), *rest]
    assert read(texts, is_last=True) == [date(2026, 1, 5), *rest]
