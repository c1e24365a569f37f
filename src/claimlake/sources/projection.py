"""The SQL that turns records, all text, into typed rows of a bronze table, and says what is wrong."""

import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import duckdb

from claimlake.engines.sql import quoted
from claimlake.errors import ConfigurationError
from claimlake.lake.contract import Column, Contract, Expectation
from claimlake.sources.code_map import Call, CodeMap, calls, define_codes
from claimlake.sources.json_text import text_without
from claimlake.sources.list_item import IS_LIST, PLACE, TEXT, items_sql
from claimlake.sources.mapping import ROW_NUMBER, Feed, Target

RECORDS = "source_record"
"""View of the records of one file: `_row` and one text column for each source column, blanks as null."""

WITHOUT = "json_without"
"""Function of a connection: a JSON text without the members of some lower-case names."""
DATE_FORMATS = (
    "%m/%d/%Y",
    "%Y%m%d",
    "%m/%d/%Y %H:%M:%S",
    "%m/%d/%Y %H:%M",
    "%m/%d/%Y %I:%M:%S %p",
    "%d-%b-%Y",
    "%Y%m%d%H%M%S",
)
"""What is read beside ISO 8601; month first, as US systems write it."""


@dataclass(frozen=True)
class Fault:
    """One way a row can fail its contract."""

    rule: str
    reason: str
    severity: str = "quarantine"


@dataclass(frozen=True)
class Projection:
    """A statement that gives `_row`, `_item`, `_text`, `_fault` and the columns of a table.

    `_fault` is a position in `faults`, or null. `_item` and `_text` are the number of an element of a list in
    its record and its JSON text; 0 and null where the row is the record.
    """

    sql: str
    faults: tuple[Fault, ...]
    warnings: tuple[tuple[Fault, str], ...]
    """Each warning and the SQL predicate, over the table's columns, that rows which deserve it meet."""


def define_functions(connection: duckdb.DuckDBPyConnection, secret: bytes) -> None:
    """Add what mappings and contracts may call, keyed_hash, float_money and npi_check_digit, and WITHOUT."""
    block = secret if len(secret) <= 64 else hashlib.sha256(secret).digest()
    padded = block.ljust(64, b"\0")
    inner = bytes(byte ^ 0x36 for byte in padded).hex()
    outer = bytes(byte ^ 0x5C for byte in padded).hex()
    # HMAC (RFC 2104) written out, because DuckDB has SHA-256 only; equal to `keyed_hash` below.
    connection.execute(
        f"create or replace macro keyed_hash(value) as "
        f"sha256(unhex('{outer}') || unhex(sha256(unhex('{inner}') || encode(cast(value as varchar)))))"
    )
    # A 32-bit float written out in full (988.3699951171875) means the cents amount it is a float of (988.37).
    # Only below 100,000 is every cents amount a float of its own; anything else stays as it came, for ALL-09.
    connection.execute(
        "create or replace macro float_money(value) as case "
        "when abs(try_cast(value as double)) < 100000 "
        "and try_cast(value as float) = cast(round(try_cast(value as decimal(38, 20)), 2) as float) "
        "then cast(cast(round(try_cast(value as decimal(38, 20)), 2) as decimal(18, 2)) as varchar) "
        "else value end"
    )
    connection.execute(
        "create or replace macro npi_check_digit(npi) as "
        "(24 + list_sum(list_transform(range(1, 11), lambda place: "
        "case when place % 2 = 0 then try_cast(substr(npi, place, 1) as int) "
        "else (2 * try_cast(substr(npi, place, 1) as int)) // 10 "
        "+ (2 * try_cast(substr(npi, place, 1) as int)) % 10 end))) % 10 = 0"
    )
    connection.create_function(WITHOUT, text_without, ["VARCHAR", "VARCHAR[]"], "VARCHAR")


def keyed_hash(secret: bytes, value: str) -> str:
    """HMAC-SHA256 of a text as lower-case hex."""
    return hmac.new(secret, value.encode(), hashlib.sha256).hexdigest()


