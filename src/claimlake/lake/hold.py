"""Holding: rows that break a quarantine rule of a built table stay out of it until they are mended."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

import duckdb

from claimlake.engines.engine import Engine
from claimlake.engines.sql import literal
from claimlake.errors import ModelError
from claimlake.lake.land import PLATFORM_COLUMNS, QUARANTINE, embedded, now_sql, quarantine_sql, scan_sql
from claimlake.lake.model import Model
from claimlake.lake.table import Lake, partition_of
from claimlake.workspace import Workspace

ROW = "(.*)#([0-9]+)"
"""A source_record_id of a row: file and row."""
BYTES = "(.*)@([0-9]+)[+]([0-9]+)"
"""A source_record_id of an X12 loop: file, offset and length."""
HELD_COLUMNS = ", ".join(name for name, _ in PLATFORM_COLUMNS[QUARANTINE])


def holding_sql(model: Model) -> str:
    """The ids of the rules that hold rows back, as SQL lists them."""
    return ", ".join(literal(rule) for rule in model.holding)


def hold(engine: Engine, model: Model, columns: Sequence[str]) -> tuple[str, int]:
    """Name of the rows of a staged model that its gate lets through, and how many it does not."""
    gate = model.gate
    if gate is None or not _count(engine, f"{gate.name} where rule_id in ({holding_sql(gate)})"):
        return model.name, 0
    held = (
        "select distinct org_id as held_org_id, record_key as held_key "
        f"from {gate.name} where rule_id in ({holding_sql(gate)})"
    )
    is_held = f"judged.org_id = held.held_org_id and ({gate.key}) = held.held_key"
    strays = _count(
        engine, f"({held}) as held left join {model.name} as judged on {is_held} where org_id is null"
    )
    if strays:
        raise ModelError(
            f"{strays} of its keys name no row of {model.name}.",
            where=f"quality/{gate.file.name}:1",
            remedy="Make '-- key:' the same SQL as record_key.",
        )
    kept = f"kept.{model.name.partition('.')[2]}"
    selected = ", ".join(f'judged."{name}"' for name in columns)
    engine.define(
        kept,
        f"select {selected} from {model.name} as judged left join ({held}) as held on {is_held} "
        "where held.held_key is null",
    )
    return kept, _count(engine, model.name) - _count(engine, kept)


def record_held(workspace: Workspace, gates: Sequence[Model]) -> None:
    """Enter in quarantine what is held now and was not, and close what is no longer held, tenant by tenant.

    It compares states, so that doing it again changes nothing. What someone discarded stays closed until it
    is delivered again.
    """
    lake = Lake(workspace.lake_path)
    tables = [*(gate.name for gate in gates), QUARANTINE]
    with embedded(workspace) as connection:
        for org_id in _tenants(lake, tables):
            if _compare(connection, lake, gates, org_id):
                _locate(connection, workspace, org_id)
                lake.create(QUARANTINE, PLATFORM_COLUMNS[QUARANTINE])
                lake.append(QUARANTINE, connection.sql(f"select {HELD_COLUMNS} from news"))


def _count(engine: Engine, source: str) -> int:
    return int(engine.rows(f"select count(*) as counted from {source}")[0][0])


def _tenants(lake: Lake, tables: Iterable[str]) -> list[str]:
    files = (file for table in tables if lake.exists(table) for file in lake.files(table))
    return sorted({org_id for file in files if (org_id := partition_of(file, "org_id"))})


def _compare(connection: duckdb.DuckDBPyConnection, lake: Lake, gates: Sequence[Model], org_id: str) -> int:
    """Fill the table news with the rows quarantine lacks; how many there are."""
    now = datetime.now(UTC).replace(tzinfo=None)
    described = ", ".join(f"{name} {kind}" for name, kind in PLATFORM_COLUMNS[QUARANTINE])
    connection.execute(f"create or replace temp table news ({described})")
    connection.execute(f"create or replace temp table held as {_held_sql(lake, gates, org_id)}")
    known = quarantine_sql(lake, org_id)
    waiting = (
        f"(select * from {now_sql(known)} where starts_with(table_name, 'silver.'))" if known else "news"
    )
    connection.execute(f"create or replace temp table waiting as select * from {waiting}")
    connection.execute(
        f"insert into news by name select held.*, {literal(org_id)} as org_id, "
        f"timestamp '{now}' as quarantined_at, date '{now.date()}' as quarantined_date "
        "from held left join waiting using (quarantine_id) "
        "where waiting.quarantine_id is null or waiting.reason <> held.reason "
        "or (waiting.resolved_at is not null and waiting.resolution <> 'discarded') "
        "or waiting.file_id is distinct from held.file_id "
        "or waiting.source_row is distinct from held.source_row "
        "or waiting.byte_offset is distinct from held.byte_offset"
    )
    connection.execute(
        f"insert into news by name select waiting.* replace (timestamp '{now}' as resolved_at, "
        "case when good.record_id is null then 'fixed_upstream' else 'replayed' end as resolution) "
        f"from waiting left join ({_good_sql(lake, gates, org_id)}) as good "
        "on good.table_name = waiting.table_name "
        "and good.record_id = waiting.file_id || coalesce('#' || waiting.source_row, "
        "'@' || waiting.byte_offset || '+' || waiting.byte_length) "
        "where resolved_at is null and quarantine_id not in (select quarantine_id from held)"
    )
    return int(connection.sql("select count(*) from news").fetchall()[0][0])


def _held_sql(lake: Lake, gates: Sequence[Model], org_id: str) -> str:
    """The quarantine rows of what is held now."""
    empty = ", ".join(
        f"null::text as {name}"
        for name in ("source_system_id", "table_name", "rule_id", "reason", "record_key", "source_record_id")
    )
    parts = [f"select {empty} where false"]
    for gate in gates:
        scan = scan_sql(lake, gate.name, org_id)
        for rule in gate.rules if scan else ():
            if rule.severity == "quarantine":
                parts.append(
                    f"select source_system_id, {literal(gate.of)}, rule_id, {literal(rule.reason)}, "
                    f"record_key, source_record_id from {scan} where rule_id = {literal(rule.id)}"
                )
    place = f"regexp_extract(source_record_id, '{BYTES}', {{}})"
    row = f"regexp_extract(source_record_id, '{ROW}', {{}})"
    return f"""
        select sha256(concat_ws('|', {literal(org_id)}, table_name, rule_id, record_key)) as quarantine_id,
            source_system_id, table_name, rule_id, reason, record_key,
            coalesce(nullif({place.format(1)}, ''), nullif({row.format(1)}, '')) as file_id,
            try_cast({row.format(2)} as bigint) as source_row,
            try_cast({place.format(2)} as bigint) as byte_offset,
            try_cast({place.format(3)} as bigint) as byte_length
        from ({" union all ".join(parts)})
    """


def _good_sql(lake: Lake, gates: Sequence[Model], org_id: str) -> str:
    """The source records that stand in a judged table: one that was held and is among them was accepted."""
    parts = ["select '' as table_name, '' as record_id where false"]
    for gate in gates:
        if scan := scan_sql(lake, gate.of, org_id):
            parts.append(f"select distinct {literal(gate.of)}, source_record_id from {scan}")
    return " union all ".join(parts)


def _locate(connection: duckdb.DuckDBPyConnection, workspace: Workspace, org_id: str) -> None:
    """Say of each new row which delivery it came with: path and load."""
    wanted = {file_id for (file_id,) in connection.sql("select distinct file_id from news").fetchall()}
    with workspace.control() as control:
        is_ingested = control.execute("select 1 from sqlite_master where name = 'ingest_file'").fetchone()
        found = (
            control.execute(
                "select file_id, min(path), min(load_id) from ingest_file "
                "where org_id = ? and load_id is not null group by file_id",
                (org_id,),
            )
            if is_ingested
            else ()
        )
        places = [row for row in found if row[0] in wanted]
    connection.execute("create or replace temp table place (file_id text, path text, load_id text)")
    if places:
        connection.executemany("insert into place values (?, ?, ?)", places)
    connection.execute(
        "update news set source_file = coalesce((select path from place where place.file_id = news.file_id), "
        "news.source_file, news.file_id, news.table_name), "
        "load_id = coalesce((select load_id from place where place.file_id = news.file_id), news.load_id, '')"
    )
