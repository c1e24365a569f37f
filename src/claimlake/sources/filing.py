"""Which feed takes a file, and its reading; a file that cannot be read goes to quarantine as a whole."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from claimlake.engines.sql import literal
from claimlake.errors import ClaimlakeError, SourceError
from claimlake.lake.land import QUARANTINE, Finding, Stage
from claimlake.lake.ledger import Delivery
from claimlake.sources import archive
from claimlake.sources.api_origin import ApiOrigin
from claimlake.sources.conform import FileRefusedError, Origin, conform
from claimlake.sources.content import Content, content_of
from claimlake.sources.edi import EdiReader
from claimlake.sources.extract import folder_of, notes_of, read_extract, rehash
from claimlake.sources.file_origin import FileOrigin
from claimlake.sources.mapping import Feed
from claimlake.sources.projection import define_records, missing_columns
from claimlake.sources.reading import Reading
from claimlake.sources.record import TABLE, Records, forget_places, keep_only
from claimlake.sources.report import FileReport
from claimlake.tenant import Source, Tenant
from claimlake.workspace import Workspace

EXTRACT = FileOrigin("**", "json")
"""How the answers of an API are kept."""


@dataclass(frozen=True)
class Filing:
    """The feeds of one source and the files they may take."""

    workspace: Workspace
    tenant: Tenant
    source: Source
    feeds: Sequence[Feed]
    files: Path
    is_replay: bool = False
    """Whether the records of an extract are those that were held, kept as JSON lines in `files`."""

    def feed_of(self, delivery: Delivery, name: str | None = None) -> Feed | None:
        """The first feed whose pattern, format and columns the file has; `name` is that in its archive."""
        paths = [name, delivery.path] if name else [delivery.path]
        return next((feed for path in paths if (feed := self._first(delivery, path))), None)

    def _first(self, delivery: Delivery, path: str) -> Feed | None:
        for feed in self.feeds:
            origin = feed.origin
            if not isinstance(origin, FileOrigin) or not origin.takes(path):
                continue
            content = content_of(self.files / delivery.file_id, origin.encoding)
            if fits(origin, content) and self._has_columns(delivery, feed, content):
                return feed
        return None

    def _has_columns(self, delivery: Delivery, feed: Feed, content: Content) -> bool:
        if not isinstance(feed.origin, FileOrigin) or not feed.origin.columns:
            return True
        try:
            names = {name.lower() for name in self.columns(delivery, feed, content)}
        except SourceError:  # its feed is told when it is read
            return False
        return {name.lower() for name in feed.origin.columns} <= names

    def columns(self, delivery: Delivery, feed: Feed, content: Content) -> list[str]:
        """The names of the columns of a file of the feed."""
        return self._reading(delivery, feed, content).columns()

    def why_not(self, delivery: Delivery) -> FileRefusedError:
        """Why no feed takes a file."""
        origins = [feed.origin for feed in self.feeds if isinstance(feed.origin, FileOrigin)]
        origins = [origin for origin in origins if origin.takes(delivery.path)]
        declared = next((origin.encoding for origin in origins if origin.encoding), None)
        content = content_of(self.files / delivery.file_id, declared)
        if content.format == "packed":
            return FileRefusedError(
                "ALL-16", archive.why_not(self.files / delivery.file_id, self.workspace.spill_path)
            )
        if content.problem:
            rule = "ALL-01" if content.problem == "is empty" else "ALL-16"
            return FileRefusedError(rule, f"file {content.problem}")
        formats = sorted({name for origin in origins for name in origin.formats})
        if formats and not any(fits(origin, content) for origin in origins):
            return FileRefusedError("ALL-16", f"file is {content.format}, not {' or '.join(formats)}")
        what = "columns" if formats else "name"
        return FileRefusedError("ALL-15", f"no feed of {self.source.system} takes a file of this {what}")

    def file_edi(self, stage: Stage, reader: EdiReader, delivery: Delivery, report: FileReport) -> None:
        """Read an X12 file into the stage."""
        try:
            reader.add(delivery, self.files / delivery.file_id, report)
        except SourceError as error:
            rule = "ALL-01" if "empty" in error.what else "ALL-16"
            self.refuse(stage, delivery, report, FileRefusedError(rule, error.what))

    def file_records(
        self,
        stage: Stage,
        feed: Feed,
        delivery: Delivery,
        report: FileReport,
        only: Mapping[int, int] | None = None,
    ) -> None:
        """Read a delimited or JSON file, or an extract of a table, into the stage.

        Args:
            only: numbers of the records to take, each with the number it gets; by default all as they are.
        """
        origin = Origin(delivery.source_system_id, delivery.file_id, delivery.path, delivery.arrived_at)
        try:
            records = self._read(stage, feed, delivery, report)
            if only is not None:
                records.delivered = keep_only(stage.connection, only)
            conform(stage, feed, origin, records, report)
        except FileRefusedError as refusal:
            self.refuse(stage, delivery, report, refusal)
        except SourceError as error:
            self.refuse(stage, delivery, report, FileRefusedError("ALL-01", error.what))
        except ClaimlakeError as error:
            report.status, report.error = "failed", str(error)

    def settle(self, stage: Stage, delivery: Delivery, report: FileReport) -> None:
        """A file that was refused under this path is waited for no longer when one could be read."""
        if report.status == "loaded":
            key = f"select sha256({literal(delivery.path)})"
            stage.settle("fixed_upstream", "file", self.source.id, key)

    def refuse(self, stage: Stage, delivery: Delivery, report: FileReport, refusal: FileRefusedError) -> None:
        """Put a whole file in quarantine; its bytes are kept under its hash."""
        load = stage.load
        stage.add(
            QUARANTINE,
            f"""
            select {literal(load.org_id)} as org_id, {literal(self.source.id)} as source_system_id,
                sha256(concat_ws('|', {literal(load.org_id)}, {literal(self.source.id)},
                    {literal(delivery.file_id)}, {literal(refusal.rule)})) as quarantine_id,
                {literal(load.load_id)} as load_id, 'file' as table_name, {literal(refusal.rule)} as rule_id,
                {literal(refusal.reason)} as reason, {literal(delivery.file_id)} as file_id,
                {literal(delivery.path)} as source_file, sha256({literal(delivery.path)}) as record_key,
                0::bigint as byte_offset,
                {delivery.size}::bigint as byte_length, timestamp '{load.planned_at}' as quarantined_at,
                date '{load.planned_at.date()}' as quarantined_date
            """,
        )
        report.status = "quarantined"
        report.counts.delivered = report.counts.quarantined = 1
        report.quarantined[refusal.rule, refusal.reason] += 1
        finding = Finding(self.source.id, "file", refusal.rule, "quarantine", refusal.reason)
        stage.note(finding, checked=1, failed=1)

    def _reading(self, delivery: Delivery, feed: Feed, content: Content) -> Reading:
        origin = feed.origin if isinstance(feed.origin, FileOrigin) else EXTRACT
        wanted = tuple(dict.fromkeys([*sorted(feed.referenced()), *origin.columns]))
        return Reading(self.files / delivery.file_id, content, origin, wanted)

    def _read(self, stage: Stage, feed: Feed, delivery: Delivery, report: FileReport) -> Records:
        if delivery.is_extract:
            records = self._read_extract(stage, feed, delivery, report)
            content = Content("extract")
        else:
            content = self._content(delivery, feed)
            records = self._read_file(stage, feed, delivery, content)
        if records.delivered:
            self._refuse_missing(feed, records.columns, stage)
        for reason in _remarks(feed, content, records):
            report.warnings[reason] += 1
        define_records(stage.connection, feed, records.columns, TABLE)
        return records

    def _content(self, delivery: Delivery, feed: Feed) -> Content:
        declared = feed.origin.encoding if isinstance(feed.origin, FileOrigin) else None
        return content_of(self.files / delivery.file_id, declared)

    def _read_file(self, stage: Stage, feed: Feed, delivery: Delivery, content: Content) -> Records:
        reading = self._reading(delivery, feed, content)
        if content.format != "json":
            self._refuse_missing(feed, reading.columns(), stage)
        return reading.read(stage.connection, self.workspace.spill_path, feed.omit)

    def _read_extract(self, stage: Stage, feed: Feed, delivery: Delivery, report: FileReport) -> Records:
        waiting = folder_of(self.workspace, self.tenant.org_id, self.source.id)
        file = (self.files if self.is_replay else waiting) / delivery.file_id
        if self.is_replay or isinstance(feed.origin, ApiOrigin):
            reading = Reading(file, Content("json"), EXTRACT, tuple(sorted(feed.referenced())))
            records = reading.read(stage.connection, self.workspace.spill_path, feed.omit)
            forget_places(stage.connection)
            if not isinstance(feed.origin, ApiOrigin):
                rehash(stage.connection, records, feed.omit)
            return records
        records = read_extract(stage.connection, file, feed.omit)
        system = delivery.source_system_id or self.source.id
        for note in notes_of(stage.connection, file):
            report.warnings["ALL-02", note] += 1
            stage.note(Finding(system, feed.into[0].table, "ALL-02", "warn", note), checked=1, failed=1)
        return records

    def _refuse_missing(self, feed: Feed, columns: Iterable[str], stage: Stage) -> None:
        names = list(columns)
        missing = missing_columns(feed, names, stage.contracts)
        if not missing:
            return
        other = next(
            (one.name for one in self._others(feed) if not missing_columns(one, names, stage.contracts)), None
        )
        hint = f"; its columns are those of feed {other}" if other else ""
        raise FileRefusedError("ALL-02", f"required column {missing[0]} is missing{hint}")

    def _others(self, feed: Feed) -> list[Feed]:
        """The other feeds of files that cannot do without some columns of theirs."""
        return [
            one for one in self.feeds if one is not feed and one.into and isinstance(one.origin, FileOrigin)
        ]


def _remarks(feed: Feed, content: Content, records: Records) -> Iterable[tuple[str, str]]:
    """Rule and reason of what a person should know of a file that is loaded all the same."""
    declared = feed.origin.encoding if isinstance(feed.origin, FileOrigin) else None
    if content.encoding == "cp1252" and not declared:
        yield "ALL-01", "file is not UTF-8, read as Windows-1252"
    if not records.delivered:
        if content.format != "extract":
            yield "ALL-01", "file has a header and no record"
        return
    given = {name.lower() for name in records.columns}
    for name in sorted(feed.referenced()):
        if name.lower() not in given:
            yield "ALL-02", f"optional column {name} is missing"
        if name.lower() in records.repeated:
            yield "ALL-02", f"column {name} is there more than once, the first is read"


def fits(origin: FileOrigin, content: Content) -> bool:
    """Whether a file of this content can be of the feed; that a line is fixed-width, only the feed knows."""
    known = (
        "fixed_width"
        if origin.format == "fixed_width" and content.format in ("delimited", "json")
        else content.format
    )
    return known in origin.formats
