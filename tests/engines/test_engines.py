"""What both engines must do alike; each test runs on DuckDB and, where installed, on Sail."""

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from claimlake.engines.duckdb import DuckDBEngine
from claimlake.engines.engine import Engine, stored_sql, values_sql
from claimlake.errors import ModelError
from claimlake.lake.table import Lake

from ..spark import needs_sail

COLUMNS = [
    ("org_id", "text"),
    ("claim_id", "text"),
    ("amount", "decimal(18,2)"),
    ("paid_on", "date"),
    ("seen_at", "timestamp"),
    ("codes", "text[]"),
    ("is_paid", "boolean"),
]
ROWS = [
    {
        "org_id": "007",
        "claim_id": "it's",
        "amount": Decimal("10.05"),
        "paid_on": date(2024, 2, 29),
        "seen_at": datetime(2024, 2, 29, 10, 20, 30),
        "codes": ["A", "B"],
        "is_paid": True,
    },
    {"org_id": "b", "claim_id": "C2"},
]
STORED = [
    ("007", "it's", Decimal("10.05"), date(2024, 2, 29), datetime(2024, 2, 29, 10, 20, 30), ["A", "B"], True),
    ("b", "C2", None, None, None, None, None),
]
SELECTED = "select org_id, claim_id, amount, paid_on, seen_at, codes, is_paid from {} order by claim_id desc"


@pytest.fixture(params=["duckdb", pytest.param("spark", marks=[pytest.mark.spark, needs_sail])])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    if request.param == "spark":
        yield request.getfixturevalue("spark_engine")
        return
    embedded = DuckDBEngine(spill_path=tmp_path / "spill", memory_limit="1GB", threads=1)
    yield embedded
    embedded.close()


def test_given_rows_come_back_exactly(engine: Engine) -> None:
    engine.define("silver.claim", values_sql(COLUMNS, ROWS))
    assert engine.rows(SELECTED.format("silver.claim")) == STORED


