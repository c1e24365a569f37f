"""X12 files to rows of bronze, many small files at once; each transaction is accepted, held or known."""

import hashlib
import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from io import BytesIO
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np

from claimlake.engines.sql import literal
from claimlake.errors import SourceError
from claimlake.lake.contract import Column, Contract
from claimlake.lake.land import QUARANTINE, Finding, Stage
from claimlake.lake.ledger import Delivery
from claimlake.sources.edi_table import (
    ENVELOPE,
    VERDICTS,
    columns_sql,
    family_of,
    first_numbers,
    numbers_of,
    rows_read,
)
from claimlake.sources.report import Amounts, FileReport
from claimlake.sources.x12 import CONTRACTS, read
from claimlake.sources.x12.envelope import TransactionSet
from claimlake.sources.x12.rows import Rows, stacked
from claimlake.sources.x12.source import content_of

FLUSH_BYTES = 64_000_000
REPEATABLE = ("835", "837", "277")
"""A repeated one is the same event; a 999 has nothing in it that tells two days apart."""

WHOLE_FILE_TABLES = ("bronze.x12_interchange", "bronze.ack_ta1")
STATED = {"835": "bronze.era_835_transaction.payment_amount", "837": "bronze.claims_837.total_charge_amount"}
"""What the amount of a transaction is reported as."""

