"""Every shipped model: its cases on every engine, its portability, its style."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlfluff.core import FluffConfig, Linter

from claimlake.engines.duckdb import DuckDBEngine
from claimlake.engines.engine import Engine
from claimlake.lake.portable import lint

from .models import FOLDER, Laboratory, ModelCase, difference, load_cases, model_files
from .spark import needs_sail


@pytest.fixture(scope="session")
def laboratory(tmp_path_factory: pytest.TempPathFactory) -> Laboratory:
    return Laboratory(tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="session")
def duckdb_engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    engine = DuckDBEngine(spill_path=tmp_path_factory.mktemp("spill"), memory_limit="1GB", threads=1)
    yield engine
    engine.close()


def _runs() -> list[object]:
    runs: list[object] = []
    for case in load_cases():
        runs.append(pytest.param(case, "duckdb_engine", id=f"{case}[duckdb]"))
        runs.append(
            pytest.param(case, "spark_engine", id=f"{case}[spark]", marks=[pytest.mark.spark, needs_sail])
        )
    return runs


@pytest.mark.parametrize(("case", "engine_name"), _runs())
def test_model_gives_the_expected_rows(
    case: ModelCase, engine_name: str, laboratory: Laboratory, request: pytest.FixtureRequest
) -> None:
    engine: Engine = request.getfixturevalue(engine_name)
    wrong = difference(*laboratory.actual_and_expected(case, engine))
    assert not wrong, f"{case} on {engine.name}\n{wrong}"


def _model_id(file: Path) -> str:
    return f"{file.parent.name}.{file.stem}"


@pytest.mark.parametrize("file", model_files(), ids=_model_id)
def test_model_means_the_same_on_both_engines(file: Path) -> None:
    findings = [f"{finding.where}: {finding.message}" for finding in lint(file)]
    assert not findings, "\n".join(findings)


@pytest.fixture(scope="session")
def sql_style() -> Linter:
    return Linter(config=FluffConfig.from_path(str(FOLDER.parent)))


@pytest.mark.parametrize("file", model_files(), ids=_model_id)
def test_model_follows_the_sql_style(file: Path, sql_style: Linter) -> None:
    broken = sql_style.lint_string(file.read_text(encoding="utf-8"), fname=str(file)).get_violations()
    assert not broken, "\n".join(f"{_model_id(file)}:{rule.line_no}: {rule.desc()}" for rule in broken)


@pytest.mark.parametrize("file", model_files(), ids=_model_id)
def test_model_has_cases(file: Path) -> None:
    cases = FOLDER / file.parent.name / f"{file.stem}.yml"
    assert cases.is_file(), f"write tests/{file.parent.name}/{cases.name}"
