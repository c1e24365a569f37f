from decimal import Decimal

import duckdb
import pytest

from claimlake.errors import QueryError
from claimlake.lake.table import Lake

COLUMNS = [("org_id", "text"), ("claim_id", "text"), ("amount", "decimal(18,2)"), ("codes", "text[]")]


def _rows(*values: tuple[str, str, str]) -> duckdb.DuckDBPyRelation:
    listed = ", ".join(
        f"('{org_id}', '{claim_id}', {amount}::decimal(18,2), ['A', 'B'])"
        for org_id, claim_id, amount in values
    )
    return duckdb.connect().sql(f"select * from (values {listed}) as claim(org_id, claim_id, amount, codes)")


def _amount(files: list[str]) -> Decimal:
    (total,) = duckdb.connect().sql(f"select sum(amount) from read_parquet({files!r})").fetchall()[0]
    return Decimal(total)


def test_created_table_has_columns_and_no_rows(lake: Lake) -> None:
    lake.create("bronze.claim", COLUMNS)
    assert lake.schema("bronze.claim") == COLUMNS
    assert lake.files("bronze.claim") == []
    assert lake.names("bronze") == ["bronze.claim"]


def test_append_adds_a_version_and_keeps_the_old_one(lake: Lake) -> None:
    lake.create("bronze.claim", COLUMNS)
    first = lake.append("bronze.claim", _rows(("a", "C1", "10.00")))
    second = lake.append("bronze.claim", _rows(("a", "C2", "0.05")))
    assert second == first + 1
    assert _amount(lake.files("bronze.claim", version=first)) == Decimal("10.00")
    assert _amount(lake.files("bronze.claim")) == Decimal("10.05")


@pytest.mark.parametrize("number", [0, 1])
def test_transaction_in_the_log_is_not_appended_again(lake: Lake, number: int) -> None:
    lake.create("bronze.claim", COLUMNS)
    for _ in range(2):
        lake.append("bronze.claim", _rows(("a", "C1", "10.00")), transaction=("load-1", number))
    assert _amount(lake.files("bronze.claim")) == Decimal("10.00")


def test_files_of_one_tenant_are_only_its_own(lake: Lake) -> None:
    lake.create("bronze.claim", COLUMNS)
    lake.append("bronze.claim", _rows(("a b", "C1", "1.00"), ("b", "C2", "2.00")))
    assert _amount(lake.files("bronze.claim", org_id="a b")) == Decimal("1.00")
    assert lake.files("bronze.claim", org_id="c") == []


def test_replace_changes_rows_and_columns(lake: Lake) -> None:
    lake.replace("gold.claim", _rows(("a", "C1", "1.00")), metadata={"fingerprint": "x"})
    lake.replace("gold.claim", duckdb.connect().sql("select 'a' as org_id, 2::bigint as claims"))
    assert lake.schema("gold.claim") == [("org_id", "text"), ("claims", "bigint")]


def test_missing_table_is_named(lake: Lake) -> None:
    assert lake.version("gold.claim") is None
    with pytest.raises(QueryError, match=r"gold\.claim"):
        lake.read("gold.claim")
