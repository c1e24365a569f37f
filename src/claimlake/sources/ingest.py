"""Ingestion: every tenant's files and databases into bronze, exactly once, whatever happens in between.

A delivery's bytes are kept under their hash, a load is planned in the ledger, its rows are staged, each table
gets one Delta commit that names the load, and the ledger closes it. A run that dies anywhere is resumed by
the next one: the plan says what the load holds, and a table whose log names the load is not written again.
"""

import os
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb

from claimlake.errors import ClaimlakeError, ConfigurationError, SourceError
from claimlake.lake.contract import Contract, load_contracts
from claimlake.lake.land import Progress, Stage, open_stage
from claimlake.lake.ledger import Delivery, Ledger, Load, Outcome
from claimlake.sources import inbox
from claimlake.sources.database import connected, extract, resolved_url
from claimlake.sources.edi import EdiReader, x12_contracts
from claimlake.sources.filing import Filing, newest_value
from claimlake.sources.mapping import Feed, FileOrigin, SourceMapping, TableOrigin, load_mappings
from claimlake.sources.projection import define_functions
from claimlake.sources.replay_load import Reading
from claimlake.sources.report import FileReport, IngestReport
from claimlake.sources.vanished import EMPTY, FullLoad, latest_content
from claimlake.tenant import Source, Tenant, load_tenants
from claimlake.workspace import Workspace

BATCH_FILES = 500
BATCH_BYTES = 64_000_000
TAKING = "taking"
"""First word of the steps that a person wants to follow."""
UNROUTED = "-"
"""Feed of the files that no feed takes; they go to quarantine."""


def ingest(
    workspace: Workspace,
    *,
    org_ids: Sequence[str] | None = None,
    progress: Progress | None = None,
    settle_seconds: float = inbox.SETTLE_SECONDS,
) -> IngestReport:
    """Load everything new of all tenants, or of some; the report says what could not be reached."""
    report = IngestReport()
    with workspace.exclusive("ingest"):
        contracts = all_contracts(workspace)
        tenants = _chosen(load_tenants(workspace.path / "tenants"), org_ids)
        systems = {source.system for tenant in tenants for source in tenant.sources}
        mappings = load_mappings(workspace, contracts, systems)
        run = Run(workspace, contracts, report, progress or _silent, settle_seconds, _secret(workspace))
        for tenant in tenants:
            for source in tenant.sources:
                if source.is_active:
                    run.source(tenant, source, mappings)
    return report


def headlines(progress: Progress) -> Progress:
    """Tell of what is being taken, and not of every step it takes."""
    return lambda step: progress(step) if step.startswith(TAKING) else None


def all_contracts(workspace: Workspace) -> dict[str, Contract]:
    """The contracts of every bronze table, by full name: the X12 tables and those written in YAML."""
    return x12_contracts() | load_contracts(workspace)


@dataclass(frozen=True)
class Run:
    """One ingestion under way."""

    workspace: Workspace
    contracts: Mapping[str, Contract]
    report: IngestReport
    progress: Progress
    settle_seconds: float
    secret: bytes

    def source(self, tenant: Tenant, source: Source, mappings: Mapping[str, SourceMapping]) -> None:
        """Load what is new of one source; an error ends this source, not the run."""
        if source.system not in mappings:
            known = ", ".join(file.stem for file in self.workspace.content("sources", "*.yml"))
            self.report.errors.append(
                f"tenant {tenant.org_id}: source {source.id}: no mapping '{source.system}'. Known: {known}."
            )
            return
        one = self.opened(tenant, source, mappings[source.system])
        for step in (one.resume, one.reading.resume, one.take_files, one.take_tables):
            try:
                step()
            except ClaimlakeError as error:
                self.report.errors.append(f"tenant {tenant.org_id}: source {source.id}: {error}")
            except duckdb.Error as error:  # its message can quote a value
                stopped = f"the load stopped with {type(error).__name__}. Trying again may help."
                self.report.errors.append(f"tenant {tenant.org_id}: source {source.id}: {stopped}")

    def opened(self, tenant: Tenant, source: Source, mapping: SourceMapping) -> "SourceRun":
        """The ingestion of one source, its ledger and folder of kept files made."""
        ledger = Ledger(self.workspace, tenant.org_id, source.id)
        ledger.prepare()
        files = self.workspace.files_path / tenant.org_id
        files.mkdir(parents=True, exist_ok=True)
        return SourceRun(self, tenant, source, mapping.feeds_of(source.id), ledger, files)


def opened_sources(
    workspace: Workspace, org_id: str, report: IngestReport, progress: Progress | None = None
) -> list["SourceRun"]:
    """Every source of a tenant whose mapping exists, active or not, for reading its kept files again."""
    contracts = all_contracts(workspace)
    (tenant,) = _chosen(load_tenants(workspace.path / "tenants"), [org_id])
    mappings = load_mappings(workspace, contracts, {source.system for source in tenant.sources})
    run = Run(workspace, contracts, report, progress or _silent, 0, _secret(workspace))
    return [
        run.opened(tenant, source, mappings[source.system])
        for source in tenant.sources
        if source.system in mappings
    ]


