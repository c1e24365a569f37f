"""Source mappings: how the files and tables of a system become rows of bronze (sources/<system>.yml)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from difflib import get_close_matches
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import sqlglot
import yaml
from sqlglot import exp

from claimlake.cron import check_cron
from claimlake.errors import ConfigurationError
from claimlake.lake.contract import Contract
from claimlake.workspace import Workspace

FORMATS = ("delimited", "json", "x12")
LOADS = ("full", "incremental")
Lookback = timedelta | int
"""How far before the newest loaded value an incremental load starts: a span of time, or of numbers."""
APIS = {"npi_registry": ("numbers", "queries"), "icd10": ("release", "language")}
"""The APIs that are spoken, each with the keys of its own."""

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
    lookback: Lookback | None = None
    """For rows that become visible later than the time they carry: how far back to read again."""


@dataclass(frozen=True)
class ApiOrigin:
    """A reference API that one feed asks, no oftener than its answers grow old."""

    api: str
    refresh_days: int = 30
    """Days an answer is good for."""
    per_second: float = 2.0
    """Requests a second, at most."""
    numbers: tuple[str, ...] = ()
    """Columns 'bronze.<table>.<column>' whose values are looked up one by one."""
    queries: tuple[tuple[tuple[str, str], ...], ...] = ()
    """Searches, each as the API's own parameters and their values."""
    release: str = "latest"
    language: str = "en"


Origin = FileOrigin | TableOrigin | ApiOrigin


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
    origin: Origin
    into: tuple[Target, ...]
    source_system_id: str | None = None
    """Overrides the source's id where one folder holds the files of several systems."""
    sources: tuple[str, ...] = ()
    """Ids of the sources that have this feed; all of the system's sources when empty."""
    omit: tuple[str, ...] = ()
    """Source columns that expressions may use but that are not copied into the `raw` of any row."""
    is_active: bool = True

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
    schedule: str | None = None
    """Cron expression of the system's sources that have none of their own."""

    def feeds_of(self, source_id: str) -> list[Feed]:
        """The active feeds one source has."""
        return [feed for feed in self.declared_of(source_id) if feed.is_active]

    def declared_of(self, source_id: str) -> list[Feed]:
        """The feeds one source has, those too that are switched off."""
        return [feed for feed in self.feeds if not feed.sources or source_id in feed.sources]


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
    body = _read(file)
    _refuse_unknown(body, ("system", "about", "schedule", "feeds", "templates"), str(file))
    if body.get("system") != file.stem:
        raise ConfigurationError(
            "'system' is not the file's name.", where=str(file), remedy=f"system: {file.stem}"
        )
    feeds = tuple(_feed(item, str(file), contracts) for item in _list(body, "feeds", str(file)))
    names = [feed.name for feed in feeds]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise ConfigurationError(f"feed '{repeated[0]}' is declared twice", where=str(file))
    return SourceMapping(system=file.stem, feeds=feeds, schedule=_schedule(body, file))


def load_schedules(workspace: Workspace, systems: Iterable[str]) -> dict[str, str | None]:
    """The schedules of some systems, read without the rest of their mappings."""
    files = {file.stem: file for file in workspace.content("sources", "*.yml")}
    wanted = {system: files[system] for system in systems if system in files}
    return {system: _schedule(_read(file), file) for system, file in wanted.items()}


def _schedule(body: Mapping[str, Any], file: Path) -> str | None:
    schedule = body.get("schedule")
    return None if schedule is None else check_cron(str(schedule), where=f"{file}: schedule")


def _read(file: Path) -> Mapping[str, Any]:
    try:
        document = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"not valid YAML: {error}", where=str(file)) from error
    return _mapping(document, str(file))


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
    origin = _origin(given, where, contracts)
    into = tuple(_target(target, where, contracts) for target in _list(body, "into", where))
    omit = tuple(str(name) for name in _list(body, "omit", where))
    _refuse_omitted_watermark(origin, omit, where)
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
        omit=omit,
        is_active=bool(body.get("active", given.get("active", True))),
    )


