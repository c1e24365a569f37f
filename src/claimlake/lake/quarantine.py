"""Quarantine: the records that could not be loaded, why, where they stand, and what became of them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from claimlake.errors import QueryError
from claimlake.lake.land import embedded, now_sql, quarantine_sql
from claimlake.lake.table import Lake
from claimlake.workspace import Workspace

JUDGED = "silver."
"""How the tables begin whose records a build holds."""


@dataclass(frozen=True)
class QuarantineRow:
    """One record in quarantine, without its content."""

    quarantine_id: str
    source_system_id: str
    table_name: str
    rule_id: str
    reason: str
    source_file: str
    source_row: int | None
    byte_offset: int | None
    byte_length: int | None
    file_id: str | None
    load_id: str
    quarantined_at: datetime
    resolved_at: datetime | None
    resolution: str | None
    """fixed_upstream (delivered again, and loaded), replayed, superseded (by another reason) or discarded."""
    resolved_load_id: str | None

    @property
    def is_judged(self) -> bool:
        """Whether a build holds it, by a rule of a built table; such a record is in bronze."""
        return self.table_name.startswith(JUDGED)


@dataclass(frozen=True)
class Filter:
    """Which records are meant; an empty filter means every open one."""

    ids: Sequence[str] = ()
    """Ids, or how they start."""
    rule: str | None = None
    source: str | None = None
    table: str | None = None
    file: str | None = None
    """Path of the file as delivered, or its SHA-256."""
    status: str = "open"
    """open, closed or all."""

    def where(self) -> tuple[str, dict[str, object]]:
        """SQL predicate and its parameters."""
        parts = {
            "rule": (self.rule, "rule_id = $rule"),
            "source": (self.source, "source_system_id = $source"),
            "table": (self.table, "$table in (table_name, split_part(table_name, '.', 2))"),
            "file": (self.file, "$file in (source_file, file_id)"),
            "ids": (
                list(self.ids) or None,
                "list_any_value([one for one in $ids if starts_with(quarantine_id, one)]) is not null",
            ),
        }
        chosen = {name: part for name, part in parts.items() if part[0] is not None}
        states = {"open": "resolved_at is null", "closed": "resolved_at is not null", "all": "true"}
        predicate = " and ".join([states[self.status], *(sql for _, sql in chosen.values())])
        return predicate, {name: value for name, (value, _) in chosen.items()}


def quarantine(
    workspace: Workspace, org_id: str, *, rule: str | None = None, limit: int = 1000
) -> list[QuarantineRow]:
    """The open quarantine records of a tenant, newest first; content stays in the lake."""
    return held_records(workspace, org_id, Filter(rule=rule), limit=limit)


def held_records(
    workspace: Workspace, org_id: str, which: Filter, *, limit: int | None = None
) -> list[QuarantineRow]:
    """The quarantine records of a tenant that a filter means, newest first."""
    names = ", ".join(QuarantineRow.__dataclass_fields__)
    order = "order by quarantined_at desc, source_file, source_row, byte_offset, quarantine_id"
    ending = f"{order} limit {limit}" if limit is not None else order
    return [QuarantineRow(*row) for row in _rows(workspace, org_id, which, names, ending)]


@dataclass(frozen=True)
class HeldPlace:
    """Which delivery an open record came in."""

    quarantine_id: str
    source_system_id: str
    source_file: str
    file_id: str | None


def kin_batches(workspace: Workspace, org_id: str, which: Filter, size: int) -> Iterator[list[HeldPlace]]:
    """The open records of loads that a filter means, and others of their files that broke the same rule.

    The oldest file comes first. What a build holds is left out: its next run judges it anew.

    Args:
        size: records held in memory at a time.
    """
    scan = quarantine_sql(Lake(workspace.lake_path), org_id)
    if scan is None:
        return
    predicate, parameters = replace(which, status="open").where()
    names = ", ".join(HeldPlace.__dataclass_fields__)
    kin = "(coalesce(file_id, ''), table_name, rule_id)"
    with embedded(workspace) as connection:
        connection.execute(
            f"create temp table chosen as select {names}, 0::bigint as place from {scan} limit 0"
        )
        connection.execute(
            f"insert into chosen with opened as (select *, {predicate} as is_meant from {now_sql(scan)} "
            f"where resolved_at is null and not starts_with(table_name, '{JUDGED}')), "
            "dated as (select *, min(quarantined_at) over (partition by source_file, file_id) as first_at "
            f"from opened where {kin} in (select {kin} from opened where is_meant)) "
            f"select {names}, row_number() over (order by first_at, source_file, file_id, source_row, "
            "byte_offset, quarantine_id) - 1 as place from dated",
            parameters,
        )
        (records,) = connection.execute("select count(*) from chosen").fetchall()[0]
        for first in range(0, records, size):
            rows = connection.execute(
                f"select {names} from chosen where place >= $first and place < $first + $size order by place",
                {"first": first, "size": size},
            ).fetchall()
            yield [HeldPlace(*row) for row in rows]


@dataclass(frozen=True)
class QuarantineCount:
    """How many records of one table broke one rule for one reason."""

    source_system_id: str
    table_name: str
    rule_id: str
    reason: str
    open: int
    closed: int
    newest_at: datetime


def counts(workspace: Workspace, org_id: str, which: Filter) -> list[QuarantineCount]:
    """Numbers of the records a filter means, the largest first."""
    group = "source_system_id, table_name, rule_id, reason"
    columns = (
        f"{group}, count(*) filter (where resolved_at is null) as held, "
        "count(*) filter (where resolved_at is not null) as closed, max(quarantined_at)"
    )
    ending = f"group by {group} order by held desc, closed desc, {group}"
    return [QuarantineCount(*row) for row in _rows(workspace, org_id, which, columns, ending)]


def one_record(workspace: Workspace, org_id: str, start: str) -> QuarantineRow:
    """The record whose id starts like this; QueryError when there is none, or several."""
    found = held_records(workspace, org_id, Filter(ids=[start], status="all"), limit=2)
    if len(found) != 1:
        raise QueryError(
            f"{'several quarantine records' if found else 'no quarantine record'} with id '{start}'.",
            where=f"tenant {org_id}",
            remedy="Take an id from: claimlake quarantine list --json",
        )
    return found[0]


def content_of(workspace: Workspace, org_id: str, record: QuarantineRow) -> str:
    """The record as delivered: of its row, or of its bytes in the kept file. It can hold patient data."""
    rows = _stored(workspace, org_id, record.quarantine_id)
    if rows:
        return rows[0]
    file = workspace.files_path / org_id / (record.file_id or "-")
    if not file.is_file() or record.byte_offset is None or record.byte_length is None:
        place = f", row {record.source_row}" if record.source_row is not None else ""
        raise QueryError(
            "its bytes are not kept with it.",
            where=f"quarantine record {record.quarantine_id[:12]}",
            remedy=f"Look at {record.source_file}{place}.",
        )
    with file.open("rb") as reader:
        reader.seek(record.byte_offset)
        return reader.read(record.byte_length).decode("utf-8", "replace")


def _stored(workspace: Workspace, org_id: str, quarantine_id: str) -> list[str]:
    scan = quarantine_sql(Lake(workspace.lake_path), org_id)
    if scan is None:
        return []
    with embedded(workspace) as connection:
        found = connection.execute(
            f"select raw from {scan} where quarantine_id = $id and raw is not null "
            "order by quarantined_at desc limit 1",
            {"id": quarantine_id},
        ).fetchall()
    return [raw for (raw,) in found]


def _rows(
    workspace: Workspace, org_id: str, which: Filter, columns: str, ending: str
) -> list[tuple[Any, ...]]:
    scan = quarantine_sql(Lake(workspace.lake_path), org_id)
    if scan is None:
        return []
    predicate, parameters = which.where()
    with embedded(workspace) as connection:
        return connection.execute(
            f"select {columns} from {now_sql(scan)} where {predicate} {ending}", parameters
        ).fetchall()
