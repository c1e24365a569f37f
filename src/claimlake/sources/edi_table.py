"""The X12 tables of a stage: the names of what was read, and their columns, numbered from 1 in each file."""

from collections.abc import Iterable

from claimlake.lake.contract import Column, Contract
from claimlake.lake.land import Stage

VERDICTS = "x12_verdict"
ENVELOPE = "envelope"
ENVELOPE_NUMBERS = ("transaction_no", "interchange_no", "group_no")


def columns_sql(contract: Contract, table: str) -> str:
    """SQL of a table's own columns."""
    own = {}
    if table == "bronze.x12_transaction":
        own = {
            "status": "verdict.status",
            "reason_code": "verdict.rule as reason_code",
            "reason": "verdict.reason",
        }
    return ", ".join(own.get(column.name) or _column(column) for column in contract.columns)


def _column(column: Column) -> str:
    name = column.name
    if not _is_number(column):
        return f'read."{name}"'
    is_of_envelope = name in ENVELOPE_NUMBERS
    first = (
        "envelope.segment" if name == "segment_no" else f"{'envelope' if is_of_envelope else 'family'}.{name}"
    )
    return f"read.{name} - {first} + 1 as {name}"


def _is_number(column: Column) -> bool:
    return column.name.endswith("_no") and column.type == "bigint"


def numbers_of(family: str, tables: Iterable[str], stage: Stage) -> set[str]:
    """The numbered columns that the tables of a family share."""
    names = {item.name for table in tables for item in stage.contracts[table].columns if _is_number(item)}
    return set(ENVELOPE_NUMBERS) if family == ENVELOPE else names - {"segment_no", *ENVELOPE_NUMBERS}


def family_of(table: str) -> str:
    """The transaction whose loops are numbered together in a table, or the envelope."""
    names = ("claims_837", "era_835", "ack_277", "ack_999")
    return next((name for name in names if table.startswith(f"bronze.{name}")), ENVELOPE)


def first_numbers(family: str) -> str:
    """The table of the first numbers of each file."""
    return f'"first_{family}"'


def rows_read(table: str) -> str:
    """The table of the rows that were read."""
    return f'"read_{table}"'
