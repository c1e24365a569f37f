"""The EMR databases of the network: one SQLite file per EMR, each vendor with its own schema."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from claimlake.synthetic.claim import Account, Transaction
from claimlake.synthetic.history import History
from claimlake.synthetic.patient import Patient
from claimlake.synthetic.profile import Profile
from claimlake.synthetic.provider import Provider
from claimlake.tenant import Payer

Value = str | int | float | None


@dataclass(frozen=True, slots=True)
class Table:
    """One relational table with its rows."""

    name: str
    columns: tuple[str, ...]
    rows: Sequence[tuple[Value, ...]]


@dataclass(frozen=True, slots=True)
class Records:
    """Everything one EMR knows."""

    profile: Profile
    source_id: str
    until: int
    patients: list[Patient]
    providers: list[Provider]
    accounts: list[Account]
    transactions: list[Transaction]

    def payer_code(self, payer: Payer) -> str:
        """The code this EMR has for a payer."""
        unit = next(unit for unit in self.profile.units if unit.source_id == self.source_id)
        return payer.identifiers[unit.payer_code]


def records(history: History, source_id: str) -> Records:
    """The part of a tenant's history that one EMR holds."""
    units = {unit.entity_id for unit in history.profile.units if unit.source_id == source_id}
    return Records(
        profile=history.profile,
        source_id=source_id,
        until=history.until,
        patients=history.patients[source_id],
        providers=[item for entity_id in sorted(units) for item in history.providers[entity_id]],
        accounts=[account for account in history.accounts if account.unit.entity_id in units],
        transactions=[row for row in history.transactions if row.unit.entity_id in units],
    )


def write_emr(path: Path, tables: list[Table]) -> None:
    """Write the tables to a new SQLite database; the same rows give the same bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    with closing(sqlite3.connect(path)) as database:
        database.execute("pragma journal_mode = off")
        database.execute("pragma synchronous = off")
        for table in tables:
            database.execute(f"create table {table.name} ({', '.join(table.columns)})")
            places = ", ".join("?" for _ in table.columns)
            names = ", ".join(column.split()[0] for column in table.columns)
            database.executemany(f"insert into {table.name} ({names}) values ({places})", table.rows)
        database.commit()


def leave_minute(account: Account) -> int:
    """Minute of the day of discharge: two hours after a same-day arrival, eleven o'clock otherwise."""
    if account.discharge_day == account.arrive_day:
        return min(account.arrive_minute + 120, 1_439)
    return 660
