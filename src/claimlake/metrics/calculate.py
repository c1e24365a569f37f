"""Calculate every KPI for every month of the data and publish what is new or changed."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from time import monotonic
from typing import Any

from claimlake import __version__
from claimlake.engines.choice import open_engine
from claimlake.engines.engine import Engine
from claimlake.errors import QueryError
from claimlake.lake.fingerprint import BuiltTable, built_tables, fingerprint, remember
from claimlake.lake.snapshot import Snapshot, latest, pin, publish
from claimlake.lake.table import Lake, partition_of
from claimlake.metrics import store
from claimlake.metrics.catalog import Catalog, load_catalog
from claimlake.metrics.kpi import Term
from claimlake.metrics.lineage import lineage_rows
from claimlake.metrics.period import SNAPSHOTS, Period, months
from claimlake.metrics.plan import Question
from claimlake.metrics.promote import Promotion, promote, read_published
from claimlake.metrics.query import query
from claimlake.metrics.result import Result, Run, make_result
from claimlake.metrics.version import publish_definitions
from claimlake.workspace import Workspace

GRAINS = ((), ("entity",), ("payer",), ("payer_class",), ("department",), ("entity", "payer"))
"""Combinations of dimensions that are published; other combinations are asked live."""
WHOLE = "tenants"
"""Layer that holds all tenants' rows while one tenant's are read under the usual names."""


@dataclass(frozen=True)
class OrgReport:
    """What a calculation did for one tenant."""

    org_id: str
    months: int
    staged: int
    published: int
    restated: int
    unchanged: int
    rejected: tuple[tuple[str, str], ...]
    """Result keys that failed a check, with the reason."""
    seconds: float
    is_skipped: bool
    """Whether nothing it is calculated from had changed."""


@dataclass(frozen=True)
class MetricReport:
    """What a calculation did; `snapshot` holds the new results."""

    snapshot: Snapshot
    orgs: tuple[OrgReport, ...]
    seconds: float


Progress = Callable[[OrgReport], None]


def calculate(
    workspace: Workspace, *, snapshot: int | None = None, progress: Progress | None = None
) -> MetricReport:
    """Results of every tenant at a snapshot, the latest by default; nothing is added when nothing changed."""
    started = monotonic()
    with workspace.exclusive("metrics"):
        source = latest(workspace) if snapshot is None else pin(workspace, snapshot)
        if source is None:
            raise QueryError(
                "nothing is published.", where=str(workspace.path), remedy="Run: claimlake build"
            )
        catalog = load_catalog(workspace)
        lake = Lake(workspace.lake_path)
        store.create_tables(lake)
        calculation = Calculation(
            workspace, source, catalog, publish_definitions(workspace, catalog, source.published_at)
        )
        reports = []
        for org_id in calculation.org_ids():
            reports.append(calculation.run(org_id))
            if progress:
                progress(reports[-1])
        versions = {table: lake.version(table) or 0 for table in store.COLUMNS}
        published = publish(workspace, versions)
    return MetricReport(published, tuple(reports), monotonic() - started)


class OrgReader:
    """One tenant's tables at a snapshot, bound to an engine."""

    def __init__(self, engine: Engine, lake: Lake, versions: Mapping[str, int], org_id: str) -> None:
        self._engine = engine
        self._columns: dict[str, dict[str, str]] = {}
        quoted = org_id.replace("'", "''")
        for table, version in versions.items():
            stored = lake.read(table, version=version, org_id=org_id)
            whole = f"{WHOLE}.{table.split('.')[1]}"
            engine.bind(whole, stored)
            engine.define(table, f"select * from {whole} as whole where whole.org_id = '{quoted}'")
            self._columns[table] = dict(stored.columns)

    def rows(self, sql: str) -> Sequence[Any]:
        """The rows of a SELECT."""
        return self._engine.rows(sql)

    def columns(self, table: str) -> Mapping[str, str]:
        """Column names and types; empty when the snapshot has no such table."""
        return self._columns.get(table, {})


