"""Gold tables from rows in YAML, on either engine, as the metrics engine reads them."""

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from claimlake.engines.engine import Engine, values_sql

HERE = Path(__file__).parent


@cache
def table_columns() -> dict[str, dict[str, str]]:
    """Columns of gold tables by table, as cases may fill them."""
    return yaml.safe_load((HERE / "tables.yml").read_text(encoding="utf-8"))


class EngineReader:
    """Rows given in a test, readable like one tenant's session; tables without rows are empty."""

    def __init__(self, engine: Engine, given: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
        self._engine = engine
        self.statements: list[str] = []
        for table, columns in table_columns().items():
            rows = given.get(table, [])
            unknown = {name for row in rows for name in row} - set(columns)
            assert not unknown, f"{table} has no {unknown} in tables.yml"
            engine.define(table, values_sql(list(columns.items()), rows))

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        self.statements.append(sql)
        return self._engine.rows(sql)

    def columns(self, table: str) -> dict[str, str]:
        return table_columns().get(table, {})