def define_records(
    connection: duckdb.DuckDBPyConnection, feed: Feed, columns: Mapping[str, str], table: str
) -> None:
    """Create the view of a file's records: its columns (name → SQL over `table`), those it lacks as null."""
    define_codes(connection, feed.codes)
    given = {name.lower() for name in columns}
    parts = [f"nullif(trim({value}), '') as {quoted(name)}" for name, value in columns.items()]
    parts += [
        f"cast(null as varchar) as {quoted(name)}"
        for name in sorted({name.lower() for name in feed.referenced()} - given)
    ]
    connection.execute(
        f"create or replace temp view {RECORDS} as select {ROW_NUMBER}, {', '.join(parts)} from {table}"
    )


def missing_columns(feed: Feed, columns: Iterable[str], contracts: Mapping[str, Contract]) -> list[str]:
    """Source columns a file lacks without which none of its records could be loaded."""
    given = {name.lower() for name in columns}
    missing: set[str] = set()
    for target in feed.into:
        required = {column.name for column in contracts[target.table].columns if column.required}
        for name, expression in target.fields:
            used = target.columns_of(expression)
            if name in required and used and not {column.lower() for column in used} & given:
                missing |= used
    return sorted(missing)


def project(target: Target, contract: Contract, codes: Iterable[CodeMap] = ()) -> Projection:
    """The statement that fills one bronze table from the records."""
    contract = replace(contract, expectations=contract.expectations + target.rules)
    written = dict(target.fields)
    lookups = calls(written.values(), codes)
    held = [call for call in lookups if call.code_map.unmapped in ("quarantine", "fail")]
    faults = [*_faults(contract, written), *(_code_fault(call) for call in held)]
    if target.rows:
        faults.append(Fault("ALL-13", f"{'.'.join(target.rows)} is not a list"))
    flags = {call: f"_unmapped_{place}" for place, call in enumerate(lookups)}
    values = [f"cast({expression} as varchar) as {quoted(name)}" for name, expression in target.fields]
    values += [f"({call.is_unmapped}) as {flag}" for call, flag in flags.items()]
    typed = [*(_typed(column, written) for column in contract.columns), *flags.values()]
    broken = [
        f"{quoted(column.name)} is not null and {cast_sql(column)} is null"
        for column in contract.columns
        if column.name in written
    ]
    absent = [f"{quoted(column.name)} is null" for column in contract.columns if column.required]
    untrue = [
        f"not ({expectation.check})"
        for expectation in contract.expectations
        if expectation.severity != "warn"
    ]
    late = len(broken)
    unmapped = late + len(absent) + len(untrue)
    trimmed = [*(_trimmed(name) for name, _ in target.fields), *flags.values()]
    place = [ROW_NUMBER, PLACE, TEXT, IS_LIST]
    sql = f"""
        with written as (
            select {", ".join([*place, *values])} from ({_rows_sql(target)})
            where not {IS_LIST} or ({target.where or "true"})
        ),
        trimmed as (
            select {", ".join([*place, *trimmed])} from written
        ),
        typed as (
            select {", ".join([*place, f"{_first(broken, 0)} as _untyped", *typed])} from trimmed
        )
        select * exclude ({IS_LIST}), case when not {IS_LIST} then {len(faults) - 1}
            else coalesce({_first([flags[call] for call in held], unmapped)}, _untyped,
            {_first(absent + untrue, late)}) end as _fault from typed
    """
    warnings = [
        (_fault(expectation), f"not ({expectation.check})")
        for expectation in contract.expectations
        if expectation.severity == "warn"
    ]
    warnings += [
        (_code_fault(call), flag) for call, flag in flags.items() if call.code_map.unmapped == "warn"
    ]
    return Projection(sql=sql, faults=tuple(faults), warnings=tuple(warnings))


def _rows_sql(target: Target) -> str:
    """The records, or the elements of the list inside them that become rows."""
    if target.rows:
        return items_sql(RECORDS, target.rows, target.expressions)
    return f"select *, 0::bigint as {PLACE}, null::varchar as {TEXT}, true as {IS_LIST} from {RECORDS}"


