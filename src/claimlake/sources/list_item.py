"""The elements of a list inside a record, as rows of a table of their own: the lines of a claim."""

from collections.abc import Callable, Iterable, Sequence

import sqlglot
from sqlglot import exp

from claimlake.engines.sql import literal, quoted
from claimlake.errors import ConfigurationError
from claimlake.keys import suggest

PLACE = "_item"
"""The element's number in its record, from 1, over all lists of the path."""
VALUE = "_value"
"""The element itself, where it is a plain value."""
PARENT = "_parent"
"""Columns of what holds the list: `_parent.claim_id`."""
RECORD = "_record"
"""Columns of the record: `_record.claim_id`."""
TEXT = "_text"
"""JSON text of the element."""
IS_LIST = "_is_list"
"""False where the record has something else under a name of the path, which keeps the record out."""

OWN = {"_row", PLACE, VALUE}
HOLDERS = (PARENT, RECORD)


def item_columns(expression: str) -> set[str]:
    """Names of the element's own values that an expression reads."""
    return {name for holder, name in _columns(expression) if not holder} - OWN


def held_columns(expression: str, holder: str) -> set[str]:
    """Names of the values of `_parent` or `_record` that an expression reads."""
    return {name for qualifier, name in _columns(expression) if qualifier == holder}


def check_item_expression(expression: str, where: str) -> None:
    """Refuse an expression that reads something beside the element, its parent and its record."""
    for holder, _ in _columns(expression):
        if holder and holder not in HOLDERS:
            raise ConfigurationError(
                f"'{holder}' is neither the parent nor the record",
                where=where,
                remedy=suggest(holder, HOLDERS),
            )


def _columns(expression: str) -> set[tuple[str, str]]:
    tree = sqlglot.parse_one(expression, dialect="duckdb")
    return {(column.table.lower(), column.name) for column in tree.find_all(exp.Column)}


def items_sql(records: str, path: Sequence[str], expressions: Iterable[str]) -> str:
    """Rows of the elements under a path of names in every record, with the columns the expressions read.

    Each name leads to a list, of which every element is taken, or to one object, which counts as a list of
    one. Where there is nothing there are no rows.
    """
    used = list(expressions)
    own = sorted(set().union(*(item_columns(sql) for sql in used)))
    of_record, of_parent = (
        sorted(set().union(*(held_columns(sql, holder) for sql in used))) for holder in (RECORD, PARENT)
    )
    first, *inner = path
    steps = [
        f"start as (select _row, {_struct(of_record, quoted)} as {RECORD}, "
        f"{_struct([] if inner else of_parent, quoted)} as {PARENT}, cast([] as bigint[]) as places, "
        f"{quoted(first)} as found from {records})",
        *_unnest("start", 0),
    ]
    for depth, name in enumerate(inner, start=1):
        of_holder = of_parent if depth == len(inner) else []
        steps.append(
            f"inside_{depth} as (select _row, {RECORD}, {_struct(of_holder, _member)} as {PARENT}, places, "
            f"{_inside(name)} as found from step_{depth - 1})"
        )
        steps += _unnest(f"inside_{depth}", depth)
    members = "".join(f", {_member(name)} as {quoted(name)}" for name in own)
    return (
        f"with {', '.join(steps)} select _row, {RECORD}, {PARENT}, "
        f"row_number() over (partition by _row order by places) as {PLACE}, "
        f"cast(element as varchar) as {TEXT}, json_type(element) is not null as {IS_LIST}, "
        f"{_plain_value()} as {VALUE}{members} from step_{len(inner)}"
    )


def _unnest(source: str, depth: int) -> list[str]:
    kind = "case when json_valid(found) then json_type(found) end"
    # What is neither a list nor an object nor nothing gives one element that is null, and is told by it.
    elements = (
        f"case when found is null or {kind} = 'NULL' then [] "
        f"when {kind} = 'ARRAY' then json_extract(found, '$[*]') "
        f"when {kind} = 'OBJECT' then [cast(found as json)] else [cast(null as json)] end"
    )
    return [
        f"list_{depth} as (select _row, {RECORD}, {PARENT}, places, {elements} as elements from {source})",
        f"step_{depth} as (select _row, {RECORD}, {PARENT}, unnest(elements) as element, "
        f"list_append(places, generate_subscripts(elements, 1)) as places from list_{depth})",
    ]


def _inside(name: str) -> str:
    return (
        f"case when json_type(element) = 'OBJECT' then json_extract_string(element, {_path(name)}) "
        "when element is null then 'no list' else cast(element as varchar) end"
    )


def _plain_value() -> str:
    value = "case when json_type(element) not in ('OBJECT', 'ARRAY', 'NULL') then element ->> '$' end"
    return _blank(value)


def _member(name: str) -> str:
    return _blank(f"json_extract_string(element, {_path(name)})")


def _path(name: str) -> str:
    return literal('$."' + name.replace('"', '\\"') + '"')


def _blank(value: str) -> str:
    return f"nullif(trim({value}), '')"


def _struct(names: Sequence[str], value: Callable[[str], str]) -> str:
    if not names:
        return "null"
    return f"struct_pack({', '.join(f'{quoted(name)} := {value(name)}' for name in names)})"
