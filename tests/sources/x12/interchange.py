"""Small interchanges of invented people, written segment by segment, and the rows a file gives."""

import io
from typing import Any

import duckdb

from claimlake.sources.x12 import Reading, read_tables


def transaction(code: str, *segments: str, control: str = "0001", version: str = "") -> list[str]:
    """ST to SE with the right count."""
    start = f"ST*{code}*{control}" + (f"*{version}" if version else "")
    return [start, *segments, f"SE*{len(segments) + 2}*{control}"]


def interchange(
    *transactions: list[str],
    functional: str = "HP",
    version: str = "005010X221A1",
    control: str = "000000101",
    marks: str = "*:~^",
    newline: str = "\n",
) -> bytes:
    """ISA to IEA around the transactions; `marks` are element, component, terminator and repetition marks."""
    parties = "ZZ*CLEARHOUSE     *ZZ*NORTHWIND      "
    head = f"ISA*00*          *00*          *{parties}*260301*1405*^*00501*{control}*0*T*:"
    body = [
        head,
        f"GS*{functional}*CLEARHOUSE*NORTHWIND*20260301*140530*7*X*{version}",
        *(segment for item in transactions for segment in item),
        f"GE*{len(transactions)}*7",
        f"IEA*1*{control}",
    ]
    text = "".join(segment + "~" + newline for segment in body)
    return text.translate(str.maketrans("*:~^", marks)).encode()


def reading(content: bytes) -> Reading:
    return read_tables(io.BytesIO(content))


def rows(source: Reading | bytes, table: str) -> list[dict[str, Any]]:
    """The rows of a table as dictionaries of Python values."""
    found = source if isinstance(source, Reading) else reading(source)
    stream = found.tables[table]
    with duckdb.connect() as connection:
        connection.register("stream", stream)
        relation = connection.sql("select * from stream")
        return [dict(zip(relation.columns, row, strict=True)) for row in relation.fetchall()]


def picked(found: list[dict[str, Any]], *columns: str) -> list[tuple[Any, ...]]:
    """Some columns of some rows."""
    return [tuple(row[column] for column in columns) for row in found]
