"""Extracts of a real PostgreSQL server: exact values, drift, and what can go wrong, by both drivers."""

import json
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from claimlake.sources import row_stream
from claimlake.sources.report import IngestReport
from claimlake.workspace import Workspace
from tests.postgres import Postgres
from tests.sources.landing import TENANT, make, rows, run, versions

pytestmark = pytest.mark.xdist_group("postgres")

CHARGES = """
create table charges (
    id text primary key, enc text, day date, amount numeric(12, 2), changed timestamptz, units smallint,
    is_late boolean, scan bytea, tag uuid, codes text[], rate double precision, state text, big numeric
)
"""
DEPARTMENTS = "create table departments (id text, name text)"


@pytest.fixture(params=["adbc", "sqlalchemy"])
def driver(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both ways to fetch rows."""
    if request.param == "sqlalchemy":
        monkeypatch.setattr(row_stream, "DRIVERS", {})
    return str(request.param)


def workspace_of(folder: Path, server: Postgres, **settings: str) -> Workspace:
    workspace = make(folder)
    (workspace.path / "address").write_text(server.url)
    tenant = TENANT.replace('"sqlite:///emr.sqlite"', '"file:address"')
    (workspace.path / "tenants" / "north.yml").write_text(tenant)
    lines = "".join(f"{name}: {value}\n" for name, value in settings.items())
    (workspace.path / "claimlake.yml").write_text(lines)
    return Workspace.open(workspace.path)


def raw(workspace: Workspace, table: str = "bronze.emr_charges") -> list[dict[str, Any]]:
    return [json.loads(text) for (text,) in rows(workspace, table, "raw", "source_row, ingested_at")]


def mend(workspace: Workspace, old: str, new: str) -> None:
    file = workspace.path / "sources" / "small_emr.yml"
    file.write_text(file.read_text().replace(old, new))


def test_every_value_arrives_as_the_server_writes_it(tmp_path: Path, postgres: Postgres, driver: str) -> None:
    postgres.run(
        "create type state as enum ('open', 'paid')",
        CHARGES.replace("state text", "state state"),
        DEPARTMENTS,
        "insert into charges values ('C1', 'E1', '2024-03-01', 988.37, '2024-03-02 10:00:00.000001-06', 3, "
        "true, '\\xdeadbeef', '6ecd8c99-4036-403d-bf84-cf8400f67836', array['a', 'b \"c\"', null], "
        "0.1, 'paid', 12345678901234567890123456789.123456789)",
        "insert into charges (id, enc, amount, changed, state) "
        f"values ('C2', 'E1', 0.10, null, null), ('C3', '{'é' * 300_000}', -5, null, 'open')",
    )
    workspace = workspace_of(tmp_path, postgres)
    assert run(workspace).errors == []
    first, second, third = raw(workspace)
    assert first == {
        "id": "C1",
        "enc": "E1",
        "day": "2024-03-01",
        "amount": "988.37",
        "changed": "2024-03-02 16:00:00.000001+00:00",
        "units": "3",
        "is_late": "true",
        "scan": "deadbeef",
        "tag": "6ecd8c99-4036-403d-bf84-cf8400f67836",
        "codes": '["a","b \\"c\\"",null]',
        "rate": "0.1",
        "state": "paid",
        "big": "12345678901234567890123456789.123456789",
    }
    assert (second["amount"], second["changed"], second["state"]) == ("0.10", None, None)
    assert third["enc"] == "é" * 300_000
    assert rows(workspace, "bronze.emr_charges", "charge_amount, modified_at", "charge_id")[0] == (
        Decimal("988.37"),
        datetime(2024, 3, 2, 16, 0, 0, 1),
    )


def test_both_drivers_give_the_same_rows_so_a_change_of_driver_loads_nothing(
    tmp_path: Path, postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    postgres.run(
        CHARGES,
        DEPARTMENTS,
        "insert into charges (id, enc, amount, changed, rate, codes) "
        "values ('C1', 'E1', 7.50, '2024-03-02 10:00', 1e20, '{}')",
    )
    workspace = workspace_of(tmp_path, postgres)
    assert run(workspace).total.loaded == 1
    before = versions(workspace)
    monkeypatch.setattr(row_stream, "DRIVERS", {})
    assert run(workspace).total.loaded == 0
    assert versions(workspace) == before


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("date", ("2024-03-01", "2024-03-02", "2024-03-02")),
        ("timestamp", ("2024-03-02 10:00:00", "2024-03-02 10:00:00.000002", "2024-03-02 10:00:00.000002")),
        ("timestamptz", ("2024-03-02 10:00:00+02", "2024-03-02 09:00:00.5+00", "2024-03-02 10:00:00.5+01")),
        ("bigint", ("9", "10", "10")),
        ("numeric(12, 3)", ("9.5", "10.25", "10.250")),
        ("text", ("a9", "b1", "b1")),
    ],
)
def test_a_row_that_comes_late_with_the_newest_watermark_is_loaded(
    tmp_path: Path, postgres: Postgres, kind: str, values: tuple[str, str, str]
) -> None:
    old, edge, late = values
    postgres.run(
        f"create table charges (id text, enc text, day date, amount numeric, changed {kind})",
        DEPARTMENTS,
        f"insert into charges values ('C1', 'E', null, 1, '{old}'), ('C2', 'E', null, 1, '{edge}')",
    )
    workspace = workspace_of(tmp_path, postgres)
    mend(workspace, "          modified_at: changed\n", "")
    assert run(workspace).total.loaded == 2
    postgres.run(
        f"insert into charges values ('C3', 'E', null, 1, '{late}'), ('C4', 'E', null, 1, null)",
        f"insert into charges values ('C0', 'E', null, 1, '{old}')",
    )
    report = next(file for file in run(workspace).files if file.feed == "charge_table")
    # C2 again, C3 at the same moment, C4 without one; C0 came with an older one and is not seen.
    assert (report.counts.delivered, report.counts.loaded, report.counts.duplicates) == (3, 2, 1)


def test_a_lookback_finds_rows_that_became_visible_later_than_their_time(
    tmp_path: Path, postgres: Postgres
) -> None:
    postgres.run(
        CHARGES,
        DEPARTMENTS,
        "insert into charges (id, enc, amount, changed) values ('C1', 'E', 1, '2024-03-02 10:00')",
    )
    workspace = workspace_of(tmp_path, postgres)
    mend(workspace, "watermark: changed", "watermark: changed, lookback: 2 hours")
    run(workspace)
    postgres.run(
        "insert into charges (id, enc, amount, changed) "
        "values ('C2', 'E', 1, '2024-03-02 08:00'), ('C3', 'E', 1, '2024-03-02 07:59:59')"
    )
    assert run(workspace).total.loaded == 1
    assert [row["id"] for row in raw(workspace)] == ["C1", "C2"]


def test_a_date_far_ahead_does_not_hide_later_changes(tmp_path: Path, postgres: Postgres) -> None:
    postgres.run(
        CHARGES,
        DEPARTMENTS,
        "insert into charges (id, enc, amount, changed) "
        "values ('C1', 'E', 1, '2024-03-02'), ('C2', 'E', 1, '9999-12-31'), ('C3', 'E', 1, 'infinity')",
    )
    workspace = workspace_of(tmp_path, postgres)
    mend(workspace, "          modified_at: changed\n", "")
    assert run(workspace).total.loaded == 3
    postgres.run("insert into charges (id, enc, amount, changed) values ('C4', 'E', 1, '2024-03-03')")
    assert run(workspace).total.loaded == 1


def test_a_changed_table_is_reported_and_handled_by_rule(tmp_path: Path, postgres: Postgres) -> None:
    postgres.run(
        CHARGES,
        DEPARTMENTS,
        "insert into charges (id, enc, amount, changed) values ('C1', 'E', 1, '2024-03-02')",
    )
    workspace = workspace_of(tmp_path, postgres)
    assert run(workspace).errors == []
    postgres.run(
        "alter table charges add column note text",
        "alter table charges drop column day",
        "alter table charges alter column amount type text",
        "insert into charges (id, enc, amount, changed, note) values ('C2', 'E', '2', '2024-03-03', 'n'), "
        "('C3', 'E', 'much', '2024-03-04', 'n')",
    )
    report = run(workspace)
    charges = next(file for file in report.files if file.feed == "charge_table")
    # C1 is read again for its watermark is the newest; what it lacks now was null before: no news.
    counts = charges.counts
    assert (counts.delivered, counts.loaded, counts.quarantined, counts.duplicates) == (3, 1, 1, 1)
    said = {reason for _, reason in charges.warnings}
    assert {
        "column note of table charges is new, kept in raw only",
        "column day of table charges is gone",
        "column amount of table charges is now TEXT, was NUMERIC(12, 2)",
    } <= said
    assert raw(workspace)[-1]["note"] == "n"
    found = rows(workspace, "platform.dq_result", "reason")
    assert ("column day of table charges is gone",) in found
    assert ("amount charge_amount is not a money value",) in found


def errors_of(report: IngestReport) -> str:
    return "\n".join(report.errors)


def test_a_table_that_lacks_what_it_needs_is_held_and_the_others_are_loaded(
    tmp_path: Path, postgres: Postgres, driver: str
) -> None:
    postgres.run(CHARGES, DEPARTMENTS, "insert into departments values ('D1', 'Heart')")
    workspace = workspace_of(tmp_path, postgres, extract_attempts="1")
    for change, said in (
        ("alter table charges rename column changed to seen", "no column 'changed' in table 'charges'"),
        (
            "alter table charges rename column id to key",
            "no column 'id' in table 'charges'; the table is held",
        ),
        ("drop table charges", "no table 'charges' in the database"),
    ):
        postgres.run(change, f"insert into departments values ('{said[:9]}{len(change)}', 'x')")
        report = run(workspace)
        assert said in errors_of(report)
        assert report.total.loaded >= 1
        assert report.exit_code == 1


def test_a_table_the_user_may_not_read_is_named(tmp_path: Path, postgres: Postgres, driver: str) -> None:
    postgres.run(CHARGES, DEPARTMENTS, "insert into departments values ('D1', 'Heart')")
    reader = f"reader_{postgres.database}"
    postgres.run(f"create role {reader} login password 'weak'", f"grant select on departments to {reader}")
    workspace = workspace_of(tmp_path, postgres)
    address = postgres.url.replace(f"postgres:{postgres.password}", f"{reader}:weak")
    (workspace.path / "address").write_text(address)
    report = run(workspace)
    assert "source emr: table charges: the user may not read it. Grant SELECT on it." in errors_of(report)
    assert report.total.loaded == 1
    postgres.run(f"drop owned by {reader}", f"drop role {reader}")


def test_a_refused_password_and_a_missing_database_are_said_without_the_address(
    tmp_path: Path, postgres: Postgres
) -> None:
    workspace = workspace_of(tmp_path, postgres)
    for old, new, said in (
        (postgres.password, "wrong-secret", "the database refused the user or the password"),
        (postgres.database, "nowhere", "there is no such database on the server"),
    ):
        (workspace.path / "address").write_text(postgres.url.replace(old, new))
        text = errors_of(run(workspace))
        assert said in text
        assert new not in text and str(postgres.socket) not in text


def test_a_server_that_does_not_answer_is_tried_again_with_growing_waits(
    tmp_path: Path, postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []
    monkeypatch.setattr("claimlake.sources.retry.time.sleep", waits.append)
    workspace = workspace_of(tmp_path, postgres, extract_workers="1", extract_attempts="3")
    (workspace.path / "address").write_text(postgres.url.replace(str(postgres.socket), "/nowhere"))
    report = run(workspace)
    assert errors_of(report).count("does not answer") == 2  # both tables
    assert len(waits) == 4
    assert 0.5 <= waits[0] <= 1 <= waits[1] <= 2
