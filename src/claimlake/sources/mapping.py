"""Source mappings: how the files and tables of a system become rows of bronze (sources/<system>.yml)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from claimlake.cron import check_cron
from claimlake.errors import ConfigurationError
from claimlake.keys import suggest
from claimlake.lake.contract import SEVERITIES, Contract, Expectation
from claimlake.sources import field
from claimlake.sources.api_origin import ApiOrigin, read_api_origin
from claimlake.sources.code_map import CodeMap, calls, read_code_maps
from claimlake.sources.document import (
    Key,
    list_at,
    mapping_at,
    names_of,
    one_of,
    refuse_unknown,
    text_at,
    texts_at,
)
from claimlake.sources.file_origin import FileOrigin, read_file_origin
from claimlake.sources.list_item import PARENT, RECORD, check_item_expression, held_columns
from claimlake.sources.table_origin import TableOrigin, read_table_origin, refuse_omitted_watermark
from claimlake.tenant import REFERENCE
from claimlake.workspace import Workspace

Origin = FileOrigin | TableOrigin | ApiOrigin

MAPPING_KEYS = (
    Key("system", "text", "the file's name without `.yml`", is_required=True),
    Key("about", "text", "what it delivers"),
    Key("schedule", "text", "when its sources are due, as cron writes it: `30 5 * * *`"),
    Key("codes", "part", "lists of codes, below"),
    Key("templates", "any", "a place for YAML anchors; not read"),
    Key(
        "feeds",
        "part",
        "the kinds of delivery; a file belongs to the first feed that takes it",
        is_required=True,
    ),
)
FEED_KEYS = (
    Key("feed", "text", "name, unique in the file", is_required=True),
    Key("about", "text", "one sentence"),
    Key("from", "part", "a file or a table, below", is_required=True),
    Key("into", "part", "the bronze tables its records become; none for `x12`, which has its own"),
    Key("sources", "texts", "only these sources of the tenant have the feed"),
    Key("source_system_id", "text", "overrides the source's id, where one folder holds several systems"),
    Key("omit", "texts", "columns that expressions may use and `raw` lacks; in JSON also names inside lists"),
    Key("active", "flag", "`false` turns it off"),
)
TARGET_KEYS = (
    Key("table", "text", "a bronze table without its layer", is_required=True),
    Key("rows", "text", "list inside the record whose elements become its rows: `lines`, `claims.lines`"),
    Key("where", "text", "SQL predicate: which records become rows of it"),
    Key("fields", "part", "target column and what gives its value, below", is_required=True),
    Key("rules", "part", "rules its rows must meet beside those of its contract, below"),
)
RULE_KEYS = (
    Key("rule", "text", "id of the rule", is_required=True),
    Key("check", "text", "SQL predicate over the bronze table's columns", is_required=True),
    Key("severity", "text", "what happens to a row that does not meet it", SEVERITIES, is_required=True),
    Key("reason", "text", "what is wrong with such a row", is_required=True),
)

ROW_NUMBER = "_row"
"""The record's number in its file, which an expression may use beside the source columns."""


@dataclass(frozen=True)
class Target:
    """One bronze table that a feed's records become."""

    table: str
    """Full name, 'bronze.<table>'."""
    fields: tuple[tuple[str, str], ...]
    """Target column and the SQL expression over the source columns that gives its value."""
    where: str | None = None
    """SQL predicate over the source columns: which records become rows of this table."""
    rules: tuple[Expectation, ...] = ()
    """Rules its rows must meet beside those of the table's contract."""
    rows: tuple[str, ...] = ()
    """Names that lead to the list whose elements become its rows; none where the record itself does."""

    def columns_of(self, expression: str) -> set[str]:
        """Source columns an expression reads, those of a list's elements apart."""
        if not self.rows:
            return source_columns(expression)
        of_parent = held_columns(expression, PARENT) if len(self.rows) == 1 else set()
        return held_columns(expression, RECORD) | of_parent

    @property
    def expressions(self) -> tuple[str, ...]:
        """Every SQL expression over the source columns."""
        return (*(expression for _, expression in self.fields), *([self.where] if self.where else []))


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
    """Source columns, in JSON names at any depth, that expressions may use but no `raw` holds."""
    is_active: bool = True
    codes: tuple[CodeMap, ...] = ()
    """Lists of codes its expressions look up."""

    @property
    def is_full(self) -> bool:
        """Whether every delivery holds all records, so that one it lacks is gone at the source."""
        return not isinstance(self.origin, ApiOrigin) and self.origin.load == "full"

    def referenced(self, target: Target | None = None) -> dict[str, set[str]]:
        """Source columns that are used, each with the target columns it gives ('' stands for a predicate)."""
        used: dict[str, set[str]] = {}
        for one in self.into if target is None else (target,):
            for column, expression in (*one.fields, ("", one.where or "true")):
                for name in one.columns_of(expression):
                    used.setdefault(name, set()).add(column)
            for name in one.rows[:1]:
                used.setdefault(name, set()).add("")
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
    return field.source_columns(expression) - {ROW_NUMBER}


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
    refuse_unknown(body, names_of(MAPPING_KEYS), str(file))
    if body.get("system") != file.stem:
        raise ConfigurationError(
            "'system' is not the file's name.", where=str(file), remedy=f"system: {file.stem}"
        )
    codes = read_code_maps(body, file)
    feeds = tuple(_feed(item, str(file), contracts, codes) for item in list_at(body, "feeds", str(file)))
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
    return mapping_at(document, str(file))


