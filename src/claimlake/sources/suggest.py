"""A mapping to start from: told from a file's content, its column names and what the bronze tables hold."""

import csv
import io
import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from claimlake.engines.sql import literal, quoted
from claimlake.errors import SourceError
from claimlake.lake.contract import Column, Contract
from claimlake.lake.ledger import Delivery
from claimlake.sources import archive
from claimlake.sources.content import Content, content_of
from claimlake.sources.file_origin import FileOrigin
from claimlake.sources.ingest import all_contracts
from claimlake.sources.layout import DELIMITERS
from claimlake.sources.projection import cast_sql, define_functions
from claimlake.sources.reading import Reading
from claimlake.sources.record import TABLE
from claimlake.sources.synonym import Synonyms, load_synonyms, words
from claimlake.workspace import Workspace

HEAD = 4_000_000
"""Bytes of a text that are looked at."""
RECORDS = 5_000
LINES = 50
DATES = (
    "%d.%m.%Y",
    "%d/%m/%Y",
    "%Y/%m/%d",
    "%d-%m-%Y",
    "%m-%d-%Y",
    "%m/%d/%y",
    "%y%m%d",
    "%b %d %Y",
    "%d %b %Y",
)
"""Forms of a date that are tried where ISO 8601 and month-first do not fit."""
PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
SURE = 0.98
"""Share of values that must fit a type."""


@dataclass(frozen=True)
class Match:
    """A bronze column and the source column that seems to hold it."""

    column: Column
    source: str
    lines: tuple[str, ...]
    """The field as it is written in the mapping."""
    note: str = ""


@dataclass
class Suggestion:
    """A mapping that is proposed, and what it lacks."""

    text: str
    table: str
    missing: list[str] = field(default_factory=list)
    """Required columns of the table that nothing in the file seems to hold."""
    unused: list[str] = field(default_factory=list)


def suggest(workspace: Workspace, file: Path, system: str) -> Suggestion:
    """A mapping for files like this one; no value of the file is in it."""
    with tempfile.TemporaryDirectory() as folder:
        sample = _head(_unpacked(file, Path(folder)), Path(folder))
        content = content_of(sample)
        if content.format not in ("delimited", "json", "parquet", "xlsx"):
            what = (
                "is X12, which needs no mapping: system x12" if content.format == "x12" else content.problem
            )
            raise SourceError(f"the file {what}.", where=file.name)
        origin, lines = _origin(sample, content, file)
        with duckdb.connect() as connection:
            columns = _read(connection, Reading(sample, content, origin), Path(folder))
            return _suggestion(workspace, connection, columns, system, file, (*lines, *_encoding(content)))


def _suggestion(  # noqa: PLR0913, PLR0917 - the parts of one text
    workspace: Workspace,
    connection: duckdb.DuckDBPyConnection,
    columns: Sequence[str],
    system: str,
    file: Path,
    lines: Sequence[str],
) -> Suggestion:
    synonyms = load_synonyms(workspace)
    contract, pairs = _fitting(all_contracts(workspace), columns, file.name.split(".")[0], synonyms)
    define_functions(connection, b"passing")
    matches = [_match(connection, column, name, synonyms) for column, name in pairs.items()]
    missing = [column.name for column in contract.columns if column.required and column not in pairs]
    unused = [name for name in columns if name not in pairs.values()]
    text = _text(connection, contract, matches, (system, file, lines, unused))
    return Suggestion(text, contract.table.removeprefix("bronze."), missing, unused)


def _unpacked(file: Path, folder: Path) -> Path:
    if content_of(file).format != "packed":
        return file
    (folder / "archive").symlink_to(file.resolve())
    first = next(iter(archive.unpack(Delivery(file.name, "archive", 0), folder)))
    return folder / first.file_id


def _head(file: Path, folder: Path) -> Path:
    """The file, or of a long text its first lines."""
    if content_of(file).format not in ("delimited", "json") or file.stat().st_size <= HEAD:
        return file
    with file.open("rb") as reader:
        head = reader.read(HEAD)
    (folder / "head").write_bytes(head[: head.rfind(b"\n") + 1] or head)
    return folder / "head"


def _origin(sample: Path, content: Content, file: Path) -> tuple[FileOrigin, list[str]]:
    """How the file is read, and the lines of `from` that say so."""
    stem = re.sub(r"[0-9]+", "*", file.name.split(".")[0])
    pattern = f"**/{stem.rstrip('*')}*"
    lines = [f"file: {_scalar(pattern)}", f"format: {content.format}"]
    if content.format != "delimited":
        return FileOrigin("**", content.format), lines
    with sample.open(encoding=content.encoding, newline="") as reader:
        start = reader.read(1 << 18).lstrip("\ufeff")
    delimiter, rows = _delimiter(start)
    lines.append(f"delimiter: {_mark(delimiter)}")
    names: tuple[str, ...] = ()
    if rows and not _is_header(rows[0]):
        names = tuple(f"column_{place}" for place in range(1, len(rows[0]) + 1))
        lines.append(f"names: [{', '.join(names)}]  # the file seems to have no header: name its columns")
    return FileOrigin("**", "delimited", delimiter=delimiter, names=names), lines


