"""Exact arithmetic between aggregates: what the database sums, Python divides."""

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache

import sqlglot
from sqlglot import exp

from claimlake.errors import ConfigurationError

_BINARY = (exp.Add, exp.Sub, exp.Mul, exp.Div)
ALLOWED = (*_BINARY, exp.Neg, exp.Paren, exp.Abs, exp.Nullif, exp.Literal, exp.Column, exp.Identifier,
           exp.Placeholder)  # fmt: skip
PLACES = 6

Tree = exp.Expr
"""A parsed SQL expression."""
Number = int | float | Decimal


def parse(text: str, *, where: str) -> Tree:
    """The expression as a tree, shared, so copy before a change; ConfigurationError if it is none."""
    try:
        tree = _parse(text)
    except sqlglot.errors.SqlglotError as error:
        reason = str(error).splitlines()[0]
        raise ConfigurationError(f"'{text}' does not parse: {reason}", where=where) from None
    if not isinstance(tree, exp.Expr):
        raise ConfigurationError(f"'{text}' is not an expression.", where=where)
    return tree


@lru_cache(maxsize=4096)
def _parse(text: str) -> Tree:
    return sqlglot.parse_one(text, dialect="duckdb")


def split(text: str, *, where: str) -> tuple[Tree, tuple[Tree, ...]]:
    """The arithmetic with slots a0, a1, … and the aggregates that fill them."""
    aggregates: list[Tree] = []

    def slot(node: Tree) -> Tree:
        if not isinstance(node, exp.AggFunc):
            return node
        aggregates.append(node.copy())
        return exp.column(f"a{len(aggregates) - 1}")

    tree = parse(text, where=where).transform(slot)
    check(tree, {f"a{number}" for number in range(len(aggregates))}, text=text, where=where)
    return tree, tuple(aggregates)


def check(tree: Tree, names: set[str], *, text: str, where: str) -> None:
    """Refuse everything but + - * / abs nullif, numbers, parameters and the given names."""
    for node in tree.walk():
        if not isinstance(node, ALLOWED):
            raise ConfigurationError(
                f"'{node.sql(dialect='duckdb')}' cannot be used in '{text}'.",
                where=where,
                remedy="Between aggregates or KPIs write + - * /, abs(), nullif() and numbers only.",
            )
        if isinstance(node, exp.Column) and node.sql() not in names:
            raise ConfigurationError(
                f"'{node.sql()}' in '{text}' is neither an aggregate nor a known name.",
                where=where,
                remedy=f"Known here: {', '.join(sorted(names)) or 'nothing'}.",
            )


def evaluate(tree: Tree, values: Mapping[str, Fraction | None]) -> Fraction | None:
    """The exact result; None when a part is missing or divided by zero."""
    if isinstance(tree, exp.Literal):
        return Fraction(tree.name)
    if isinstance(tree, exp.Column | exp.Placeholder):
        return values[f":{tree.name}" if isinstance(tree, exp.Placeholder) else tree.name]
    inner = evaluate(tree.this, values)
    if isinstance(tree, (*_BINARY, exp.Nullif)):
        return _binary(tree, inner, evaluate(tree.expression, values))
    if inner is None or isinstance(tree, exp.Paren):
        return inner
    return abs(inner) if isinstance(tree, exp.Abs) else -inner


def _binary(tree: Tree, left: Fraction | None, right: Fraction | None) -> Fraction | None:
    if left is None or right is None:
        return None
    if isinstance(tree, exp.Nullif):
        return None if left == right else left
    if isinstance(tree, exp.Add):
        return left + right
    if isinstance(tree, exp.Sub):
        return left - right
    if isinstance(tree, exp.Mul):
        return left * right
    return left / right if right else None


def fraction(value: Number | None) -> Fraction | None:
    """A number of the database as an exact fraction; binary floats by their shortest decimal text."""
    if value is None:
        return None
    return Fraction(str(value)) if isinstance(value, float) else Fraction(value)


def rounded(value: Fraction | None) -> Decimal | None:
    """The value with six decimals, halves to the even digit."""
    if value is None:
        return None
    return Decimal(round(value * 10**PLACES)).scaleb(-PLACES)
