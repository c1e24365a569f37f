"""Lineage: which landed columns a figure comes from, read from the SQL of the models themselves."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.lineage import Node, lineage

from claimlake.engines.engine import Columns
from claimlake.errors import QueryError
from claimlake.lake.model import Model


@dataclass(frozen=True, order=True)
class ColumnName:
    """One column of one table."""

    table: str
    column: str


@dataclass(frozen=True)
class Edge:
    """A column and one column that its value is computed from."""

    computed: ColumnName
    source: ColumnName


def table_sources(models: Mapping[str, Model]) -> dict[str, list[str]]:
    """The tables each model reads, by model."""
    return {name: sorted(table for table, _ in model.tables) for name, model in sorted(models.items())}


def column_sources(model: Model, column: str, schemas: Mapping[str, Columns]) -> list[ColumnName]:
    """The columns of other tables that one column of a model is computed from.

    Args:
        schemas: columns of every table the model reads.
    """
    try:
        root = lineage(column, model.sql, schema=_nested(model, schemas), dialect="duckdb")
    except (SqlglotError, ValueError) as error:
        raise QueryError(
            f"no column '{column}' in {model.name}.",
            where=str(model.file),
            remedy="Name a column it selects.",
        ) from error
    return sorted({source for node in root.walk() if (source := _stored_column(node))})


def trace(
    models: Mapping[str, Model], schemas: Mapping[str, Columns], start: Sequence[ColumnName]
) -> list[Edge]:
    """Every step from the given columns down to landed and reference columns, nearest first."""
    edges: list[Edge] = []
    waiting = list(start)
    seen = set(waiting)
    while waiting:
        computed = waiting.pop(0)
        if computed.table not in models:
            continue
        for source in column_sources(models[computed.table], computed.column, schemas):
            edges.append(Edge(computed, source))
            if source not in seen:
                seen.add(source)
                waiting.append(source)
    return edges


def _stored_column(node: Node) -> ColumnName | None:
    table = node.expression
    if not isinstance(table, exp.Table) or not table.db:
        return None
    return ColumnName(f"{table.db}.{table.name}", node.name.rpartition(".")[2].strip('"'))


def _nested(model: Model, schemas: Mapping[str, Columns]) -> dict[str, dict[str, dict[str, str]]]:
    nested: dict[str, dict[str, dict[str, str]]] = {}
    for table, _ in model.tables:
        layer, _, name = table.partition(".")
        nested.setdefault(layer, {})[name] = dict(schemas[table])
    return nested
