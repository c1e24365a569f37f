"""What would become of a file, found by reading it as ingestion does and keeping nothing."""

import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from claimlake.errors import ConfigurationError, SourceError
from claimlake.lake.land import QUARANTINE, Stage, open_stage, staged
from claimlake.lake.ledger import Delivery, Load
from claimlake.sources import archive
from claimlake.sources.content import Content, content_of
from claimlake.sources.edi import EdiReader
from claimlake.sources.file_origin import FileOrigin
from claimlake.sources.filing import Filing
from claimlake.sources.ingest import all_contracts
from claimlake.sources.load_config import LoadConfig, read_load_config
from claimlake.sources.mapping import Feed, SourceMapping, load_mappings, read_mapping
from claimlake.sources.projection import define_functions
from claimlake.sources.report import FileReport
from claimlake.sources.table_origin import TableOrigin
from claimlake.tenant import Source, Tenant, load_tenants
from claimlake.workspace import Workspace

PLACES = 5
"""Records named for each reason."""
FILE = "file"


@dataclass(frozen=True)
class Held:
    """Records that would go to quarantine for one reason."""

    rule: str
    reason: str
    table: str
    records: int
    first_rows: tuple[int, ...]
    """Numbers of the first of them in the file."""
    first_byte: int | None


@dataclass
class FileCheck:
    """What would become of one file, or of one file of an archive."""

    path: str
    content: Content
    report: FileReport
    tables: dict[str, int] = field(default_factory=dict)
    """Rows by bronze table."""
    held: list[Held] = field(default_factory=list)
    unused: list[str] = field(default_factory=list)
    """Columns of the file that no expression reads."""

    @property
    def is_clean(self) -> bool:
        """Whether every record would be loaded."""
        return not self.held and not self.report.error

    def as_dict(self) -> dict[str, Any]:
        """The check as plain values, for JSON."""
        return {
            "file": self.path,
            "format": self.content.format or None,
            "encoding": self.content.encoding,
            "feed": self.report.feed or None,
            **vars(self.report.counts),
            "tables": self.tables,
            "held": [vars(held) for held in self.held],
            "warnings": [
                {"rule": rule, "reason": reason, "records": count}
                for (rule, reason), count in sorted(self.report.warnings.items())
            ],
            "unused_columns": self.unused,
            "error": self.report.error or None,
        }

    def __str__(self) -> str:
        counts = self.report.counts
        lines = [f"{self.path}: feed {self.report.feed or 'none'}, {counts.delivered:,} records"]
        lines += [f"{rows:>12,}  {table}" for table, rows in self.tables.items()]
        if counts.duplicates:
            lines.append(f"{counts.duplicates:>12,}  loaded before, or twice in the file")
        lines += [
            f"{held.records:>12,}  quarantined {held.rule}: {held.reason}{_place(held)}" for held in self.held
        ]
        lines += [
            f"{count:>12,}  warning {rule}: {reason}"
            for (rule, reason), count in sorted(self.report.warnings.items())
        ]
        if self.unused:
            lines.append(f"columns that are not mapped: {', '.join(self.unused)}")
        return "\n".join([*lines, *([f"error: {self.report.error}"] if self.report.error else [])])


@dataclass(frozen=True)
class Checker:
    """The feeds a file is checked against, as those of a source of a tenant."""

    workspace: Workspace
    mapping: SourceMapping
    tenant: Tenant
    source: Source
    config: LoadConfig = field(default_factory=LoadConfig)
    """What load_config.csv makes of the feeds of the source."""

    def check(self, file: Path) -> list[FileCheck]:
        """What would become of a file; several results for an archive. Nothing is written to the lake."""
        self.workspace.spill_path.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self.workspace.spill_path) as folder:
            files = Path(folder)
            (files / FILE).symlink_to(file.resolve())
            delivery = Delivery(self._path(file), FILE, file.stat().st_size, source_system_id=self.source.id)
            names: dict[Delivery, str] = {delivery: file.name}
            if content_of(files / FILE).format == "packed":
                names = self._unpacked(delivery, files, names)
            feeds, _ = self.config.feeds(self.tenant, self.source, self.mapping)
            filing = Filing(self.workspace, self.tenant, self.source, feeds, files)
            return [self._check(filing, one, filing.feed_of(one, name)) for one, name in names.items()]

    @property
    def notes(self) -> list[str]:
        """What load_config.csv does to the feeds, and what is wrong with it."""
        feeds, problems = self.config.feeds(self.tenant, self.source, self.mapping)
        turned = [
            f"{self.config.file}: feed {feed.name} reads table {feed.origin.table}, so it takes no file"
            for feed in feeds
            if isinstance(feed.origin, TableOrigin) and self._takes_files(feed.name)
        ]
        return [*self.config.problems, *problems, *turned]

    def _takes_files(self, name: str) -> bool:
        return any(feed.name == name and isinstance(feed.origin, FileOrigin) for feed in self.mapping.feeds)

    def _unpacked(self, delivery: Delivery, files: Path, whole: dict[Delivery, str]) -> dict[Delivery, str]:
        try:
            return archive.unpack(delivery, files)
        except SourceError:  # told as the reason why no feed takes it
            return whole

    def _path(self, file: Path) -> str:
        landing = self.workspace.landing / self.tenant.org_id / self.source.id
        resolved = file.resolve()
        if resolved.is_relative_to(landing.resolve()):
            return resolved.relative_to(landing.resolve()).as_posix()
        return file.as_posix().lstrip("./")

    def _check(self, filing: Filing, delivery: Delivery, feed: Feed | None) -> FileCheck:
        if feed and feed.source_system_id:
            delivery = Delivery(delivery.path, delivery.file_id, delivery.size, 0, feed.source_system_id)
        elif not delivery.source_system_id:
            delivery = Delivery(delivery.path, delivery.file_id, delivery.size, 0, self.source.id)
        declared = feed.origin.encoding if feed and isinstance(feed.origin, FileOrigin) else None
        content = content_of(filing.files / delivery.file_id, declared)
        report = FileReport(self.tenant.org_id, self.source.id, feed.name if feed else "", delivery.path)
        found = FileCheck(delivery.path, content, report)
        load = Load("check", self.tenant.org_id, self.source.id, report.feed, datetime.now(UTC), (delivery,))
        with open_stage(self.workspace, all_contracts(self.workspace), load) as stage:
            # Any key will do for a hash that nobody sees.
            define_functions(stage.connection, secrets.token_bytes(32))
            _file(filing, stage, delivery, feed, report)
            tables = _staged_tables(stage)
            found.tables = {name: rows for name, rows in tables.items() if name.startswith("bronze.")}
            found.held = _held(stage) if tables.get(QUARANTINE) else []
        if feed and feed.into and report.counts.loaded:
            used = {name.lower() for name in feed.referenced()}
            columns = filing.columns(delivery, feed, content)
            found.unused = [name for name in columns if name.lower() not in used]
        return found


