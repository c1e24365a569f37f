"""What a feed is configured to do, and what a run did with it, as the audit keeps both."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from claimlake.lake.contract import Contract
from claimlake.lake.run_log import FeedConfig, FeedResult
from claimlake.sources.api_origin import ApiOrigin
from claimlake.sources.file_origin import FileOrigin
from claimlake.sources.mapping import Feed, Origin, SourceMapping
from claimlake.sources.report import FileReport
from claimlake.sources.table_origin import TableOrigin
from claimlake.tenant import Source


def feed_configs(
    source: Source, mapping: SourceMapping, active: Sequence[Feed], contracts: Mapping[str, Contract]
) -> list[FeedConfig]:
    """The configuration of every feed of a source; those that are not active say so."""
    by_name = {feed.name: feed for feed in active}
    schedule = source.schedule or mapping.schedule
    configs = [
        _config(source, by_name.get(feed.name, feed), contracts, is_active=feed.name in by_name)
        for feed in mapping.declared_of(source.id)
    ]
    return [replace(config, schedule=schedule) for config in configs]


def feed_result(reports: Iterable[FileReport], errors: Iterable[str]) -> FeedResult:
    """What the reports of one feed come to."""
    result = FeedResult(errors=list(errors))
    for report in reports:
        counts = report.counts
        result.processed += counts.delivered
        result.loaded += counts.loaded
        result.success += counts.loaded + counts.duplicates
        result.error += counts.quarantined + counts.unsupported
        result.is_partial = result.is_partial or report.is_partial
        result.errors += [report.error] if report.error else []
        found = {"quarantined": report.quarantined, "warning": report.warnings}
        for what, reasons in found.items():
            result.notes += [
                f"{what} {rule}: {why} ({count:,})"
                for (rule, why), count in sorted(reasons.items())
                if rule != "ALL-03"
            ]
    return result


def _config(source: Source, feed: Feed, contracts: Mapping[str, Contract], *, is_active: bool) -> FeedConfig:
    origin = feed.origin
    is_fetched = not isinstance(origin, FileOrigin)
    rules = {expectation.rule for target in feed.into for expectation in contracts[target.table].expectations}
    transformed: dict[str, Any] = {target.table: target.where for target in feed.into if target.where}
    return FeedConfig(
        feed=feed.name,
        source_system_id=feed.source_system_id or source.id,
        tablename=_name(origin),
        loadtype=_load(origin),
        watermark=origin.watermark if isinstance(origin, TableOrigin) else None,
        targetpath=", ".join(target.table for target in feed.into) or "bronze",
        mapping_rules={target.table: dict(target.fields) for target in feed.into},
        validation_rules=sorted(rules),
        transformation_rules={"where": transformed, "omit": list(feed.omit)},
        is_active=is_active and source.is_active and (not is_fetched or bool(source.url)),
    )


def _name(origin: Origin) -> str:
    """What the feed reads: a table, files of a pattern, an API."""
    match origin:
        case TableOrigin(table=table):
            return table
        case FileOrigin(pattern=pattern):
            return pattern
    return origin.api


def _load(origin: Origin) -> str:
    return "api" if isinstance(origin, ApiOrigin) else origin.load
