"""Histories hold for any order of updates, deletions and returns: no overlap, and as-of lookups are right."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from claimlake.engines.duckdb import DuckDBEngine
from claimlake.engines.engine import Columns, empty_sql, values_sql
from claimlake.lake.contract import read_contract
from claimlake.workspace import content_path
from tests.oracle.history import Event, knowledge

START = datetime(2026, 1, 1)
BRONZE = ("emr_patients", "emr_coverages", "emr_providers", "emr_departments", "vanished_record")
Version = tuple[datetime, datetime | None, bool, str]


def moment(hour: int) -> datetime:
    return START + timedelta(hours=hour)


@st.composite
def timelines(draw: st.DrawFn) -> list[Event]:
    """Up to eight events of one key; each arrives after the one before."""
    events: list[Event] = []
    for place in range(draw(st.integers(1, 8))):
        arrived = moment(10 * place + 5)
        kind = draw(st.sampled_from(["row", "row", "row", "deleted", "missing"]))
        if kind == "missing":
            events.append(Event(arrived, is_missing=True))
            continue
        hour = draw(st.none() | st.integers(0, 100))
        stated = None if hour is None else moment(hour)
        events.append(Event(arrived, stated, draw(st.sampled_from("ABC")) if kind == "row" else None))
    return events


class History:
    """The model over invented rows of bronze."""

    def __init__(self, folder: Path) -> None:
        self.engine = DuckDBEngine(spill_path=folder, memory_limit="1GB", threads=1)
        self.columns: dict[str, Columns] = {}
        for table in BRONZE:
            self.columns[table] = read_contract(content_path() / "bronze" / f"{table}.yml").schema
            self.engine.define(f"bronze.{table}", empty_sql(self.columns[table]))
        self.sql = (content_path() / "silver" / "record_version.sql").read_text()

    def versions(self, keys: Sequence[Sequence[Event]]) -> dict[int, list[Version]]:
        """The versions of each key, in order: valid_from, valid_to, is_current, content."""
        arrivals = [
            (key, place, event) for key, events in enumerate(keys) for place, event in enumerate(events)
        ]
        content_of = {f"{key}-{place}#1": event.content or "" for key, place, event in arrivals}
        self._give("emr_departments", [_row(*arrival) for arrival in arrivals if not arrival[2].is_missing])
        self._give("vanished_record", [_end(*arrival) for arrival in arrivals if arrival[2].is_missing])
        found: dict[int, list[Version]] = {key: [] for key in range(len(keys))}
        for key, record, *version in self.engine.rows(
            "select record_id, source_record_id, valid_from, valid_to, is_current "
            f"from ({self.sql}) as history order by record_id, valid_from"
        ):
            found[int(key)].append((version[0], version[1], version[2], content_of[record]))
        return found

    def _give(self, table: str, rows: Sequence[dict[str, object]]) -> None:
        columns = self.columns[table]
        self.engine.define(f"bronze.{table}", values_sql(columns, rows) if rows else empty_sql(columns))


def _row(key: int, place: int, event: Event) -> dict[str, object]:
    return {
        **_place(key, place, event),
        "department_id": str(key),
        "department_name": event.content or "A",
        "modified_at": event.stated_at,
        "is_deleted": event.content is None,
    }


def _end(key: int, place: int, event: Event) -> dict[str, object]:
    return {
        **_place(key, place, event),
        "table_name": "bronze.emr_departments",
        "record_id": str(key),
    }


def _place(key: int, place: int, event: Event) -> dict[str, object]:
    return {
        "org_id": "north",
        "source_system_id": "emr",
        "file_id": f"{key}-{place}",
        "source_row": 1,
        "ingested_at": event.arrived_at,
    }


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Iterator[History]:
    history = History(tmp_path_factory.mktemp("history"))
    yield history
    history.engine.close()


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(timelines(), min_size=8, max_size=20))
def test_any_updates_in_any_order_give_one_true_history(history: History, keys: list[list[Event]]) -> None:
    for key, versions in history.versions(keys).items():
        known = knowledge(keys[key])
        for earlier, later in pairwise(versions):
            assert earlier[1] is not None and earlier[1] <= later[0], "two versions overlap"
            assert earlier[1] < later[0] or earlier[3] != later[3], "one version is split in two"
        for valid_from, valid_to, is_current, _ in versions:
            assert valid_to is None or valid_from < valid_to
            assert is_current == (valid_to is None)
        edges = [edge for version in versions for edge in version[:2] if edge] + list(known.changes)
        for edge in edges:
            for asked in (edge - timedelta(minutes=1), edge, edge + timedelta(minutes=1)):
                valid = [v[3] for v in versions if v[0] <= asked and (v[1] is None or asked < v[1])]
                assert valid == [content for content in [known.at(asked)] if content]