SMALL_BYTES = 8_000_000
LAST_SEGMENT = re.compile(rb"IEA([^A-Za-z0-9])\d+\1\d+[^A-Za-z0-9]{0,4}\Z")


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
    """Reads the X12 files of one load into its stage.

    Whole small files are read as one, because reading costs far more for a file than for a byte; positions
    and numbers are then brought back to those of each file.
    """

    stage: Stage
    payees: frozenset[str]
    """NPIs and tax ids money may be paid to; empty accepts every payee."""
    only: frozenset[tuple[str, int]] | None = None
    """File and byte of the held transactions to read again; None reads whole files."""
    reports: dict[int, FileReport] = field(default_factory=dict)
    _deliveries: dict[int, Delivery] = field(default_factory=dict)
    _waiting: list[tuple[int, bytes]] = field(default_factory=list)
    _parts: dict[str, list[Rows]] = field(default_factory=dict)
    _transactions: list[tuple[int, TransactionSet, str]] = field(default_factory=list)

    def add(self, delivery: Delivery, file: Path, report: FileReport) -> None:
        """Take one file; SourceError when it is not X12, and then nothing of it is kept."""
        content = content_of(file)
        number = len(self.reports)
        self.reports[number], self._deliveries[number] = report, delivery
        if _is_whole(content):
            self._waiting.append((number, content))
            if sum(len(waiting) for _, waiting in self._waiting) > FLUSH_BYTES:
                self.flush()
            return
        try:
            self._read([(number, content)])
        except SourceError:
            del self.reports[number], self._deliveries[number]
            raise

    def flush(self) -> None:
        """Move what waits into the stage."""
        if self._waiting:
            self._read(self._waiting)
            self._waiting = []

    def _read(self, files: Sequence[tuple[int, bytes]]) -> None:
        starts = [0, *accumulate(len(content) + 1 for _, content in files)]
        numbers = [number for number, _ in files]
        joined = files[0][1] if len(files) == 1 else b"\n".join(content for _, content in files)
        size = 0
        for chunk in read(BytesIO(joined)):
            for table, rows in chunk.tables.items():
                self._parts.setdefault(f"bronze.{table}", []).append(rows)
            for item in chunk.transactions:
                body = joined[item.byte_offset : item.byte_offset + item.byte_length]
                owner = numbers[bisect_right(starts, item.byte_offset, hi=len(numbers)) - 1]
                self._transactions.append((owner, item, hashlib.sha256(body.strip()).hexdigest()))
            size += sum(item.byte_length for item in chunk.transactions)
            if size > FLUSH_BYTES and len(files) == 1:
                self._store(numbers, starts)
                size = 0
        self._store(numbers, starts)

    def _store(self, numbers: Sequence[int], starts: Sequence[int]) -> None:
        self._store_files(numbers, starts)
        self._store_verdicts()
        for table, parts in self._parts.items():
            self._store_part(table, parts)
        self._store_first_numbers(is_joined=len(numbers) > 1)
        self._leave_others_out()
        self._hold_foreign_payees()
        self._drop_known()
        for table in sorted(self._parts):
            self._store_rows(table)
        self._quarantine()
        self._count()
        self._parts.clear()
        self._transactions.clear()

    def _store_files(self, numbers: Sequence[int], starts: Sequence[int]) -> None:
        taken = [self._deliveries[number] for number in numbers]
        file_rows = {  # noqa: F841 - DuckDB finds it by name
            "file_no": np.array(numbers, dtype=np.int64),
            "start": np.array(starts[: len(numbers)], dtype=np.int64),
            "file_id": _texts(one.file_id for one in taken),
            "source_file": _texts(one.path for one in taken),
            "arrived_at": _texts(str(one.arrived_at or self.stage.load.planned_at) for one in taken),
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
            "cents": np.array([item.amount or 0 for item in items], dtype=np.int64),
        }
        described = (
            "file_no bigint, transaction_no bigint, code text, digest text, status text, rule text, "
            "reason text, segment_no bigint, place bigint, length bigint, cents bigint"
        )
        self.stage.connection.execute(f"create or replace temp table {VERDICTS} ({described})")
        if len(verdict_rows["file_no"]):
            self.stage.connection.execute(f"insert into {VERDICTS} from verdict_rows")

    def _store_part(self, table: str, parts: list[Rows]) -> None:
        rows = stacked(parts)  # noqa: F841 - DuckDB finds it by name
        # A finding about a transaction as a whole has no place of its own.
        place = (
            f"coalesce(rows.byte_offset, (select any_value(place) from {VERDICTS} as verdict "
            "where verdict.transaction_no = rows.transaction_no), 0)"
            if table == "bronze.x12_finding"
            else "rows.byte_offset"
        )
        self.stage.connection.execute(
            f"create or replace temp table {rows_read(table)} as "
            "select file.file_no, read.* exclude (_place) "
            f"from (select *, {place} as _place from rows) as read "
            "asof join x12_file as file on read._place >= file.start"
        )

    def _store_first_numbers(self, *, is_joined: bool) -> None:
        """Leave, for each file, the first of every number among the files that were read together."""
        for family in sorted({family_of(table) for table in self._parts} | {ENVELOPE}):
            tables = [table for table in sorted(self._parts) if family_of(table) == family]
            known = {column.name for table in tables for column in self.stage.contracts[table].columns}
            firsts = "".join(
                f", {f'coalesce(min({name}), 1)' if is_joined and name in known else '1'} as {name}"
                for name in sorted(numbers_of(family, tables, self.stage))
            )
            every = " union all by name ".join(f"select * from {rows_read(table)}" for table in tables)
            source = f"(from x12_file left join ({every}) as read using (file_no))" if tables else "x12_file"
            segment = "coalesce(min(source_row), 1)" if is_joined and family == ENVELOPE else "1"
            self.stage.connection.execute(
                f"create or replace temp table {first_numbers(family)} as "
                f"select file_no, {segment} as segment{firsts} from {source} group by file_no"
            )

    def _leave_others_out(self) -> None:
        """Of a file that is read again, what was not held is in the lake."""
        if self.only is not None:
            chosen = ", ".join(f"({literal(file)}, {place})" for file, place in {*self.only, ("", -1)})
            self.stage.connection.execute(
                f"delete from {VERDICTS} as verdict where not exists (from x12_file as file "
                "where file.file_no = verdict.file_no "
                f"and (file.file_id, verdict.place - file.start) in ({chosen}))"
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
            from (select file_no, transaction_no, {given} as given from {rows_read(table)}) as payment
            where payment.file_no = verdict.file_no and payment.transaction_no = verdict.transaction_no
                and verdict.status = 'accepted' and len(given) > 0 and not list_has_any(given, [{payees}])
        """)

    def _drop_known(self) -> None:
        """A transaction of which every byte was accepted before is a duplicate, whatever its envelope."""
        history = self.stage.history("bronze.x12_transaction", "status")
        self.stage.connection.execute(f"""
            update {VERDICTS} as verdict set status = 'duplicate'
            from (
                select file_no, transaction_no,
                    row_number() over (partition by digest order by file_no, transaction_no) as occurrence,
                    digest in (select record_hash from {history} where key = 'accepted') as is_known
                from {VERDICTS} where status = 'accepted' and code in {REPEATABLE}
            ) as seen
            where seen.file_no = verdict.file_no and seen.transaction_no = verdict.transaction_no
                and (is_known or occurrence > 1)
        """)
        self.stage.connection.execute(
            f"insert into {history} select {literal(self.stage.load.source_id)}, status, digest, 0, null "
            f"from {VERDICTS} where status = 'accepted'"
        )

    def _store_rows(self, table: str) -> None:
        contract = self.stage.contracts[table]
        if self.only is not None and table in WHOLE_FILE_TABLES:
            return
        places = (
            "read.source_row - envelope.segment + 1 as source_row, "
            "read.byte_offset - file.start as byte_offset, read.byte_length"
        )
        join = (
            f"left join {VERDICTS} as verdict "
            "on verdict.file_no = read.file_no and verdict.transaction_no = read.transaction_no"
        )
        digest = (
            f"sha256(concat_ws('|', verdict.digest, {literal(table)}, read.byte_offset - verdict.place, "
            "read.byte_length))"
        )
        if table in WHOLE_FILE_TABLES:
            digest, join = "sha256(concat_ws('|', file.file_id, read.byte_offset - file.start))", ""
        if table == "bronze.x12_transaction":
            digest = "verdict.digest"
        self.stage.add(
            table,
            f"select {self._standard()}, {places}, {digest} as record_hash, {columns_sql(contract, table)} "
            f"from {rows_read(table)} as read join x12_file as file using (file_no) "
            f"join {first_numbers(ENVELOPE)} as envelope using (file_no) "
            f"join {first_numbers(family_of(table))} as family using (file_no) {join} "
            f"where {_kept(table, is_again=self.only is not None)} order by read.file_no, read.byte_offset",
        )

    def _standard(self) -> str:
        load = self.stage.load
        return (
            f"{literal(load.org_id)} as org_id, {literal(load.source_id)} as source_system_id, "
            f"{literal(load.load_id)} as load_id, file.file_id, file.source_file, "
            "cast(file.arrived_at as timestamp) as ingested_at"
        )

    def _quarantine(self) -> None:
        load = self.stage.load
        self.stage.add(
            QUARANTINE,
            f"""
            select {literal(load.org_id)} as org_id, {literal(load.source_id)} as source_system_id,
                sha256(concat_ws('|', {literal(load.org_id)}, {literal(load.source_id)}, rule, digest,
                    file_id, verdict.transaction_no - envelope.transaction_no)) as quarantine_id,
                {literal(load.load_id)} as load_id, 'bronze.x12_transaction' as table_name, rule as rule_id,
                reason, file_id, source_file, segment_no - envelope.segment + 1 as source_row,
                place - start as byte_offset, length as byte_length,
                timestamp '{load.planned_at}' as quarantined_at,
                date '{load.planned_at.date()}' as quarantined_date
            from {VERDICTS} as verdict join x12_file using (file_no)
            join {first_numbers(ENVELOPE)} as envelope using (file_no) where status = 'quarantined'
            """,
        )

    def _count(self) -> None:
        counted = self.stage.connection.execute(
            f"select file_no, status, rule, reason, count(*) from {VERDICTS} group by all"
        ).fetchall()
        for number, status, rule, reason, count in counted:
            self._count_one(self.reports[number], status, (rule, reason), count)
        self._count_amounts()
        if "bronze.ack_ta1" in self._parts and self.only is None:
            answers = f"select file_no, count(*) from {rows_read('bronze.ack_ta1')} group by file_no"
            for number, count in self.stage.connection.execute(answers).fetchall():
                self.reports[number].counts.delivered += count
                self.reports[number].counts.loaded += count
        if "bronze.x12_finding" in self._parts and self.only is None:
            self._count_warnings()

    def _count_amounts(self) -> None:
        counted = self.stage.connection.execute(
            f"select file_no, code, status, sum(cents) from {VERDICTS} "
            f"where code in {tuple(STATED)} group by all"
        ).fetchall()
        for number, code, status, cents in counted:
            amount = Decimal(cents).scaleb(-2)
            became = {"accepted": "loaded", "duplicate": "duplicates"}.get(status, "quarantined")
            amounts = self.reports[number].amounts.setdefault(STATED[code], Amounts())
            amounts.add(Amounts(**{"delivered": amount, became: amount}))

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
            f"select file_no, rule, reason, count(*) from {rows_read('bronze.x12_finding')} "
            "where severity = 'warn' group by all"
        ).fetchall()
        for number, rule, reason, count in counted:
            self.reports[number].warnings[rule, reason] += count
            finding = Finding(self.stage.load.source_id, "bronze.x12_transaction", rule, "warn", reason)
            self.stage.note(finding, checked=count, failed=count)


def _is_whole(content: bytes) -> bool:
    """Whether the bytes are interchanges from the first ISA to the last IEA and nothing else."""
    return (
        len(content) < SMALL_BYTES and content.startswith(b"ISA") and LAST_SEGMENT.search(content) is not None
    )


def _kept(table: str, *, is_again: bool) -> str:
    if table in WHOLE_FILE_TABLES:
        return "true"
    if table in ("bronze.x12_transaction", "bronze.x12_finding") and not is_again:
        return "coalesce(verdict.status, '') <> 'duplicate'"
    return "verdict.status = 'accepted'"


def _texts(values: Iterable[str | None]) -> Any:
    return np.array(list(values), dtype=object)