@dataclass(frozen=True)
class SourceRun:
    """The ingestion of one source of one tenant."""

    run: Run
    tenant: Tenant
    source: Source
    feeds: Sequence[Feed]
    ledger: Ledger
    files: Path

    def resume(self) -> None:
        """Finish the loads that an earlier run left open."""
        for load in self.ledger.open_loads():
            self._load(load)

    def take_files(self) -> None:
        """Load the new files of the landing folder in batches of bounded size."""
        folder = self.run.workspace.landing / self.tenant.org_id / self.source.id
        candidates = inbox.scan(folder, self.ledger.known_paths())
        for batch in _batches(inbox.settled(candidates, self.run.settle_seconds)):
            self.run.progress(f"{TAKING} {len(batch):,} files of {self.tenant.org_id}/{self.source.id}")
            kept = [self._keep(candidate) for candidate in batch]
            inbox.make_durable(self.files)
            self._take([delivery for delivery in kept if delivery])

    def _keep(self, candidate: inbox.Candidate) -> Delivery | None:
        try:
            return inbox.keep(candidate, self.files)
        except SourceError as error:
            self.run.report.errors.append(f"tenant {self.tenant.org_id}: source {self.source.id}: {error}")
            return None

    def _take(self, deliveries: Sequence[Delivery]) -> None:
        feeds = {delivery: self._filing.feed_of(delivery) for delivery in deliveries}
        routed = {self._from(feed, delivery): feed for delivery, feed in feeds.items()}
        by_feed: dict[str, list[Delivery]] = {}
        full = {delivery for delivery, feed in routed.items() if feed and feed.is_full}
        for delivery in self._new([delivery for delivery in routed if delivery not in full]):
            feed = routed[delivery]
            by_feed.setdefault(feed.name if feed else UNROUTED, []).append(delivery)
        for name in sorted(by_feed):
            self.run.progress(f"plan {self.source.id} {name}")
            self._load(self.ledger.plan(name, by_feed[name]))
        for delivery in sorted(full, key=lambda delivery: (delivery.modified_ns, delivery.path)):
            self._take_full(routed[delivery], delivery)

    def _take_full(self, feed: Feed | None, delivery: Delivery) -> None:
        """Load a file that holds all of its feed alone: the order of such files says what vanished when."""
        if feed is None or self._is_newest(feed, delivery):
            self._repeat([delivery])
            return
        self.run.progress(f"plan {self.source.id} {feed.name}")
        self._load(self.ledger.plan(feed.name, [delivery]))

    def _is_newest(self, feed: Feed, delivery: Delivery) -> bool:
        place = (self.run.workspace, self.tenant.org_id, self.source.id, feed, delivery.source_system_id)
        return latest_content(*place) == delivery.file_id

    def _from(self, feed: Feed | None, delivery: Delivery) -> Delivery:
        return replace(delivery, source_system_id=self._system(feed))

    def _system(self, feed: Feed | None) -> str:
        return feed.source_system_id if feed and feed.source_system_id else self.source.id

    def _new(self, deliveries: Sequence[Delivery]) -> list[Delivery]:
        """The deliveries of unknown content; the others are recorded as duplicates."""
        known = self.ledger.known_content()
        new: dict[tuple[str, str], Delivery] = {}
        repeated: list[Delivery] = []
        for delivery in deliveries:
            content = (delivery.file_id, delivery.source_system_id)
            if content not in known and content not in new:
                new[content] = delivery
            else:
                repeated.append(delivery)
        if repeated:
            self._repeat(repeated)
        return list(new.values())

    def _repeat(self, deliveries: Sequence[Delivery]) -> None:
        """Record deliveries whose content is in the lake as duplicates."""
        known = self.ledger.known_content()
        repeated: list[tuple[Delivery, Outcome]] = []
        for delivery in deliveries:
            outcome = Outcome("duplicate")
            before = known.get((delivery.file_id, delivery.source_system_id))
            outcome.counts.delivered = outcome.counts.duplicates = before.delivered if before else 1
            repeated.append((delivery, outcome))
            self._reported(delivery, "", "duplicate").counts.add(outcome.counts)
        self.ledger.record(repeated)

    def take_tables(self) -> None:
        """Load the tables of the source's database; one that cannot be read leaves the others alone."""
        feeds = [feed for feed in self.feeds if isinstance(feed.origin, TableOrigin)]
        if not feeds or not self.source.url:
            return
        url = resolved_url(self.run.workspace, self.source)
        for feed in feeds:
            try:
                with connected(url, self.source) as connection:
                    newest = newest_value(self.run.workspace, self.tenant.org_id, self.source, feed)
                    delivery = extract(connection, self.source, feed, newest=newest, files=self.files)
                if delivery:
                    self._take_extract(feed, delivery)
                elif feed.is_full:
                    self._tell_empty(feed)
            except SourceError as error:
                self.run.report.errors.append(f"tenant {self.tenant.org_id}: {error}")

    def _tell_empty(self, feed: Feed) -> None:
        """A full extract without a row is doubtful where the feed had rows before."""
        if latest_content(self.run.workspace, self.tenant.org_id, self.source.id, feed, self._system(feed)):
            self._reported(Delivery(f"table:{feed.name}", "", 0), feed.name, "loaded").warnings[EMPTY] += 1

    def _take_extract(self, feed: Feed, delivery: Delivery) -> None:
        if self.ledger.latest(delivery.path) == delivery.file_id:
            (self.files / delivery.file_id).unlink()
            return
        inbox.make_durable(self.files)
        self.run.progress(f"{TAKING} {feed.name} of {self.tenant.org_id}/{self.source.id}")
        self._load(self.ledger.plan(feed.name, [self._from(feed, delivery)]))

    def _load(self, load: Load) -> None:
        """Stage, commit and close one load."""
        self.run.progress(f"stage {load.load_id}")
        with open_stage(self.run.workspace, self.run.contracts, load) as stage:
            define_functions(stage.connection, self.run.secret)
            reports = [self._reported(delivery, load.feed, "loaded") for delivery in load.deliveries]
            self._stage(stage, load, reports)
            stage.commit(self.run.progress)
            self.run.report.closed.update(stage.closed)
        self.run.progress(f"close {load.load_id}")
        outcomes = [Outcome(report.status, report.counts) for report in reports]
        self.ledger.close(load, zip(load.deliveries, outcomes, strict=True))
        for delivery in load.deliveries:
            if delivery.is_extract:  # its rows carry their content, and the database has the original
                (self.files / delivery.file_id).unlink(missing_ok=True)
        self.run.progress(f"closed {load.load_id}")

    def _stage(self, stage: Stage, load: Load, reports: Sequence[FileReport]) -> None:
        feed = next((feed for feed in self.feeds if feed.name == load.feed), None)
        reader = EdiReader(stage, self.tenant.payee_identifiers)
        for delivery, report in zip(load.deliveries, reports, strict=True):
            if feed is None:
                self._filing.refuse(stage, delivery, report, self._filing.why_not(delivery))
            elif isinstance(feed.origin, FileOrigin) and feed.origin.format == "x12":
                self._filing.file_edi(stage, reader, delivery, report)
            else:
                self._filing.file_records(stage, feed, delivery, report)
            self._filing.settle(stage, delivery, report)
        reader.flush()
        if feed and feed.is_full and load.deliveries:
            system = load.deliveries[-1].source_system_id
            FullLoad(self.run.workspace, stage, feed, system).end_histories(reports)

    @property
    def reading(self) -> Reading:
        """How this source's held records are read again."""
        run = self.run
        return Reading(self._filing, run.contracts, run.secret, run.report, run.progress)

    @property
    def _filing(self) -> Filing:
        return Filing(self.run.workspace, self.tenant, self.source, self.feeds, self.files)

    def _reported(self, delivery: Delivery, feed: str, status: str) -> FileReport:
        report = FileReport(self.tenant.org_id, self.source.id, feed, delivery.path, delivery.file_id, status)
        self.run.report.files.append(report)
        return report


