"""The lake's tables: named layer.table, stored as Delta, read by version, written one commit at a time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import unquote

from deltalake import CommitProperties, DeltaTable, Field, Schema, Transaction, write_deltalake
from deltalake.exceptions import TableNotFoundError
from deltalake.schema import ArrayType, PrimitiveType, StructType

from claimlake.engines.engine import Columns, StoredTable
from claimlake.errors import QueryError

DELTA_TYPES = {
    "text": "string",
    "int": "integer",
    "bigint": "long",
    "double": "double",
    "date": "date",
    "timestamp": "timestamp_ntz",
    "boolean": "boolean",
}
TYPES_OF_DELTA = {delta: name for name, delta in DELTA_TYPES.items()} | {
    "timestamp": "timestamp",
    "float": "double",
    "short": "int",
    "byte": "int",
    "binary": "blob",
}


class Rows(Protocol):
    """Anything that streams Arrow batches: a DuckDB relation, an Arrow table."""

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """The Arrow C stream of the rows."""
        ...


@dataclass(frozen=True)
class Lake:
    """All Delta tables under one folder; a table's name is 'layer.table'."""

    root: Path

    def path(self, table: str) -> Path:
        """Folder of a table."""
        layer, _, name = table.partition(".")
        return self.root / layer / name

    def exists(self, table: str) -> bool:
        """Whether the table has been created."""
        return DeltaTable.is_deltatable(str(self.path(table)))

    def version(self, table: str) -> int | None:
        """Newest version, or None when the table does not exist."""
        return self._open(table).version() if self.exists(table) else None

    def names(self, layer: str) -> list[str]:
        """Names of the existing tables of one layer."""
        folder = self.root / layer
        found = [f"{layer}.{entry.name}" for entry in folder.iterdir()] if folder.is_dir() else []
        return sorted(name for name in found if self.exists(name))

    def read(self, table: str, *, version: int | None = None, org_id: str | None = None) -> StoredTable:
        """What an engine needs to read one version, the newest by default, of all tenants or of one."""
        delta = self._open(table, version)
        return StoredTable(
            path=str(self.path(table)),
            version=delta.version(),
            columns=_columns(delta),
            files=tuple(_files(delta, org_id)),
            partition_by=tuple(delta.metadata().partition_columns),
        )

    def files(self, table: str, *, version: int | None = None, org_id: str | None = None) -> list[str]:
        """Absolute paths of the Parquet files of one version, of all tenants or of one."""
        return _files(self._open(table, version), org_id)

    def schema(self, table: str, *, version: int | None = None) -> list[tuple[str, str]]:
        """Column names and types of one version."""
        return list(_columns(self._open(table, version)))

    def create(self, table: str, columns: Columns, partition_by: Sequence[str] = ("org_id",)) -> None:
        """Create the table without rows; one that exists gets the columns it lacks."""
        fields = [Field(name, _delta_type(kind)) for name, kind in columns]
        if not self.exists(table):
            path = str(self.path(table))
            DeltaTable.create(path, Schema(fields), mode="ignore", partition_by=list(partition_by))
            return
        present = {name for name, _ in self.schema(table)}
        missing = [field for field in fields if field.name not in present]
        if missing:
            self._open(table).alter.add_columns(missing)

    def append(
        self,
        table: str,
        rows: Rows,
        *,
        transaction: tuple[str, int] | None = None,
        metadata: Mapping[str, str] | None = None,
    ) -> int:
        """Version after adding rows in one commit; nothing is added when the transaction is in the log."""
        delta = self._open(table)
        if transaction and _has_committed(delta, transaction):
            return delta.version()
        properties = CommitProperties(
            custom_metadata=dict(metadata or {}),
            app_transactions=[Transaction(*transaction)] if transaction else None,
        )
        write_deltalake(delta, rows, mode="append", schema_mode="merge", commit_properties=properties)
        return self._open(table).version()

    def transaction(self, table: str, application: str) -> int | None:
        """Number of the newest transaction of an application in the table's log."""
        return self._open(table).transaction_version(application)

    def replace(
        self,
        table: str,
        rows: Rows,
        *,
        partition_by: Sequence[str] = ("org_id",),
        metadata: Mapping[str, str] | None = None,
    ) -> int:
        """Version after replacing every row, and the columns, in one commit."""
        path = self.path(table)
        path.mkdir(parents=True, exist_ok=True)
        write_deltalake(
            str(path),
            rows,
            mode="overwrite",
            schema_mode="overwrite",
            partition_by=list(partition_by),
            commit_properties=CommitProperties(custom_metadata=dict(metadata or {})),
        )
        return self._open(table).version()

    def _open(self, table: str, version: int | None = None) -> DeltaTable:
        try:
            return DeltaTable(str(self.path(table)), version=version)
        except TableNotFoundError:
            raise QueryError(
                f"no table '{table}' in the lake.", where=str(self.root), remedy="Run: claimlake run"
            ) from None


def _has_committed(delta: DeltaTable, transaction: tuple[str, int]) -> bool:
    application, number = transaction
    newest = delta.transaction_version(application)
    return newest is not None and newest >= number


def _files(delta: DeltaTable, org_id: str | None) -> list[str]:
    files = list(delta.file_uris())
    if org_id is None:
        return files
    root = str(delta.table_uri).removeprefix("file://").rstrip("/")
    return [
        file for file in files if partition_of(file.removeprefix(unquote(root)), "org_id") in (org_id, None)
    ]


def partition_of(file: str, column: str) -> str | None:
    """The value of a partition column in the path of a data file, or None."""
    for folder in Path(file).parts[:-1]:
        name, separator, value = folder.partition("=")
        if separator and name == column:
            return unquote(value)
    return None


def _columns(delta: DeltaTable) -> tuple[tuple[str, str], ...]:
    return tuple((field.name, _type_of(field.type)) for field in delta.schema().fields)


def _type_of(kind: Any) -> str:
    if isinstance(kind, ArrayType):
        return f"{_type_of(kind.element_type)}[]"
    if isinstance(kind, StructType):
        members = ", ".join(f'"{field.name}" {_type_of(field.type)}' for field in kind.fields)
        return f"struct({members})"
    name = str(kind.type)
    return TYPES_OF_DELTA.get(name, name)


def _delta_type(kind: str) -> PrimitiveType | ArrayType:
    if kind.endswith("[]"):
        return ArrayType(_delta_type(kind.removesuffix("[]")), contains_null=True)
    return PrimitiveType(DELTA_TYPES.get(kind, kind))