def _encoding(content: Content) -> list[str]:
    return [f"encoding: {content.encoding}"] if content.encoding == "cp1252" else []


def _delimiter(start: str) -> tuple[str, list[list[str]]]:
    """The delimiter that cuts most lines into the same number of values, and the first rows."""
    best: tuple[float, str, list[list[str]]] = (-1.0, ",", [])
    for delimiter in DELIMITERS:
        try:
            rows = [
                row
                for row, _ in zip(
                    csv.reader(io.StringIO(start), delimiter=delimiter), range(LINES), strict=False
                )
            ]
        except csv.Error:
            continue
        rows = [row for row in rows if row]
        width = len(rows[0]) if rows else 0
        score = width * sum(len(row) == width for row in rows) / len(rows) if width > 1 else 0.0
        if score > best[0]:
            best = (score, delimiter, rows)
    return best[1], best[2]


def _is_header(cells: Sequence[str]) -> bool:
    """Whether a row names columns: names hold letters and are no numbers or dates."""
    data = [cell for cell in cells if cell and not re.search(r"[A-Za-z]", cell)]
    return not data and any(cells)


def _read(connection: duckdb.DuckDBPyConnection, reading: Reading, folder: Path) -> list[str]:
    """Leave `sample`, the first records with every value as text; the names of its columns."""
    records = reading.read(connection, folder)
    values = ", ".join(f"nullif(trim({sql}), '') as {quoted(name)}" for name, sql in records.columns.items())
    if not values:
        raise SourceError("the file has no columns.", where=reading.file.name)
    connection.execute(
        f"create temp table sample as select {values} from {TABLE} order by _row limit {RECORDS}"
    )
    return list(records.columns)


def _fitting(
    contracts: Mapping[str, Contract], columns: Sequence[str], title: str, synonyms: Synonyms
) -> tuple[Contract, dict[Column, str]]:
    """The bronze table these columns fit best, and which of them gives which of its columns."""
    titles = {_singular(word) for word in words(title)}
    holders: dict[str, int] = {}
    for contract in contracts.values():
        for column in contract.columns:
            holders[column.name] = holders.get(column.name, 0) + 1
    best: tuple[float, Contract, dict[Column, str]] | None = None
    for name in sorted(contracts):
        contract = contracts[name]
        pairs = _pairs(contract, columns, synonyms)
        weight = sum(
            synonyms.likeness(column.name, source) / holders[column.name] for column, source in pairs.items()
        )
        missing = sum(column.required and column not in pairs for column in contract.columns)
        is_named = bool(titles & {_singular(word) for word in words(name)[2:]})
        score = len(pairs) + weight - 2 * missing - len(contract.columns) / 20 + 2 * is_named
        if best is None or score > best[0]:
            best = (score, contract, pairs)
    if best is None or not best[2]:
        raise SourceError(
            "no bronze table has columns of these names.",
            remedy="Write a contract for it, or map it by hand.",
        )
    return best[1], best[2]


def _pairs(contract: Contract, columns: Sequence[str], synonyms: Synonyms) -> dict[Column, str]:
    """Each column of the table with the source column that is likeliest to hold it, used once."""
    likeness = [
        (_likeness(contract, column, name, synonyms), -place, column, name)
        for place, column in enumerate(contract.columns)
        for name in columns
    ]
    pairs: dict[Column, str] = {}
    for sure, _, column, name in sorted(likeness, key=lambda item: item[:2], reverse=True):
        if sure > 0 and column not in pairs and name not in pairs.values():
            pairs[column] = name
    return {column: pairs[column] for column in contract.columns if column in pairs}


def _likeness(contract: Contract, column: Column, name: str, synonyms: Synonyms) -> float:
    # A column that is only called Id holds the key of its table.
    own = next((key for key in contract.key if key != "source_system_id"), None)
    if column.name == own and column.required and name.lower() in ("id", "key"):
        return 0.7
    return synonyms.likeness(column.name, name)


def _singular(word: str) -> str:
    return word.removesuffix("s")


