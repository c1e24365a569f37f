"""What is held is read again when its cause is mended: loaded once and closed, or held on."""

import sqlite3
from contextlib import closing, suppress
from decimal import Decimal
from pathlib import Path

import pytest

from claimlake.errors import QueryError
from claimlake.lake.build import build
from claimlake.lake.quarantine import Filter, content_of, counts, held_records, one_record
from claimlake.sources.ingest import all_contracts
from claimlake.sources.replay import discard, replay
from claimlake.workspace import Workspace
from tests.sources.landing import MAPPING, deliver, make, only, rows, run, without_database
from tests.sources.test_crash import PowerCutError, copy_of
from tests.sources.test_edi import interchange, remittance

LINES = "Id,Enc,Day,Amount,Paid\nT1,E1,2024-03-01,10.00,4.00\nT2,E1,2024-03-01,USD 50,5.00\nT3,E1,no,7.00,0\n"
MENDED = MAPPING.replace("float_money(Amount)", "float_money(replace(Amount, 'USD ', ''))")


def mend(workspace: Workspace) -> None:
    (workspace.path / "sources" / "small_emr.yml").write_text(MENDED)


def states(workspace: Workspace) -> dict[str, str | None]:
    """Resolution of every record by its rule and row."""
    return {
        f"{record.rule_id} {record.source_row}": record.resolution
        for record in held_records(workspace, "north", Filter(status="all"))
    }


def charges(workspace: Workspace) -> list[tuple[object, ...]]:
    return rows(workspace, "bronze.emr_charges", "charge_id, charge_amount, source_row, source_file")


@pytest.fixture
def held(tmp_path: Path) -> Workspace:
    workspace = without_database(tmp_path)
    deliver(workspace, "emr/lines.csv", LINES)
    run(workspace)
    return workspace


def test_a_record_that_a_mended_mapping_understands_is_loaded_into_all_its_tables_and_closed(
    held: Workspace,
) -> None:
    mend(held)
    report = replay(held, "north", Filter(rule="ALL-09"))
    assert (only(report).counts.delivered, only(report).counts.loaded) == (1, 1)
    assert charges(held) == [
        ("T1", Decimal("10.00"), 1, "lines.csv"),
        ("T2", Decimal("50.00"), 2, "lines.csv"),
    ]
    assert rows(held, "bronze.emr_transactions", "transaction_id, amount") == [
        ("T1", Decimal("4.00")),
        ("T2", Decimal("5.00")),
    ]
    assert states(held) == {"ALL-09 2": "replayed", "ALL-10 3": None}
    assert report.closed == {"replayed": 1}


def test_a_replay_without_a_mended_cause_changes_nothing(held: Workspace) -> None:
    before = charges(held), rows(held, "platform.quarantine_record", "quarantine_id, resolution")
    assert only(replay(held, "north", Filter())).counts.quarantined == 2
    assert (charges(held), rows(held, "platform.quarantine_record", "quarantine_id, resolution")) == before


def test_a_replay_again_finds_nothing_to_do(held: Workspace) -> None:
    mend(held)
    replay(held, "north", Filter())
    assert replay(held, "north", Filter(rule="ALL-09")).files == []
    assert len(charges(held)) == 2


def test_a_record_that_breaks_another_rule_now_waits_for_that_reason(held: Workspace) -> None:
    mapping = MENDED.replace('units: "1"', "units: case when Id = 'T2' then 0 else 1 end")
    (held.path / "sources" / "small_emr.yml").write_text(mapping)
    report = replay(held, "north", Filter(rule="ALL-09"))
    assert states(held) == {"ALL-09 2": "superseded", "CHG-02 2": None, "ALL-10 3": None}
    assert report.closed == {"superseded": 1}


def test_a_corrected_row_in_a_new_file_closes_the_record_of_its_key(held: Workspace) -> None:
    deliver(held, "emr/lines_2.csv", "Id,Enc,Day,Amount,Paid\nT2,E1,2024-03-01,50.00,5.00\n")
    report = run(held)
    assert states(held) == {"ALL-09 2": "fixed_upstream", "ALL-10 3": None}
    assert report.closed == {"fixed_upstream": 1}
    assert "1  closed in quarantine: fixed_upstream" in str(report)


