"""One field of a mapping: an SQL expression, or a value with its form, its codes and its default."""

from collections.abc import Mapping
from typing import Any

import sqlglot
from sqlglot import exp

from claimlake.engines.sql import literal
from claimlake.errors import ConfigurationError
from claimlake.sources.document import Key, count_at, mapping_at, names_of, refuse_unknown, text_at

FIELD_KEYS = (
    Key("value", "text", "SQL expression over the source columns", is_required=True),
    Key("date", "text", "how the value writes a date or time: `%d.%m.%Y`"),
    Key("decimal", "text", "decimal mark of a number; what else separates its digits is dropped", (",", ".")),
    Key("implied_decimals", "number", "digits of a number that stand behind an unwritten point"),
    Key("codes", "text", "list of codes that the value is looked up in"),
    Key("default", "text", "what a record without a value gets"),
)


def expression_of(given: object, where: str) -> str:
    """The SQL expression that a field of a mapping stands for."""
    if not isinstance(given, Mapping):
        expression = str(given)
        check_expression(expression, where)
        return expression
    body = mapping_at(given, where)
    refuse_unknown(body, names_of(FIELD_KEYS), where)
    value = text_at(body, "value")
    if value is None:
        raise ConfigurationError("a field has no value", where=where, remedy="Add 'value: <expression>'.")
    check_expression(value, where)
    for key, sql in (("date", _date), ("decimal", _decimal)):
        if text_at(body, key):
            value = sql(value, str(body[key]))
    digits = count_at(body, "implied_decimals", where)
    if digits:
        value = _implied(value, digits)
    if text_at(body, "codes"):
        value = f"map_code({literal(str(body['codes']))}, {value})"
    return value if "default" not in body else f"coalesce({value}, {literal(_text(body['default']))})"


def check_expression(expression: str, where: str) -> None:
    """Refuse what is not one SQL expression over one record."""
    try:
        tree = sqlglot.parse_one(expression, dialect="duckdb")
    except sqlglot.errors.SqlglotError as error:
        raise ConfigurationError(f"'{expression}' is not a SQL expression", where=where) from error
    if isinstance(tree, exp.Query | exp.DDL | exp.DML) or tree.find(exp.Subquery, exp.Select):
        raise ConfigurationError(
            "an expression reads one record and holds no query",
            where=where,
            remedy="Join in a silver model instead.",
        )


def source_columns(expression: str) -> set[str]:
    """Names of the columns an expression reads."""
    return {column.name for column in sqlglot.parse_one(expression, dialect="duckdb").find_all(exp.Column)}


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _date(value: str, form: str) -> str:
    # A value of another form must be held: left as it is, it could be read as another day, month first.
    return f"coalesce(cast(try_strptime({value}, {literal(form)}) as varchar), 'not so: ' || ({value}))"


def _decimal(value: str, mark: str) -> str:
    if mark == ",":
        return f"replace(regexp_replace({value}, '[. '']', '', 'g'), ',', '.')"
    return f"regexp_replace({value}, '[, '']', '', 'g')"


def _implied(value: str, digits: int) -> str:
    # 0000012345 with two implied decimals is 123.45, and 7 is 0.07; what writes its point itself is held.
    text = f"trim({value})"
    sign = f"regexp_extract({text}, '^[-+]?')"
    number = f"regexp_extract({text}, '[0-9]+$')"
    padded = f"lpad({number}, cast(greatest(length({number}), {digits + 1}) as int), '0')"
    return (
        f"case when regexp_full_match({text}, '[-+]?[0-9]+') then {sign} || left({padded}, -{digits}) || '.' "
        f"|| right({padded}, {digits}) else 'not so: ' || {text} end"
    )
