"""Lists of codes from files: each an edition, valid from a day on, loaded once for every tenant."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from claimlake.engines.sql import literal
from claimlake.errors import ConfigurationError, SourceError
from claimlake.lake.contract import Contract, load_contracts
from claimlake.lake.land import Progress, Stage, open_stage
from claimlake.lake.ledger import Counts, Delivery, Ledger, Load, Outcome
from claimlake.sources import inbox
from claimlake.sources.filing import Filing
from claimlake.sources.mapping import Feed, SourceMapping, load_mappings
from claimlake.sources.projection import define_functions
from claimlake.sources.reference_edition import editions
from claimlake.sources.reference_text import prepare
from claimlake.sources.report import FileReport, IngestReport
from claimlake.tenant import REFERENCE, Source, Tenant
from claimlake.workspace import Workspace

SYSTEM = "reference_lists"
SOURCE = Source(id=REFERENCE, system=SYSTEM)
"""Where the rows are from, in every tenant."""
LEDGER = "reference:lists"
"""The source of the ledger's loads; no tenant can declare one of this id."""
ALWAYS = date(1900, 1, 1)
"""Since when a first edition is valid that was given no day."""


@dataclass(frozen=True)
class Lists:
    """The lists one workspace can load."""

    workspace: Workspace
    contracts: dict[str, Contract]
    mapping: SourceMapping
    progress: Progress

    @classmethod
    def of(cls, workspace: Workspace, progress: Progress) -> "Lists":
        """The lists whose kinds sources/reference_lists.yml describes."""
        contracts = load_contracts(workspace)
        return cls(workspace, contracts, load_mappings(workspace, contracts, [SYSTEM])[SYSTEM], progress)

    @property
    def kinds(self) -> list[str]:
        """The kinds of list there are."""
        return sorted(feed.name for feed in self.mapping.feeds)

    def load(
        self, kind: str, file: Path, tenants: Sequence[Tenant], *, valid_from: date | None
    ) -> IngestReport:
        """Load one file as an edition of a code set of some tenants; the same file again changes nothing."""
        if kind not in self.kinds:
            raise ConfigurationError(
                f"no kind of list '{kind}'.", where="reference", remedy=f"Kinds: {', '.join(self.kinds)}."
            )
        report = IngestReport()
        with self.workspace.exclusive("ingest"):
            for tenant in tenants:
                one = _TenantLists(self, tenant, report)
                one.resume()
                one.take(kind, file, valid_from)
        return report