def test_a_bad_row_beside_a_good_one_of_its_key_stays_held(held: Workspace) -> None:
    deliver(held, "emr/lines_2.csv", LINES + "T2,E1,2024-03-01,50.00,5.00\n")
    run(held)
    assert states(held)["ALL-09 2"] is None


def test_a_record_that_turns_bad_again_is_open_again(held: Workspace) -> None:
    deliver(held, "emr/lines_2.csv", "Id,Enc,Day,Amount,Paid\nT2,E1,2024-03-01,50.00,5.00\n")
    run(held)
    deliver(held, "emr/lines_3.csv", "Id,Enc,Day,Amount,Paid\nT2,E1,2024-03-01,USD 50,5.00\n")
    run(held)
    assert [record.source_file for record in held_records(held, "north", Filter(rule="ALL-09"))] == [
        "lines_3.csv"
    ]


def test_an_old_record_does_not_close_a_newer_one_of_its_key(held: Workspace) -> None:
    deliver(held, "emr/lines_2.csv", "Id,Enc,Day,Amount,Paid\nT2,E1,later,55.00,5.00\n")
    run(held)
    mend(held)
    replay(held, "north", Filter(rule="ALL-09"))
    assert states(held) == {"ALL-09 2": "replayed", "ALL-10 3": None, "ALL-10 1": None}


def test_a_file_no_feed_took_is_loaded_when_a_feed_takes_it(tmp_path: Path) -> None:
    workspace = without_database(tmp_path)
    deliver(workspace, "emr/people.csv", "ID,LName,DOB\n1,Ash,1980-01-02\n2,Birch,bad\n")
    run(workspace)
    (workspace.path / "sources" / "small_emr.yml").write_text(MAPPING.replace("**/patients*", "**/p*"))
    report = replay(workspace, "north", Filter(table="file"))
    assert rows(workspace, "bronze.emr_patients", "patient_id") == [("1",)]
    assert states(workspace) == {"ALL-15 None": "replayed", "ALL-10 2": None}
    assert only(report).counts.quarantined == 1


def test_a_corrected_file_under_the_same_path_closes_the_refused_one(tmp_path: Path) -> None:
    workspace = without_database(tmp_path)
    deliver(workspace, "emr/patients.csv", "Name\nAsh\n")
    run(workspace)
    deliver(workspace, "emr/patients.csv", "ID,LName,DOB\n1,Ash,1980-01-02\n")
    run(workspace)
    assert states(workspace) == {"ALL-02 None": "fixed_upstream"}


def test_a_remittance_for_a_payee_that_is_the_tenant_now_is_loaded_and_the_others_of_its_file_once(
    tmp_path: Path,
) -> None:
    workspace = without_database(tmp_path)
    deliver(workspace, "edi/a.835", interchange(remittance(1), remittance(2, payee="1999999984")))
    run(workspace)
    tenant = workspace.path / "tenants" / "north.yml"
    tenant.write_text(tenant.read_text().replace('"1234567893"', '"1999999984"'))
    report = replay(workspace, "north", Filter(rule="ERA-05"))
    assert (only(report).counts.delivered, only(report).counts.loaded) == (1, 1)
    claims = rows(workspace, "bronze.era_835", "claim_id, transaction_no")
    assert claims == [("A1-0", 1), ("A2-0", 2)]
    assert len(rows(workspace, "bronze.era_835", "distinct ingested_at", "1")) == 1
    assert len(rows(workspace, "bronze.x12_interchange", "file_id")) == 1
    transactions = rows(workspace, "bronze.x12_transaction", "transaction_no, status")
    assert transactions == [(1, "accepted"), (2, "accepted"), (2, "quarantined")]
    assert list(states(workspace).values()) == ["replayed"]
    assert replay(workspace, "north", Filter()).files == []


