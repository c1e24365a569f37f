"""A session: one tenant's tables at one snapshot, as one role may see them, and nothing else."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import duckdb
import sqlglot
from sqlglot import exp

from claimlake.access.phi import Glass, column_sql, small_areas, tenant_key
from claimlake.access.policy import Role, load_policy
from claimlake.engines.duckdb import open_database
from claimlake.engines.engine import StoredTable, empty_sql
from claimlake.engines.sql import literal, quoted
from claimlake.errors import AccessError, QueryError
from claimlake.lake.contract import load_contracts
from claimlake.lake.snapshot import latest, pin
from claimlake.lake.table import Lake
from claimlake.workspace import Workspace

Parameters = Mapping[str, object] | Sequence[object] | None


@dataclass(frozen=True)
class Session:
    """A read-only door to one tenant's published tables; safe to use from several threads."""

    org_id: str
    role: Role
    snapshot_id: int
    """Number of the published snapshot; 0 before the first."""
    tables: frozenset[str]
    """Names of the visible tables, 'layer.table'."""
    _columns: Mapping[str, Mapping[str, str]] = field(repr=False)
    _connection: duckdb.DuckDBPyConnection = field(repr=False)

    def rows(self, sql: str, params: Parameters = None) -> list[dict[str, Any]]:
        """The rows of one SELECT over the session's tables; anything else is refused."""
        self._refuse_foreign(sql)
        try:
            with self._connection.cursor() as cursor:
                result = cursor.execute(sql, params) if params else cursor.execute(sql)
                names = [column[0] for column in result.description or []]
                return [dict(zip(names, row, strict=True)) for row in result.fetchall()]
        except (duckdb.BinderException, duckdb.CatalogException) as error:
            raise QueryError(
                str(error).partition("\nLINE ")[0], where=f"snapshot {self.snapshot_id}"
            ) from None
        except duckdb.Error as error:
            # Other messages can quote a value, and a value can be a patient.
            raise QueryError(f"the query stopped with {type(error).__name__}.", retryable=True) from None

    def columns(self, table: str) -> Mapping[str, str]:
        """Column names and types of a visible table; empty when it does not exist."""
        return self._columns.get(table, {})

    def close(self) -> None:
        """Free the memory of the session."""
        self._connection.close()

    def _refuse_foreign(self, sql: str) -> None:
        foreign = sorted(table_names(sql) - self.tables)
        if foreign:
            raise QueryError(
                f"no table '{foreign[0]}' for role {self.role.name}.",
                where=f"snapshot {self.snapshot_id}",
                remedy="Ask for tables of the published snapshot that the role may see.",
            )


def open_session(workspace: Workspace, *, org_id: str, role: str, snapshot: int | None = None) -> Session:
    """Open a session on a snapshot, by default the latest: PHI masked, other files out of reach."""
    policy = load_policy(workspace)
    holder = policy.role(role)
    published = latest(workspace) if snapshot is None else pin(workspace, snapshot)
    lake = Lake(workspace.lake_path)
    tables = {
        name: lake.read(name, version=version, org_id=org_id)
        for name, version in (published.tables if published else {}).items()
        if name.partition(".")[0] in holder.layers
    }
    visible = {name: table for name, table in tables.items() if _is_visible(name, table)}
    connection = _connect(workspace, visible)
    glass = Glass(policy, holder, tenant_key(workspace, org_id), small_areas(workspace))
    views = _Views(org_id, glass, _flagged(workspace))
    for name, table in visible.items():
        connection.execute(views.sql(name, table, _present(connection, table)))
    connection.execute("set enable_external_access = false")
    connection.execute("set lock_configuration = true")
    columns = {name: dict(table.columns) for name, table in visible.items()}
    snapshot_id = published.id if published else 0
    return Session(org_id, holder, snapshot_id, frozenset(visible), columns, connection)


@lru_cache(maxsize=2048)
def table_names(sql: str) -> frozenset[str]:
    """The tables one SELECT reads; a statement of another kind or a table function is refused."""
    try:
        statements = sqlglot.parse(sql, dialect="duckdb")
    except sqlglot.errors.ParseError as error:
        raise AccessError("the query does not parse.", remedy="Write one SELECT.") from error
    if len(statements) != 1 or not isinstance(statements[0], exp.Query):
        raise AccessError("a session answers one SELECT and nothing else.", remedy="Write one SELECT.")
    names = {cte.alias for cte in statements[0].find_all(exp.CTE)}
    found = set()
    for table in statements[0].find_all(exp.Table):
        if isinstance(table.this, exp.GenerateSeries):
            continue
        if not isinstance(table.this, exp.Identifier):
            raise AccessError("a session has no table functions.", remedy="Select from its tables.")
        name = f"{table.db}.{table.name}" if table.db else table.name
        if table.db or table.name not in names:
            found.add(name.lower())
    return frozenset(found)


@dataclass(frozen=True)
class _Views:
    org_id: str
    glass: Glass
    flagged: frozenset[tuple[str, str]]

    def sql(self, name: str, table: StoredTable, present: frozenset[str]) -> str:
        """The statement that defines the view of one table; `present` are the columns its files have."""
        if not table.files:
            return f"create view {name} as {empty_sql(table.columns)}"
        is_partition = "org_id" in table.partition_by
        # Files older than a column do not have it, so every column is named and cast to the table's type.
        stored = ", ".join(
            f"cast({self._stored(column, present, is_partition=is_partition)} as {kind}) as {quoted(column)}"
            for column, kind in table.columns
        )
        shown = ", ".join(
            column_sql(self.glass, column, is_flagged=(name, column[0]) in self.flagged)
            for column in table.columns
        )
        is_tenant_column = "org_id" in present and not is_partition
        guard = f" where org_id = {literal(self.org_id)}" if is_tenant_column else ""
        return (
            f"create view {name} as with stored as (select {stored} from {_scan(table)}{guard})"
            f" select {shown} from stored"
        )

    def _stored(self, column: str, present: frozenset[str], *, is_partition: bool) -> str:
        if column == "org_id" and is_partition:
            return literal(self.org_id)
        return quoted(column) if column in present else "null"


def _scan(table: StoredTable) -> str:
    files = ", ".join(literal(file) for file in table.files)
    return f"read_parquet([{files}], hive_partitioning = false, union_by_name = true)"


def _present(connection: duckdb.DuckDBPyConnection, table: StoredTable) -> frozenset[str]:
    if not table.files:
        return frozenset()
    described = connection.execute(f"describe select * from {_scan(table)}").fetchall()
    return frozenset(row[0] for row in described)


def _is_visible(name: str, table: StoredTable) -> bool:
    # A table without a tenant column holds code sets only, and those live in the reference layer.
    return name.startswith("reference.") or any(column == "org_id" for column, _ in table.columns)


def _flagged(workspace: Workspace) -> frozenset[tuple[str, str]]:
    return frozenset(
        (contract.table, column.name)
        for contract in load_contracts(workspace).values()
        for column in contract.columns
        if column.phi
    )


def _connect(workspace: Workspace, tables: Mapping[str, StoredTable]) -> duckdb.DuckDBPyConnection:
    settings = workspace.settings
    workspace.spill_path.mkdir(parents=True, exist_ok=True)
    connection = open_database(workspace.spill_path, settings.memory_limit, settings.threads)
    allowed = ", ".join(literal(file) for table in tables.values() for file in table.files)
    connection.execute(f"set allowed_paths = [{allowed}]")
    for layer in sorted({name.partition(".")[0] for name in tables}):
        connection.execute(f"create schema {layer}")
    return connection
