"""Models: SQL files whose comment header says what one row is and what must hold."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import sqlglot
from sqlglot import exp
from sqlglot.errors import ParseError, TokenError

from claimlake.errors import ModelError
from claimlake.keys import suggest
from claimlake.lake.check import Check, parse_checks, referenced_table
from claimlake.workspace import Workspace

LAYERS = ("silver", "gold", "quality")
HEADER_KEYS = ("grain", "load", "checks", "partition", "of", "key", "rule")
RULE = re.compile(r"(?P<id>[A-Z]{3}-[0-9]{2}) (?P<severity>warn|quarantine|fail): (?P<reason>.+)")
HEADER_LINE = re.compile(r"-- (?P<key>[a-z]+): (?P<value>.*)")


@dataclass(frozen=True)
class Rule:
    """A quality rule that a model of the quality layer judges."""

    id: str
    severity: str
    """fail: nothing is published while a row breaks it; quarantine: the row is kept out of the judged table;
    warn: it stays, and is listed."""
    reason: str
    line: int


@dataclass(frozen=True)
class Model:
    """One table and the SELECT that gives its rows."""

    name: str
    """layer.table"""
    file: Path
    sql: str
    """The whole file, so that line numbers of errors are those of the file."""
    about: str
    """What one row is, and the rule in plain words."""
    grain: tuple[str, ...]
    """Columns that tell one row from another; rows are written sorted by them."""
    checks: tuple[Check, ...]
    partition_by: tuple[str, ...]
    tables: tuple[tuple[str, int], ...]
    """Tables it reads, each with the line that names it first."""
    rules: tuple[Rule, ...] = ()
    """Of a quality model: the rules its rows break, by their column rule_id."""
    of: str = ""
    """Of a quality model: the table it judges."""
    key: str = ""
    """Of a quality model that holds rows: SQL over the judged table that gives the record_key of its rows."""
    gate: "Model | None" = None
    """Of a judged model: the quality model whose quarantine rules keep rows out of it."""

    @property
    def holding(self) -> tuple[str, ...]:
        """Ids of the rules that keep a row out of the judged table."""
        return tuple(rule.id for rule in self.rules if rule.severity == "quarantine")


def load_models(workspace: Workspace) -> dict[str, Model]:
    """Every silver and gold model, built-in or the workspace's own, by name."""
    models = [read_model(file, layer) for layer in LAYERS for file in workspace.content(layer, "*.sql")]
    return _gated({model.name: model for model in models})


def _gated(models: dict[str, Model]) -> dict[str, Model]:
    """The models, each with the one that holds rows back from it; what that one reads, it needs too."""
    gated = dict(models)
    for gate in (model for model in models.values() if model.holding):
        line = next(rule.line for rule in gate.rules if rule.severity == "quarantine")
        judged = gated.get(gate.of)
        if judged is None or not gate.of.startswith("silver."):
            what = "holds rows of a table that no silver model makes."
            raise _error(gate.file, line, what, "Name a silver model in 'of', or make the rule warn or fail.")
        if not gate.key:
            raise _error(gate.file, line, "has no '-- key:' line.", "Name in 'key' what gives record_key.")
        if judged.gate:
            other = judged.gate.file.name
            raise _error(
                gate.file, line, f"{gate.of} is held by {other} already.", "Put the rules in one file."
            )
        tables = _first_lines([*judged.tables, *gate.tables], but=judged.name)
        gated[judged.name] = replace(judged, gate=gate, tables=tables)
    return gated


def read_model(file: Path, layer: str) -> Model:
    """The model written in one SQL file."""
    sql = file.read_text(encoding="utf-8").rstrip().rstrip(";")
    prose, header = _header(file, sql)
    rules = _rules(file, sql)
    if layer == "quality" and not (rules and "of" in header):
        raise _error(file, 1, "says not what it judges.", "Add '-- of: layer.table' and '-- rule:' lines.")
    if "grain" not in header:
        raise _error(file, 1, "no '-- grain:' line.", "Name the columns that tell one row from another.")
    load, line = header.get("load", ("full", 1))
    if load != "full":
        raise _error(file, line, f"load is '{load}'.", "Write: -- load: full")
    grain_text, grain_line = header["grain"]
    grain = _names(grain_text)
    checks = [
        Check(f"({', '.join(grain)}) unique", "fail", grain_line),
        *parse_checks(*header.get("checks", ("", 1))),
    ]
    referenced = [(table, check.line) for check in checks if (table := referenced_table(check))]
    return Model(
        name=f"{layer}.{file.stem}",
        file=file,
        sql=sql,
        about=prose,
        grain=grain,
        checks=tuple(checks),
        partition_by=_names(header.get("partition", ("org_id", 1))[0]),
        tables=_first_lines([*_tables(file, sql), *referenced], but=f"{layer}.{file.stem}"),
        rules=rules,
        of=header.get("of", ("", 1))[0],
        key=header.get("key", ("", 1))[0],
    )


