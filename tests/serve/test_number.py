from datetime import date
from decimal import Decimal

import pytest

from claimlake.serve import number


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("0", "$0"),
        ("812", "$812"),
        ("999.4", "$999"),
        ("1234", "$1.23K"),
        ("999950", "$1.00M"),
        ("1200000", "$1.20M"),
        ("48210000", "$48.2M"),
        ("-1234", "\u2212$1.23K"),
    ],
)
def test_headline_dollars(value: str, text: str) -> None:
    assert number.dollars(Decimal(value)) == text


def test_cents_are_grouped() -> None:
    assert number.cents(Decimal("1234567.5")) == "$1,234,567.50"
    assert number.cents(Decimal("-0.01")) == "\u2212$0.01"
    assert number.cents(None) == "\u2013"


def test_measures_carry_their_unit() -> None:
    assert number.measure(Decimal("11.75"), "percent") == "11.8\u00a0%"
    assert number.measure(Decimal("0.125"), "days") == "0.13\u00a0days"
    assert number.measure(Decimal("4"), "ratio", "per 1,000") == "4.0\u00a0per 1,000"
    assert number.measure(None, "percent") == "\u2013"


def test_changes_have_a_sign_and_points() -> None:
    assert number.change(Decimal("-2.66"), "percent") == "\u22122.7\u00a0pts"
    assert number.change(Decimal("1.5"), "days") == "+1.5\u00a0days"


def test_axis_numbers_are_short() -> None:
    assert [number.axis(Decimal(value), "dollars") for value in ("0", "800000", "1500000")] == [
        "$0",
        "$800K",
        "$1.5M",
    ]
    assert number.axis(Decimal("10.0"), "percent") == "10\u00a0%"
    assert number.axis(Decimal("200"), "days") == "200"


def test_months_say_their_year_when_it_is_new() -> None:
    assert number.month(date(2026, 7, 1)) == "Jul 2026"
    assert number.short_month(date(2026, 7, 1)) == "Jul"
    assert number.short_month(date(2026, 1, 1)) == "Jan \u201926"
    assert number.day_text(date(2026, 7, 5)) == "5 Jul 2026"


def test_codes_read_as_words() -> None:
    assert number.words("medical_necessity") == "Medical necessity"
