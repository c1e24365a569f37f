"""From the records of one file to rows of bronze: typed, checked, deduplicated, the rest to quarantine."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import duckdb
import numpy as np

from claimlake.engines.sql import literal, quoted
from claimlake.lake.contract import Contract
from claimlake.lake.land import GONE, QUARANTINE, Finding, Stage
from claimlake.lake.ledger import Counts
from claimlake.sources.mapping import Feed, Target
from claimlake.sources.projection import WITHOUT, Fault, Projection, project, refuse_bad_mapping
from claimlake.sources.record import BROKEN, TABLE, Records
from claimlake.sources.report import Amounts, FileReport
from claimlake.sources.vanished import key_sql, own_key
from claimlake.sources.x12.spec import MONEY

UNMATCHED = Fault("ALL-15", "record fits no table of its feed")
BROKEN_RULE = "ALL-14"


class FileRefusedError(Exception):
    """The file as a whole breaks a rule, so nothing of it is loaded."""

    def __init__(self, rule: str, reason: str) -> None:
        super().__init__(reason)
        self.rule = rule
        self.reason = reason


@dataclass(frozen=True)
class Origin:
    """Where the records of one file come from."""

    source_system_id: str
    file_id: str
    path: str
    arrived_at: datetime | None = None
    """UTC; when they came, where they are read again later. Else the time of their load."""


@dataclass(frozen=True)
class _Part:
    """One target of the feed and where its faults start among those of all targets."""

    number: int
    target: Target
    contract: Contract
    projection: Projection
    first_fault: int

    @property
    def projected(self) -> str:
        return f"projected_{self.number}"

    @property
    def fresh(self) -> str:
        return f"fresh_{self.number}"


def conform(stage: Stage, feed: Feed, origin: Origin, records: Records, report: FileReport) -> None:
    """Add the records that hold their contracts to the stage, and count what became of every one."""
    parts = _project(stage, feed)
    faults = [fault for part in parts for fault in part.projection.faults] + [UNMATCHED]
    _judge(stage.connection, parts, faults)
    for part in parts:
        _select_fresh(stage, part, origin)
        if stage.load.is_full and own_key(part.contract):
            _see_keys(stage, part)
        _warn(stage, part, feed, origin, report)
    for part in parts:  # nothing is added unless every rule of every table could be judged
        stage.add(part.target.table, _rows_sql(stage, part, origin, feed.omit))
    _quarantine(stage, parts, faults, origin, report)
    for part in parts:
        _settle(stage, part, origin)
    _count(stage, parts, records, origin, report)


def _project(stage: Stage, feed: Feed) -> list[_Part]:
    parts: list[_Part] = []
    first_fault = 0
    for number, target in enumerate(feed.into):
        contract = stage.contracts[target.table]
        part = _Part(number, target, contract, project(target, contract, feed.codes), first_fault)
        try:
            stage.connection.execute(
                f"create or replace temp table {part.projected} as {part.projection.sql}"
            )
        except duckdb.Error as error:
            raise refuse_bad_mapping(error, feed, target) from error
        parts.append(part)
        first_fault += len(part.projection.faults)
    return parts


def _judge(connection: duckdb.DuckDBPyConnection, parts: Sequence[_Part], faults: Sequence[Fault]) -> None:
    """Leave `verdict`: each bad record and its first fault. One bad row keeps the whole record out."""
    found = " union all ".join(
        f"select _row, _fault + {part.first_fault} as fault from {part.projected} where _fault is not null"
        for part in parts
    )
    placed = " union all ".join(f"select _row from {part.projected}" for part in parts)
    connection.execute(
        "create or replace temp table verdict as select _row, min(fault) as fault from ("
        f"{found} union all select _row, {len(faults) - 1} from {TABLE} "
        f"where _row not in ({placed})) group by _row"
    )
    worst = connection.execute("select fault, count(*) from verdict group by fault order by fault").fetchall()
    for position, _ in worst:
        if faults[position].severity == "fail":
            raise FileRefusedError(faults[position].rule, faults[position].reason)


def _select_fresh(stage: Stage, part: _Part, origin: Origin) -> None:
    """Leave the rows that bring news: whose content differs from the latest of their key.

    A key with several contents in one file is a history: its rows are compared with all earlier ones. One
    that had vanished is back, so its rows are news whatever they hold. Records that are read again are
    compared with what was the latest when they came, and with the latest of all, so that none is there twice.
    """
    history = stage.history(part.target.table, key_sql(part.contract, "record_hash"))
    system, at = literal(origin.source_system_id), _arrival(stage, origin)
    again = (
        "union select key, arg_max(record_hash, (came_at, place)) from earlier group by key"
        if origin.arrived_at
        else ""
    )
    newest, until = ("(came_at, place)", f"where came_at <= {at}") if again else ("place", "")
    # Only what tells news apart is grouped and joined; the rows with all they carry are picked by it once.
    stage.connection.execute(f"""
        create or replace temp table {part.fresh} as
        with incoming as (
            select _row, projected._item, projected._own, {_hash_sql(part)} as _hash
            from (
                select _row, _item, {key_sql(part.contract, "null")} as _own from {part.projected}
                where _row not in (select _row from verdict)
            ) as projected
            join {TABLE} as record using (_row)
        ),
        keyed as (select _row, _item, _hash, coalesce(_own, _hash) as _key from incoming),
        single as (
            select _key, _hash, min(_row) as _row, arg_min(_item, (_row, _item)) as _item
            from keyed group by _key, _hash
        ),
        several as (select _key from single group by _key having count(*) > 1),
        earlier as (select * from {history} where source_system_id = {system}),
        latest as (
            select key, arg_max(record_hash, {newest}) as record_hash from earlier {until} group by key
        ),
        known as (
            from latest
            {again}
            union
            select key, record_hash from earlier where key in (select _key from several)
                and key not in (select key from latest where record_hash = '{GONE}')
        )
        select single.* from single
        left join known on single._key = known.key and single._hash = known.record_hash
        where known.key is null
    """)
    stage.connection.execute(
        f"insert into {history} select {system}, _key, _hash, "
        f"(select coalesce(max(place), 0) from {history}) + row_number() over (order by _row, _item), {at} "
        f"from {part.fresh}"
    )


def _hash_sql(part: _Part) -> str:
    """The hash of a row: that of its record, and the number of the element that is the row."""
    if not part.target.rows:
        return "record._hash"
    return "sha256(concat_ws('|', record._hash, projected._item))"


def _raw_sql(part: _Part, omit: Sequence[str]) -> str:
    """What a row is kept of its record: all of it, or the element that is the row."""
    if not part.target.rows:
        return "record._raw"
    if not omit:
        return "projected._text"
    return f"{WITHOUT}(projected._text, [{', '.join(literal(name.lower()) for name in omit)}])"


def _see_keys(stage: Stage, part: _Part) -> None:
    stage.connection.execute(
        f"insert into {stage.seen_keys(part.target.table)} "
        f"select {key_sql(part.contract, '')} from {part.projected}"
    )


def _rows_sql(stage: Stage, part: _Part, origin: Origin, omit: Sequence[str]) -> str:
    columns = ", ".join(f"projected.{quoted(column.name)}" for column in part.contract.columns)
    return (
        f"select {_standard(stage, origin)}, {_raw_sql(part, omit)} as raw, fresh._hash as record_hash, "
        f"{columns} from {part.projected} as projected join {part.fresh} as fresh using (_row, _item) "
        f"join {TABLE} as record using (_row) order by _row, _item"
    )


def _standard(stage: Stage, origin: Origin) -> str:
    return (
        f"{literal(stage.load.org_id)} as org_id, {literal(origin.source_system_id)} as source_system_id, "
        f"{literal(stage.load.load_id)} as load_id, {literal(origin.file_id)} as file_id, "
        f"{literal(origin.path)} as source_file, _row as source_row, record._offset as byte_offset, "
        f"record._length as byte_length, {_arrival(stage, origin)} as ingested_at"
    )


def _arrival(stage: Stage, origin: Origin) -> str:
    """SQL of when the records came: what is read again stays as old as it is."""
    return f"timestamp '{origin.arrived_at or stage.load.planned_at}'"


def _settle(stage: Stage, part: _Part, origin: Origin) -> None:
    """A record that holds its contract now is waited for no longer."""
    if own_key(part.contract):
        stage.settle(
            "fixed_upstream",
            part.target.table,
            origin.source_system_id,
            f"select sha256({key_sql(part.contract, '')}) from {part.projected} "
            "where _row not in (select _row from verdict)",
        )


def _keys(parts: Sequence[_Part]) -> str:
    """SQL of a key of every bad record in every table that has keys: _row, table_name, record_key."""
    selects = ["select 0::bigint as _row, '' as table_name, '' as record_key where false"]
    for part in parts:
        names = own_key(part.contract)
        if names:
            needed = [
                column.name for column in part.contract.columns if column.required and column.name in names
            ]
            whole = " and ".join(f"{quoted(name)} is not null" for name in needed or names)
            selects.append(
                f"select _row, {literal(part.target.table)}, sha256({key_sql(part.contract, '')}) "
                f"from {part.projected} where _row in (select _row from verdict) and {whole}"
            )
    # A record of several rows waits under the key of one of them: it is loaded as a whole or not at all.
    return (
        "select _row, table_name, min(record_key) as record_key from ("
        f"{' union all '.join(selects)}) group by _row, table_name"
    )


def _warn(stage: Stage, part: _Part, feed: Feed, origin: Origin, report: FileReport) -> None:
    warnings = part.projection.warnings
    if not warnings:
        return
    checked, *counts = _counted(stage, part, feed)
    for (fault, _), failed in zip(warnings, counts, strict=True):
        finding = Finding(origin.source_system_id, part.target.table, fault.rule, "warn", fault.reason)
        stage.note(finding, checked=checked, failed=failed)
        if failed:
            report.warnings[fault.rule, fault.reason] += failed


def _counted(stage: Stage, part: _Part, feed: Feed) -> list[int]:
    """How many rows are news, and how many of them deserve each warning."""
    rows = f"from {part.projected} semi join {part.fresh} using (_row, _item)"
    filters = [f"count(*) filter (where {predicate})" for _, predicate in part.projection.warnings]
    try:
        return list(
            stage.connection.execute(f"select {', '.join(['count(*)', *filters])} {rows}").fetchall()[0]
        )
    except duckdb.Error:
        for (fault, _), one in zip(part.projection.warnings, filters, strict=True):
            try:
                stage.connection.execute(f"select {one} {rows}")
            except duckdb.Error as error:
                raise refuse_bad_mapping(error, feed, part.target, fault.rule) from None
        raise


def _quarantine(
    stage: Stage, parts: Sequence[_Part], faults: Sequence[Fault], origin: Origin, report: FileReport
) -> None:
    tables = [part.target.table for part in parts for _ in part.projection.faults] + [parts[0].target.table]
    fault_rows = {  # noqa: F841 - DuckDB finds it by name
        "fault": np.arange(len(faults)),
        "rule": np.array([fault.rule for fault in faults], dtype=object),
        "reason": np.array([fault.reason for fault in faults], dtype=object),
        "table_name": np.array(tables, dtype=object),
    }
    stage.connection.execute(f"""
        create or replace temp table held as
        select record._row, record._offset, record._length, record._raw, record._hash,
            broken.rule, broken.reason, broken.table_name, keyed.record_key
        from verdict join {TABLE} as record on verdict._row = record._row
        join fault_rows as broken on verdict.fault = broken.fault
        left join ({_keys(parts)}) as keyed
            on keyed._row = record._row and keyed.table_name = broken.table_name
        union all
        select _row, _offset, _length, _raw, sha256(_raw), '{BROKEN_RULE}', _reason,
            {literal(parts[0].target.table)}, null from {BROKEN}
    """)
    stage.add(QUARANTINE, _quarantine_sql(stage, origin))
    counted = stage.connection.execute(
        "select rule, reason, table_name, count(*) from held group by all"
    ).fetchall()
    for rule, reason, table, failed in counted:
        report.quarantined[rule, reason] += failed
        finding = Finding(origin.source_system_id, table, rule, "quarantine", reason)
        stage.note(finding, checked=failed, failed=failed)


def _quarantine_sql(stage: Stage, origin: Origin) -> str:
    system = literal(origin.source_system_id)
    # The same record with the same fault has one id however often it is delivered.
    return f"""
        select {literal(stage.load.org_id)} as org_id, {system} as source_system_id,
            sha256(concat_ws('|', {literal(stage.load.org_id)}, {system}, table_name, rule, _hash,
                row_number() over (partition by table_name, rule, _hash order by _row))) as quarantine_id,
            {literal(stage.load.load_id)} as load_id, table_name, rule as rule_id, reason,
            {literal(origin.file_id)} as file_id, {literal(origin.path)} as source_file, _row as source_row,
            _offset as byte_offset, _length as byte_length, _raw as raw, record_key,
            timestamp '{stage.load.planned_at}' as quarantined_at,
            date '{stage.load.planned_at.date()}' as quarantined_date
        from held
    """


def _count(
    stage: Stage, parts: Sequence[_Part], records: Records, origin: Origin, report: FileReport
) -> None:
    fresh = " union ".join(f"select _row from {part.fresh}" for part in parts)
    loaded = int(stage.connection.execute(f"select count(*) from ({fresh})").fetchall()[0][0])
    held = int(stage.connection.execute("select count(*) from held").fetchall()[0][0])
    report.counts.delivered = records.delivered
    report.counts.loaded = loaded
    report.counts.quarantined = held
    report.counts.duplicates = records.delivered - loaded - held
    for part in parts:
        report.tables.setdefault(part.target.table, Counts()).add(_rows_of(stage, part))
        for name, amounts in _amounts_of(stage, part).items():
            report.amounts.setdefault(f"{part.target.table}.{name}", Amounts()).add(amounts)
    if report.counts.duplicates:
        reason = "duplicate delivery, ignored"
        report.warnings["ALL-03", reason] += report.counts.duplicates
        finding = Finding(origin.source_system_id, parts[0].target.table, "ALL-03", "warn", reason)
        stage.note(finding, checked=records.delivered, failed=report.counts.duplicates)


def _rows_of(stage: Stage, part: _Part) -> Counts:
    """What became of the rows of one table; a record that is held keeps all of its rows out."""
    listed = _listed(part)
    delivered, held = stage.connection.execute(
        "select count(*), count(*) filter (where _row in (select _row from verdict)) "
        f"from {part.projected} where {listed}"
    ).fetchall()[0]
    loaded = int(stage.connection.execute(f"select count(*) from {part.fresh}").fetchall()[0][0])
    return Counts(delivered, loaded, held, delivered - loaded - held)


def _listed(part: _Part) -> str:
    """SQL of whether a projected row is one: a record without the list it should have is not."""
    return f"_fault is distinct from {len(part.projection.faults) - 1}" if part.target.rows else "true"


def _amounts_of(stage: Stage, part: _Part) -> dict[str, Amounts]:
    """What became of the money of one table, by column: three sums of their own and what they leave over."""
    names = [column.name for column in part.contract.columns if column.type == MONEY]
    if not names:
        return {}
    sums = ", ".join(f"coalesce(sum({quoted(name)}), 0)" for name in names)
    every = f"select {sums} from {part.projected} where {_listed(part)}"
    held = f"{every} and _row in (select _row from verdict)"
    loaded = f"select {sums} from {part.projected} semi join {part.fresh} using (_row, _item)"
    (found,) = stage.connection.execute(
        f"from ({every}) cross join ({loaded}) cross join ({held})"
    ).fetchall()
    count = len(names)
    return {
        name: Amounts(all_, new, bad, all_ - new - bad)
        for name, all_, new, bad in zip(
            names, found[:count], found[count : 2 * count], found[2 * count :], strict=True
        )
    }
