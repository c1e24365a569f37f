"""Contracts: what a landed table must look like, written in YAML under lakehouse/bronze."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from claimlake.errors import ConfigurationError
from claimlake.workspace import Workspace

TYPE_PATTERN = re.compile(r"(text|int|bigint|double|date|timestamp|boolean|decimal\(\d+,\d+\))(\[\])?")
CONTRACT_KEYS = ("table", "about", "source", "licence", "grain", "key", "columns", "expectations")
SEVERITIES = ("quarantine", "warn", "fail")
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True)
class Column:
    """One column of a contract."""

    name: str
    type: str
    phi: bool = False
    """Whether the value can identify a patient."""
    required: bool = False
    """Whether a row without it goes to quarantine."""
    about: str = ""


@dataclass(frozen=True)
class Expectation:
    """A rule every row must meet, and what happens to a row that does not."""

    rule: str
    check: str
    """SQL predicate over the contract's columns."""
    severity: str
    reason: str


@dataclass(frozen=True)
class Contract:
    """The columns, key and rules of one landed table."""

    table: str
    """Full name, 'bronze.<table>'."""
    grain: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    expectations: tuple[Expectation, ...] = ()

    @property
    def schema(self) -> list[tuple[str, str]]:
        """Names and types of all stored columns: the standard ones first, then the contract's own."""
        return [(column.name, column.type) for column in (*STANDARD_COLUMNS, *self.columns)]


STANDARD_COLUMNS = (
    Column("org_id", "text", required=True, about="tenant"),
    Column("source_system_id", "text", required=True, about="source that delivered the row"),
    Column("load_id", "text", required=True, about="load that added the row"),
    Column("file_id", "text", about="SHA-256 of the file or extract"),
    Column("source_file", "text", about="name of the file as delivered"),
    Column("source_row", "bigint", about="row in the file, or ordinal of the segment"),
    Column("byte_offset", "bigint", about="where the record starts in the file"),
    Column("byte_length", "bigint", about="length of the record in the file"),
    Column("ingested_at", "timestamp", about="when the load was committed, UTC"),
    Column("record_hash", "text", about="SHA-256 of the record's content"),
    Column("raw", "text", phi=True, about="the source row as JSON; null for X12, whose files are kept"),
)


def load_contracts(workspace: Workspace) -> dict[str, Contract]:
    """Contracts of lakehouse/bronze and of the workspace, by full table name."""
    contracts = [read_contract(file) for file in workspace.content("bronze", "*.yml")]
    return {contract.table: contract for contract in contracts}


def read_contract(file: Path, layer: str = "bronze") -> Contract:
    """The contract written in one YAML file, named after its table."""
    try:
        document = yaml.load(file.read_text(encoding="utf-8"), Loader=LOADER)  # noqa: S506 - safe either way
    except yaml.YAMLError as error:
        raise ConfigurationError(
            f"not valid YAML: {error}", where=str(file), remedy="Correct the file."
        ) from error
    if not isinstance(document, dict) or document.get("table") != file.stem:
        raise ConfigurationError(
            "'table' is not the file's name.", where=str(file), remedy=f"table: {file.stem}"
        )
    _refuse_unknown(file, "contract", document, CONTRACT_KEYS)
    columns = tuple(_column(file, name, body) for name, body in (document.get("columns") or {}).items())
    key = tuple(document.get("key") or ())
    _refuse_unknown(
        file, "key", dict.fromkeys(key), [column.name for column in (*STANDARD_COLUMNS, *columns)]
    )
    return Contract(
        table=f"{layer}.{file.stem}",
        grain=str(document.get("grain", "")),
        key=key,
        columns=columns,
        expectations=tuple(_expectation(file, body) for body in document.get("expectations") or []),
    )


def _column(file: Path, name: str, body: Mapping[str, Any] | str) -> Column:
    declared = {"type": body} if isinstance(body, str) else dict(body)
    _refuse_unknown(file, f"column {name}", declared, ("type", "phi", "required", "about"))
    if not TYPE_PATTERN.fullmatch(str(declared.get("type"))):
        raise ConfigurationError(
            f"column '{name}' has type {declared.get('type')!r}.",
            where=str(file),
            remedy="Use text, int, bigint, double, date, timestamp, boolean or decimal(p,s); [] for lists.",
        )
    return Column(name=name, **declared)


def _expectation(file: Path, body: Mapping[str, Any]) -> Expectation:
    _refuse_unknown(file, "expectation", body, ("rule", "check", "severity", "reason"))
    missing = [name for name in ("rule", "check", "severity", "reason") if not body.get(name)]
    if missing:
        raise ConfigurationError(f"an expectation has no {missing[0]}.", where=str(file), remedy="Add it.")
    if body["severity"] not in SEVERITIES:
        raise ConfigurationError(
            f"expectation {body['rule']} has severity {body['severity']!r}.",
            where=str(file),
            remedy=f"Choose one of: {', '.join(SEVERITIES)}.",
        )
    return Expectation(**{name: str(value) for name, value in body.items()})


def _refuse_unknown(file: Path, what: str, given: Mapping[str, Any], known: Iterable[str]) -> None:
    allowed = list(known)
    unknown = [name for name in given if name not in allowed]
    if unknown:
        raise ConfigurationError(
            f"{what}: '{unknown[0]}' is not known.",
            where=str(file),
            remedy=f"Known are: {', '.join(allowed)}.",
        )
