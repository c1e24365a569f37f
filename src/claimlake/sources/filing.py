"""Which feed takes a file, and its reading; a file that cannot be read goes to quarantine as a whole."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from claimlake.engines.sql import literal, quoted
from claimlake.errors import ClaimlakeError, SourceError
from claimlake.lake.land import QUARANTINE, Finding, Stage, embedded, scan_sql
from claimlake.lake.ledger import Delivery
from claimlake.lake.table import Lake
from claimlake.sources.conform import FileRefusedError, Origin, conform
from claimlake.sources.content import Content, as_utf8, content_of
from claimlake.sources.delimited import header_of, read_delimited
from claimlake.sources.edi import EdiReader
from claimlake.sources.json_feed import first_names, read_json
from claimlake.sources.mapping import Feed, FileOrigin, TableOrigin
from claimlake.sources.projection import define_records, missing_columns
from claimlake.sources.record import TABLE, Records, keep_only
from claimlake.sources.report import FileReport
from claimlake.tenant import Source, Tenant
from claimlake.workspace import Workspace

TABLE_CONTENT = Content("json")


@dataclass(frozen=True)
class Filing:
    """The feeds of one source and the files they may take."""

    workspace: Workspace
    tenant: Tenant
    source: Source
    feeds: Sequence[Feed]
    files: Path

    def feed_of(self, delivery: Delivery) -> Feed | None:
        """The first feed whose pattern, format and columns the file has."""
        content = content_of(self.files / delivery.file_id)
        for feed in self.feeds:
            origin = feed.origin
            if isinstance(origin, FileOrigin) and origin.takes(delivery.path) and _fits(origin, content):
                names = {name.lower() for name in self._names(delivery, feed, content)}
                if {name.lower() for name in origin.columns} <= names:
                    return feed
        return None

    def why_not(self, delivery: Delivery) -> FileRefusedError:
        """Why no feed takes a file."""
        content = content_of(self.files / delivery.file_id)
        if content.problem:
            rule = "ALL-01" if content.problem == "is empty" else "ALL-16"
            return FileRefusedError(rule, f"file {content.problem}")
        formats = sorted(
            {
                feed.origin.format
                for feed in self.feeds
                if isinstance(feed.origin, FileOrigin) and feed.origin.takes(delivery.path)
            }
        )
        if formats and content.format not in formats:
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
        origin = Origin(delivery.source_system_id, delivery.file_id, delivery.path)
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

    def _names(self, delivery: Delivery, feed: Feed, content: Content) -> list[str]:
        """The columns of a file as its first line or record names them."""
        file = self.files / delivery.file_id
        if content.format == "json":
            return sorted(first_names(file, content.encoding))
        if content.format == "delimited" and isinstance(feed.origin, FileOrigin):
            wanted = [*feed.referenced(), *feed.origin.columns]
            return header_of(file, content.encoding, wanted, feed.origin.delimiter)[1]
        return []

    def _read(self, stage: Stage, feed: Feed, delivery: Delivery, report: FileReport) -> Records:
        file = self.files / delivery.file_id
        content = TABLE_CONTENT if isinstance(feed.origin, TableOrigin) else content_of(file)
        if content.format == "json":
            records = read_json(stage.connection, file, content.encoding, feed.omit)
        else:
            records = self._read_delimited(stage, feed, file, content)
        if content.encoding == "cp1252":
            report.warnings["ALL-01", "file is not UTF-8, read as Windows-1252"] += 1
        missing = missing_columns(feed, records.columns, stage.contracts)
        if missing and records.delivered:
            reason = f"required column {missing[0]} is missing"
            raise FileRefusedError("ALL-02", reason)
        given = {name.lower() for name in records.columns}
        for name in sorted(feed.referenced()):
            if name.lower() not in given and records.delivered:
                report.warnings["ALL-02", f"optional column {name} is missing"] += 1
        define_records(stage.connection, feed, records.columns, TABLE)
        return records

    def _read_delimited(self, stage: Stage, feed: Feed, file: Path, content: Content) -> Records:
        declared = feed.origin.delimiter if isinstance(feed.origin, FileOrigin) else None
        delimiter, header = header_of(file, content.encoding, feed.referenced(), declared)
        missing = missing_columns(feed, header, stage.contracts)
        if missing:
            raise FileRefusedError("ALL-02", f"required column {missing[0]} is missing")
        copy = self.workspace.spill_path / f"{file.name}.utf8"
        try:
            text = as_utf8(file, content.encoding, copy)
            return read_delimited(stage.connection, text, delimiter, header, feed.omit)
        finally:
            copy.unlink(missing_ok=True)


def newest_value(workspace: Workspace, org_id: str, source: Source, feed: Feed) -> str | None:
    """The watermark of an incremental feed: the newest value bronze holds, so it moves with its rows."""
    origin = feed.origin
    if not isinstance(origin, TableOrigin) or origin.load != "incremental" or not origin.watermark:
        return None
    lake = Lake(workspace.lake_path)
    extract = literal(f"table:{origin.table}")
    system = literal(feed.source_system_id or source.id)
    path = literal("$." + quoted(origin.watermark))
    found: list[str] = []
    with embedded(workspace) as connection:
        for table in sorted({target.table for target in feed.into}):
            scan = scan_sql(lake, table, org_id)
            if scan:
                value = connection.execute(
                    f"select max(json_extract_string(raw, {path})) from {scan} "
                    f"where source_system_id = {system} and source_file = {extract}"
                ).fetchall()[0][0]
                found += [value] if value else []
    return max(found, default=None)


def _fits(origin: FileOrigin, content: Content) -> bool:
    return content.format == origin.format or (content.format == "packed" and origin.format == "x12")
