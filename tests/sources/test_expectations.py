"""Each rule of a bronze contract is broken by a row that breaks no other; a good row breaks none."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from claimlake.engines.sql import literal, quoted
from claimlake.lake.contract import Contract, read_contract
from claimlake.sources.projection import define_functions
from claimlake.workspace import content_path

FILE = Path(__file__).parent / "expectations.yml"
TABLES: dict[str, dict[str, Any]] = yaml.safe_load(FILE.read_text())
CASES = [(table, case) for table, body in TABLES.items() for case in body["cases"]]


@pytest.fixture(scope="module")
def database() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        define_functions(connection, b"key")
        yield connection


def contract_of(table: str) -> Contract:
    return read_contract(content_path() / "bronze" / f"{table}.yml")


def broken(database: duckdb.DuckDBPyConnection, table: str, row: Mapping[str, Any]) -> set[str]:
    """The rules that a row breaks."""
    contract = contract_of(table)
    assert set(row) <= {column.name for column in contract.columns}
    values = ", ".join(
        f"cast({_written(row.get(column.name))} as {column.type}) as {quoted(column.name)}"
        for column in contract.columns
    )
    found = set()
    for expectation in contract.expectations:
        failed = f"select count(*) from (select {values}) where not ({expectation.check})"
        if database.execute(failed).fetchall() == [(1,)]:
            found.add(expectation.rule)
    return found


def _written(value: Any) -> str:
    if value is None:
        return "null"
    if value == "tomorrow":
        value = datetime.now().astimezone() + timedelta(days=3)
        return literal(value.strftime("%Y-%m-%d %H:%M:%S"))
    return literal(str(value))


@pytest.mark.parametrize("table", TABLES)
def test_a_good_row_breaks_no_rule(database: duckdb.DuckDBPyConnection, table: str) -> None:
    assert broken(database, table, TABLES[table]["good"]) == set()


@pytest.mark.parametrize(("table", "case"), CASES, ids=str)
def test_a_rule_is_broken_by_the_row_that_breaks_it(
    database: duckdb.DuckDBPyConnection, table: str, case: Mapping[str, Any]
) -> None:
    assert broken(database, table, {**TABLES[table]["good"], **case["change"]}) == {case["breaks"]}


@pytest.mark.parametrize("table", TABLES)
def test_every_rule_of_the_contract_has_a_case(table: str) -> None:
    rules = {expectation.rule for expectation in contract_of(table).expectations}
    assert {case["breaks"] for case in TABLES[table]["cases"]} == rules


def test_every_contract_with_rules_has_cases() -> None:
    files = (content_path() / "bronze").glob("*.yml")
    assert {file.stem for file in files if read_contract(file).expectations} == set(TABLES)
