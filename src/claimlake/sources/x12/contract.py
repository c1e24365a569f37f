"""The contract of every table the reader makes: grain, columns, types, PHI, and the elements behind them."""

from dataclasses import dataclass
from typing import Literal

from claimlake.sources.x12.ack_277ca import ACKNOWLEDGEMENT_277
from claimlake.sources.x12.ack_999 import ACKNOWLEDGEMENT_999
from claimlake.sources.x12.claim_837 import CLAIM_837
from claimlake.sources.x12.remittance_835 import REMITTANCE
from claimlake.sources.x12.spec import Table

SPECIFICATIONS = (CLAIM_837, ACKNOWLEDGEMENT_277, ACKNOWLEDGEMENT_999, REMITTANCE)


@dataclass(frozen=True)
class Field:
    """One column of a contract."""

    name: str
    type: str
    phi: bool
    about: str
    """The elements it is read from."""


@dataclass(frozen=True)
class TableContract:
    """One table the reader makes; rows also carry source_row, byte_offset and byte_length."""

    table: str
    grain: str
    columns: tuple[Field, ...]


def _fields(*columns: tuple[str, str, str]) -> tuple[Field, ...]:
    return tuple(Field(name, kind, phi=False, about=about) for name, kind, about in columns)


ENVELOPE_CONTRACTS = (
    TableContract(
        "x12_interchange",
        "one interchange (ISA to IEA)",
        _fields(
            ("interchange_no", "bigint", "number of the ISA in the file"),
            ("sender_qualifier", "text", "ISA05"),
            ("sender_id", "text", "ISA06"),
            ("receiver_qualifier", "text", "ISA07"),
            ("receiver_id", "text", "ISA08"),
            ("interchange_at", "timestamp", "ISA09, ISA10"),
            ("version", "text", "ISA12"),
            ("control_number", "text", "ISA13"),
            ("usage", "text", "ISA15"),
        ),
    ),
    TableContract(
        "x12_transaction",
        "one transaction set (ST to SE) of any type, and what became of it",
        _fields(
            ("transaction_no", "bigint", "number of the ST in the file"),
            ("interchange_no", "bigint", "number of its ISA in the file"),
            ("group_no", "bigint", "number of its GS in the file"),
            ("transaction_code", "text", "ST01"),
            ("control_number", "text", "ST02"),
            ("implementation", "text", "ST03, else GS08"),
            ("functional_code", "text", "GS01"),
            ("group_control_number", "text", "GS06"),
            ("group_at", "timestamp", "GS04, GS05"),
            ("interchange_control", "text", "ISA13"),
            ("segment_count", "bigint", "segments from ST to SE, counted"),
            ("status", "text", "accepted, quarantined or unsupported"),
            ("reason_code", "text", "the rule that holds it"),
            ("reason", "text", "why it is held, in words"),
        ),
    ),
    TableContract(
        "x12_finding",
        "one broken rule at one place",
        _fields(
            ("transaction_no", "bigint", "number of the ST in the file; null for the envelope"),
            ("rule", "text", "code of the rule"),
            ("severity", "text", "warn, quarantine or fail"),
            ("loop", "text", "loop it concerns"),
            ("segment", "text", "segment it concerns"),
            ("segment_no", "bigint", "number of the segment in the file"),
            ("reason", "text", "what is wrong, without patient data"),
        ),
    ),
    TableContract(
        "ack_ta1",
        "one answer to a whole interchange (TA1)",
        _fields(
            ("interchange_control", "text", "TA101"),
            ("interchange_at", "timestamp", "TA102, TA103"),
            ("status", "text", "TA104"),
            ("note_code", "text", "TA105"),
        ),
    ),
)

Scope = Literal["main", "detail", "lossless"]
"""Which tables of a file are made; each has those of the one before."""

SEGMENT_CONTRACT = TableContract(
    "x12_segment",
    "one segment as received; content and ending (or raw) of all of them, in order, are the file",
    (
        Field("interchange_no", "int", phi=False, about="number of its ISA in the file"),
        Field("transaction_no", "int", phi=False, about="number of its ST in the file, if any"),
        Field("loop", "text", phi=False, about="loop it stands in"),
        Field("segment_id", "text", phi=False, about="its first element; null for text outside segments"),
        Field("content", "text", phi=True, about="the segment without its terminator"),
        Field("ending", "binary", phi=False, about="what follows it up to the next segment"),
        Field("raw", "binary", phi=True, about="its bytes up to the next one, if they are not UTF-8"),
    ),
)


def _contract(table: Table) -> TableContract:
    fields = tuple(Field(item.name, item.type, item.phi, item.citation) for item in table.columns)
    return TableContract(table.name, table.grain, fields)


CONTRACTS: tuple[TableContract, ...] = ENVELOPE_CONTRACTS + tuple(
    _contract(table) for transaction in SPECIFICATIONS for table in transaction.tables
)
"""The tables that are always made."""

DETAIL_CONTRACTS: tuple[TableContract, ...] = tuple(
    _contract(table) for transaction in SPECIFICATIONS for table in transaction.details
)
"""The tables that are made in detail, besides."""

ALL_CONTRACTS = (*CONTRACTS, *DETAIL_CONTRACTS, SEGMENT_CONTRACT)
CONTRACT_BY_TABLE = {contract.table: contract for contract in ALL_CONTRACTS}


def contracts_of(scope: Scope) -> tuple[TableContract, ...]:
    """The tables that a scope has."""
    if scope == "main":
        return CONTRACTS
    return (*CONTRACTS, *DETAIL_CONTRACTS) if scope == "detail" else ALL_CONTRACTS