def refuse_bad_mapping(error: duckdb.Error, feed: Feed, target: Target, rule: str = "") -> ConfigurationError:
    """The error for a statement that DuckDB refused; its message may quote values, so it is not repeated."""
    what = f"rule {rule} of" if rule else "the expressions for"
    kind = type(error).__name__.removesuffix("Exception")
    hint = f" {_candidate(error)}" if isinstance(error, duckdb.BinderException) else ""
    return ConfigurationError(
        f"{what} {target.table} {'fails' if rule else 'fail'} ({kind}).{hint}",
        where=f"feed {feed.name}",
        remedy="Use try_cast instead of cast, columns and functions that exist, and double quotes around "
        "names that SQL keeps for itself.",
    )


def _candidate(error: duckdb.BinderException) -> str:
    return str(error).splitlines()[0].removeprefix("Binder Error: ")


def _trimmed(name: str) -> str:
    return f"nullif(trim({quoted(name)}), '') as {quoted(name)}"


def _typed(column: Column, written: Mapping[str, str]) -> str:
    value = cast_sql(column) if column.name in written else f"cast(null as {_sql_type(column.type)})"
    return f"{value} as {quoted(column.name)}"


def _sql_type(kind: str) -> str:
    return kind.replace("text", "varchar")


def cast_sql(column: Column) -> str:
    """SQL that makes a text in a column of this name its type, null when it is not of it."""
    value = quoted(column.name)
    if column.type == "text":
        return value
    if column.type == "date":
        return f"coalesce({_iso(value, 'date')}, cast({_us_time(value)} as date))"
    if column.type == "timestamp":
        # A stated offset is applied, so that the stored time is UTC; DuckDB's plain cast would drop it.
        return (
            f"case when regexp_matches({value}, ':.*[+-][0-9]{{2}}:?[0-9]{{2}}$') "
            f"then make_timestamp(epoch_us(try_cast({value} as timestamptz))) "
            f"else coalesce({_iso(value, 'timestamp')}, {_us_time(value)}) end"
        )
    if column.type.startswith("decimal") or column.type in ("int", "bigint"):
        return _exact(value, column.type)
    return f"try_cast({value} as {_sql_type(column.type)})"


def _iso(value: str, kind: str) -> str:
    return f"try_cast({_starts_with_digit(value)} as {kind})"


def _starts_with_digit(value: str) -> str:
    """Keeps words out, of which DuckDB understands some: infinity, epoch, today."""
    return f"case when regexp_matches({value}, '^[0-9]') then {value} end"


def _us_time(value: str) -> str:
    formats = ", ".join(f"'{pattern}'" for pattern in DATE_FORMATS)
    return f"try_strptime({_starts_with_digit(value)}, [{formats}])"


def _exact(value: str, kind: str) -> str:
    """A cast that refuses to round; '$' and thousands commas are accepted."""
    plain = (
        f"case when regexp_full_match({value}, '[-+]?[$]?[0-9]{{1,3}}(,[0-9]{{3}})*([.][0-9]*)?') "
        f"then replace(replace({value}, '$', ''), ',', '') else {value} end"
    )
    return (
        f"case when try_cast({plain} as {kind}) = try_cast({plain} as decimal(38, 12)) "
        f"then try_cast({plain} as {kind}) end"
    )


def _faults(contract: Contract, written: Mapping[str, str]) -> Iterable[Fault]:
    for column in contract.columns:
        if column.name in written:
            yield _type_fault(column)
    for column in contract.columns:
        if column.required:
            yield Fault("ALL-07", f"key {column.name} is missing")
    for expectation in contract.expectations:
        if expectation.severity != "warn":
            yield _fault(expectation)


def _type_fault(column: Column) -> Fault:
    if re.fullmatch(r"decimal\(\d+,2\)", column.type):
        return Fault("ALL-09", f"amount {column.name} is not a money value")
    if column.type in ("date", "timestamp"):
        return Fault("ALL-10", f"date {column.name} is invalid or out of range")
    return Fault("ALL-13", f"{column.name} is not of type {column.type}")


def _fault(expectation: Expectation) -> Fault:
    return Fault(expectation.rule, expectation.reason, expectation.severity)


def _code_fault(call: Call) -> Fault:
    return Fault(call.code_map.rule, call.reason, call.code_map.unmapped)


def _first(conditions: list[str], start: int) -> str:
    if not conditions:
        return "cast(null as int)"
    cases = " ".join(f"when {condition} then {start + at}" for at, condition in enumerate(conditions))
    return f"case {cases} end"
