"""Checks: what a model promises about its rows, compiled to one SQL statement."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

UNIQUE = re.compile(r"(?:\((?P<many>[\w, ]+)\)|(?P<one>\w+)) unique")
NOT_NULL = re.compile(r"(?P<column>\w+) not null")
REFERENCE = re.compile(r"(?P<column>\w+) in (?P<table>\w+\.\w+)(?:\.(?P<other>\w+))?")
TENANT = "org_id"


@dataclass(frozen=True)
class Check:
    """One promise of a model: `id unique`, `id not null`, `id in layer.table` or a SQL predicate."""

    text: str
    severity: str
    """fail: the model is not published; warn: it is, and the report says so."""
    line: int


@dataclass(frozen=True)
class CheckResult:
    """How many rows, keys or references break a check."""

    check: Check
    violations: int


def parse_checks(text: str, line: int) -> list[Check]:
    """The checks of one header line: separated by commas, those that only warn start with 'warn:'."""
    checks = []
    for part in _split(text):
        warned = part.removeprefix("warn:")
        severity = "warn" if warned != part else "fail"
        checks.append(Check(warned.strip(), severity, line))
    return checks


def referenced_table(check: Check) -> str | None:
    """The other table a check looks into, or None."""
    match = REFERENCE.fullmatch(check.text)
    return match["table"] if match else None


def violations_sql(checks: Sequence[Check], table: str, columns_of: Callable[[str], Iterable[str]]) -> str:
    """A statement giving (position of the check, violations) for every check of a table."""
    counts = [_count_sql(check, table, columns_of) for check in checks]
    return "\nunion all\n".join(
        f"select {position} as position, violations from ({count}) as counted"
        for position, count in enumerate(counts)
    )


def _count_sql(check: Check, table: str, columns_of: Callable[[str], Iterable[str]]) -> str:
    is_tenants = TENANT in columns_of(table)
    if match := UNIQUE.fullmatch(check.text):
        columns = [column.strip() for column in (match["many"] or match["one"]).split(",")]
        return _repeated_sql(table, dict.fromkeys([*([TENANT] if is_tenants else []), *columns]))
    if match := NOT_NULL.fullmatch(check.text):
        return f"select count(*) as violations from {table} where {match['column']} is null"
    if match := REFERENCE.fullmatch(check.text):
        is_shared = is_tenants and TENANT in columns_of(match["table"])
        return _missing_sql(
            table, match["column"], match["table"], match["other"] or match["column"], is_shared
        )
    return f"select count(*) as violations from {table} where not ({check.text})"


def _repeated_sql(table: str, columns: Iterable[str]) -> str:
    key = ", ".join(columns)
    groups = f"select {key} from {table} group by {key} having count(*) > 1"
    return f"select count(*) as violations from ({groups}) as repeated"


def _missing_sql(table: str, column: str, other: str, other_column: str, is_shared: bool) -> str:  # noqa: FBT001
    tenant = f"{TENANT}, " if is_shared else ""
    tenants_match = f" and known.{TENANT} = claimed.{TENANT}" if is_shared else ""
    return (
        f"select count(*) as violations from {table} as claimed"
        f" left join (select distinct {tenant}{other_column} as known_value from {other}) as known"
        f" on known.known_value = claimed.{column}{tenants_match}"
        f" where claimed.{column} is not null and known.known_value is null"
    )


def _split(text: str) -> list[str]:
    parts, depth, is_quoted, start = [], 0, False, 0
    for position, character in enumerate(text):
        if character == "'":
            is_quoted = not is_quoted
        elif not is_quoted:
            depth += {"(": 1, ")": -1}.get(character, 0)
        if character == "," and depth == 0 and not is_quoted:
            parts.append(text[start:position])
            start = position + 1
    return [part.strip() for part in (*parts, text[start:]) if part.strip()]
