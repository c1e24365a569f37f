"""The hidden ledger as rows of plain Python values, and the code sets the rules need."""

import csv
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import yaml

Row = dict[str, Any]
CODE_SETS = Path(__file__).resolve().parents[2] / "lakehouse" / "reference"
TABLES = (
    "account", "charge", "coverage", "claim", "claim_line", "submission", "adjudication", "service",
    "adjustment", "transaction", "work_event", "gl_month", "provider",
)  # fmt: skip


@dataclass(frozen=True)
class Truth:
    """Every truth table of one tenant, in the generator's order."""

    org_id: str
    tables: dict[str, list[Row]]
    billing_types: dict[str, str]
    """Billing type of each entity."""

    def grouped(self, table: str, *columns: str) -> dict[Any, list[Row]]:
        """The rows of a table by the values of some columns (a bare value for one column)."""
        found: dict[Any, list[Row]] = defaultdict(list)
        for row in self.tables[table]:
            key = tuple(row[column] for column in columns)
            found[key[0] if len(key) == 1 else key].append(row)
        return found


def read_truth(generated: Path) -> list[Truth]:
    """The truth of every tenant below a generated folder."""
    with duckdb.connect() as database:
        everything = {}
        for table in TABLES:
            result = database.execute(
                "select * from read_parquet(?)", [str(generated / "truth" / f"{table}.parquet")]
            )
            names = [column[0] for column in result.description]
            everything[table] = [dict(zip(names, values, strict=True)) for values in result.fetchall()]
    tenants = []
    for file in sorted((generated / "tenants").glob("*.yml")):
        tenant = yaml.safe_load(file.read_text(encoding="utf-8"))
        org_id = tenant["org_id"]
        tenants.append(
            Truth(
                org_id,
                {name: [row for row in rows if row["org_id"] == org_id] for name, rows in everything.items()},
                {entity["entity_id"]: entity["billing_type"] for entity in tenant["entities"]},
            )
        )
    return tenants


def code_set(name: str, key: str) -> dict[str, dict[str, str]]:
    """A shipped code set by its key column."""
    with (CODE_SETS / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return {row[key]: row for row in csv.DictReader(file)}


def total(rows: Iterable[Row], column: str) -> Decimal:
    """The exact sum of a money column, missing amounts left out."""
    return sum((row[column] for row in rows if row[column] is not None), Decimal(0))


def share(amount: Decimal, part: Decimal | None, whole: Decimal) -> Decimal | None:
    """amount × part ÷ whole, rounded half up to the cent; None when the part is not known."""
    if part is None or not whole:
        return None
    cents = int(amount * 100) * int(part * 100)
    divisor = int(whole * 100)
    return Decimal((2 * cents + divisor) // (2 * divisor)) / 100


def latest(rows: Iterable[Row], order: Callable[[Row], Any]) -> Row | None:
    """The last row by an order, or None."""
    return max(rows, key=order, default=None)


def month_end(day: date) -> date:
    """The last day of a day's month."""
    return (day.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)


def months_before(day: date, count: int) -> date:
    """The first day of the month `count` months before a day's month."""
    number = day.year * 12 + day.month - 1 - count
    return date(number // 12, number % 12 + 1, 1)