def _origin(given: Mapping[str, Any], where: str, contracts: Mapping[str, Contract]) -> Origin:
    if "api" in given:
        return _api_origin(given, where, contracts)
    return _table_origin(given, where) if "table" in given else _file_origin(given, where)


def _file_origin(given: Mapping[str, Any], where: str) -> FileOrigin:
    _refuse_unknown(given, ("file", "format", "delimiter", "columns", "active"), f"{where}: from")
    kind = str(given.get("format", "delimited"))
    if kind not in FORMATS:
        raise ConfigurationError(
            f"format '{kind}'", where=where, remedy=f"Choose from: {', '.join(FORMATS)}."
        )
    return FileOrigin(
        pattern=str(given.get("file", "**")),
        format=kind,
        delimiter=str(given["delimiter"]) if "delimiter" in given else None,
        columns=tuple(str(name) for name in _list(given, "columns", where)),
    )


def _table_origin(given: Mapping[str, Any], where: str) -> TableOrigin:
    _refuse_unknown(given, ("table", "load", "watermark", "key", "lookback", "active"), f"{where}: from")
    load = str(given.get("load", "full")).lower()
    if load not in LOADS:
        raise ConfigurationError(f"load '{load}'", where=where, remedy=f"Choose from: {', '.join(LOADS)}.")
    watermark = str(given["watermark"]) if given.get("watermark") else None
    if load == "incremental" and watermark is None:
        raise ConfigurationError(
            "an incremental load has no watermark", where=where, remedy="Add 'watermark: <column>'."
        )
    key = tuple(str(name) for name in _list(given, "key", where))
    return TableOrigin(str(given["table"]), load, watermark, key, _lookback(given.get("lookback"), where))


def _lookback(value: object, where: str) -> Lookback | None:
    """'3 days' as a span of time, 1000 as a number; ConfigurationError for anything else."""
    if value is None:
        return None
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    amount, _, unit = str(value).partition(" ")
    unit = unit.strip().removesuffix("s") + "s"
    if amount.isdecimal() and unit in ("minutes", "hours", "days"):
        return timedelta(**{unit: int(amount)})
    raise ConfigurationError(
        f"lookback '{value}'", where=where, remedy="Write a span as '3 days', '12 hours', or a whole number."
    )


def _refuse_omitted_watermark(origin: Origin, omit: tuple[str, ...], where: str) -> None:
    watermark = origin.watermark if isinstance(origin, TableOrigin) else None
    if watermark and watermark.lower() in {name.lower() for name in omit}:
        raise ConfigurationError(
            f"watermark '{watermark}' is among the omitted columns, so it is not kept.",
            where=where,
            remedy="Take it out of 'omit', or load in full.",
        )


def _api_origin(given: Mapping[str, Any], where: str, contracts: Mapping[str, Contract]) -> ApiOrigin:
    api = str(given["api"])
    if api not in APIS:
        raise ConfigurationError(f"api '{api}'", where=where, remedy=f"Choose from: {', '.join(APIS)}.")
    _refuse_unknown(given, ("api", "refresh_days", "per_second", "active", *APIS[api]), f"{where}: from")
    numbers = tuple(str(name) for name in _list(given, "numbers", where))
    for name in numbers:
        table, _, column = name.rpartition(".")
        if table not in contracts or column not in [known for known, _ in contracts[table].schema]:
            raise ConfigurationError(
                f"no column '{name}'", where=f"{where}: numbers", remedy="Write bronze.<table>.<column>."
            )
    queries = [_mapping(query, f"{where}: queries") for query in _list(given, "queries", where)]
    return ApiOrigin(
        api=api,
        refresh_days=int(_positive(given, "refresh_days", ApiOrigin.refresh_days, where)),
        per_second=_positive(given, "per_second", ApiOrigin.per_second, where),
        numbers=numbers,
        queries=tuple(tuple((key, str(value)) for key, value in query.items()) for query in queries),
        release=str(given.get("release", ApiOrigin.release)),
        language=str(given.get("language", ApiOrigin.language)),
    )


def _positive(given: Mapping[str, Any], key: str, default: float, where: str) -> float:
    value = given.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0:
        raise ConfigurationError(f"'{key}' is not a number above 0", where=f"{where}: from")
    return float(value)


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
