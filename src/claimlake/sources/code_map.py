"""Code maps: a source's codes and the values they stand for; in expressions, map_code(name, value)."""

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import sqlglot
from sqlglot import exp

from claimlake.errors import ConfigurationError
from claimlake.keys import suggest
from claimlake.sources.document import Key, mapping_at, names_of, one_of, refuse_unknown

FUNCTION = "map_code"
TABLE = "code_map"
"""Temporary table: map_name, source_code, mapped_value; is_kept marks a map whose other codes stay."""
UNMAPPED = ("quarantine", "warn", "fail", "keep")
RULE = "ALL-17"

CODE_KEYS = (
    Key("values", "map", "source code: value"),
    Key("file", "text", "CSV file of codes beside the mapping, with a header"),
    Key("from", "text", "column of the file that holds the source's code; its first unless named"),
    Key("to", "text", "column of the file that holds the value; its second unless named"),
    Key(
        "unmapped",
        "text",
        "what becomes of a record whose code is in no line; `keep` takes the code itself",
        UNMAPPED,
    ),
    Key("rule", "text", "id under which an unmapped code is reported"),
)


@dataclass(frozen=True)
class CodeMap:
    """The codes of one list and what each stands for."""

    name: str
    values: tuple[tuple[str, str], ...]
    unmapped: str = "quarantine"
    """What becomes of a record whose code is not in the list: a severity, or 'keep' for the code itself."""
    rule: str = RULE


@dataclass(frozen=True)
class Call:
    """A use of a code map in an expression."""

    code_map: CodeMap
    argument: str
    """SQL of the value that is looked up."""

    @property
    def is_unmapped(self) -> str:
        """SQL predicate: there is a code, and the list does not have it."""
        value = f"nullif(trim(cast({self.argument} as varchar)), '')"
        return f"{value} is not null and {FUNCTION}('{self.code_map.name}', {value}) is null"

    @property
    def reason(self) -> str:
        """What an unmapped code is, without the code."""
        return f"code is not in the list {self.code_map.name}"


def read_code_maps(body: Mapping[str, Any], file: Path) -> tuple[CodeMap, ...]:
    """The code maps under `codes` of a mapping file."""
    where = f"{file}: codes"
    given = mapping_at(body.get("codes") or {}, where)
    return tuple(_code_map(name, mapping, file, f"{where}: {name}") for name, mapping in given.items())


def calls(expressions: Iterable[str], code_maps: Iterable[CodeMap], where: str = "") -> list[Call]:
    """Every use of a code map in the expressions, each once."""
    known = {one.name: one for one in code_maps}
    found: dict[Call, None] = {}
    for expression in expressions:
        if FUNCTION not in expression.lower():
            continue
        for call in sqlglot.parse_one(expression, dialect="duckdb").find_all(exp.Anonymous):
            if call.name.lower() == FUNCTION:
                found[_call(call, known, where)] = None
    return list(found)


def define_codes(connection: duckdb.DuckDBPyConnection, code_maps: Iterable[CodeMap]) -> None:
    """Make `map_code` look up these maps: the value of a code, null for one that is not there."""
    maps = list(code_maps)
    rows: list[tuple[str, str | None, str | None, bool]] = [
        (one.name, code, value, False) for one in maps for code, value in one.values
    ]
    rows += [(one.name, None, None, True) for one in maps if one.unmapped == "keep"]
    columns = [np.array([row[place] for row in rows], dtype=object) for place in range(3)]
    code_rows = {  # noqa: F841 - DuckDB finds it by name
        "map_name": columns[0],
        "source_code": columns[1],
        "mapped_value": columns[2],
        "is_kept": np.array([row[3] for row in rows], dtype=bool),
    }
    empty = "select null as map_name, null as source_code, null as mapped_value, false as is_kept limit 0"
    connection.execute(
        f"create or replace temp table {TABLE} as select cast(map_name as varchar) as map_name, "
        "cast(source_code as varchar) as source_code, cast(mapped_value as varchar) as mapped_value, is_kept "
        f"from ({'from code_rows' if rows else empty})"
    )
    connection.execute(
        f"create or replace temp macro {FUNCTION}(wanted_map, wanted_code) as coalesce("
        f"(select mapped_value from {TABLE} where map_name = wanted_map "
        "and source_code = trim(cast(wanted_code as varchar))), "
        f"(select trim(cast(wanted_code as varchar)) from {TABLE} where map_name = wanted_map and is_kept))"
    )


def _call(call: exp.Anonymous, known: Mapping[str, CodeMap], where: str) -> Call:
    if len(call.expressions) != 2 or not call.expressions[0].is_string:
        raise ConfigurationError(
            f"{FUNCTION} takes the name of a list and a value",
            where=where,
            remedy=f"{FUNCTION}('sex', SEX_C)",
        )
    name = call.expressions[0].name
    if name not in known:
        raise ConfigurationError(f"no list of codes '{name}'", where=where, remedy=suggest(name, known))
    return Call(known[name], call.expressions[1].sql(dialect="duckdb"))


def _code_map(name: str, given: object, file: Path, where: str) -> CodeMap:
    if not name.isidentifier():
        raise ConfigurationError("a list of codes has a name of letters, digits and _", where=where)
    if not isinstance(given, Mapping):
        raise ConfigurationError("expected 'code: value' lines", where=where)
    is_long = isinstance(given.get("values"), Mapping) or "file" in given
    if not is_long:
        return CodeMap(name, _values(given, where))
    body = mapping_at(given, where)
    refuse_unknown(body, names_of(CODE_KEYS), where)
    values = _values(body.get("values") or {}, where)
    if "file" in body:
        values += _listed(file.parent, body, where)
    return CodeMap(
        name,
        tuple(dict(values).items()),
        one_of(str(body.get("unmapped", "quarantine")), "unmapped", UNMAPPED, where),
        str(body.get("rule", RULE)),
    )


def _values(given: Mapping[Any, Any], where: str) -> tuple[tuple[str, str], ...]:
    for code, value in given.items():
        # YAML reads Y, N, yes, no, on and off as true and false.
        if isinstance(code, bool) or isinstance(value, bool | dict | list):
            raise ConfigurationError(
                "a code or its value is not text", where=where, remedy='Write it in quotes: "Y": "yes".'
            )
    return tuple((str(code).strip(), str(value)) for code, value in given.items())


def _listed(folder: Path, body: Mapping[str, Any], where: str) -> tuple[tuple[str, str], ...]:
    path = (folder / str(body["file"])).resolve()
    if not path.is_relative_to(folder.resolve()):
        raise ConfigurationError("the file of codes is not beside the mapping", where=where)
    try:
        with path.open(encoding="utf-8-sig", newline="") as reader:
            rows = list(csv.reader(reader))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ConfigurationError(
            f"cannot read the codes in {body['file']}",
            where=where,
            remedy="Write a UTF-8 CSV file with a header.",
        ) from error
    header = [name.strip() for name in rows[0]] if rows else []
    wanted = [
        str(body.get("from") or (header[0] if header else "")),
        str(body.get("to") or "".join(header[1:2])),
    ]
    for name in wanted:
        if name not in header:
            raise ConfigurationError(f"no column '{name}' in {body['file']}", where=where)
    at, to = header.index(wanted[0]), header.index(wanted[1])
    return tuple((row[at].strip(), row[to].strip()) for row in rows[1:] if len(row) > max(at, to))