@dataclass(frozen=True)
class _TenantLists:
    lists: Lists
    tenant: Tenant
    report: IngestReport

    @property
    def ledger(self) -> Ledger:
        return Ledger(self.lists.workspace, self.tenant.org_id, LEDGER)

    @property
    def files(self) -> Path:
        return self.lists.workspace.files_path / self.tenant.org_id

    def resume(self) -> None:
        """Finish the loads that an earlier command left open."""
        self.ledger.prepare()
        for load in self.ledger.open_loads():
            self._load(load)

    def take(self, kind: str, file: Path, valid_from: date | None) -> None:
        """Load a file unless its content is the edition already and none of its records is held."""
        self.files.mkdir(parents=True, exist_ok=True)
        delivery = self._kept(kind, file, valid_from)
        known = self.ledger.known_content().get((delivery.file_id, SOURCE.id), Counts())
        if self.ledger.latest(kind, delivery.path) == delivery.file_id and not known.quarantined:
            counts = self._reported(delivery, kind, "duplicate").counts
            counts.delivered = counts.duplicates = known.delivered
            return
        if valid_from is None and not known.quarantined and self._has_editions(kind):
            raise SourceError(
                f"there is an edition of {kind} already.",
                where=file.name,
                remedy="Say since when this one is valid: --valid-from YYYY-MM-DD.",
            )
        self.lists.progress(f"plan {kind}")
        self._load(self.ledger.plan(kind, [delivery]))

    def _kept(self, kind: str, file: Path, valid_from: date | None) -> Delivery:
        try:
            state = file.stat()
            candidate = inbox.Candidate(file.name, file, state.st_size, state.st_mtime_ns)
            kept = inbox.keep(candidate, self.files)
        except OSError as error:
            raise SourceError(f"cannot be read ({error.strerror}).", where=str(file)) from error
        if kept is None:
            raise SourceError("changes while it is read.", where=file.name, retryable=True)
        inbox.make_durable(self.files)
        path = f"{kind}/{valid_from or ALWAYS}/{file.name}"
        return replace(kept, path=path, source_system_id=SOURCE.id)

    def _has_editions(self, kind: str) -> bool:
        known = editions(self.lists.workspace, self.tenant.org_id)
        return any(edition.code_set == kind and edition.source_system_id == SOURCE.id for edition in known)

    def _load(self, load: Load) -> None:
        (delivery,) = load.deliveries
        feed = _dated(self._feed(load.feed), _edition_from(delivery))
        report = self._reported(delivery, load.feed, "loaded")
        self.lists.progress(f"stage {load.load_id}")
        with open_stage(self.lists.workspace, self.lists.contracts, load) as stage:
            define_functions(stage.connection, b"")
            self._file(stage, feed, delivery, report)
            stage.commit(self.lists.progress)
        self.lists.progress(f"close {load.load_id}")
        self.ledger.close(load, [(delivery, Outcome(report.status, report.counts))])

    def _feed(self, kind: str) -> Feed:
        return next(feed for feed in self.lists.mapping.feeds if feed.name == kind)

    def _file(self, stage: Stage, feed: Feed, delivery: Delivery, report: FileReport) -> None:
        spill = self.lists.workspace.spill_path
        # The reader finds its file under the hash of the original, made readable.
        copy = spill / delivery.file_id
        filing = Filing(self.lists.workspace, self.tenant, SOURCE, [feed], spill)
        try:
            prepare(self.files / delivery.file_id, feed.referenced(), copy)
            filing.file_records(stage, feed, delivery, report)
        finally:
            copy.unlink(missing_ok=True)
        # A list has one of the names a column may have; that it lacks the others is no news.
        for rule, reason in [key for key in report.warnings if key[0] == "ALL-02"]:
            del report.warnings[rule, reason]
        if report.status == "loaded" and report.counts.quarantined < report.counts.delivered:
            stage.add("bronze.reference_editions", _edition_sql(stage, feed, delivery))

    def _reported(self, delivery: Delivery, kind: str, status: str) -> FileReport:
        report = FileReport(self.tenant.org_id, SOURCE.id, kind, delivery.path, delivery.file_id, status)
        self.report.files.append(report)
        return report


def _edition_from(delivery: Delivery) -> date:
    return date.fromisoformat(delivery.path.split("/")[1])


def _dated(feed: Feed, edition_from: date) -> Feed:
    """The feed whose rows say since when their edition is valid."""
    field = ("edition_from", literal(edition_from.isoformat()))
    into = tuple(replace(target, fields=(*target.fields, field)) for target in feed.into)
    return replace(feed, into=into)


def _edition_sql(stage: Stage, feed: Feed, delivery: Delivery) -> str:
    load = stage.load
    name = delivery.path.split("/", 2)[2]
    edition_from = _edition_from(delivery)
    return f"""
        select {literal(load.org_id)} as org_id, {literal(SOURCE.id)} as source_system_id,
            {literal(load.load_id)} as load_id, {literal(delivery.file_id)} as file_id,
            {literal(delivery.path)} as source_file, timestamp '{load.planned_at}' as ingested_at,
            sha256(concat_ws('|', {literal(feed.name)}, '{edition_from}', {literal(delivery.file_id)}))
                as record_hash,
            {literal(feed.name)} as code_set, date '{edition_from}' as edition_from,
            {literal(name)} as edition
    """