def _file(filing: Filing, stage: Stage, delivery: Delivery, feed: Feed | None, report: FileReport) -> None:
    if feed is None:
        filing.refuse(stage, delivery, report, filing.why_not(delivery))
    elif isinstance(feed.origin, FileOrigin) and feed.origin.format == "x12":
        reader = EdiReader(stage, filing.tenant.payee_identifiers)
        filing.file_edi(stage, reader, delivery, report)
        reader.flush()
    else:
        filing.file_records(stage, feed, delivery, report)


def _staged_tables(stage: Stage) -> dict[str, int]:
    names = stage.connection.execute(
        "select table_name from duckdb_tables() where schema_name = 'stage' order by table_name"
    ).fetchall()
    return {
        name: int(stage.connection.execute(f"select count(*) from {staged(name)}").fetchall()[0][0])
        for (name,) in names
    }


def _held(stage: Stage) -> list[Held]:
    rows = stage.connection.execute(
        "select rule_id, reason, table_name, count(*), "
        f"coalesce(min(source_row, {PLACES}), []), arg_min(byte_offset, source_row) "
        f"from {staged(QUARANTINE)} group by all order by rule_id, reason, table_name"
    ).fetchall()
    return [
        Held(rule, reason, table, records, tuple(first), byte)
        for rule, reason, table, records, first, byte in rows
    ]


def _place(held: Held) -> str:
    if not held.first_rows:
        return ""
    rows = ", ".join(f"{row:,}" for row in held.first_rows)
    more = ", …" if held.records > len(held.first_rows) else ""
    byte = "" if held.first_byte is None else f"; the first starts at byte {held.first_byte:,}"
    return f" (row {rows}{more}{byte})"


@contextmanager
def checker(
    folder: Path, *, org_id: str | None, source_id: str | None, system: str | None, mapping: Path | None
) -> Iterator[Checker]:
    """What to check against: a source of a tenant of the workspace, a system by its name, or a mapping file.

    Without a workspace in the folder, a passing one with the built-in systems stands in for it.
    """
    with opened(folder) as workspace:
        tenant, source = _tenant(workspace, org_id, source_id)
        tenants = load_tenants(workspace.path / "tenants")
        config = read_load_config(workspace).without_ambiguous(tenants) if org_id else LoadConfig()
        contracts = all_contracts(workspace)
        if mapping is not None:
            yield Checker(workspace, read_mapping(mapping, contracts), tenant, source, config)
            return
        name = system or source.system
        found = load_mappings(workspace, contracts, [name]).get(name)
        if found is None:
            known = ", ".join(file.stem for file in workspace.content("sources", "*.yml"))
            raise ConfigurationError(
                f"no mapping '{name}'" if name else "nothing says which mapping the file is for",
                remedy=f"Give --mapping FILE, --org and --source, or --system with one of: {known}.",
            )
        yield Checker(workspace, found, tenant, source, config)


@contextmanager
def opened(folder: Path) -> Iterator[Workspace]:
    """The workspace in a folder; where there is none, one that is gone when the block ends."""
    if (folder / "claimlake.yml").is_file():
        yield Workspace.open(folder)
        return
    with tempfile.TemporaryDirectory() as passing:
        yield Workspace.create(Path(passing) / "workspace")


def _tenant(workspace: Workspace, org_id: str | None, source_id: str | None) -> tuple[Tenant, Source]:
    if org_id is None:
        return Tenant("check", "check"), Source(source_id or "check", "")
    tenants = {tenant.org_id: tenant for tenant in load_tenants(workspace.path / "tenants")}
    if org_id not in tenants:
        known = ", ".join(tenants) or "none"
        raise ConfigurationError(f"no tenant '{org_id}'", where="tenants", remedy=f"Known: {known}.")
    return tenants[org_id], tenants[org_id].source(source_id or "")
