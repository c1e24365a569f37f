from dataclasses import replace
from pathlib import Path

from claimlake.lake.ledger import ADDED, Counts, Delivery, Ledger, Outcome
from claimlake.workspace import Workspace

FILE = Delivery("a.csv", "f" * 64, 10, 5, "emr")


def ledger_in(folder: Path) -> Ledger:
    ledger = Ledger(Workspace.create(folder / "workspace"), "north", "emr")
    ledger.prepare()
    return ledger


def test_a_planned_load_stays_open_until_it_is_closed(tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path)
    load = ledger.plan("patients", [FILE])
    assert ledger.open_loads() == [load]
    ledger.close(load, [(FILE, Outcome("loaded", Counts(delivered=2, loaded=2)))])
    assert ledger.open_loads() == []
    assert ledger.known_content() == {(FILE.file_id, "emr"): Counts(delivered=2, loaded=2)}
    assert ledger.known_paths() == {("a.csv", 10, 5)}


def test_a_failed_file_is_looked_at_again_under_a_new_load(tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path)
    first = ledger.plan("patients", [FILE])
    ledger.close(first, [(FILE, Outcome("failed"))])
    assert (ledger.known_paths(), ledger.known_content()) == (set(), {})
    assert ledger.plan("patients", [FILE]).load_id != first.load_id


def test_the_same_plan_has_the_same_id_in_every_workspace(tmp_path: Path) -> None:
    loads = [ledger_in(tmp_path / name).plan("patients", [FILE]) for name in ("one", "two")]
    assert loads[0].load_id == loads[1].load_id


def test_sources_do_not_see_each_other(tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path)
    ledger.plan("patients", [FILE])
    assert Ledger(ledger.workspace, "north", "other").known_paths() == set()
    assert Ledger(ledger.workspace, "south", "emr").open_loads() == []


def test_a_ledger_of_an_older_release_gets_the_columns_it_lacks(tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path)
    load = ledger.plan("patients", [FILE], is_full=True)
    ledger.close(load, [(FILE, Outcome("loaded", Counts(delivered=2, loaded=2)))])
    with ledger.workspace.control() as control:
        for column in ADDED:
            control.execute(f"alter table ingest_load drop column {column}")
    ledger.prepare()
    assert ledger.latest("patients", "a.csv") == ledger.latest("patients", "a.csv", is_full=True) == "f" * 64
    other = replace(FILE, path="b.csv", file_id="e" * 64)
    again = ledger.plan("patients", [other], is_full=True, is_confirmed=True)
    assert ledger.open_loads() == [again]
    ledger.close(again, [(other, Outcome("loaded"))], is_doubtful=True)
    assert ledger.latest("patients", "b.csv", is_full=True) is None


def test_a_repeated_delivery_takes_no_file_out_of_its_load(tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path)
    load = ledger.plan("patients", [FILE])
    touched = replace(FILE, modified_ns=9)
    ledger.record([(touched, Outcome("duplicate"))])
    assert ledger.known_paths() == {("a.csv", 10, 9)}
    assert ledger.open_loads() == [replace(load, deliveries=(touched,))]
    assert (FILE.file_id, "emr") in ledger.known_content()
