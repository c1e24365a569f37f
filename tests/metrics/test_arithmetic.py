"""Division is exact, halves round to even, and nothing but arithmetic is accepted."""

from decimal import Decimal
from fractions import Fraction

import pytest

from claimlake.errors import ConfigurationError
from claimlake.metrics.arithmetic import check, evaluate, fraction, parse, rounded, split

A, B = Fraction(10), Fraction(3)


def test_expression_is_split_into_aggregates_and_arithmetic() -> None:
    tree, aggregates = split(
        "sum(fact.paid) / nullif(count(distinct fact.claim), 0) / :days_in_window", where="x"
    )
    assert [part.sql() for part in aggregates] == ["SUM(fact.paid)", "COUNT(DISTINCT fact.claim)"]
    assert evaluate(tree, {"a0": A, "a1": B, ":days_in_window": Fraction(7)}) == Fraction(10, 21)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a + b * 2", 16),
        ("(a + b) * 2", 26),
        ("-a - b", -13),
        ("abs(b - a)", 7),
        ("a / b * b", 10),
        ("a * 0.1", 1),
        ("a / 0", None),
        ("a / nullif(b - 3, 0)", None),
        ("a + missing", None),
        ("nullif(a, missing)", None),
    ],
)
def test_arithmetic_is_exact(text: str, value: int | None) -> None:
    assert evaluate(parse(text, where="x"), {"a": A, "b": B, "missing": None}) == value


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Fraction(1, 3), "0.333333"),
        (Fraction(5, 10**7), "0.000000"),
        (Fraction(15, 10**7), "0.000002"),
        (Fraction(25, 10**7), "0.000002"),
        (Fraction(-15, 10**7), "-0.000002"),
        (Fraction(99999999999999999999, 100), "999999999999999999.990000"),
    ],
)
def test_six_decimals_halves_to_even(value: Fraction, text: str) -> None:
    assert rounded(value) == Decimal(text)
    assert str(rounded(value)) == text


def test_missing_value_stays_missing() -> None:
    assert rounded(None) is None
    assert fraction(None) is None


def test_binary_float_is_read_by_its_shortest_text() -> None:
    assert fraction(0.1) == Fraction(1, 10)
    assert fraction(Decimal("12.34")) == Fraction(1234, 100)


@pytest.mark.parametrize(
    "text",
    ["a; b", "__import__('os')", "a ** b", "(select a)", "a and b", "case when a then b end", "'a'.b", "a.b"],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError):
        check(parse(text, where="x"), {"a", "b"}, text=text, where="x")
