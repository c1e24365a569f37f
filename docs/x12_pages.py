"""The reference pages of the X12 tables: every column, its element, and an example that is read."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb

from claimlake.sources.x12 import Reading, read_tables
from claimlake.sources.x12.contract import (
    CONTRACT_BY_TABLE,
    ENVELOPE_CONTRACTS,
    SEGMENT_CONTRACT,
    SPECIFICATIONS,
    TableContract,
)
from claimlake.sources.x12.spec import POSITION, Transaction

EXAMPLES = Path(__file__).parent / "examples"
TITLES = {
    "835": "The 835, claim payment and remittance advice (005010X221A1; 004010X091A1 reads alike).",
    "837": "The 837, claim: professional, institutional, dental (005010X222, X223, X224; 004010 alike).",
    "277": "The 277, claim acknowledgement and claim status (005010X214, 005010X212).",
    "999": "The 999, implementation acknowledgement (005010X231A1).",
}


def pages() -> dict[str, Iterator[str]]:
    """The pages by file name."""
    found = {f"x12/{item.code}.md": _transaction(item) for item in SPECIFICATIONS}
    return found | {"x12/envelope.md": _envelope()}


def _transaction(item: Transaction) -> Iterator[str]:
    text = (EXAMPLES / f"{item.code}.edi").read_text(encoding="ascii")
    reading = read_tables(io.BytesIO(text.encode()), scope="lossless")
    yield f"# {item.code}: {item.name}"
    yield TITLES[item.code]
    yield (
        "A row carries the numbers of the loops around it (`claim_no`, `line_no`, …), so that tables join "
        "on them within one file. The last column below is the first row of the example at the end."
    )
    for title, tables in (("Tables", item.tables), ("Detail tables", item.details)):
        if tables:
            yield f"## {title}"
        if tables and title != "Tables":
            yield 'Made by `claimlake x12` and by `read(…, scope="detail")`.'
        for table in tables:
            yield from _table_section(CONTRACT_BY_TABLE[table.name], reading)
    yield "## Example"
    yield "An invented file, which is what the examples above are read from:"
    yield f"```text\n{text.rstrip()}\n```"


def _envelope() -> Iterator[str]:
    yield "# Envelope, findings and the segment table"
    yield (
        "Tables that every file gives, whatever is in it: its interchanges, its transactions and what became "
        "of each, what was found wrong, answers to whole interchanges (TA1), and every segment as received."
    )
    text = (EXAMPLES / "835.edi").read_text(encoding="ascii")
    reading = read_tables(io.BytesIO(text.encode()), scope="lossless")
    for contract in (*ENVELOPE_CONTRACTS, SEGMENT_CONTRACT):
        yield from _table_section(contract, reading)
    yield (
        "In the order of their offsets, `content` and `ending` of the segments (or `raw`, where there is "
        "one) are the bytes of the file again. Made by `claimlake x12` and by "
        '`read(…, scope="lossless")`.'
    )


def _table_section(contract: TableContract, reading: Reading) -> Iterator[str]:
    yield f"### {contract.table}"
    yield f"One row: {contract.grain}."
    example = _first_row(reading, contract.table)
    rows = [
        (
            f"`{field.name}`",
            field.type,
            "PHI" if field.phi else "",
            field.about,
            _shown(example.get(field.name)),
        )
        for field in contract.columns
    ]
    rows += [(f"`{name}`", kind, "", _PLACES[name], _shown(example.get(name))) for name, kind in POSITION]
    head = ("column", "type", "marks", "read from", "example")
    lines = [head, tuple("---" for _ in head), *rows]
    yield "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


_PLACES = {
    "source_row": "number of its first segment in the file",
    "byte_offset": "its first byte in the file",
    "byte_length": "its bytes",
}


def _first_row(reading: Reading, table: str) -> dict[str, Any]:
    with duckdb.connect() as connection:
        connection.register("found", reading.tables[table])
        relation = connection.sql("select * from found order by byte_offset limit 1")
        rows = relation.fetchall()
        return dict(zip(relation.columns, rows[0], strict=True)) if rows else {}


def _shown(value: object) -> str:
    if value is None:
        return ""
    return f"`{value.decode()!r}`" if isinstance(value, bytes) else f"`{value}`"
