from decimal import Decimal

import numpy as np
import pytest

from claimlake.sources.x12.number import BEYOND, decimals, summed
from claimlake.sources.x12.word import MARGIN

MARK = b"*" * MARGIN


def read(texts: list[str], places: int, most: int = 10**18 - 1) -> list[Decimal | str | None]:
    sizes = [len(text) for text in texts]
    start = MARGIN + np.cumsum([0, *(size + 1 for size in sizes[:-1])])
    data = np.frombuffer(MARK + "*".join(texts).encode() + MARK, dtype=np.uint8)
    number, is_valid, is_bad = decimals(data, start, start + np.array(sizes), places, most)
    return [
        Decimal(value).scaleb(-places) if there else "bad" if bad else None
        for value, there, bad in zip(number.tolist(), is_valid, is_bad, strict=True)
    ]


NUMBERS = [
    *("1", "12.5", "-12.50", "0", "-0", "123456", "1234567", "12345678", "123456789", "1234567890"),
    *("12345.67", "123456.78", "-123456.7", "1234567890.12", "12345678901.12", "999999999999.99"),
    *(".5", "-.5", "+1.5", "1.50000", "007", "5.", "100000.00", "-100000.00", "-1234567.8", "87654321.9"),
]


@pytest.mark.parametrize("places", [2, 3])
def test_a_number_is_exact_whatever_stands_beside_it(places: int) -> None:
    assert read(NUMBERS, places) == [Decimal(text) for text in NUMBERS]
    assert [read([text], places) for text in NUMBERS] == [[Decimal(text)] for text in NUMBERS]


def test_what_is_no_number_is_bad_and_what_is_empty_is_none() -> None:
    texts = ["", "-", "+", ".", "1.2.3", "1-2", "--1", "1e3", "1,5", "1 ", "12:34", "1/2", "12.345", "7"]
    assert read(texts, 2) == [None] + ["bad"] * (len(texts) - 2) + [Decimal(7)]


def test_a_number_beyond_its_type_is_bad() -> None:
    assert (
        read(["99.99", "100", "-100", "99999999999999999999"], 2, most=9_999)
        == [Decimal("99.99")] + ["bad"] * 3
    )


def test_whole_numbers_have_no_point() -> None:
    assert read(["12", "12.0", "12.5", "-3"], 0) == [Decimal(12), Decimal(12), "bad", Decimal(-3)]


def test_a_number_may_have_any_number_of_zeros() -> None:
    many = "0" * 300_000
    texts = [
        f"{many}12.5",
        f"-1.5{many}",
        f"+{many}",
        f"{many}.{many}7",
        f"1{many}",
        f"{many}x",
        f"-{many}.-1",
    ]
    assert read(texts, 2) == [Decimal("12.5"), Decimal("-1.5"), Decimal(0), "bad", "bad", "bad", "bad"]


def test_sums_that_64_bits_cannot_hold_stop_beyond_every_number() -> None:
    most = 10**18 - 1
    keys, values = (
        np.array([0] * 12 + [1] * 12 + [2, 2, 3]),
        np.array([most] * 12 + [-most] * 12 + [most, -2, 5]),
    )
    assert summed(5, keys, values).tolist() == [BEYOND, -BEYOND, most - 2, 5, 0]
