"""The ingestion ledger: which file was delivered, in which load it went, and what came of it (control.db)."""

import hashlib
import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import count

from claimlake.workspace import Workspace

SCHEMA = """
create table if not exists ingest_load (
    number integer primary key autoincrement,
    load_id text not null unique,
    org_id text not null,
    source_id text not null,
    feed text not null,
    state text not null check (state in ('open', 'closed')),
    planned_at text not null,
    closed_at text,
    counts text,
    is_full integer,
    is_doubtful integer,
    is_confirmed integer
);
create table if not exists ingest_file (
    org_id text not null,
    source_id text not null,
    path text not null,
    file_id text not null,
    source_system_id text not null,
    size integer not null,
    modified_ns integer not null,
    seen_at text not null,
    status text not null check (status in ('planned', 'loaded', 'duplicate', 'quarantined', 'failed')),
    load_id text references ingest_load (load_id),
    position integer,
    counts text,
    primary key (org_id, source_id, path, file_id)
);
create index if not exists ingest_file_content on ingest_file (org_id, source_id, file_id);
create index if not exists ingest_file_load on ingest_file (load_id, position);
"""

ADDED = {"is_full": "integer", "is_doubtful": "integer", "is_confirmed": "integer"}
"""Columns of ingest_load that ledgers of older releases lack."""

TAKEN = "('planned', 'loaded', 'quarantined')"
"""States of a file whose content needs no other load."""


@dataclass(frozen=True)
class Delivery:
    """One delivered file, or extract of a database table, whose bytes are kept under their SHA-256."""

    path: str
    """Path below the landing folder of its source, or 'table:<name>', or 'api:<feed>'."""
    file_id: str
    """SHA-256 of the bytes."""
    size: int
    modified_ns: int = 0
    source_system_id: str = ""
    """System its rows are from; the same bytes from another system are another delivery."""
    arrived_at: datetime | None = None
    """UTC; when it was first loaded or refused, where it is read again later. Else the time of its load."""

    @property
    def is_extract(self) -> bool:
        """Whether the bytes are an extract of a database table or an API, not a file somebody delivered."""
        return self.path.startswith(("table:", "api:"))


@dataclass(frozen=True)
class Load:
    """A planned batch of deliveries of one feed, committed under one id whatever happens in between."""

    load_id: str
    org_id: str
    source_id: str
    feed: str
    planned_at: datetime
    """UTC; the `ingested_at` of all its rows, the same after every resumption."""
    deliveries: tuple[Delivery, ...]
    is_full: bool = False
    """Whether it was planned as all its feed has, so that a key it lacks is gone at the source."""
    is_confirmed: bool = False
    """Whether somebody said that what it lacks is gone, however doubtful that looks."""


@dataclass
class Counts:
    """Records of one delivery by what became of them; delivered is always the sum of the others."""

    delivered: int = 0
    loaded: int = 0
    quarantined: int = 0
    duplicates: int = 0
    unsupported: int = 0

    def add(self, other: "Counts") -> None:
        """Add another delivery's counts to these."""
        self.delivered += other.delivered
        self.loaded += other.loaded
        self.quarantined += other.quarantined
        self.duplicates += other.duplicates
        self.unsupported += other.unsupported


@dataclass
class Outcome:
    """What became of one delivery."""

    status: str
    counts: Counts = field(default_factory=Counts)


