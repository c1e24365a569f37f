from datetime import date, datetime
from decimal import Decimal

import duckdb
import pytest

from claimlake.lake.contract import Column, Contract, Expectation
from claimlake.sources.mapping import Target
from claimlake.sources.projection import RECORDS, define_functions, keyed_hash, project

CONTRACT = Contract(
    table="bronze.t",
    grain="one",
    key=("k",),
    columns=(
        Column("k", "text", required=True),
        Column("amount", "decimal(18,2)"),
        Column("day", "date"),
        Column("at", "timestamp"),
        Column("n", "int"),
        Column("flag", "boolean"),
    ),
    expectations=(Expectation("N-1", "n > 0", "quarantine", "n is not positive"),),
)


def value_of(column: str, text: str | None) -> tuple[object, str | None]:
    connection = duckdb.connect()
    define_functions(connection, b"secret")
    connection.execute(
        f"create table {RECORDS} as select 1::bigint as _row, 'a' as key, cast($text as varchar) as v",
        {"text": text},
    )
    projection = project(Target("bronze.t", (("k", "key"), (column, "v"))), CONTRACT)
    ((value, fault),) = connection.sql(f'select "{column}", _fault from ({projection.sql})').fetchall()
    return value, None if fault is None else projection.faults[fault].rule


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12.5", Decimal("12.50")),
        ("-3", Decimal("-3.00")),
        ("$1,234.50", Decimal("1234.50")),
        ("7.1000", Decimal("7.10")),
        ("", None),
        (None, None),
    ],
)
def test_money_is_read_exactly(text: str | None, value: Decimal | None) -> None:
    assert value_of("amount", text) == (value, None)


@pytest.mark.parametrize("text", ["12.345", "1,5", "abc", "12.3.4", "NaN"])
def test_what_is_no_money_is_not_rounded_into_it(text: str) -> None:
    assert value_of("amount", text) == (None, "ALL-09")


@pytest.mark.parametrize(
    "text", ["2024-02-29", "02/29/2024", "20240229", "2024-02-29 00:00:00", "2/29/2024", "29-Feb-2024"]
)
def test_dates_are_read_as_iso_or_as_us_systems_write_them(text: str) -> None:
    assert value_of("day", text) == (date(2024, 2, 29), None)


@pytest.mark.parametrize("text", ["2023-02-29", "13/45/2024", "soon", "infinity", "today"])
def test_what_is_no_date_is_held(text: str) -> None:
    assert value_of("day", text) == (None, "ALL-10")


def test_a_stated_offset_is_applied_to_a_time() -> None:
    assert value_of("at", "2024-05-01T10:00:00-05:00") == (datetime(2024, 5, 1, 15), None)
    assert value_of("at", "2024-05-01T10:00:00Z") == (datetime(2024, 5, 1, 10), None)
    assert value_of("at", "2024-05-01 10:00") == (datetime(2024, 5, 1, 10), None)


def test_whole_numbers_and_flags() -> None:
    assert value_of("n", "3.0") == (3, None)
    assert value_of("n", "3.7") == (None, "ALL-13")
    assert value_of("n", "0") == (0, "N-1")
    assert value_of("flag", "Y") == (True, None)


def test_a_missing_required_value_is_held() -> None:
    connection = duckdb.connect()
    connection.execute(f"create table {RECORDS} as select 1::bigint as _row, '  ' as key")
    projection = project(Target("bronze.t", (("k", "key"),)), CONTRACT)
    ((fault,),) = connection.sql(f"select _fault from ({projection.sql})").fetchall()
    assert projection.faults[fault].reason == "key k is missing"


def test_keyed_hash_in_sql_is_hmac_sha256() -> None:
    for secret in (b"secret", b"x" * 100):
        connection = duckdb.connect()
        define_functions(connection, secret)
        assert connection.sql("select keyed_hash('111223333')").fetchall() == [
            (keyed_hash(secret, "111223333"),)
        ]


@pytest.mark.parametrize(
    ("text", "money"),
    [
        ("988.3699951171875", "988.37"),
        ("91.51000213623047", "91.51"),
        ("50", "50.00"),
        ("12.345", "12.345"),
        ("988.375", "988.375"),
        ("abc", "abc"),
        ("1234567.8901", "1234567.8901"),
    ],
)
def test_float_money_gives_the_cents_a_float_stands_for_and_rounds_nothing_else(
    text: str, money: str
) -> None:
    connection = duckdb.connect()
    define_functions(connection, b"secret")
    assert connection.sql(f"select float_money('{text}')").fetchall() == [(money,)]
