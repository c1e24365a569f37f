"""X12 files to rows of bronze: many small files at once, each transaction accepted, held or known."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from claimlake.lake.contract import Column, Contract
from claimlake.lake.land import QUARANTINE, Finding, Stage, literal
from claimlake.lake.ledger import Delivery
from claimlake.sources.report import FileReport
from claimlake.sources.x12 import CONTRACTS, read
from claimlake.sources.x12.rows import Rows, stacked
from claimlake.sources.x12.source import content_of

FLUSH_BYTES = 64_000_000
REPEATABLE = ("835", "837", "277")
"""A repeated one is the same event; a 999 has nothing in it that tells two days apart."""

WHOLE_FILE_TABLES = ("bronze.x12_interchange", "bronze.ack_ta1")
VERDICTS = "x12_verdict"


def x12_contracts() -> dict[str, Contract]:
    """The contracts of the X12 tables, by full name."""
    return {
        f"bronze.{table.table}": Contract(
            table=f"bronze.{table.table}",
            grain=table.grain,
            key=("file_id", "source_row", "byte_offset"),
            columns=tuple(
                Column(item.name, item.type, phi=item.phi, about=item.about) for item in table.columns
            ),
        )
        for table in CONTRACTS
    }


@dataclass
class EdiReader:
    """Reads the X12 files of one load into its stage."""

    stage: Stage
    payees: frozenset[str]
    """NPIs and tax ids money may be paid to; empty accepts every payee."""
    reports: dict[int, FileReport] = field(default_factory=dict)
    _parts: dict[str, list[Rows]] = field(default_factory=dict)
    _owners: dict[str, list[tuple[int, int]]] = field(default_factory=dict)
    _transactions: list[tuple[Any, ...]] = field(default_factory=list)
    _deliveries: dict[int, Delivery] = field(default_factory=dict)
    _bytes: int = 0

    def add(self, delivery: Delivery, file: Path, report: FileReport) -> None:
        """Read one file; SourceError when it is not X12, and then nothing of it is kept."""
        number = len(self.reports)
        content = content_of(file)
        chunks = list(read(BytesIO(content))) if len(content) < FLUSH_BYTES else read(BytesIO(content))
        self.reports[number] = report
        self._deliveries[number] = delivery
        for chunk in chunks:
            for table, rows in chunk.tables.items():
                self._parts.setdefault(f"bronze.{table}", []).append(rows)
                self._owners.setdefault(f"bronze.{table}", []).append((number, len(rows)))
            for item in chunk.transactions:
                body = content[item.byte_offset : item.byte_offset + item.byte_length]
                digest = hashlib.sha256(body.strip()).hexdigest()
                self._transactions.append((number, item, digest))
            self._bytes += sum(item.byte_length for item in chunk.transactions)
            if self._bytes > FLUSH_BYTES:
                self.flush()

    def flush(self) -> None:
        """Move what was read into the stage."""
        if not self._parts:
            return
        self._store_files()
        self._store_verdicts()
        self._hold_foreign_payees()
        self._drop_known()
        for table in sorted(self._parts):
            self._store_rows(table)
        self._quarantine()
        self._count()
        self._parts.clear()
        self._owners.clear()
        self._transactions.clear()
        self._bytes = 0

    def _store_files(self) -> None:
        numbers = sorted(self._deliveries)
        file_rows = {  # noqa: F841 - DuckDB finds it by name
            "file_no": np.array(numbers, dtype=np.int64),
            "file_id": _texts(self._deliveries[number].file_id for number in numbers),
            "source_file": _texts(self._deliveries[number].path for number in numbers),
        }
        self.stage.connection.execute("create or replace temp table x12_file as from file_rows")

    def _store_verdicts(self) -> None:
        items = [item for _, item, _ in self._transactions]
        verdict_rows = {
            "file_no": np.array([number for number, _, _ in self._transactions], dtype=np.int64),
            "transaction_no": np.array([item.transaction_no for item in items], dtype=np.int64),
            "code": _texts(item.code for item in items),
            "digest": _texts(digest for _, _, digest in self._transactions),
            "status": _texts(item.status for item in items),
            "rule": _texts(item.reason_code for item in items),
            "reason": _texts(item.reason for item in items),
            "segment_no": np.array([item.segment_no for item in items], dtype=np.int64),
            "place": np.array([item.byte_offset for item in items], dtype=np.int64),
            "length": np.array([item.byte_length for item in items], dtype=np.int64),
        }
        described = (
            "file_no bigint, transaction_no bigint, code text, digest text, status text, rule text, "
            "reason text, segment_no bigint, place bigint, length bigint"
        )
        self.stage.connection.execute(f"create or replace temp table {VERDICTS} ({described})")
        if len(verdict_rows["file_no"]):
            self.stage.connection.execute(f"insert into {VERDICTS} from verdict_rows")
        for table, parts in self._parts.items():
            self._store_part(table, parts)

    def _store_part(self, table: str, parts: list[Rows]) -> None:
        rows = stacked(parts)  # noqa: F841 - DuckDB finds it by name
        owners = self._owners[table]
        owner = {  # noqa: F841 - DuckDB finds it by name
            "file_no": np.repeat([number for number, _ in owners], [count for _, count in owners])
        }
        self.stage.connection.execute(
            f"create or replace temp table {_read(table)} as select * from owner positional join rows"
        )

    def _hold_foreign_payees(self) -> None:
        table = "bronze.era_835_transaction"
        if not self.payees or table not in self._parts:
            return
        payees = ", ".join(literal(payee) for payee in sorted(self.payees))
        given = (
            "[regexp_replace(id, '[^0-9A-Za-z]', '', 'g') "
            "for id in [payee_npi, payee_tax_id, payee_id] if id is not null]"
        )
        self.stage.connection.execute(f"""
            update {VERDICTS} as verdict set status = 'quarantined', rule = 'ERA-05',
                reason = 'remittance for a payee of another organisation'
            from (select file_no, transaction_no, {given} as given from {_read(table)}) as payment
            where payment.file_no = verdict.file_no and payment.transaction_no = verdict.transaction_no
                and verdict.status = 'accepted' and len(given) > 0 and not list_has_any(given, [{payees}])
        """)

    def _drop_known(self) -> None:
        """A transaction of which every byte was accepted before is a duplicate, whatever its envelope."""
        history = self.stage.history("bronze.x12_transaction", "status")
        codes = ", ".join(f"'{code}'" for code in REPEATABLE)
        self.stage.connection.execute(f"""
            update {VERDICTS} as verdict set status = 'duplicate'
            from (
                select file_no, transaction_no,
                    row_number() over (partition by digest order by file_no, transaction_no) as occurrence,
                    digest in (select record_hash from {history} where key = 'accepted') as is_known
                from {VERDICTS} where status = 'accepted' and code in ({codes})
            ) as seen
            where seen.file_no = verdict.file_no and seen.transaction_no = verdict.transaction_no
                and (is_known or occurrence > 1)
        """)
        self.stage.connection.execute(
            f"insert into {history} select {literal(self.stage.load.source_id)}, status, digest, 0 "
            f"from {VERDICTS} where status = 'accepted'"
        )

    def _store_rows(self, table: str) -> None:
        contract = self.stage.contracts[table]
        columns = ", ".join(f'read."{column.name}"' for column in contract.columns)
        places = "read.source_row, read.byte_offset, read.byte_length"
        if table in WHOLE_FILE_TABLES:
            hash_sql, join = "sha256(concat_ws('|', file.file_id, read.byte_offset))", ""
        else:
            hash_sql = (
                f"sha256(concat_ws('|', verdict.digest, {literal(table)}, read.byte_offset - verdict.place, "
                "read.byte_length))"
            )
            join = f"left join {VERDICTS} as verdict using (file_no, transaction_no)"
        kept = {
            "bronze.x12_transaction": "verdict.status <> 'duplicate'",
            "bronze.x12_finding": "coalesce(verdict.status, '') <> 'duplicate'",
        }.get(table, "true" if table in WHOLE_FILE_TABLES else "verdict.status = 'accepted'")
        if table == "bronze.x12_transaction":
            hash_sql = "verdict.digest"
            columns = _with_verdict(contract)
        self.stage.add(
            table,
            f"select {self._standard()}, {places}, {hash_sql} as record_hash, {columns} "
            f"from {_read(table)} as read join x12_file as file using (file_no) {join} where {kept} "
            "order by file_no, read.byte_offset",
        )

    def _standard(self) -> str:
        load = self.stage.load
        return (
            f"{literal(load.org_id)} as org_id, {literal(load.source_id)} as source_system_id, "
            f"{literal(load.load_id)} as load_id, file.file_id, file.source_file, "
            f"timestamp '{load.planned_at}' as ingested_at"
        )

    def _quarantine(self) -> None:
        load = self.stage.load
        self.stage.add(
            QUARANTINE,
            f"""
            select {literal(load.org_id)} as org_id, {literal(load.source_id)} as source_system_id,
                sha256(concat_ws('|', {literal(load.org_id)}, {literal(load.source_id)}, rule, digest,
                    file_id, transaction_no)) as quarantine_id,
                {literal(load.load_id)} as load_id, 'bronze.x12_transaction' as table_name, rule as rule_id,
                reason, file_id, source_file, segment_no as source_row, place as byte_offset,
                length as byte_length, timestamp '{load.planned_at}' as quarantined_at,
                date '{load.planned_at.date()}' as quarantined_date
            from {VERDICTS} join x12_file using (file_no) where status = 'quarantined'
            """,
        )

    def _count(self) -> None:
        counted = self.stage.connection.execute(
            f"select file_no, status, rule, reason, count(*) from {VERDICTS} group by all"
        ).fetchall()
        for number, status, rule, reason, count in counted:
            self._count_one(self.reports[number], status, (rule, reason), count)
        for number, answers in self._owners.get("bronze.ack_ta1", []):
            self.reports[number].counts.delivered += answers
            self.reports[number].counts.loaded += answers
        if "bronze.x12_finding" in self._parts:
            self._count_warnings()

    def _count_one(self, report: FileReport, status: str, why: tuple[str, str], count: int) -> None:
        report.counts.delivered += count
        if status == "accepted":
            report.counts.loaded += count
        elif status == "duplicate":
            report.counts.duplicates += count
            report.warnings["ALL-03", "duplicate delivery, ignored"] += count
        elif status == "unsupported":
            report.counts.unsupported += count
            report.unsupported[why[1]] += count
        else:
            report.counts.quarantined += count
            report.quarantined[why] += count
            finding = Finding(
                self.stage.load.source_id, "bronze.x12_transaction", why[0], "quarantine", why[1]
            )
            self.stage.note(finding, checked=count, failed=count)

    def _count_warnings(self) -> None:
        counted = self.stage.connection.execute(
            f"select file_no, rule, reason, count(*) from {_read('bronze.x12_finding')} "
            "where severity = 'warn' group by all"
        ).fetchall()
        for number, rule, reason, count in counted:
            self.reports[number].warnings[rule, reason] += count
            finding = Finding(self.stage.load.source_id, "bronze.x12_transaction", rule, "warn", reason)
            self.stage.note(finding, checked=count, failed=count)


def _with_verdict(contract: Contract) -> str:
    own = {
        "status": "verdict.status",
        "reason_code": "verdict.rule as reason_code",
        "reason": "verdict.reason",
    }
    return ", ".join(own.get(column.name, f'read."{column.name}"') for column in contract.columns)


def _read(table: str) -> str:
    return f'"read_{table}"'


def _texts(values: Iterable[str | None]) -> Any:
    return np.array(list(values), dtype=object)