def test_a_held_row_of_a_database_is_read_again_from_its_own_content(tmp_path: Path) -> None:
    workspace = make(tmp_path)
    database = sqlite3.connect(workspace.path / "emr.sqlite")
    database.executescript(
        "create table departments (id text, name text);"
        "create table charges (id text, enc text, day text, amount text, changed text);"
        "insert into charges values ('C1', 'E1', '2024-03-01', '1.00', '2024-03-02'),"
        " ('C2', 'E1', '2024-03-01', 'USD 2', '2024-03-02'), ('C3', 'E1', '2024-03-01', 'x', '2024-03-02');"
    )
    database.close()
    run(workspace)
    mapping = MAPPING.replace("charge_amount: amount", "charge_amount: replace(amount, 'USD ', '')")
    (workspace.path / "sources" / "small_emr.yml").write_text(mapping)
    replay(workspace, "north", Filter())
    assert charges(workspace) == [
        ("C1", Decimal("1.00"), 1, "table:charges"),
        ("C2", Decimal("2.00"), 2, "table:charges"),
    ]
    assert states(workspace) == {"ALL-09 2": "replayed", "ALL-09 3": None}
    places = rows(workspace, "platform.quarantine_record", "byte_offset, byte_length")
    assert set(places + rows(workspace, "bronze.emr_charges", "byte_offset, byte_length")) == {(None, None)}
    assert list(workspace.spill_path.iterdir()) == []


def test_a_row_that_was_replayed_is_no_news_when_its_table_is_read_again(tmp_path: Path) -> None:
    workspace = make(tmp_path)
    with closing(sqlite3.connect(workspace.path / "emr.sqlite")) as database:
        database.executescript(
            "create table departments (id text, name text);"
            "create table charges (id text, enc text, day text, amount text, changed text);"
            "insert into charges values ('C1', 'E1', null, 'USD 1', '2024-03-02');"
        )
    run(workspace)
    mapping = MAPPING.replace("charge_amount: amount", "charge_amount: replace(amount, 'USD ', '')")
    (workspace.path / "sources" / "small_emr.yml").write_text(mapping)
    replay(workspace, "north", Filter())
    with closing(sqlite3.connect(workspace.path / "emr.sqlite")) as database:
        database.executescript("insert into charges values ('C2', 'E1', null, '2', '2024-03-02');")
    counts = only(run(workspace)).counts
    assert (counts.delivered, counts.loaded, counts.duplicates) == (2, 1, 1)


def test_a_replay_cut_off_at_any_step_is_finished_by_the_next_run(held: Workspace, tmp_path: Path) -> None:
    mend(held)
    calm = copy_of(held, tmp_path / "calm")
    steps: list[str] = []
    replay(calm, "north", Filter(), progress=steps.append)
    assert len(steps) > 4
    for last in range(1, len(steps) + 1):
        cut = copy_of(held, tmp_path / f"cut_{last}")
        told: list[str] = []

        def progress(step: str, told: list[str] = told, last: int = last) -> None:
            told.append(step)
            if len(told) == last:
                raise PowerCutError

        with suppress(PowerCutError):
            replay(cut, "north", Filter(), progress=progress)
        run(cut) if last % 2 else replay(cut, "north", Filter())
        assert charges(cut) == charges(calm), steps[last - 1]
        assert states(cut) == states(calm), steps[last - 1]
        assert len(rows(cut, "platform.quarantine_record", "quarantine_id")) == 3


def test_records_are_found_by_id_rule_file_table_and_state(held: Workspace) -> None:
    records = held_records(held, "north", Filter())
    assert [record.rule_id for record in records] == ["ALL-09", "ALL-10"]
    (first,) = held_records(held, "north", Filter(ids=[records[0].quarantine_id[:10]]))
    assert first == records[0] == one_record(held, "north", records[0].quarantine_id)
    assert len(held_records(held, "north", Filter(file="lines.csv", table="emr_charges"))) == 2
    assert held_records(held, "north", Filter(source="other")) == []
    assert held_records(held, "north", Filter(status="closed")) == []
    assert [(count.rule_id, count.open) for count in counts(held, "north", Filter())] == [
        ("ALL-09", 1),
        ("ALL-10", 1),
    ]
    assert "USD 50" in content_of(held, "north", records[0])
    with pytest.raises(QueryError, match="no quarantine record"):
        one_record(held, "north", "nothing")
    with pytest.raises(QueryError, match="no open quarantine record"):
        replay(held, "north", Filter(ids=["nothing"]))


def test_a_discarded_record_is_closed_and_not_loaded(held: Workspace) -> None:
    (record,) = held_records(held, "north", Filter(rule="ALL-10"))
    assert discard(held, "north", Filter(ids=[record.quarantine_id])) == 1
    assert states(held) == {"ALL-09 2": None, "ALL-10 3": "discarded"}
    assert len(charges(held)) == 1