def _batches(candidates: Iterable[inbox.Candidate]) -> Iterator[list[inbox.Candidate]]:
    batch: list[inbox.Candidate] = []
    size = 0
    for candidate in candidates:
        if batch and (len(batch) >= BATCH_FILES or size + candidate.size > BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(candidate)
        size += candidate.size
    if batch:
        yield batch


def _chosen(tenants: Sequence[Tenant], org_ids: Sequence[str] | None) -> Sequence[Tenant]:
    if org_ids is None:
        return tenants
    known = {tenant.org_id: tenant for tenant in tenants}
    for org_id in org_ids:
        if org_id not in known:
            raise ConfigurationError(
                f"no tenant '{org_id}'", where="tenants", remedy=f"Known: {', '.join(known) or 'none'}."
            )
    return [known[org_id] for org_id in org_ids]


def _secret(workspace: Workspace) -> bytes:
    """The workspace's own key of keyed_hash, made once and readable by its owner alone."""
    file = workspace.path / ".hash.key"
    if not file.exists():
        temporary = workspace.path / f".hash.key.{os.getpid()}"
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as writer:
            writer.write(secrets.token_bytes(32))
            writer.flush()
            os.fsync(writer.fileno())
        temporary.replace(file)
    return file.read_bytes()


def _silent(_: str) -> None:
    return