@dataclass(frozen=True)
class Ledger:
    """The ledger of one source of one tenant; every method is one durable transaction."""

    workspace: Workspace
    org_id: str
    source_id: str

    def prepare(self) -> None:
        """Create the ledger's tables where they are missing."""
        with self.workspace.control() as control:
            for statement in SCHEMA.split(";"):
                control.execute(statement)
            present = {column[1] for column in control.execute("pragma table_info(ingest_load)")}
            for name, kind in ADDED.items():
                if name not in present:
                    control.execute(f"alter table ingest_load add column {name} {kind}")

    def known_paths(self) -> set[tuple[str, int, int]]:
        """Path, size and modification time of every delivery that needs no second look."""
        with self.workspace.control() as control:
            rows = control.execute(
                "select path, size, modified_ns from ingest_file "
                "where org_id = ? and source_id = ? and status <> 'failed'",
                (self.org_id, self.source_id),
            )
            return {(path, size, modified) for path, size, modified in rows}

    def delivered(self) -> set[tuple[str, str]]:
        """Path and content of every delivery."""
        with self.workspace.control() as control:
            rows = control.execute(
                "select path, file_id from ingest_file where org_id = ? and source_id = ?",
                (self.org_id, self.source_id),
            )
            return {(path, file_id) for path, file_id in rows}

    def feed_of(self, delivery: Delivery) -> str | None:
        """The feed that loaded a delivery last."""
        with self.workspace.control() as control:
            row = control.execute(
                "select feed from ingest_file join ingest_load using (load_id) where ingest_file.org_id = ? "
                "and ingest_file.source_id = ? and path = ? and file_id = ? order by number desc limit 1",
                (self.org_id, self.source_id, delivery.path, delivery.file_id),
            ).fetchone()
            return row[0] if row else None

    def recall(self, delivery: Delivery) -> Delivery:
        """The delivery as it was taken: its size, its time, and when its rows were loaded or refused."""
        with self.workspace.control() as control:
            row = control.execute(
                "select size, modified_ns, planned_at from ingest_file join ingest_load using (load_id) "
                "where ingest_file.org_id = ? and ingest_file.source_id = ? and path = ? and file_id = ?",
                (self.org_id, self.source_id, delivery.path, delivery.file_id),
            ).fetchone()
        if row is None:
            return delivery
        size, modified_ns, planned_at = row
        at = datetime.fromisoformat(planned_at)
        return replace(delivery, size=size, modified_ns=modified_ns, arrived_at=at)

    def known_content(self) -> dict[tuple[str, str], Counts]:
        """Contents and their systems that were taken before, with the counts of their first delivery."""
        with self.workspace.control() as control:
            rows = control.execute(
                "select file_id, source_system_id, counts from ingest_file "
                f"where org_id = ? and source_id = ? and status in {TAKEN}",
                (self.org_id, self.source_id),
            )
            return {
                (file_id, system): Counts(**json.loads(counts or "{}")) for file_id, system, counts in rows
            }

    def latest(self, feed: str, path: str, *, is_full: bool = False) -> str | None:
        """Content of the newest closed load of one path by one feed, in full or not."""
        with self.workspace.control() as control:
            row = control.execute(
                "select file_id, is_doubtful from ingest_file join ingest_load using (load_id) "
                "where ingest_file.org_id = ? and ingest_file.source_id = ? and feed = ? and path = ? "
                "and state = 'closed' and status = 'loaded' and coalesce(is_full, ?) = ? "
                "order by number desc limit 1",
                (self.org_id, self.source_id, feed, path, is_full, is_full),
            ).fetchone()
            return row[0] if row and not row[1] else None

    def plan(
        self,
        feed: str,
        deliveries: Sequence[Delivery],
        *,
        is_full: bool = False,
        is_confirmed: bool = False,
    ) -> Load:
        """A new load of these deliveries; its id follows from its content and from how often it was tried."""
        content = "|".join(
            (self.org_id, self.source_id, feed, *(delivery.file_id for delivery in deliveries))
        )
        planned_at = _now()
        with self.workspace.control() as control:
            load_id = _free_id(control, content)
            control.execute(
                "insert into ingest_load (load_id, org_id, source_id, feed, state, planned_at, is_full, "
                "is_confirmed) values (?, ?, ?, ?, 'open', ?, ?, ?)",
                (load_id, self.org_id, self.source_id, feed, planned_at.isoformat(), is_full, is_confirmed),
            )
            for position, delivery in enumerate(deliveries):
                self._record(control, delivery, Outcome("planned"), (load_id, position))
        given = tuple(deliveries)
        return Load(load_id, self.org_id, self.source_id, feed, planned_at, given, is_full, is_confirmed)

    def open_loads(self) -> list[Load]:
        """Loads that were planned and not closed, oldest first: a run was stopped in the middle of them."""
        with self.workspace.control() as control:
            loads = control.execute(
                "select load_id, feed, planned_at, is_full, is_confirmed from ingest_load "
                "where org_id = ? and source_id = ? and state = 'open' order by number",
                (self.org_id, self.source_id),
            ).fetchall()
            return [
                Load(
                    load_id,
                    self.org_id,
                    self.source_id,
                    feed,
                    datetime.fromisoformat(planned_at),
                    _deliveries(control, load_id),
                    bool(is_full),
                    bool(is_confirmed),
                )
                for load_id, feed, planned_at, is_full, is_confirmed in loads
            ]

    def close(
        self, load: Load, outcomes: Iterable[tuple[Delivery, Outcome]], *, is_doubtful: bool = False
    ) -> None:
        """Record that every table of the load is committed, and what became of each delivery.

        Args:
            is_doubtful: keys it lacks were not ended; the same content is no known content, so that it is
                looked at again.
        """
        total = Counts()
        with self.workspace.control() as control:
            for position, (delivery, outcome) in enumerate(outcomes):
                self._record(control, delivery, outcome, (load.load_id, position))
                total.add(outcome.counts)
            control.execute(
                "update ingest_load set state = 'closed', closed_at = ?, counts = ?, is_doubtful = ? "
                "where load_id = ?",
                (_now().isoformat(), json.dumps(vars(total)), is_doubtful, load.load_id),
            )

    def record(self, outcomes: Iterable[tuple[Delivery, Outcome]]) -> None:
        """Record deliveries that go in no load, because their content was loaded before.

        Where it was loaded from this very path, the record of that load stays: only the file's state is new.
        """
        with self.workspace.control() as control:
            for delivery, outcome in outcomes:
                known = control.execute(
                    "update ingest_file set size = ?, modified_ns = ? where org_id = ? and source_id = ? "
                    f"and path = ? and file_id = ? and status in {TAKEN}",
                    (
                        *(delivery.size, delivery.modified_ns),
                        *(self.org_id, self.source_id, delivery.path, delivery.file_id),
                    ),
                )
                if not known.rowcount:
                    self._record(control, delivery, outcome, (None, None))

    def _record(
        self,
        control: sqlite3.Connection,
        delivery: Delivery,
        outcome: Outcome,
        place: tuple[str | None, int | None],
    ) -> None:
        control.execute(
            "insert into ingest_file (org_id, source_id, path, file_id, source_system_id, size, modified_ns, "
            "seen_at, status, load_id, position, counts) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
            "on conflict (org_id, source_id, path, file_id) do update set size = excluded.size, "
            "modified_ns = excluded.modified_ns, status = excluded.status, load_id = excluded.load_id, "
            "position = excluded.position, counts = excluded.counts",
            (
                self.org_id,
                self.source_id,
                delivery.path,
                delivery.file_id,
                delivery.source_system_id,
                delivery.size,
                delivery.modified_ns,
                _now().isoformat(),
                outcome.status,
                *place,
                json.dumps(vars(outcome.counts)),
            ),
        )


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)


def _free_id(control: sqlite3.Connection, content: str) -> str:
    for attempt in count():
        load_id = hashlib.sha256(f"{content}|{attempt}".encode()).hexdigest()[:32]
        if not control.execute("select 1 from ingest_load where load_id = ?", (load_id,)).fetchone():
            break
    return load_id


def _deliveries(control: sqlite3.Connection, load_id: str) -> tuple[Delivery, ...]:
    rows = control.execute(
        "select path, file_id, size, modified_ns, source_system_id from ingest_file "
        "where load_id = ? order by position",
        (load_id,),
    )
    return tuple(Delivery(*row) for row in rows)


def feeds_of_content(workspace: Workspace, org_id: str, file_id: str) -> set[tuple[str, str]]:
    """Source and feed of every load of a content of a tenant."""
    with workspace.control() as control:
        if not control.execute("select 1 from sqlite_master where name = 'ingest_file'").fetchone():
            return set()
        rows = control.execute(
            "select distinct ingest_file.source_id, feed from ingest_file join ingest_load using (load_id) "
            "where ingest_file.org_id = ? and file_id = ?",
            (org_id, file_id),
        ).fetchall()
    return {(row[0], row[1]) for row in rows}