def test_an_old_refused_file_that_is_replayed_stays_older_than_what_came_since(tmp_path: Path) -> None:
    workspace = without_database(tmp_path)
    deliver(workspace, "emr/people.csv", "ID,LName,DOB\n1,Old,1980-01-02\n2,Only,1980-01-02\n")
    run(workspace)
    deliver(workspace, "emr/patients.csv", "ID,LName,DOB\n1,New,1980-01-02\n3,Known,1980-01-02\n")
    run(workspace)
    (workspace.path / "sources" / "small_emr.yml").write_text(MAPPING.replace("**/patients*", "**/p*"))
    assert only(replay(workspace, "north", Filter(table="file"))).counts.loaded == 2
    times = dict(rows(workspace, "bronze.emr_patients", "last_name, ingested_at"))
    (refused,) = held_records(workspace, "north", Filter(status="all"))
    assert times["Old"] == times["Only"] == refused.quarantined_at < times["New"]
    build(workspace, contracts=all_contracts(workspace))
    versions = rows(workspace, "silver.patient", "last_name, valid_from, is_current", "valid_from, last_name")
    assert versions == [
        ("Old", times["Old"], False),
        ("Only", times["Old"], True),
        ("Known", times["New"], True),
        ("New", times["New"], True),
    ]
    deliver(workspace, "emr/patients_2.csv", "ID,LName,DOB\n1,New,1980-01-02\n2,Only,1980-01-02\n")
    assert only(run(workspace)).counts.duplicates == 2


def test_a_record_of_the_past_that_is_known_since_is_not_loaded_twice(tmp_path: Path) -> None:
    workspace = without_database(tmp_path)
    deliver(workspace, "emr/people.csv", "ID,LName,DOB\n1,Ash,1980-01-02\n")
    run(workspace)
    deliver(workspace, "emr/patients.csv", "LName,DOB,ID\nAsh,1980-01-02,1\n")
    run(workspace)
    (workspace.path / "sources" / "small_emr.yml").write_text(MAPPING.replace("**/patients*", "**/p*"))
    assert only(replay(workspace, "north", Filter(table="file"))).counts.duplicates == 1
    assert list(states(workspace).values()) == ["replayed"]


def test_records_are_read_again_a_batch_at_a_time(held: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = "".join(f"U{number},E1,2024-03-01,USD {number},0\n" for number in range(1, 6))
    deliver(held, "emr/lines_2.csv", "Id,Enc,Day,Amount,Paid\n" + lines)
    run(held)
    mend(held)
    monkeypatch.setattr("claimlake.sources.replay.BATCH", 2)
    report = replay(held, "north", Filter(rule="ALL-09"))
    assert [(file.path, file.counts.loaded) for file in report.files] == [
        *(("lines.csv", 1), ("lines_2.csv", 1)),
        *(("lines_2.csv", 2), ("lines_2.csv", 2)),
    ]
    assert (len(charges(held)), report.closed) == (7, {"replayed": 6})


def test_a_replay_that_finds_none_of_its_records_says_so_and_they_wait(held: Workspace) -> None:
    mapping = MENDED.replace('"**/lines*", format: delimited', '"**/lines*", format: delimited, skip: 3')
    mapping = mapping.replace("skip: 3}", "skip: 3, names: [Id, Enc, Day, Amount, Paid]}")
    (held.path / "sources" / "small_emr.yml").write_text(mapping)
    assert only(replay(held, "north", Filter(rule="ALL-09"))).error == "nothing of it could be read again"
    assert states(held) == {"ALL-09 2": None, "ALL-10 3": None}


def test_records_of_a_source_that_is_gone_are_said_not_to_be_read(held: Workspace) -> None:
    tenant = held.path / "tenants" / "north.yml"
    tenant.write_text(tenant.read_text().replace("  - {id: emr, system: small_emr}\n", ""))
    (error,) = replay(held, "north", Filter()).errors
    assert error.startswith("tenant north: source emr: 2 held records are of no source the tenant has now.")
    assert set(states(held).values()) == {None}


def test_a_file_whose_bytes_are_gone_says_so_and_its_records_wait(held: Workspace) -> None:
    for file in (held.files_path / "north").iterdir():
        file.unlink()
    report = replay(held, "north", Filter())
    assert "not kept" in only(report).error
    assert set(states(held).values()) == {None}
