"""The editions of code sets a tenant has, how many codes each holds, and which should be there but is not."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import duckdb

from claimlake.engines.sql import literal
from claimlake.lake.land import embedded, scan_sql
from claimlake.lake.table import Lake
from claimlake.workspace import Workspace, content_path

CODES = "bronze.reference_codes"
EDITIONS = "bronze.reference_editions"
CODE_SETS = "reference/code_set.csv"
LATE_MONTHS = 1
"""Months after which an edition that was due is missed."""


@dataclass(frozen=True)
class Edition:
    """One edition of a code set as one source delivered it."""

    code_set: str
    source_system_id: str
    edition_from: date
    edition: str
    """Its release, or its files."""
    codes: int
    valid_to: date | None
    """First day of the next edition; None for the newest."""


def editions(workspace: Workspace, org_id: str) -> list[Edition]:
    """The complete editions of a tenant, by code set, source and day."""
    lake = Lake(workspace.lake_path)
    listed, codes = scan_sql(lake, EDITIONS, org_id), scan_sql(lake, CODES, org_id)
    if listed is None or codes is None:
        return []
    with embedded(workspace) as connection:
        rows = connection.execute(f"""
            with listed as (
                select code_set, source_system_id, edition_from,
                    string_agg(distinct edition, ', ' order by edition) as edition
                from {listed} group by all
            ),
            counted as (
                select code_set, source_system_id, edition_from, count(distinct code) as codes
                from {codes} group by all
            )
            select code_set, source_system_id, edition_from, edition, coalesce(codes, 0), lead(edition_from)
                over (partition by code_set, source_system_id order by edition_from)
            from listed left join counted using (code_set, source_system_id, edition_from)
            order by code_set, source_system_id, edition_from
        """).fetchall()
    return [Edition(*row) for row in rows]


def due_edition(newest: date, today: date, months: Sequence[int]) -> date | None:
    """The first day of the newest edition that should be there (REF-02); None when nothing is missing.

    `months` are those in which editions of the code set come into force.
    """
    days = [date(year, month, 1) for year in (today.year - 1, today.year) for month in months]
    begun = [day for day in days if _months_between(day, today) >= LATE_MONTHS]
    expected = max(begun, default=None)
    return expected if expected is not None and newest < expected else None


def update_months() -> dict[str, list[int]]:
    """The months in which editions of each code set come into force."""
    file = literal(str(content_path() / CODE_SETS))
    with duckdb.connect() as connection:
        rows = connection.execute(
            f"select code_set, update_months from read_csv({file}, header = true, all_varchar = true)"
        ).fetchall()
    return {code_set: [int(month) for month in (months or "").split()] for code_set, months in rows}


def _months_between(earlier: date, later: date) -> int:
    return (later.year - earlier.year) * 12 + later.month - earlier.month
