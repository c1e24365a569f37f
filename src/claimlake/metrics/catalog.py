"""The KPI catalogue: built-in entries, extended and overridden by the workspace, checked as a whole."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from sqlglot import exp

from claimlake.errors import ConfigurationError, QueryError
from claimlake.keys import suggest
from claimlake.lake.model import HEADER_LINE
from claimlake.lake.table import Lake
from claimlake.metrics import arithmetic
from claimlake.metrics.definition import read_kpi
from claimlake.metrics.kpi import Kpi, Term
from claimlake.workspace import Workspace, content_path

DIMENSIONS_FILE = "dimensions.yml"
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The safe loader, compiled where it is available: ten times faster on the catalogue."""
PARAMETERS = ("period_start", "period_end", "days_in_window", "months_in_window")
FORMULA_NAMES = frozenset({"days_in_period"})

Schema = Mapping[str, Collection[str] | None]
"""Table name (`gold.fact_claim`) → its columns, None when it has not been built yet."""


@dataclass(frozen=True)
class Catalog:
    """Every KPI by key, and how dimensions are called in each table."""

    kpis: Mapping[str, Kpi]
    dimension_columns: Mapping[str, str | Mapping[str, str]]
    time_grains: tuple[str, ...]
    unique_columns: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Table → columns that are unique in it: counting them distinct is counting rows."""

    def kpi(self, key: str) -> Kpi:
        """The KPI of that key; QueryError names what is close."""
        if key not in self.kpis:
            raise QueryError(f"no KPI '{key}'.", remedy=suggest(key, self.kpis))
        return self.kpis[key]

    def column(self, dimension: str, table_name: str) -> str:
        """The column that holds the dimension in that table; QueryError names what exists."""
        if dimension not in self.dimension_columns:
            known = sorted(self.dimension_columns)
            raise QueryError(f"no dimension '{dimension}'.", remedy=suggest(dimension, known))
        column = self.dimension_columns[dimension]
        return column if isinstance(column, str) else column.get(table_name, column["default"])

    def closure(self, keys: Sequence[str]) -> list[Kpi]:
        """The KPIs and everything they derive from, children first."""
        found: dict[str, Kpi] = {}

        def visit(key: str) -> None:
            kpi = self.kpi(key)
            for child in kpi.lineage:
                visit(child)
            found.setdefault(key, kpi)

        for key in keys:
            visit(key)
        return list(found.values())


def load_catalog(workspace: Workspace) -> Catalog:
    """The built-in catalogue with the workspace's own entries, checked against the gold tables it has."""
    folders = [content_path() / "metrics", workspace.path / "metrics"]
    catalog = read_catalog(folders, unique_columns=unique_columns(workspace))
    lake = Lake(workspace.lake_path)
    models = [f"gold.{file.stem}" for file in workspace.content("gold", "*.sql")]
    check_schema(
        catalog,
        {
            table: [name for name, _ in lake.schema(table)] if lake.exists(table) else None
            for table in (*models, *lake.names("gold"))
        },
    )
    return catalog


def unique_columns(workspace: Workspace) -> dict[str, frozenset[str]]:
    """Columns that tell rows of one tenant apart in fact tables: the models' grains of one column."""
    found = {}
    for file in workspace.content("gold", "fact_*.sql"):
        header = HEADER_LINE.finditer(file.read_text(encoding="utf-8"))
        grain = next((line["value"] for line in header if line["key"] == "grain"), "")
        columns = frozenset(name.strip() for name in grain.split(",")) - {"org_id"}
        if len(columns) == 1:
            found[f"gold.{file.stem}"] = columns
    return found


def read_catalog(
    folders: Sequence[Path], *, unique_columns: Mapping[str, frozenset[str]] | None = None
) -> Catalog:
    """The catalogue of the folders, later ones overriding fields of earlier entries by key."""
    entries: dict[str, tuple[dict[str, Any], str]] = {}
    dimensions: dict[str, Any] = {}
    time_grains: tuple[str, ...] = ()
    for folder in folders:
        own: set[str] = set()
        for path in sorted(folder.glob("*.yml")):
            content = _read_yaml(path)
            if path.name == DIMENSIONS_FILE:
                dimensions.update(content.get("dimension_columns", {}))
                time_grains = tuple(content.get("time_grains", time_grains))
                continue
            for entry in content.get("kpis", []):
                _merge(entries, entry, path, own)
    kpis = {key: read_kpi(entry, origin=origin) for key, (entry, origin) in entries.items()}
    catalog = Catalog(kpis, dimensions, time_grains, unique_columns or {})
    check_lineage(catalog)
    check_terms(catalog)
    return catalog


def _read_yaml(path: Path) -> Mapping[str, Any]:
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=LOADER)  # noqa: S506 - safe either way
    except yaml.YAMLError as error:
        raise ConfigurationError(f"not valid YAML: {error}", where=str(path)) from None
    known = ("dimension_columns", "time_grains") if path.name == DIMENSIONS_FILE else ("kpis",)
    if not isinstance(content, Mapping) or not set(content) <= set(known):
        raise ConfigurationError(f"must hold {' and '.join(known)} only.", where=str(path))
    return content


def _merge(entries: dict[str, tuple[dict[str, Any], str]], entry: Any, path: Path, own: set[str]) -> None:
    if not isinstance(entry, Mapping) or not isinstance(entry.get("key"), str):
        raise ConfigurationError("every entry of kpis needs a key.", where=str(path))
    key = entry["key"]
    if key in own:
        raise ConfigurationError(
            f"KPI '{key}' is defined twice.", where=str(path), remedy="Delete one of the two."
        )
    own.add(key)
    earlier = entries.get(key, ({}, ""))[0]
    entries[key] = ({**earlier, **entry}, path.name)