def test_written_table_is_read_back_at_each_version(engine: Engine, tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake")
    engine.define("silver.given", values_sql(COLUMNS, ROWS))
    for chosen in ("select * from silver.given", "select * from silver.given where org_id = 'b'"):
        engine.write(
            chosen, lake.path("silver.claim"), partition_by=["org_id"], metadata={"model": "silver.claim"}
        )
    engine.bind("silver.claim", lake.read("silver.claim", version=0))
    assert engine.rows(SELECTED.format("silver.claim")) == STORED
    engine.bind("silver.claim", lake.read("silver.claim", version=1))
    assert engine.rows(SELECTED.format("silver.claim")) == STORED[1:]


def test_table_written_by_one_engine_is_read_by_the_other(
    engine: Engine, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    lake = Lake(tmp_path / "lake")
    engine.define("silver.given", values_sql(COLUMNS, ROWS))
    path = lake.path("silver.claim")
    engine.write("select * from silver.given", path, partition_by=["org_id"], metadata={})
    other = DuckDBEngine(spill_path=tmp_path / "other")
    other.bind("silver.claim", lake.read("silver.claim"))
    assert other.rows(SELECTED.format("silver.claim")) == STORED
    assert dict(lake.schema("silver.claim")) == dict(COLUMNS)
    other.close()


def test_table_without_files_is_empty_and_typed(engine: Engine, tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake")
    lake.create("bronze.claim", COLUMNS)
    engine.bind("bronze.claim", lake.read("bronze.claim"))
    assert engine.rows("select * from bronze.claim") == []
    assert engine.columns("select * from bronze.claim") == COLUMNS


def test_files_older_than_a_column_give_null_in_it(engine: Engine, tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake")
    engine.define("silver.given", values_sql(COLUMNS, ROWS))
    engine.write(
        "select * from silver.given", lake.path("bronze.claim"), partition_by=["org_id"], metadata={}
    )
    lake.create("bronze.claim", [*COLUMNS, ("note", "text")])
    engine.bind("bronze.claim", lake.read("bronze.claim"))
    assert engine.rows("select note from bronze.claim") == [(None,), (None,)]


def test_computed_types_are_stored_alike(engine: Engine) -> None:
    engine.define("silver.claim", values_sql(COLUMNS, ROWS))
    sql = """
    select claim.org_id, count(*) as claims, sum(claim.amount) as amount,
        max(length(claim.claim_id)) as longest,
        sum(claim.amount) * cast(0.5 as decimal(9,6)) as half, max(year(claim.paid_on)) as paid_year
    from silver.claim as claim group by claim.org_id
    """
    stored = stored_sql(sql, engine.columns(sql), ["org_id"])
    assert engine.columns(stored) == [
        ("org_id", "text"),
        ("claims", "bigint"),
        ("amount", "decimal(18,2)"),
        ("longest", "bigint"),
        ("half", "decimal(18,8)"),
        ("paid_year", "bigint"),
    ]
    assert engine.rows(stored) == [
        ("007", 1, Decimal("10.05"), 4, Decimal("5.02500000"), 2024),
        ("b", 1, None, 2, None, None),
    ]


def test_staged_rows_are_replaced_by_the_next(engine: Engine) -> None:
    engine.define("silver.claim", values_sql(COLUMNS, ROWS))
    engine.stage("gold.claim", "select claim.claim_id from silver.claim as claim")
    engine.stage("gold.claim", "select claim.claim_id from silver.claim as claim where claim.is_paid")
    assert engine.rows("select * from gold.claim") == [("it's",)]
    engine.define("gold.claim", "select claim.org_id from silver.claim as claim where claim.is_paid")
    assert engine.rows("select * from gold.claim") == [("007",)]


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("string_split('a|b', '|')", ["a", "b"]),
        ("(2 * 7 + 2) // (2 * 2)", 4),
        ("cast(date '2024-01-31' + interval 1 month as date)", date(2024, 2, 29)),
        ("concat('a', null)", "a"),
        ("cast(0.005 as decimal(9,3)) * 100", Decimal("0.500")),
        ("regexp_replace('a-b-c', '[^a-z]', '', 'g')", "abc"),
    ],
)
def test_expression_means_the_same(engine: Engine, expression: str, value: object) -> None:
    assert engine.rows(f"select {expression} as value") == [(value,)]


def test_quantile_interpolates(engine: Engine) -> None:
    given = "select cast(x.x as double) as days from (values (1), (2), (4)) as x(x)"
    sql = f"select quantile_cont(given.days, 0.25) as low, median(given.days) as mid from ({given}) as given"
    assert engine.rows(sql) == [(1.5, 2.0)]


def test_table_may_bear_a_reserved_word(engine: Engine) -> None:
    engine.define("silver.authorization", "select 'A1' as auth_number")
    assert engine.rows("select * from silver.authorization") == [("A1",)]


def test_nulls_are_ordered_last(engine: Engine) -> None:
    engine.define("silver.claim", values_sql(COLUMNS, ROWS))
    assert engine.rows("select claim.claim_id from silver.claim as claim order by claim.amount desc") == [
        ("it's",),
        ("C2",),
    ]


def test_unknown_column_is_a_model_error(engine: Engine) -> None:
    engine.define("silver.claim", values_sql(COLUMNS, ROWS))
    with pytest.raises(ModelError, match="amont"):
        engine.columns("select claim.amont from silver.claim as claim")


def test_errors_while_computing_do_not_quote_data(engine: Engine, tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake")
    named = "select 'a' as org_id, 'DOE JANE' as name"
    engine.write(named, lake.path("bronze.patient"), partition_by=["org_id"], metadata={})
    engine.bind("bronze.patient", lake.read("bronze.patient"))
    with pytest.raises(ModelError) as raised:
        engine.rows("select cast(patient.name as date) as day from bronze.patient as patient")
    assert "DOE" not in str(raised.value)
