"""A table of a source's database as it is now, and what changed in it since it was last read."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy
import sqlglot
from sqlalchemy.engine import Connection
from sqlglot import exp

from claimlake.errors import SourceError
from claimlake.lake.contract import Contract
from claimlake.sources.mapping import Feed
from claimlake.sources.record import unique_names
from claimlake.sources.table_origin import TableOrigin


@dataclass(frozen=True)
class SourceTable:
    """A table or view, its columns and their types, as the database describes them."""

    name: str
    schema: str | None
    types: Mapping[str, Any]
    """SQLAlchemy type of every column."""

    def column(self, name: str) -> str | None:
        """A column's name as the database gives it, or None; case and blanks around it do not matter."""
        exact = (column for column in self.types if column.lower() == name.lower())
        trimmed = (column for column in self.types if column.strip().lower() == name.strip().lower())
        return next(exact, None) or next(trimmed, None)

    @property
    def labels(self) -> dict[str, str]:
        """Every column and the name its values are kept under."""
        return dict(zip(self.types, unique_names(self.types), strict=True))

    @property
    def described(self) -> dict[str, str]:
        """Type of every column as text, to compare with what was seen before."""
        return {name: _word(kind) for name, kind in self.types.items()}


def inspected(connection: Connection, origin: TableOrigin, where: str) -> SourceTable:
    """The table a feed reads; SourceError when there is none."""
    schema, _, name = origin.table.rpartition(".")
    if connection.dialect.name == "sqlite" and schema != "main":
        schema = ""  # SQLite has no schemas; dbo.patients of an export is the table patients
    inspector = sqlalchemy.inspect(connection)
    try:
        columns = inspector.get_columns(name, schema=schema or None)
    except sqlalchemy.exc.NoSuchTableError:
        columns = []
    if not columns:
        raise SourceError(
            f"no table '{origin.table}' in the database.",
            where=where,
            remedy="Correct the mapping or the grants.",
        )
    return SourceTable(name, schema or None, {column["name"]: column["type"] for column in columns})


def refuse_missing(
    table: SourceTable, feed: Feed, origin: TableOrigin, contracts: Mapping[str, Contract], where: str
) -> None:
    """SourceError when a column is missing without which no row could be loaded."""
    missing = sorted(_needed(feed, contracts, table.labels.values()))
    if origin.load == "incremental" and origin.watermark and not table.column(origin.watermark):
        missing.append(origin.watermark)
    if missing:
        raise SourceError(
            f"no column '{missing[0]}' in table '{origin.table}'; the table is held.",
            where=where,
            remedy="Restore the column or correct the mapping.",
        )


def _needed(feed: Feed, contracts: Mapping[str, Contract], given: Iterable[str]) -> set[str]:
    """Source columns that are missing and that a required column is made of."""
    present = {name.lower() for name in given}
    missing: set[str] = set()
    for target in feed.into:
        required = _required(contracts[target.table])
        for name, expression in target.fields:
            used = target.columns_of(expression)
            if name in required and used and not {column.lower() for column in used} & present:
                missing |= used
    return missing


def _required(contract: Contract) -> set[str]:
    """Columns whose absence keeps every row out: those marked so, and those a rule wants not null."""
    required = {column.name for column in contract.columns if column.required}
    for expectation in contract.expectations:
        if expectation.severity != "warn":
            tree = sqlglot.parse_one(expectation.check, dialect="duckdb")
            required |= {
                negation.this.this.name
                for negation in _conjuncts(tree)
                if isinstance(negation, exp.Not)
                and isinstance(negation.this, exp.Is)
                and isinstance(negation.this.this, exp.Column)
            }
    return required


def _conjuncts(tree: exp.Expr) -> list[exp.Expr]:
    return list(tree.flatten()) if isinstance(tree, exp.And) else [tree]


def drift(before: Mapping[str, str] | None, table: SourceTable, origin: TableOrigin) -> list[str]:
    """What is new, gone or of another type since the table was last read, in words."""
    if before is None:
        return []
    now = table.described
    notes = [f"column {name} of table {origin.table} is gone" for name in before if name not in now]
    notes += [
        f"column {name} of table {origin.table} is new, kept in raw only"
        for name in now
        if name not in before
    ]
    notes += [
        f"column {name} of table {origin.table} is now {now[name]}, was {kind}"
        for name, kind in before.items()
        if name in now and now[name] != kind
    ]
    return notes


def _word(kind: Any) -> str:
    try:
        return str(kind)
    except sqlalchemy.exc.SQLAlchemyError:  # a type that only its own dialect can write
        return type(kind).__name__