def _feed(item: object, file: str, contracts: Mapping[str, Contract], codes: tuple[CodeMap, ...]) -> Feed:
    body = mapping_at(item, file)
    refuse_unknown(body, names_of(FEED_KEYS), file)
    name = str(body.get("feed") or "")
    where = f"{file}: feed {name or '?'}"
    if not name:
        raise ConfigurationError("a feed has no name", where=where, remedy="Add 'feed: <name>'.")
    given = mapping_at(body.get("from"), f"{where}: from")
    origin = _origin(given, where, contracts)
    omit = texts_at(body, "omit", where)
    if isinstance(origin, TableOrigin):
        refuse_omitted_watermark(origin, omit, where)
    into = tuple(_target(target, where, contracts) for target in list_at(body, "into", where))
    is_edi = isinstance(origin, FileOrigin) and origin.format == "x12"
    if bool(into) == is_edi:
        remedy = "X12 files have their own tables: remove 'into'." if is_edi else "Add 'into'."
        raise ConfigurationError("says nothing usable about its bronze tables.", where=where, remedy=remedy)
    system = text_at(body, "source_system_id")
    if system == REFERENCE:
        raise ConfigurationError(
            f"source_system_id '{REFERENCE}' is that of the code sets 'claimlake reference load' brings.",
            where=where,
            remedy="Choose another.",
        )
    used = calls((sql for target in into for sql in target.expressions), codes, where)
    return Feed(
        name=name,
        origin=origin,
        into=into,
        source_system_id=system,
        sources=texts_at(body, "sources", where),
        omit=omit,
        is_active=bool(body.get("active", given.get("active", True))),
        codes=tuple(dict.fromkeys(call.code_map for call in used)),
    )


def _origin(given: Mapping[str, Any], where: str, contracts: Mapping[str, Contract]) -> Origin:
    if "api" in given:
        return read_api_origin(given, where, contracts)
    return read_table_origin(given, where) if "table" in given else read_file_origin(given, where)


def _target(item: object, where: str, contracts: Mapping[str, Contract]) -> Target:
    body = mapping_at(item, where)
    refuse_unknown(body, names_of(TARGET_KEYS), f"{where}: into")
    table = f"bronze.{body.get('table')}"
    if table not in contracts:
        raise ConfigurationError(
            f"no bronze table '{body.get('table')}'", where=where, remedy=suggest(table, contracts)
        )
    fields = mapping_at(body.get("fields"), f"{where}: {table}: fields")
    refuse_unknown(fields, [column.name for column in contracts[table].columns], f"{where}: {table}: fields")
    unmapped = [
        column.name for column in contracts[table].columns if column.required and column.name not in fields
    ]
    if unmapped:
        raise ConfigurationError(
            f"required column '{unmapped[0]}' gets no value",
            where=f"{where}: {table}",
            remedy="Add it to 'fields'.",
        )
    if body.get("where"):
        field.check_expression(str(body["where"]), f"{where}: {table}: where")
    written = tuple(
        (name, field.expression_of(value, f"{where}: {table}: {name}")) for name, value in fields.items()
    )
    rows = _path(body, f"{where}: {table}: rows")
    for name, expression in (*written, ("where", text_at(body, "where") or "true")) if rows else ():
        check_item_expression(expression, f"{where}: {table}: {name}")
    return Target(
        table=table,
        fields=written,
        rows=rows,
        where=text_at(body, "where"),
        rules=tuple(
            _rule(rule, contracts[table], f"{where}: {table}: rules")
            for rule in list_at(body, "rules", where)
        ),
    )


def _path(body: Mapping[str, Any], where: str) -> tuple[str, ...]:
    """The names that lead to a target's rows."""
    names = tuple((text_at(body, "rows") or "").removeprefix("$.").split(".")) if "rows" in body else ()
    if not all(name.strip() for name in names):
        raise ConfigurationError("says nothing usable of the list", where=where, remedy="rows: claims.lines")
    return names


def _rule(item: object, contract: Contract, where: str) -> Expectation:
    body = mapping_at(item, where)
    refuse_unknown(body, names_of(RULE_KEYS), where)
    missing = [key for key in names_of(RULE_KEYS) if text_at(body, key) is None]
    if missing:
        raise ConfigurationError(f"a rule has no {missing[0]}", where=where, remedy=f"Add '{missing[0]}: …'.")
    check = str(body["check"])
    field.check_expression(check, where)
    refuse_unknown(
        sorted(field.source_columns(check)), [column.name for column in contract.columns], f"{where}: check"
    )
    severity = one_of(str(body["severity"]), "severity", SEVERITIES, where)
    return Expectation(str(body["rule"]), check, severity, str(body["reason"]))
