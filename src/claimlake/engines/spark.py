"""The distributed engine: anything that speaks Spark Connect (Apache Spark 4, Databricks, Sail)."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from claimlake.engines.engine import StoredTable
from claimlake.errors import ConfigurationError, ModelError

if TYPE_CHECKING:
    from pyspark.sql import DataFrame
    from pyspark.sql.connect.session import SparkSession

TYPE_WORDS = {"string": "text", "timestamp_ntz": "timestamp"}


class SparkEngine:
    """One session on a Spark Connect server that can read and write the lake's folder."""

    name = "spark"

    def __init__(self, remote: str) -> None:
        self._session = _connect(remote)

    def bind(self, table: str, stored: StoredTable) -> None:
        """Make one version of a Delta table readable under a name."""
        reader = self._session.read.format("delta").option("versionAsOf", stored.version)
        frame = reader.load(stored.path).select([name for name, _ in stored.columns])
        frame.createOrReplaceTempView(_view(table))

    def define(self, table: str, sql: str) -> None:
        """Make a statement readable under a name."""
        frame = self._frame(sql)
        with _withheld():
            frame.createOrReplaceTempView(_view(table))

    def stage(self, table: str, sql: str) -> None:
        """Make a statement readable under a name; a server that can cache computes it once."""
        self.define(table, sql)

    def columns(self, sql: str) -> list[tuple[str, str]]:
        """Names and types of the columns a statement gives."""
        fields = self._frame(sql).schema.fields
        return [(field.name, _type_word(field.dataType.simpleString())) for field in fields]

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows a statement gives."""
        frame = self._frame(sql)
        with _withheld():
            return [tuple(row) for row in frame.collect()]

    def write(
        self, sql: str, path: Path, *, partition_by: Sequence[str], metadata: Mapping[str, str]
    ) -> None:
        """Replace a Delta table's rows and columns by the rows of a statement, in one commit."""
        frame = self._frame(sql)
        with _withheld():
            writer = frame.write.format("delta").mode("overwrite").partitionBy(*partition_by)
            writer = writer.option("overwriteSchema", "true").option(
                "userMetadata", json.dumps(dict(metadata))
            )
            writer.save(str(path))

    def close(self) -> None:
        """End the session."""
        self._session.stop()

    def _frame(self, sql: str) -> "DataFrame":
        """A statement that has been bound; what it would read has not been looked at."""
        with _translated():
            frame = self._session.sql(spark_sql(sql))
            _ = frame.schema
            return frame


@lru_cache(maxsize=1024)
def spark_sql(sql: str) -> str:
    """A statement of DuckDB's dialect in Spark's, its tables named layer__table."""
    tree = sqlglot.parse_one(sql, read="duckdb")
    for table in list(tree.find_all(exp.Table)):
        if table.db:
            renamed = exp.to_table(_view(f"{table.db}.{table.name}"), dialect="spark")
            alias = table.args.get("alias")
            renamed.set("alias", alias.copy() if alias else exp.TableAlias(this=table.this.copy()))
            table.replace(renamed)
    for column in tree.find_all(exp.Column):
        column.set("db", None)
    tree = tree.transform(_carried)
    # Quoted, because a column or table may bear a word that Spark reserves, such as authorization.
    return tree.sql(dialect="spark", identify=True, unsupported_level=sqlglot.ErrorLevel.RAISE)


def _carried(node: exp.Expr) -> exp.Expr:
    """What sqlglot would carry to Spark in words that not every Spark Connect server knows."""
    if isinstance(node, exp.Split) and isinstance(node.expression, exp.Literal):
        pattern = re.escape(node.expression.name)
        return exp.func("split", node.this, exp.Literal.string(pattern), dialect="spark")
    if isinstance(node, exp.PercentileCont):
        return exp.Anonymous(this="percentile", expressions=[node.this, node.expression])
    return node


def _connect(remote: str) -> "SparkSession":
    try:
        from pyspark.sql.connect.session import SparkSession
    except ImportError as error:
        raise ConfigurationError(
            "the Spark Connect client is not installed.",
            where="engine: spark",
            remedy="Install it with: pip install 'claimlake[spark]'",
        ) from error
    return SparkSession.builder.remote(remote).create()


def _view(table: str) -> str:
    return table.replace(".", "__")


def _type_word(kind: str) -> str:
    listed = re.fullmatch(r"array<(.*)>", kind)
    if listed:
        return f"{_type_word(listed.group(1))}[]"
    return TYPE_WORDS.get(kind, kind)


@contextmanager
def _translated() -> Iterator[None]:
    """Turn the errors of binding a statement into ours."""
    from pyspark.errors import PySparkException

    try:
        yield
    except (PySparkException, SqlglotError) as error:
        raise ModelError(str(error).splitlines()[0], where="1") from error


@contextmanager
def _withheld() -> Iterator[None]:
    """Turn the errors of computing rows into ours, without their message: it can quote patient data."""
    from pyspark.errors import PySparkException

    try:
        yield
    except PySparkException as error:
        raise ModelError(f"Spark stopped with {type(error).__name__}.", where="1") from None
