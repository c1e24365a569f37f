"""What one ingestion did: per tenant, source, feed and file, what was delivered and what became of it."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from claimlake.lake.ledger import Counts

LISTED = 20
"""Partial deliveries named in the printed report."""
PARTIAL_SHARE = 0.05
"""A delivery of which more than this share went to quarantine is partial (quality rule of every load)."""


@dataclass
class Amounts:
    """One column of money by what became of its records; amounts that cannot be read are in none of these."""

    delivered: Decimal = Decimal(0)
    loaded: Decimal = Decimal(0)
    quarantined: Decimal = Decimal(0)
    duplicates: Decimal = Decimal(0)

    def add(self, other: "Amounts") -> None:
        """Add another delivery's amounts to these."""
        self.delivered += other.delivered
        self.loaded += other.loaded
        self.quarantined += other.quarantined
        self.duplicates += other.duplicates

    def as_dict(self) -> dict[str, str]:
        """The amounts as exact texts."""
        return {name: f"{value:.2f}" for name, value in vars(self).items()}


@dataclass
class FileReport:
    """What became of one file, or of one extract of a database table."""

    org_id: str
    source_id: str
    feed: str
    path: str
    file_id: str = ""
    status: str = "loaded"
    counts: Counts = field(default_factory=Counts)
    tables: dict[str, Counts] = field(default_factory=dict)
    """Rows by bronze table: a record may be a row of several, or several rows of one. None for X12."""
    amounts: dict[str, Amounts] = field(default_factory=dict)
    """By table and column of money; for X12 what payments (BPR02) and claims (CLM02) come to."""
    quarantined: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Records by rule and reason."""
    warnings: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Records by rule and reason that were loaded all the same."""
    unsupported: Counter[str] = field(default_factory=Counter)
    """Transactions by reason: 'not supported: 270'."""
    error: str = ""

    def is_of(self, archive: str) -> bool:
        """Whether the file came in the archive of this path."""
        return archive in (self.path, self.path.rpartition("#")[0])

    @property
    def is_partial(self) -> bool:
        """Whether so much went to quarantine that the figures of this delivery are not complete."""
        return self.counts.quarantined > PARTIAL_SHARE * self.counts.delivered

    def as_dict(self) -> dict[str, Any]:
        """The report as plain values, for JSON."""
        return {
            "org_id": self.org_id,
            "source_id": self.source_id,
            "feed": self.feed,
            "file": self.path,
            "file_id": self.file_id,
            "status": self.status,
            **vars(self.counts),
            "is_partial": self.is_partial,
            "tables": {name: vars(counts) for name, counts in self.tables.items()},
            "amounts": {name: amounts.as_dict() for name, amounts in self.amounts.items()},
            "quarantined_by": _listed(self.quarantined),
            "warnings": _listed(self.warnings),
            "unsupported_by": dict(self.unsupported),
            "error": self.error or None,
        }


@dataclass
class IngestReport:
    """The reports of all files a run touched, and what it could not reach."""

    files: list[FileReport] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    """Sources, tables and mappings that could not be read; everything else was."""
    closed: Counter[str] = field(default_factory=Counter)
    """Quarantine records that were closed, by resolution."""

    @property
    def exit_code(self) -> int:
        """0 when all was taken; 1 when something could not be reached or a delivery is partial."""
        return 1 if self.errors or any(file.error or file.is_partial for file in self.files) else 0

    @property
    def total(self) -> Counts:
        """The sum over all files."""
        total = Counts()
        for file in self.files:
            total.add(file.counts)
        return total

    def as_dict(self) -> dict[str, Any]:
        """The report as plain values, for JSON."""
        return {
            "total": vars(self.total),
            "errors": self.errors,
            "quarantine_closed": dict(self.closed),
            "files": [file.as_dict() for file in self.files],
        }

    def __str__(self) -> str:
        return "\n".join([*self._table(), *self._amounts(), *self._notes()])

    def _table(self) -> list[str]:
        header = (
            "source",
            "feed",
            "files",
            "delivered",
            "loaded",
            "quarantined",
            "duplicates",
            "unsupported",
        )
        feeds: dict[tuple[str, str], list[FileReport]] = {}
        for file in self.files:
            feeds.setdefault((f"{file.org_id}/{file.source_id}", file.feed), []).append(file)
        rows = [(*name, *_numbers(files)) for name, files in sorted(feeds.items())]
        rows.append(("total", "", *_numbers(self.files)))
        return _aligned([header, *rows], 2)

    def _amounts(self) -> list[str]:
        totals: dict[str, Amounts] = {}
        for file in self.files:
            for name, amounts in file.amounts.items():
                totals.setdefault(name, Amounts()).add(amounts)
        rows = [
            (name, *(f"{value:,.2f}" for value in vars(one).values())) for name, one in sorted(totals.items())
        ]
        return (
            ["", *_aligned([("amount", "delivered", "loaded", "quarantined", "duplicates"), *rows])]
            if rows
            else []
        )

    def _notes(self) -> list[str]:
        reasons: Counter[str] = Counter()
        for file in self.files:
            reasons.update({f"quarantined {rule}: {why}": n for (rule, why), n in file.quarantined.items()})
            reasons.update({f"warning {rule}: {why}": n for (rule, why), n in file.warnings.items()})
            reasons.update(file.unsupported)
        notes = [f"{count:>9,}  {reason}" for reason, count in sorted(reasons.items())]
        notes += [
            f"{count:>9,}  closed in quarantine: {resolution}"
            for resolution, count in sorted(self.closed.items())
        ]
        partial = [file for file in self.files if file.is_partial]
        notes += [_held(file) for file in partial[:LISTED]]
        if len(partial) > LISTED:
            notes.append(
                f"held: {len(partial) - LISTED:,} more files; list them with: claimlake quarantine list"
            )
        failed = [f"error: {file.source_id}/{file.path}: {file.error}" for file in self.files if file.error]
        return notes + failed + [f"error: {error}" for error in self.errors]


def _held(file: FileReport) -> str:
    why = "; ".join(sorted({f"{rule} {reason}" for rule, reason in file.quarantined}))
    held = f"{file.counts.quarantined:,} of {file.counts.delivered:,}"
    return f"held: {file.org_id}/{file.source_id}/{file.path}: {held}: {why}"


def _numbers(files: Iterable[FileReport]) -> tuple[str, ...]:
    report = IngestReport(list(files))
    total = report.total
    counts = (total.delivered, total.loaded, total.quarantined, total.duplicates, total.unsupported)
    return (f"{len(report.files):,}", *(f"{count:,}" for count in counts))


def _aligned(rows: list[tuple[str, ...]], texts: int) -> list[str]:
    """The rows under each other: so many columns of text, then numbers."""
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    return [
        "  ".join(
            cell.ljust(width) if place < texts else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def _listed(reasons: Counter[tuple[str, str]]) -> list[dict[str, Any]]:
    return [
        {"rule": rule, "reason": reason, "records": count}
        for (rule, reason), count in sorted(reasons.items())
    ]