def _rules(file: Path, sql: str) -> tuple[Rule, ...]:
    rules = []
    for number, line in enumerate(sql.splitlines(), start=1):
        if line.startswith("-- rule:"):
            match = RULE.fullmatch(line.removeprefix("-- rule:").strip())
            if match is None:
                raise _error(file, number, "not a rule.", "Write: -- rule: ABC-01 warn: what is wrong")
            rules.append(Rule(match["id"], match["severity"], match["reason"], number))
    return tuple(rules)


def parse(file: Path, sql: str) -> exp.Query:
    """The syntax tree of a model's SELECT."""
    try:
        tree = sqlglot.parse_one(sql, read="duckdb")
    except (ParseError, TokenError) as error:
        details = error.errors[0] if isinstance(error, ParseError) and error.errors else {}
        what = str(details.get("description") or "the SQL does not parse.")
        raise _error(file, int(details.get("line") or 1), what, "Correct the statement.") from error
    if not isinstance(tree, exp.Query):
        raise _error(file, 1, "not a SELECT.", "A model is one SELECT, with or without CTEs.")
    return tree


def line_of(node: exp.Expr) -> int:
    """The line of the first name or literal inside a node; sqlglot keeps no other positions."""
    lines = [inner.meta["line"] for inner in node.walk() if "line" in inner.meta]
    if lines:
        return int(min(lines))
    return line_of(node.parent) if node.parent else 1


def _header(file: Path, sql: str) -> tuple[str, dict[str, tuple[str, int]]]:
    prose: list[str] = []
    header: dict[str, tuple[str, int]] = {}
    for number, line in enumerate(sql.splitlines(), start=1):
        if not line.startswith("--"):
            break
        match = HEADER_LINE.fullmatch(line)
        if match and match["key"] in HEADER_KEYS:
            value, first = header.get(match["key"], ("", number))
            header[match["key"]] = (f"{value}, {match['value']}".removeprefix(", "), first)
        elif header:
            raise _unknown_key(file, number, line)
        else:
            prose.append(line.removeprefix("--").strip())
    if not prose:
        raise _error(file, 1, "nothing says what one row is.", "Open the file with '-- One row per …'.")
    return " ".join(prose), header


def _unknown_key(file: Path, number: int, line: str) -> ModelError:
    word = line.removeprefix("--").strip().partition(":")[0]
    remedy = suggest(word, HEADER_KEYS, f"Keys are: {', '.join(HEADER_KEYS)}; prose goes above.")
    return _error(file, number, f"no header key '{word}'.", remedy)


def _tables(file: Path, sql: str) -> list[tuple[str, int]]:
    tree = parse(file, sql)
    named = {cte.alias for cte in tree.find_all(exp.CTE)}
    found = []
    for table in tree.find_all(exp.Table):
        if table.db:
            found.append((f"{table.db}.{table.name}", line_of(table)))
        elif table.name and table.name not in named:
            raise _error(file, line_of(table), f"table '{table.name}' has no layer.", "Write layer.table.")
    return sorted(found, key=lambda use: use[1])


def _first_lines(uses: Iterable[tuple[str, int]], *, but: str) -> tuple[tuple[str, int], ...]:
    first: dict[str, int] = {}
    for table, line in uses:
        if table != but:
            first.setdefault(table, line)
    return tuple(first.items())


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _error(file: Path, line: int, what: str, remedy: str) -> ModelError:
    return ModelError(what, where=f"{file.parent.name}/{file.name}:{line}", remedy=remedy)