def check_lineage(catalog: Catalog) -> None:
    """Every derived KPI uses exactly the children it names, and no KPI derives from itself."""
    for kpi in catalog.kpis.values():
        where = f"{kpi.origin}: {kpi.key}"
        for child in kpi.lineage:
            if child not in catalog.kpis:
                remedy = suggest(child, catalog.kpis)
                raise ConfigurationError(f"lineage child '{child}' is not a KPI.", where=where, remedy=remedy)
        _check_acyclic(catalog, kpi.key, ())
    for kpi in catalog.kpis.values():
        if kpi.formula:
            _check_formula(catalog, kpi)


def _check_acyclic(catalog: Catalog, key: str, path: tuple[str, ...]) -> None:
    if key in path:
        circle = " → ".join((*path, key))
        raise ConfigurationError(f"lineage goes in a circle: {circle}.", where=catalog.kpis[key].origin)
    for child in catalog.kpis[key].lineage:
        if child in catalog.kpis:
            _check_acyclic(catalog, child, (*path, key))


def _check_formula(catalog: Catalog, kpi: Kpi) -> None:
    where = f"{kpi.origin}: {kpi.key}: formula"
    text = kpi.formula or ""
    tree = arithmetic.parse(text, where=where)
    arithmetic.check(tree, {*kpi.lineage, *FORMULA_NAMES}, text=text, where=where)
    used = {column.name for column in tree.find_all(exp.Column)} - FORMULA_NAMES
    if used != set(kpi.lineage):
        raise ConfigurationError(
            f"uses {sorted(used)} but lineage names {sorted(kpi.lineage)}.",
            where=where,
            remedy="Make them the same.",
        )
    for child in kpi.lineage:
        for dimension in kpi.grain:
            if dimension not in catalog.kpis[child].grain:
                raise ConfigurationError(f"child '{child}' has no grain '{dimension}'.", where=where)


def check_terms(catalog: Catalog) -> None:
    """Every expression parses, uses its own table only, and every dimension is declared."""
    for kpi in catalog.kpis.values():
        where = f"{kpi.origin}: {kpi.key}"
        for dimension in (*kpi.grain, *kpi.breakdown):
            if dimension not in catalog.dimension_columns and dimension not in catalog.time_grains:
                known = [*catalog.dimension_columns, *catalog.time_grains]
                raise ConfigurationError(
                    f"dimension '{dimension}' is not known.",
                    where=where,
                    remedy=suggest(dimension, known),
                )
        for name, side in kpi.sides:
            slots = {f"t{number}" for number in range(len(side.terms))}
            if side.terms:
                tree = arithmetic.parse(side.combine, where=f"{where}: {name}")
                arithmetic.check(tree, slots, text=side.combine, where=f"{where}: {name}")
            for term in side.terms:
                _check_term(term, f"{where}: {name}")


def _check_term(term: Term, where: str) -> None:
    _, aggregates = arithmetic.split(term.expr, where=where)
    if not aggregates:
        raise ConfigurationError(f"'{term.expr}' has no aggregate.", where=where)
    for tree in term_trees(term, where=where):
        for column in tree.find_all(exp.Column):
            if not _is_inside_subquery(column) and column.table != term.table_name:
                raise ConfigurationError(
                    f"'{column.sql()}' is not written as {term.table_name}.<column>.", where=where
                )
    for parameter in re.findall(r"(?<!:):([a-z_]+)", f"{term.expr} {term.where or ''}"):
        if parameter not in PARAMETERS:
            raise ConfigurationError(
                f"parameter ':{parameter}' is not known.",
                where=where,
                remedy=suggest(parameter, PARAMETERS),
            )


def term_trees(term: Term, *, where: str) -> list[arithmetic.Tree]:
    """Expression, condition and date column of a term, parsed."""
    texts = [term.expr, term.date_column] + ([term.where] if term.where else [])
    return [arithmetic.parse(text, where=where) for text in texts]


def _is_inside_subquery(column: exp.Column) -> bool:
    return column.find_ancestor(exp.Subquery, exp.Select) is not None


def check_schema(catalog: Catalog, schema: Schema) -> None:
    """Every table and column that KPIs name exists, dimensions and setting filter included."""
    for kpi in catalog.kpis.values():
        for name, side in kpi.sides:
            for term in side.terms:
                where = f"{kpi.origin}: {kpi.key}: {name}"
                if term.table not in schema:
                    remedy = suggest(term.table, schema)
                    raise ConfigurationError(f"no table '{term.table}'.", where=where, remedy=remedy)
                columns = schema[term.table]
                if columns is None:
                    continue
                for column in _named_columns(catalog, kpi, term, has_breakdown=name == "numerator"):
                    if column not in columns:
                        remedy = suggest(column, columns)
                        raise ConfigurationError(
                            f"no column '{column}' in {term.table}.", where=where, remedy=remedy
                        )


def _named_columns(catalog: Catalog, kpi: Kpi, term: Term, *, has_breakdown: bool) -> list[str]:
    named = [
        column.name
        for tree in term_trees(term, where=kpi.key)
        for column in tree.find_all(exp.Column)
        if not _is_inside_subquery(column)
    ]
    dimensions = kpi.grain + (kpi.breakdown if has_breakdown else ())
    named += [catalog.column(name, term.table_name) for name in dimensions if name not in catalog.time_grains]
    return [*named, "billing_type"] if kpi.billing_type else named
