"""Source mappings: how the files and tables of a system become rows of bronze (sources/<system>.yml)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import sqlglot
import yaml
from sqlglot import exp

from claimlake.errors import ConfigurationError
from claimlake.lake.contract import Contract
from claimlake.workspace import Workspace

FORMATS = ("delimited", "json", "x12")
LOADS = ("full", "incremental")

ROW_NUMBER = "_row"
"""The record's number in its file, which an expression may use beside the source columns."""


@dataclass(frozen=True)
class FileOrigin:
    """Files of a landing folder that one feed takes."""

    pattern: str
    """Path below landing/<org_id>/<source_id>/, '**' for any folders; letter case does not matter."""
    format: str
    delimiter: str | None = None
    """The usual separator; the file's header has the last word."""
    columns: tuple[str, ...] = ()
    """Columns a file must have to belong to the feed, where the name does not say it."""
    load: str = "incremental"
    """full: each file holds all of the feed's records, so a key it lacks is gone at the source."""

    def takes(self, path: str) -> bool:
        """Whether a path below the landing folder matches the pattern."""
        pattern, candidate = self.pattern.lower(), path.lower()
        while True:
            if fnmatchcase(candidate, pattern):
                return True
            if not pattern.startswith("**/"):
                return False
            pattern = pattern.removeprefix("**/")


@dataclass(frozen=True)
class TableOrigin:
    """A database table that one feed reads."""

    table: str
    load: str = "full"
    watermark: str | None = None
    """Column of the source's last change; an incremental load reads from its newest loaded value on."""
    key: tuple[str, ...] = ()
    """Columns that order the extract."""


@dataclass(frozen=True)
class Target:
    """One bronze table that a feed's records become."""

    table: str
    """Full name, 'bronze.<table>'."""
    fields: tuple[tuple[str, str], ...]
    """Target column and the SQL expression over the source columns that gives its value."""
    where: str | None = None
    """SQL predicate over the source columns: which records become rows of this table."""


@dataclass(frozen=True)
class Feed:
    """One kind of delivery of a system and what becomes of it."""

    name: str
    origin: FileOrigin | TableOrigin
    into: tuple[Target, ...]
    source_system_id: str | None = None
    """Overrides the source's id where one folder holds the files of several systems."""
    sources: tuple[str, ...] = ()
    """Ids of the sources that have this feed; all of the system's sources when empty."""
    omit: tuple[str, ...] = ()
    """Source columns that expressions may use but that are not copied into the `raw` of any row."""
    is_active: bool = True

    @property
    def is_full(self) -> bool:
        """Whether every delivery holds all records, so that one it lacks is gone at the source."""
        return self.origin.load == "full"

    def referenced(self, target: Target | None = None) -> dict[str, set[str]]:
        """Source columns that are used, each with the target columns it gives ('' stands for a predicate)."""
        used: dict[str, set[str]] = {}
        for one in self.into if target is None else (target,):
            for column, expression in (*one.fields, ("", one.where or "true")):
                for name in source_columns(expression):
                    used.setdefault(name, set()).add(column)
        return used


@dataclass(frozen=True)
class SourceMapping:
    """The feeds of one system."""

    system: str
    feeds: tuple[Feed, ...]

    def feeds_of(self, source_id: str) -> list[Feed]:
        """The active feeds one source has."""
        return [
            feed for feed in self.feeds if feed.is_active and (not feed.sources or source_id in feed.sources)
        ]


def source_columns(expression: str) -> set[str]:
    """Names of the source columns an expression reads."""
    names = {column.name for column in sqlglot.parse_one(expression, dialect="duckdb").find_all(exp.Column)}
    return names - {ROW_NUMBER}


def load_mappings(
    workspace: Workspace, contracts: Mapping[str, Contract], systems: Iterable[str]
) -> dict[str, SourceMapping]:
    """The mappings of some systems, the workspace's own first; unknown systems are left out."""
    files = {file.stem: file for file in workspace.content("sources", "*.yml")}
    return {
        system: read_mapping(files[system], contracts) for system in sorted(set(systems)) if system in files
    }


def read_mapping(file: Path, contracts: Mapping[str, Contract]) -> SourceMapping:
    """The mapping written in one YAML file, checked against the contracts it fills."""
    try:
        document = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"not valid YAML: {error}", where=str(file)) from error
    body = _mapping(document, str(file))
    _refuse_unknown(body, ("system", "about", "feeds", "templates"), str(file))
    if body.get("system") != file.stem:
        raise ConfigurationError(
            "'system' is not the file's name.", where=str(file), remedy=f"system: {file.stem}"
        )
    feeds = tuple(_feed(item, str(file), contracts) for item in _list(body, "feeds", str(file)))
    names = [feed.name for feed in feeds]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise ConfigurationError(f"feed '{repeated[0]}' is declared twice", where=str(file))
    return SourceMapping(system=file.stem, feeds=feeds)