def _match(connection: duckdb.DuckDBPyConnection, column: Column, name: str, synonyms: Synonyms) -> Match:
    value = name if PLAIN_NAME.fullmatch(name) and not _is_reserved(connection, name) else quoted(name)
    if column.name in synonyms.expressions:
        expression = synonyms.expressions[column.name].replace("{column}", value)
        omit = "keep it out of raw" if column.name in synonyms.omitted else ""
        return Match(column, name, (_scalar(expression),), omit)
    given = quoted(name)
    share = _share(connection, column, given, given)
    if share >= SURE:
        return Match(column, name, (_scalar(value),))
    for form, sql in _forms(column, given):
        if _share(connection, column, given, sql) >= SURE:
            return Match(column, name, (f"{{value: {_scalar(value)}, {form}}}",))
    if _is_float(connection, column, given):
        return Match(column, name, (_scalar(f"float_money({value})"),))
    return Match(column, name, (_scalar(value),), f"only {share:.0%} of its values are of type {column.type}")


def _is_reserved(connection: duckdb.DuckDBPyConnection, name: str) -> bool:
    query = (
        "select count(*) from duckdb_keywords() "
        "where keyword_name = lower(?) and keyword_category = 'reserved'"
    )
    return bool(connection.execute(query, [name]).fetchall()[0][0])


def _is_float(connection: duckdb.DuckDBPyConnection, column: Column, given: str) -> bool:
    is_money = column.type.startswith("decimal")
    return is_money and _share(connection, column, given, f"float_money({given})") >= SURE


def _forms(column: Column, value: str) -> list[tuple[str, str]]:
    """Ways to write a value of the column's type that are not read by themselves."""
    if column.type in ("date", "timestamp"):
        return [
            (f"date: {_scalar(form)}", f"cast(try_strptime({value}, {literal(form)}) as varchar)")
            for form in DATES
        ]
    if column.type.startswith("decimal"):
        return [('decimal: ","', f"replace(regexp_replace({value}, '[. '']', '', 'g'), ',', '.')")]
    return []


def _share(connection: duckdb.DuckDBPyConnection, column: Column, given: str, sql: str) -> float:
    """Share of the sample's values that are of the column's type; 1 when there are none."""
    name = quoted(column.name)
    row = connection.execute(
        f"select count({cast_sql(column)}) from (select {sql} as {name} "
        f"from sample where {given} is not null)"
    ).fetchall()[0]
    known = connection.execute(f"select count({given}) from sample").fetchall()[0][0]
    return float(row[0]) / known if known else 1.0


def _text(
    connection: duckdb.DuckDBPyConnection,
    contract: Contract,
    matches: Sequence[Match],
    about: tuple[str, Path, Sequence[str], Sequence[str]],
) -> str:
    system, file, lines, unused = about
    table = contract.table.removeprefix("bronze.")
    omitted = [match.source for match in matches if match.note.startswith("keep it out")]
    mapped = {match.column: match for match in matches}
    parts = [
        "# Proposed from the names and values of one file: check every line. What is after # does nothing.",
        f"system: {system}",
        "feeds:",
        f"  - feed: {'_'.join(words(file.name.split('.')[0])) or table}",
        "    from:",
        *(f"      {line}" for line in lines),
        *([f"    omit: [{', '.join(_scalar(name) for name in omitted)}]"] if omitted else []),
        "    into:",
        f"      - table: {table}",
        "        fields:",
    ]
    for column in contract.columns:
        match = mapped.get(column)
        if match:
            note = f"  # {match.note}" if match.note else ""
            parts.append(f"          {column.name}: {' '.join(match.lines)}{note}")
        elif column.required:
            parts.append(
                f"          # {column.name}: required ({column.about}), and no column seems to hold it"
            )
    rest = [column.name for column in contract.columns if column not in mapped and not column.required]
    parts += [f"          # not found: {', '.join(rest)}"] if rest else []
    parts += [
        f"          # not mapped: {name} ({_kind(connection, name)})".replace("\n", " ") for name in unused
    ]
    return "\n".join(parts) + "\n"


def _kind(connection: duckdb.DuckDBPyConnection, name: str) -> str:
    kinds = {"number": "decimal(38,12)", "date": "date", "time": "timestamp"}
    for said, kind in kinds.items():
        if connection.execute(f"select count({quoted(name)}) from sample").fetchall()[0][0] == 0:
            return "empty"
        if _share(connection, Column(name, kind), quoted(name), quoted(name)) == 1:
            return said
    return "text"


def _mark(delimiter: str) -> str:
    return (
        f'"{delimiter}"'
        if delimiter.isprintable()
        else {"\t": '"\\t"'}.get(delimiter, f'"\\x{ord(delimiter):02x}"')
    )


def _scalar(text: str) -> str:
    """A text as it is written in YAML."""
    is_plain = PLAIN_NAME.fullmatch(text) and text.lower() not in (
        "y",
        "n",
        "yes",
        "no",
        "on",
        "off",
        "true",
        "false",
        "null",
    )
    return text if is_plain else "'" + text.replace("'", "''").replace("\n", " ") + "'"
