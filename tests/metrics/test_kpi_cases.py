"""Every KPI gives the figure worked by hand, on every engine; a case is rows in and figures out."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest
import yaml

from claimlake.engines.duckdb import DuckDBEngine
from claimlake.engines.engine import Engine
from claimlake.metrics.catalog import Catalog
from claimlake.metrics.period import parse_period
from claimlake.metrics.plan import Question
from claimlake.metrics.query import query

from ..spark import needs_sail
from .readers import HERE, EngineReader


def _cases() -> list[Any]:
    files = sorted(path for path in HERE.glob("*.yml") if path.name != "tables.yml")
    return [
        pytest.param(case, id=f"{case['kpi']}-{case['name'].replace(' ', '_')}")
        for path in files
        for case in yaml.safe_load(path.read_text(encoding="utf-8"))["cases"]
    ]


def _check(engine: Engine, catalog: Catalog, case: Mapping[str, Any]) -> None:
    question = Question([parse_period(str(case["period"]))], case.get("grain", ()), case.get("filters", {}))
    found = query(EngineReader(engine, case["given"]), catalog, [case["kpi"]], question)
    assert len(found) == len(case["expect"]), found
    for value, expected in zip(found, case["expect"], strict=True):
        for name, wanted in expected.items():
            actual = value.dims[name] if name in value.dims else getattr(value, name)
            assert actual == (wanted if isinstance(wanted, str | None) else Decimal(str(wanted))), (
                name,
                value,
            )


@pytest.mark.parametrize("case", _cases())
def test_kpi_gives_the_hand_worked_figure(
    case: Mapping[str, Any], catalog: Catalog, duckdb_engine: DuckDBEngine
) -> None:
    _check(duckdb_engine, catalog, case)


@pytest.mark.spark
@needs_sail
@pytest.mark.parametrize("case", _cases())
def test_kpi_gives_the_same_figure_on_spark(
    case: Mapping[str, Any], catalog: Catalog, spark_engine: Engine
) -> None:
    _check(spark_engine, catalog, case)


def test_every_kpi_has_a_case(catalog: Catalog) -> None:
    assert {case.values[0]["kpi"] for case in _cases()} == set(catalog.kpis)
