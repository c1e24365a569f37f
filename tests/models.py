"""Runs the cases of tests/silver/*.yml and tests/gold/*.yml: rows in, rows out, on every engine.

A case gives rows to some tables and lists the rows it expects of one model, on the columns it names.
Tables it does not give are empty, except the shipped code sets; models between a given table and the
tested one are computed.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from claimlake.engines.duckdb import DuckDBEngine
from claimlake.engines.engine import Columns, Engine, empty_sql, stored_sql, stored_type, values_sql
from claimlake.lake.model import LAYERS, Model, read_model
from claimlake.lake.reference import TENANT_TABLES, write_references
from claimlake.lake.table import Lake
from claimlake.sources.ingest import all_contracts
from claimlake.workspace import Workspace, content_path

FOLDER = Path(__file__).parent
Row = Mapping[str, Any]


@dataclass(frozen=True)
class ModelCase:
    """One case of one model."""

    model: str
    name: str
    given: Mapping[str, Sequence[Row]]
    expect: Sequence[Row]

    def __str__(self) -> str:
        return f"{self.model}::{self.name}"


def load_cases() -> list[ModelCase]:
    """Every case, in the order of files and within them."""
    return [
        case for layer in LAYERS for file in sorted((FOLDER / layer).glob("*.yml")) for case in _read(file)
    ]


def model_files() -> list[Path]:
    """Every shipped model."""
    return [file for layer in LAYERS for file in sorted((content_path() / layer).glob("*.sql"))]


def _read(file: Path) -> list[ModelCase]:
    document = yaml.safe_load(file.read_text(encoding="utf-8"))
    expected = f"{file.parent.name}.{file.stem}"
    assert document["model"] == expected, f"{file.name}: model is {document['model']}, not {expected}"
    return [
        ModelCase(document["model"], str(case["name"]), case.get("given") or {}, case["expect"])
        for case in document["cases"]
    ]


class Laboratory:
    """The shipped models, contracts and code sets, and the columns of every table."""

    def __init__(self, folder: Path) -> None:
        self._workspace = Workspace.create(folder / "laboratory")
        self._lake = Lake(self._workspace.lake_path)
        write_references(self._workspace, [])
        self._describer = DuckDBEngine(spill_path=folder / "spill", memory_limit="1GB", threads=1)
        self._columns: dict[str, Columns] = dict(TENANT_TABLES)
        self._models: dict[str, Model] = {}
        self._sought: set[str] = set()
        self._computed: dict[str, Columns] = {}
        self._defined: dict[tuple[str, str], str] = {}

    @cached_property
    def _contracts(self) -> Mapping[str, Columns]:
        return {table: contract.schema for table, contract in all_contracts(self._workspace).items()}

    def actual_and_expected(
        self, case: ModelCase, engine: Engine
    ) -> tuple[Counter[Any], Counter[Any], list[str]]:
        """The rows the model gives, the rows the case expects, and the columns they are compared on."""
        model = self._model(case.model)
        assert model, f"no model {case.model}"
        unread = set(case.given) - self._ancestors(case.model)
        assert not unread, f"{case.model} does not read {sorted(unread)}"
        prepared: set[str] = set()
        for table in self._inputs(model):
            self._prepare(table, case, engine, prepared)
        names = _compared(case)
        types = dict(self.columns(case.model))
        assert set(names) <= set(types), f"{case.model} has no column {sorted(set(names) - set(types))}"
        columns = [(name, types[name]) for name in names]
        selected = ", ".join(f'"{name}"' for name in names) or "count(*)"
        computed = stored_sql(model.sql, self._computed_columns(model))
        actual = engine.rows(f"select {selected} from ({computed}) as computed")
        wanted = self._describer.rows(values_sql(columns, case.expect)) if names else [(0,)]
        return Counter(map(_comparable, actual)), Counter(map(_comparable, wanted)), names

    def columns(self, table: str) -> Columns:
        """Names and stored types of a table's columns; a model's are found over empty inputs."""
        if table not in self._columns:
            assert table not in self._sought, f"models read each other in a circle: {sorted(self._sought)}"
            self._sought.add(table)
            self._columns[table] = self._find_columns(table)
            self._sought.remove(table)
        return self._columns[table]

    def _find_columns(self, table: str) -> Columns:
        model = self._model(table)
        if model is None:
            return self._contracts[table] if table in self._contracts else self._lake.schema(table)
        computed = self._computed_columns(model)
        return [(name, stored_type(kind)) for name, kind in computed]

    def _prepare(self, table: str, case: ModelCase, engine: Engine, prepared: set[str]) -> None:
        if table in prepared:
            return
        prepared.add(table)
        model = self._model(table)
        if table in case.given:
            rows = case.given[table]
            columns = self.columns(table)
            unknown = {name for row in rows for name in row} - {name for name, _ in columns}
            assert not unknown, f"{table} has no column {sorted(unknown)}"
            self._define(engine, table, values_sql(columns, rows))
        elif model and self._ancestors(table) & set(case.given):
            for upstream in self._inputs(model):
                self._prepare(upstream, case, engine, prepared)
            self._define(engine, table, self._computed_sql(model, engine))
        elif table.startswith("reference.") and table not in TENANT_TABLES:
            self._bind(engine, table)
        else:
            self._define(engine, table, empty_sql(self.columns(table)))

    def _computed_sql(self, model: Model, engine: Engine) -> str:
        """The rows a model gives now, as values: a view over views over views is planned for ever."""
        columns = self.columns(model.name)
        rows = engine.rows(stored_sql(model.sql, self._computed_columns(model)))
        names = [name for name, _ in columns]
        return values_sql(columns, [dict(zip(names, row, strict=True)) for row in rows])

    def _define(self, engine: Engine, table: str, sql: str) -> None:
        """Define a table that reads no other, unless the case before left it so."""
        if self._defined.get((engine.name, table)) != sql:
            engine.define(table, sql)
            self._defined[engine.name, table] = sql

    def _bind(self, engine: Engine, table: str) -> None:
        if self._defined.get((engine.name, table)) != "shipped":
            engine.bind(table, self._lake.read(table))
            self._defined[engine.name, table] = "shipped"

    def _computed_columns(self, model: Model) -> Columns:
        if model.name not in self._computed:
            for upstream in self._inputs(model):
                self._describer.define(upstream, empty_sql(self.columns(upstream)))
            self._computed[model.name] = self._describer.columns(model.sql)
        return self._computed[model.name]

    def _model(self, table: str) -> Model | None:
        layer, _, name = table.partition(".")
        file = content_path() / layer / f"{name}.sql"
        if table not in self._models and layer in LAYERS and file.is_file():
            self._models[table] = read_model(file, layer)
        return self._models.get(table)

    def _inputs(self, model: Model) -> list[str]:
        return [table for table, _ in model.tables]

    def _ancestors(self, table: str) -> set[str]:
        found: set[str] = set()
        waiting = [table]
        while waiting:
            model = self._model(waiting.pop())
            inputs = set(self._inputs(model)) - found if model else set()
            found |= inputs
            waiting += inputs
        return found


def _compared(case: ModelCase) -> list[str]:
    names = list(case.expect[0]) if case.expect else []
    for row in case.expect:
        assert set(row) == set(names), f"{case}: every expected row must list the same columns"
    return names


def _comparable(row: Iterable[Any]) -> tuple[Any, ...]:
    return tuple(
        tuple(value)
        if isinstance(value, list)
        else float(f"{value:.9g}")
        if isinstance(value, float)
        else value
        for value in row
    )


def difference(actual: Counter[Any], expected: Counter[Any], names: Sequence[str]) -> str:
    """The missing and the unexpected rows, one a line; empty when there are none."""
    lines = [f"missing:    {_named(row, names)}" for row in (expected - actual).elements()]
    lines += [f"unexpected: {_named(row, names)}" for row in (actual - expected).elements()]
    return "\n".join(lines)


def _named(row: Sequence[Any], names: Sequence[str]) -> str:
    return ", ".join(f"{name}={value}" for name, value in zip(names or ("rows",), row, strict=True))
