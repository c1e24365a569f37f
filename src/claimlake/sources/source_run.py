"""The ingestion of one source of one tenant: its files, its tables, its APIs, each in loads that finish."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from claimlake.errors import ClaimlakeError, SourceError
from claimlake.lake.land import Stage, open_stage
from claimlake.lake.ledger import Delivery, Ledger, Load, Outcome
from claimlake.lake.replay_file import own_loads
from claimlake.lake.run_log import RunLog
from claimlake.lake.seen_table import SeenTables
from claimlake.sources import inbox
from claimlake.sources.api import ApiFeed, write_extract
from claimlake.sources.api_batch import Batch, Failures
from claimlake.sources.api_origin import ApiOrigin
from claimlake.sources.archive import in_order, unpack
from claimlake.sources.conform import FileRefusedError
from claimlake.sources.content import content_of
from claimlake.sources.database import resolved_url
from claimlake.sources.edi import EdiReader
from claimlake.sources.extract import Extract, Extraction, cleared, folder_of
from claimlake.sources.failure import stopped
from claimlake.sources.feed_config import feed_result
from claimlake.sources.file_origin import FileOrigin
from claimlake.sources.filing import Filing
from claimlake.sources.full_feed import OUTDATED, FullFeed, rivals_of
from claimlake.sources.mapping import Feed, SourceMapping
from claimlake.sources.projection import define_functions
from claimlake.sources.replay_load import Reading
from claimlake.sources.report import FileReport
from claimlake.sources.run import Run
from claimlake.sources.table_origin import TableOrigin
from claimlake.sources.table_run import FAILURES, read_tables
from claimlake.sources.vanished import EMPTY, FullLoad
from claimlake.tenant import Source, Tenant

TAKING = "taking"
"""First word of the steps that a person wants to follow."""
UNROUTED = "-"
"""Feed of the files that no feed takes; they go to quarantine."""


@dataclass(frozen=True)
class SourceRun:
    """The ingestion of one source of one tenant."""

    run: Run
    tenant: Tenant
    source: Source
    feeds: Sequence[Feed]
    """The feeds that are active."""
    mapping: SourceMapping
    ledger: Ledger
    files: Path
    log: RunLog
    errors: dict[str, list[str]] = field(default_factory=dict)
    """What went wrong, by feed; '' for the source as a whole."""
    newest: dict[str, datetime] = field(default_factory=dict)
    """Time of the newest row that was read, by feed."""

    def fail(self, feed: str, what: str) -> None:
        """Say what kept a feed, or the source, from being loaded; the rest goes on."""
        self.errors.setdefault(feed, []).append(what)
        place = "" if feed else f"source {self.source.id}: "
        self.run.report.errors.append(f"tenant {self.tenant.org_id}: {place}{what}")

    def end(self) -> None:
        """Close the audit of this run."""
        mine = self.reports
        for name in sorted({*(feed.name for feed in self.feeds), *self.errors, *(one.feed for one in mine)}):
            reports = [report for report in mine if report.feed == name]
            result = feed_result(reports, self.errors.get(name, []))
            result.newest_at = self.newest.get(name)
            result.is_part = not name and any(report.status == "loaded" for report in mine)
            self.log.end("" if name == UNROUTED else name, result)

    def resume(self) -> None:
        """Finish the loads that an earlier run left open."""
        for load in self.ledger.open_loads():
            try:
                self._load(load)
            except FAILURES as error:
                self._fail_by(load.feed, error)

    def take_files(self) -> None:
        """Load the new files of the landing folder in batches of bounded size."""
        folder = self.run.workspace.landing / self.tenant.org_id / self.source.id
        candidates = inbox.scan(folder, self.ledger.known_paths())
        for batch in inbox.batches(inbox.settled(candidates, self.run.settle_seconds)):
            self.run.progress(f"{TAKING} {len(batch):,} files of {self.tenant.org_id}/{self.source.id}")
            kept = [self._keep(candidate) for candidate in batch]
            deliveries = [delivery for delivery in kept if delivery]
            names, archives = self._unpacked(deliveries)
            inbox.make_durable(self.files)
            self._take(names)
            # Recorded last: an ingestion that dies before unpacks again, and knows by content what it had.
            self.ledger.record([(archive, self._outcome(archive)) for archive in archives])

    def _keep(self, candidate: inbox.Candidate) -> Delivery | None:
        try:
            return inbox.keep(candidate, self.files)
        except SourceError as error:
            self.fail("", str(error))
            return None

    def _unpacked(self, deliveries: Sequence[Delivery]) -> tuple[dict[Delivery, str | None], list[Delivery]]:
        """What is to be taken, each with its name if that is in an archive, and the archives it came in."""
        known = self.ledger.known_content()
        names: dict[Delivery, str | None] = {}
        archives = []
        for delivery in deliveries:
            file = self.files / delivery.file_id
            is_news = (delivery.file_id, self.source.id) not in known
            if not is_news or content_of(file).format != "packed":
                names[delivery] = None
                continue
            try:
                names |= unpack(delivery, self.files)
                archives.append(delivery)
            except SourceError as error:
                if error.retryable:
                    self.fail("", f"{delivery.path}: {error.what}")
                else:
                    names[delivery] = None
        return names, archives

    def _outcome(self, archive: Delivery) -> Outcome:
        """What became of an archive: it is read again when a file of it failed."""
        has_failed = any(report.status == "failed" and report.is_of(archive.path) for report in self.reports)
        return Outcome("failed" if has_failed else "loaded")

    @property
    def reports(self) -> list[FileReport]:
        """What became of the source's deliveries so far."""
        place = (self.tenant.org_id, self.source.id)
        return [report for report in self.run.report.files if (report.org_id, report.source_id) == place]

    def _take(self, deliveries: Mapping[Delivery, str | None]) -> None:
        feeds = {delivery: self._filing.feed_of(delivery, name) for delivery, name in deliveries.items()}
        routed = {self._from(feed, delivery): feed for delivery, feed in feeds.items()}
        by_feed: dict[str, list[Delivery]] = {}
        full = {delivery for delivery, feed in routed.items() if feed and feed.is_full}
        for delivery in self._new([delivery for delivery in routed if delivery not in full]):
            feed = routed[delivery]
            by_feed.setdefault(feed.name if feed else UNROUTED, []).append(delivery)
        for name in sorted(by_feed):
            self.run.progress(f"plan {self.source.id} {name}")
            self._load(self.ledger.plan(name, by_feed[name]))
        for delivery in sorted(full, key=lambda delivery: (delivery.modified_ns, in_order(delivery.path))):
            self._take_full(routed[delivery], delivery)

    def _take_full(self, feed: Feed | None, delivery: Delivery) -> None:
        """Load a file that holds all of its feed alone: the order of such files says what vanished when."""
        if feed is None or self._full(feed).latest_content() == delivery.file_id:
            self._repeat([delivery])
            return
        self.run.progress(f"plan {self.source.id} {feed.name}")
        self._load(self.ledger.plan(feed.name, [delivery], is_full=True))

    def confirm_deletions(self) -> None:
        """Load the newest full files again whose deletions were held back, and carry them out."""
        files = [feed for feed in self.feeds if feed.is_full and isinstance(feed.origin, FileOrigin)]
        for feed in files if self.run.is_confirmed else []:
            delivery = self._full(feed).doubtful()
            if delivery and (self.files / delivery.file_id).is_file():
                self._load(self.ledger.plan(feed.name, [delivery], is_full=True, is_confirmed=True))
            elif delivery:
                self.fail(feed.name, f"{delivery.path}: its bytes are not kept. Deliver the file again.")

    def _full(self, feed: Feed) -> FullFeed:
        return FullFeed(self.ledger, feed.name, self._system(feed))

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
        extraction = Extraction(
            self.run.workspace,
            self.tenant.org_id,
            self.source,
            url,
            self.run.contracts,
            cleared(self._extracts, self._needed()),
            self.run.progress,
        )
        seen = SeenTables(self.run.workspace, self.tenant.org_id, self.source.id)
        for feed in feeds:
            self.log.begin(feed.name)
        for feed, found in read_tables(extraction, feeds, seen):
            if not isinstance(found, Extract):
                self._fail_by(feed.name, found)
                continue
            try:
                self._take_extract(feed, found, seen)
            except FAILURES as error:
                self._fail_by(feed.name, error)

    def _fail_by(self, feed: str, error: Exception) -> None:
        place = f"source {self.source.id}: feed {feed}: "
        self.fail(feed, str(error) if isinstance(error, ClaimlakeError) else place + stopped(error))

    def _take_extract(self, feed: Feed, extract: Extract, seen: SeenTables) -> None:
        delivery = extract.delivery
        if delivery and not self._is_latest(feed, delivery):
            self.run.progress(f"{TAKING} {feed.name} of {self.tenant.org_id}/{self.source.id}")
            is_confirmed = feed.is_full and self.run.is_confirmed
            taken = [self._from(feed, delivery)]
            self._load(self.ledger.plan(feed.name, taken, is_full=feed.is_full, is_confirmed=is_confirmed))
        else:
            self._unchanged(feed, extract)
        if extract.newest_at:
            self.newest[feed.name] = extract.newest_at
        if isinstance(feed.origin, TableOrigin):
            seen.remember(feed.origin.table, extract.described)

    def _is_latest(self, feed: Feed, delivery: Delivery) -> bool:
        return self.ledger.latest(feed.name, delivery.path, is_full=feed.is_full) == delivery.file_id

    def _unchanged(self, feed: Feed, extract: Extract) -> None:
        """A table without news; what changed in its columns is told all the same."""
        if feed.is_full and not extract.delivery:
            self._tell_empty(feed)
        if extract.delivery:
            (self._extracts / extract.delivery.file_id).unlink()
        if extract.notes and isinstance(feed.origin, TableOrigin):
            nothing = Delivery(f"table:{feed.origin.table}", "", 0)
            self._reported(nothing, feed.name, "loaded").warnings.update(
                {("ALL-02", note): 1 for note in extract.notes}
            )

    def _tell_empty(self, feed: Feed) -> None:
        """A full extract without a row is doubtful where the feed had rows before."""
        if self._full(feed).latest_content() is not None:
            self._reported(Delivery(f"table:{feed.name}", "", 0), feed.name, "loaded").warnings[EMPTY] += 1

    def _needed(self) -> list[str]:
        """The extracts that planned loads are made of."""
        return [delivery.file_id for load in self.ledger.open_loads() for delivery in load.deliveries]

    def take_apis(self) -> None:
        """Ask the source's APIs for what is due; what could not be asked is in the report."""
        feeds = [feed for feed in self.feeds if isinstance(feed.origin, ApiOrigin)]
        if feeds:
            cleared(self._extracts, self._needed())
        for feed in feeds:
            if self.source.url:
                asked = ApiFeed(self.run.workspace, self.tenant.org_id, self.source, feed, self.run.clock)
                failures = Failures()
                try:
                    for batch in asked.batches(failures):
                        self._take_batch(asked, batch)
                finally:
                    for what in failures.problems:
                        self.fail(feed.name, what)

    def _take_batch(self, asked: ApiFeed, batch: Batch) -> None:
        """Load what an API answered; only then do its requests count as answered."""
        moment = asked.now
        delivery = write_extract(batch, asked.feed, self._extracts)
        if delivery:
            inbox.make_durable(self._extracts)
            self.run.progress(f"{TAKING} {asked.feed.name} of {self.tenant.org_id}/{self.source.id}")
            reports = self._load(self.ledger.plan(asked.feed.name, [self._from(asked.feed, delivery)]))
            if any(report.status != "loaded" for report in reports):
                return
        self.run.progress(f"answered {asked.feed.name}")
        asked.log.record(batch.answered, moment)

    def _load(self, load: Load) -> list[FileReport]:
        """Stage, commit and close one load; the reports of its deliveries."""
        self.log.begin("" if load.feed == UNROUTED else load.feed)
        self.run.progress(f"stage {load.load_id}")
        with open_stage(self.run.workspace, self.run.contracts, load) as stage:
            define_functions(stage.connection, self.run.secret)
            stage.watermark = self._watermark(load)
            stage.own = self._own(load)
            reports = [self._reported(delivery, load.feed, "loaded") for delivery in load.deliveries]
            is_sure = self._stage(stage, load, reports)
            stage.commit(self.run.progress)
            self.run.report.closed.update(stage.closed)
        self.run.progress(f"close {load.load_id}")
        outcomes = [Outcome(report.status, report.counts) for report in reports]
        self.ledger.close(load, zip(load.deliveries, outcomes, strict=True), is_doubtful=not is_sure)
        for delivery in load.deliveries:
            if delivery.is_extract:  # its rows carry their content, and the database has the original
                (self._extracts / delivery.file_id).unlink(missing_ok=True)
        self.run.progress(f"closed {load.load_id}")
        return reports

    def _stage(self, stage: Stage, load: Load, reports: Sequence[FileReport]) -> bool:
        """Stage what a load delivers; False when deletions that it should have brought are held back."""
        feed = self._feed(load)
        reader = EdiReader(stage, self.tenant.payee_identifiers)
        for delivery, report in zip(load.deliveries, reports, strict=True):
            if feed and load.is_full and not delivery.is_extract and self._full(feed).is_outdated(delivery):
                self._filing.refuse(stage, delivery, report, FileRefusedError(*OUTDATED))
            elif feed is None and delivery.is_extract:
                report.status, report.error = "failed", f"the mapping has no feed '{load.feed}' any more"
            elif feed is None:
                self._filing.refuse(stage, delivery, report, self._filing.why_not(delivery))
            elif isinstance(feed.origin, FileOrigin) and feed.origin.format == "x12":
                self._filing.file_edi(stage, reader, delivery, report)
            else:
                self._filing.file_records(stage, feed, delivery, report)
            self._filing.settle(stage, delivery, report)
        reader.flush()
        if feed is None or not load.is_full or not load.deliveries or OUTDATED in reports[-1].quarantined:
            return True
        system = load.deliveries[-1].source_system_id
        return FullLoad(self.run.workspace, stage, feed, system, self._rivals(feed)).end_histories(reports)

    def _rivals(self, feed: Feed) -> list[str]:
        """The other feeds that hold all of a table of this one, under the same system."""
        alike = [one for one in self.feeds if self._system(one) == self._system(feed)]
        return rivals_of(feed, alike)

    def _own(self, load: Load) -> list[tuple[str, str]] | None:
        """The loads of a full feed that shares a table: what it holds shows in its own rows."""
        feed = self._feed(load)
        if feed is None or not load.is_full or not self._rivals(feed):
            return None
        return own_loads(self.run.workspace, self.tenant.org_id, self.source.id, feed.name)

    @property
    def systems(self) -> set[str]:
        """The systems its rows are kept under: itself, and those its feeds name."""
        feeds = (*self.feeds, *self.mapping.declared_of(self.source.id))
        return {self.source.id, *(self._system(feed) for feed in feeds)}

    @property
    def reading(self) -> Reading:
        """How this source's held records are read again."""
        run = self.run
        return Reading(self._filing, run.contracts, run.secret, run.report, run.progress)

    def _feed(self, load: Load) -> Feed | None:
        """The feed of a load, even one that was switched off after the load was planned."""
        feeds = (*self.feeds, *self.mapping.declared_of(self.source.id))
        return next((feed for feed in feeds if feed.name == load.feed), None)

    def _watermark(self, load: Load) -> str | None:
        feed = self._feed(load)
        return feed.origin.watermark if feed and isinstance(feed.origin, TableOrigin) else None

    @property
    def _extracts(self) -> Path:
        return folder_of(self.run.workspace, self.tenant.org_id, self.source.id)

    @property
    def _filing(self) -> Filing:
        return Filing(self.run.workspace, self.tenant, self.source, self.feeds, self.files)

    def _reported(self, delivery: Delivery, feed: str, status: str) -> FileReport:
        report = FileReport(self.tenant.org_id, self.source.id, feed, delivery.path, delivery.file_id, status)
        self.run.report.files.append(report)
        return report
