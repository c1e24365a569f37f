"""Sums behind the amount charts, and the rows behind one mark of them."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from claimlake.access.session import Session
from claimlake.errors import QueryError
from claimlake.serve.dashboard import Amount
from claimlake.serve.filter import COLUMNS, Filters
from claimlake.serve.pager import Pager


@dataclass(frozen=True)
class Slice:
    """One sum."""

    by: str | None
    across: str | None
    total: Decimal
    rows: int


@dataclass(frozen=True)
class _Condition:
    sql: str
    values: list[object]


def slices(session: Session, amount: Amount, filters: Filters) -> list[Slice]:
    """The sums of an amount under the filters, largest first; empty when the table is not published."""
    if amount.table not in session.tables:
        return []
    _check(session, amount)
    condition = _condition(session, amount, filters)
    across = amount.across or "null"
    rows = session.rows(
        f"select cast({amount.by} as text) as by_value, cast({across} as text) as across_value,"
        f" sum({amount.column}) as total, count(*) as n"
        f" from {amount.table} where {condition.sql} and {amount.column} <> 0"
        " group by 1, 2 order by 3 desc, 1, 2",
        condition.values,
    )
    return [Slice(row["by_value"], row["across_value"], row["total"], row["n"]) for row in rows]


@dataclass(frozen=True)
class Choice:
    """One mark of an amount chart; an empty value means all."""

    by: str
    across: str = ""


def slice_rows(
    session: Session, amount: Amount, filters: Filters, choice: Choice, pager: Pager
) -> tuple[int, Decimal, list[dict[str, Any]]]:
    """How many rows stand behind a mark, their sum, and one page of them, largest first."""
    _check(session, amount)
    condition = _condition(session, amount, filters)
    sql, values = condition.sql, [*condition.values]
    for column, value in ((amount.by, choice.by), (amount.across, choice.across)):
        if column and value:
            sql += f" and coalesce(cast({column} as text), 'none') = ?"
            values.append(value)
    sql += f" and {amount.column} <> 0"
    total = session.rows(
        f"select count(*) as n, coalesce(sum({amount.column}), 0) as total from {amount.table} where {sql}",
        values,
    )[0]
    keys = [name for name in session.columns(amount.table) if name.endswith("_key")]
    order = ", ".join([f"{amount.column} desc", *keys])
    rows = session.rows(
        f"select * from {amount.table} where {sql} order by {order} limit {pager.size} offset {pager.offset}",
        values,
    )
    return int(total["n"]), Decimal(total["total"]), rows


def _check(session: Session, amount: Amount) -> None:
    columns = session.columns(amount.table)
    wanted = [
        amount.column,
        amount.by,
        amount.date,
        *amount.where,
        *([amount.across] if amount.across else []),
    ]
    missing = [name for name in wanted if name not in columns]
    if missing:
        raise QueryError(f"no column '{missing[0]}' in {amount.table}.", remedy="Correct the dashboard file.")


def _condition(session: Session, amount: Amount, filters: Filters) -> _Condition:
    columns, period = session.columns(amount.table), filters.period
    start = period.end if amount.window == "as_of" else period.start
    parts, values = [f"{amount.date} between ? and ?"], [start, period.end]
    chosen: dict[str, object] = {COLUMNS[name]: value for name, value in filters.dimensions.items()}
    if "billing_type" in columns:
        chosen["billing_type"] = filters.billing_type
    for name, value in {**chosen, **amount.where}.items():
        if name not in columns:
            raise QueryError(f"{amount.table} cannot be filtered by {name}.", remedy="Remove the filter.")
        parts.append(f"{name} = ?")
        values.append(value)  # type: ignore[arg-type]
    return _Condition(" and ".join(parts), list(values))