@dataclass(frozen=True)
class Calculation:
    """One calculation at one snapshot with one state of the catalogue."""

    workspace: Workspace
    source: Snapshot
    catalog: Catalog
    versions: Mapping[str, str]
    """KPI key → metric_version_key."""

    @property
    def lake(self) -> Lake:
        """The workspace's tables."""
        return Lake(self.workspace.lake_path)

    @property
    def tables(self) -> dict[str, int]:
        """Versions of the gold tables that KPIs stand on, as far as they are published."""
        named = {
            term.table for kpi in self.catalog.kpis.values() for _, side in kpi.sides for term in side.terms
        }
        return {table: version for table, version in self.source.tables.items() if table in named}

    def org_ids(self) -> list[str]:
        """Tenants with rows in any of the tables."""
        folders = (
            path for table in self.tables for path in self.lake.files(table, version=self.tables[table])
        )
        return sorted({org_id for path in folders if (org_id := partition_of(path, "org_id"))})

    def run(self, org_id: str) -> OrgReport:
        """Calculate, stage, check and publish one tenant's results, unless nothing changed."""
        started = monotonic()
        name = f"{store.RESULT}:{org_id}"
        made_of = fingerprint("|".join([__version__, *sorted(self.versions.values())]), self.tables)
        known = built_tables(self.workspace).get(name)
        if known and known.fingerprint == made_of:
            return OrgReport(org_id, 0, 0, 0, 0, known.rows, (), monotonic() - started, is_skipped=True)
        run = Run(org_id, self.source.id, self.source.published_at, _now(), self.versions)
        periods, staged = self._stage(run)
        promotion = promote(staged, read_published(self.workspace, org_id, run.as_of))
        self._write(staged, promotion, f"{org_id}:{made_of}")
        remember(
            self.workspace,
            [BuiltTable(name, made_of, self.lake.version(store.RESULT) or 0, len(promotion.current))],
        )
        return OrgReport(
            org_id=org_id,
            months=len(periods),
            staged=len(staged),
            published=len(promotion.published),
            restated=promotion.restated,
            unchanged=promotion.unchanged,
            rejected=promotion.rejected,
            seconds=monotonic() - started,
            is_skipped=False,
        )

    def _stage(self, run: Run) -> tuple[list[Period], list[Result]]:
        engine = open_engine(self.workspace)
        try:
            reader = OrgReader(engine, self.lake, self.tables, run.org_id)
            periods = data_months(reader, self.catalog)
            return periods, list(_results(run, self.catalog, reader, periods))
        finally:
            engine.close()

    def _write(self, staged: Sequence[Result], promotion: Promotion, transaction: str) -> None:
        # In this order a killed run is finished by the next one: results are written last.
        attempts = [result.staged_row() for result in staged]
        store.append(self.lake, store.STAGING_RESULT, attempts, transaction=transaction)
        new = {result.key for result in promotion.published}
        lineage = lineage_rows(staged, promotion.current, new)
        store.append(self.lake, store.METRIC_LINEAGE, lineage, transaction=transaction)
        rows = [result.published_row() for result in promotion.published]
        store.append(self.lake, store.RESULT, rows, transaction=transaction)


def data_months(reader: OrgReader, catalog: Catalog) -> list[Period]:
    """Months from the first to the last snapshot of stocks, else of anything; the last ends with the data."""
    terms = [
        term
        for kpi in catalog.kpis.values()
        for _, side in kpi.sides
        for term in side.terms
        if reader.columns(term.table)
    ]
    stocks = [term for term in terms if term.window in SNAPSHOTS]
    # Without charges there is no snapshot: a tenant that sends only X12 is dated by its claims.
    found = _days(reader, stocks) or _days(reader, terms)
    if not found:
        return []
    first, last = min(found), max(found)
    return [Period(month.start, min(month.end, last)) for month in months(first, last)]


def _days(reader: OrgReader, terms: Sequence[Term]) -> list[date]:
    """The first and last days in the date columns of the terms."""
    found: list[date] = []
    for table, column in sorted({(term.table, term.date_column) for term in terms}):
        name = table.split(".")[1]
        found += [
            day
            for day in reader.rows(f"select min({column}), max({column}) from {table} as {name}")[0]
            if day
        ]
    return found


def _results(run: Run, catalog: Catalog, reader: OrgReader, periods: Sequence[Period]) -> Iterator[Result]:
    for grain in GRAINS:
        keys = [key for key, kpi in catalog.kpis.items() if set(grain) <= set(kpi.grain)]
        for value in query(reader, catalog, keys, Question(periods, grain)):
            if len(value.dims) == len(grain):
                yield make_result(run, catalog, value)


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)
