from collections.abc import Iterator
from pathlib import Path

import pytest

from claimlake.engines.duckdb import DuckDBEngine
from claimlake.engines.engine import values_sql
from claimlake.lake.check import parse_checks, referenced_table, violations_sql

CLAIMS = [
    {"org_id": "a", "claim_id": "C1", "payer_id": "p1", "amount": "1.00"},
    {"org_id": "b", "claim_id": "C1", "payer_id": "p1", "amount": "-1.00"},
    {"org_id": "b", "claim_id": "C2", "payer_id": None, "amount": None},
]
PAYERS = [{"org_id": "a", "payer_id": "p1", "code": "p1"}, {"org_id": "b", "payer_id": "p2", "code": "p1"}]


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[DuckDBEngine]:
    duckdb = DuckDBEngine(spill_path=tmp_path)
    claim_columns = [
        ("org_id", "text"),
        ("claim_id", "text"),
        ("payer_id", "text"),
        ("amount", "decimal(18,2)"),
    ]
    payer_columns = [("org_id", "text"), ("payer_id", "text"), ("code", "text")]
    duckdb.define("silver.claim", values_sql(claim_columns, CLAIMS))
    duckdb.define("silver.payer", values_sql(payer_columns, PAYERS))
    duckdb.define("reference.payer", "select 'p1' as payer_id")
    yield duckdb
    duckdb.close()


@pytest.mark.parametrize(
    ("text", "violations"),
    [
        ("claim_id unique", 0),  # unique within each tenant
        ("payer_id unique", 0),
        ("(claim_id, payer_id) unique", 0),
        ("payer_id not null", 1),
        ("amount >= 0", 1),  # null is not a violation
        ("amount is not null and amount >= 0", 2),
        ("payer_id in silver.payer", 1),  # the payer of tenant a is not one of tenant b
        ("payer_id in silver.payer.code", 0),
        ("payer_id in reference.payer", 0),
        ("claim_id in ('C1', 'C2')", 0),
    ],
)
def test_violations_are_counted(engine: DuckDBEngine, text: str, violations: int) -> None:
    def columns_of(table: str) -> list[str]:
        return [name for name, _ in engine.columns(f"from {table}")]

    assert engine.rows(violations_sql(parse_checks(text, 1), "silver.claim", columns_of)) == [(0, violations)]


def test_repeated_key_of_one_tenant_is_a_violation(engine: DuckDBEngine) -> None:
    checks = parse_checks("org_id unique", 1)
    assert engine.rows(violations_sql(checks, "silver.claim", lambda _: ["org_id"])) == [(0, 1)]


def test_commas_inside_a_check_do_not_end_it() -> None:
    checks = parse_checks("coalesce(a, b) > 0, warn: c in ('x, y', 'z'), (a, b) unique", 7)
    assert [(check.text, check.severity, check.line) for check in checks] == [
        ("coalesce(a, b) > 0", "fail", 7),
        ("c in ('x, y', 'z')", "warn", 7),
        ("(a, b) unique", "fail", 7),
    ]


def test_only_a_table_reference_names_a_table() -> None:
    reference, listed = parse_checks("a in silver.payer.code, b in ('x')", 1)
    assert referenced_table(reference) == "silver.payer"
    assert referenced_table(listed) is None