def _feed(item: object, file: str, contracts: Mapping[str, Contract]) -> Feed:
    body = _mapping(item, file)
    _refuse_unknown(
        body, ("feed", "about", "from", "source_system_id", "sources", "active", "omit", "into"), file
    )
    name = str(body.get("feed") or "")
    where = f"{file}: feed {name or '?'}"
    if not name:
        raise ConfigurationError("a feed has no name", where=where, remedy="Add 'feed: <name>'.")
    given = _mapping(body.get("from"), f"{where}: from")
    origin = _table_origin(given, where) if "table" in given else _file_origin(given, where)
    into = tuple(_target(target, where, contracts) for target in _list(body, "into", where))
    is_edi = isinstance(origin, FileOrigin) and origin.format == "x12"
    if bool(into) == is_edi:
        remedy = "X12 files have their own tables: remove 'into'." if is_edi else "Add 'into'."
        raise ConfigurationError("says nothing usable about its bronze tables.", where=where, remedy=remedy)
    return Feed(
        name=name,
        origin=origin,
        into=into,
        source_system_id=str(body["source_system_id"]) if body.get("source_system_id") else None,
        sources=tuple(str(source) for source in _list(body, "sources", where)),
        omit=tuple(str(name) for name in _list(body, "omit", where)),
        is_active=bool(body.get("active", given.get("active", True))),
    )


def _file_origin(given: Mapping[str, Any], where: str) -> FileOrigin:
    _refuse_unknown(given, ("file", "format", "delimiter", "columns", "load", "active"), f"{where}: from")
    kind = str(given.get("format", "delimited"))
    load = _load_of(given, "incremental", where)
    if load == "full" and kind == "x12":
        raise ConfigurationError("an X12 file is never a full load", where=where, remedy="Remove 'load'.")
    if kind not in FORMATS:
        raise ConfigurationError(
            f"format '{kind}'", where=where, remedy=f"Choose from: {', '.join(FORMATS)}."
        )
    return FileOrigin(
        pattern=str(given.get("file", "**")),
        format=kind,
        delimiter=str(given["delimiter"]) if "delimiter" in given else None,
        columns=tuple(str(name) for name in _list(given, "columns", where)),
        load=load,
    )


def _load_of(given: Mapping[str, Any], default: str, where: str) -> str:
    load = str(given.get("load", default)).lower()
    if load not in LOADS:
        raise ConfigurationError(f"load '{load}'", where=where, remedy=f"Choose from: {', '.join(LOADS)}.")
    return load


def _table_origin(given: Mapping[str, Any], where: str) -> TableOrigin:
    _refuse_unknown(given, ("table", "load", "watermark", "key", "active"), f"{where}: from")
    load = _load_of(given, "full", where)
    watermark = str(given["watermark"]) if given.get("watermark") else None
    if load == "incremental" and watermark is None:
        raise ConfigurationError(
            "an incremental load has no watermark", where=where, remedy="Add 'watermark: <column>'."
        )
    return TableOrigin(
        str(given["table"]), load, watermark, tuple(str(name) for name in _list(given, "key", where))
    )


def _target(item: object, where: str, contracts: Mapping[str, Contract]) -> Target:
    body = _mapping(item, where)
    _refuse_unknown(body, ("table", "where", "fields"), f"{where}: into")
    table = f"bronze.{body.get('table')}"
    if table not in contracts:
        raise ConfigurationError(
            f"no bronze table '{body.get('table')}'", where=where, remedy=_suggest(table, contracts)
        )
    fields = _mapping(body.get("fields"), f"{where}: {table}: fields")
    _refuse_unknown(fields, [column.name for column in contracts[table].columns], f"{where}: {table}: fields")
    unmapped = [
        column.name for column in contracts[table].columns if column.required and column.name not in fields
    ]
    if unmapped:
        raise ConfigurationError(
            f"required column '{unmapped[0]}' gets no value",
            where=f"{where}: {table}",
            remedy="Add it to 'fields'.",
        )
    target = Target(
        table=table,
        fields=tuple((name, str(value)) for name, value in fields.items()),
        where=str(body["where"]) if body.get("where") else None,
    )
    for column, expression in (*target.fields, ("where", target.where or "true")):
        _check_expression(expression, f"{where}: {table}: {column}")
    return target


def _check_expression(expression: str, where: str) -> None:
    try:
        tree = sqlglot.parse_one(expression, dialect="duckdb")
    except sqlglot.ParseError as error:
        raise ConfigurationError(f"'{expression}' is not a SQL expression", where=where) from error
    if isinstance(tree, exp.Query | exp.DDL | exp.DML) or tree.find(exp.Subquery, exp.Select):
        raise ConfigurationError(
            "an expression reads one record and holds no query",
            where=where,
            remedy="Join in a silver model instead.",
        )


def _mapping(value: object, where: str) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise ConfigurationError("expected 'key: value' lines", where=where)
    return {str(key): item for key, item in value.items()}


def _list(body: Mapping[str, Any], key: str, where: str) -> list[Any]:
    value = body.get(key)
    if value is None:
        return []
    if not isinstance(value, list):
        raise ConfigurationError(f"'{key}' is not a list", where=where)
    return value


def _refuse_unknown(given: Mapping[str, Any], known: Iterable[str], where: str) -> None:
    names = list(known)
    for name in given:
        if name not in names:
            raise ConfigurationError(
                f"'{name}' is not known here.", where=where, remedy=_suggest(name, names)
            )


def _suggest(name: str, known: Iterable[str]) -> str:
    names = sorted(known)
    close = get_close_matches(name, names, n=1)
    return f"Did you mean '{close[0]}'?" if close else f"Known: {', '.join(names)}."
