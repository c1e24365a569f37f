"""Rows that break a quarantine rule stay out of the judged table and in quarantine until mended."""

from decimal import Decimal
from pathlib import Path

import pytest

from claimlake.engines.spark import SparkEngine
from claimlake.errors import ModelError
from claimlake.lake import build as building
from claimlake.lake.build import BuildReport, build
from claimlake.lake.quarantine import Filter, held_records
from claimlake.lake.table import Lake
from claimlake.sources.replay import discard
from claimlake.workspace import Workspace

from ..spark import needs_sail
from .conftest import land, rows

VISIT = """-- One row per visit, its newest delivery.
-- grain: org_id, visit_id

with version as (
    select
        visit.*,
        row_number() over (partition by visit.org_id, visit.visit_id order by visit.source_row desc) as age
    from bronze.visit as visit
)

select
    visit.org_id,
    visit.source_system_id,
    concat(visit.file_id, '#', cast(visit.source_row as text)) as source_record_id,
    visit.visit_id,
    visit.payer_id,
    visit.charge_amount
from version as visit
where visit.age = 1
"""
QUALITY = """-- One row per visit that breaks a rule.
-- of: silver.visit
-- key: sha256(visit_id)
-- rule: VIS-01 quarantine: payer is not in the crosswalk
-- rule: VIS-02 warn: visit charged beyond reason
-- grain: org_id, rule_id, record_key

select
    visit.org_id,
    visit.source_system_id,
    'VIS-01' as rule_id,
    sha256(visit.visit_id) as record_key,
    visit.source_record_id
from silver.visit as visit
left join reference.payer_identifier as known
    on
        visit.org_id = known.org_id
        and visit.payer_id = known.identifier_upper
where known.identifier_upper is null

union all

select
    visit.org_id,
    visit.source_system_id,
    'VIS-02' as rule_id,
    sha256(visit.visit_id) as record_key,
    visit.source_record_id
from silver.visit as visit
where visit.charge_amount > 500
"""
GOOD = {"visit_id": "V1", "payer_id": "60001", "charge_amount": "10.00", "file_id": "f1", "source_row": "1"}
BAD = {"visit_id": "V2", "payer_id": "99999", "charge_amount": "7.00", "file_id": "f1", "source_row": "2"}
DEAR = {"visit_id": "V3", "payer_id": "99999", "charge_amount": "900.00", "file_id": "f1", "source_row": "3"}
MENDED = BAD | {"payer_id": "60001", "file_id": "f2", "source_row": "9"}
TOTALS = "payer_id, charge_amount, visits"


@pytest.fixture
def judged(workspace: Workspace, content: Path) -> Workspace:
    (content / "quality").mkdir()
    (content / "silver" / "visit.sql").write_text(VISIT)
    (content / "quality" / "visit.sql").write_text(QUALITY)
    return workspace


def _states(workspace: Workspace) -> list[tuple[str, str, str | None]]:
    records = held_records(workspace, "a", Filter(status="all"))
    return sorted((record.rule_id, record.source_file, record.resolution) for record in records)


def _held(report: BuildReport) -> dict[str, int]:
    return {model.table: model.held for model in report.models if model.held}


def test_a_held_row_is_in_quarantine_with_its_place_and_not_in_what_reads_the_table(
    judged: Workspace, lake: Lake
) -> None:
    land(judged, GOOD, BAD)
    assert _held(build(judged)) == {"silver.visit": 1}
    assert rows(lake, "silver.visit", "visit_id") == [("V1",)]
    assert rows(lake, "gold.payer_total", TOTALS) == [("60001", Decimal("10.00"), 1)]
    (record,) = held_records(judged, "a", Filter())
    assert (record.rule_id, record.table_name, record.reason) == (
        "VIS-01",
        "silver.visit",
        "payer is not in the crosswalk",
    )
    assert (record.file_id, record.source_row, record.source_system_id) == ("f1", 2, "s")


def test_what_is_kept_and_what_is_held_is_what_was_delivered_to_the_cent(
    judged: Workspace, lake: Lake
) -> None:
    land(judged, GOOD, BAD, DEAR)
    build(judged)
    kept = rows(lake, "silver.visit", "visit_id, charge_amount")
    places = [(record.file_id, record.source_row) for record in held_records(judged, "a", Filter())]
    delivered = rows(lake, "bronze.visit", "visit_id, charge_amount, file_id, source_row")
    held = [(visit, amount) for visit, amount, *place in delivered if tuple(place) in places]
    assert len(places) == 2
    assert sorted(kept + held) == [(visit, amount) for visit, amount, *_ in delivered]


def test_a_row_that_breaks_two_rules_is_held_once_and_every_rule_counts_it(
    judged: Workspace, lake: Lake
) -> None:
    land(judged, GOOD, BAD, DEAR)
    build(judged)
    assert rows(lake, "platform.quality_result", "rule_id, severity, rows_checked, rows_failed") == [
        ("VIS-01", "quarantine", 3, 2),
        ("VIS-02", "warn", 3, 1),
    ]
    assert len(held_records(judged, "a", Filter())) == 2


def test_a_better_delivery_closes_the_record(judged: Workspace, lake: Lake) -> None:
    land(judged, GOOD, BAD)
    build(judged)
    land(judged, MENDED)
    assert _held(build(judged)) == {}
    assert rows(lake, "silver.visit", "visit_id") == [("V1",), ("V2",)]
    assert [resolution for *_, resolution in _states(judged)] == ["fixed_upstream"]


def test_a_mended_crosswalk_accepts_the_held_record_itself(judged: Workspace, lake: Lake) -> None:
    land(judged, GOOD, BAD)
    build(judged)
    tenant = judged.path / "tenants" / "a.yml"
    tenant.write_text(tenant.read_text().replace('["60001"]', '["60001", "99999"]'))
    build(judged)
    assert rows(lake, "silver.visit", "visit_id") == [("V1",), ("V2",)]
    assert [resolution for *_, resolution in _states(judged)] == ["replayed"]
    tenant.write_text(tenant.read_text().replace(', "99999"', ""))
    build(judged)
    assert [resolution for *_, resolution in _states(judged)] == [None]


def test_a_second_build_enters_nothing_again(judged: Workspace, lake: Lake) -> None:
    land(judged, GOOD, BAD)
    build(judged)
    version = lake.version("platform.quarantine_record")
    report = build(judged)
    assert all(model.is_skipped for model in report.models)
    assert {model.table for model in report.models} == {"silver.visit", "quality.visit", "gold.payer_total"}
    land(judged, GOOD | {"visit_id": "V9"})
    build(judged)
    assert lake.version("platform.quarantine_record") == version


def test_a_record_that_is_delivered_again_and_still_broken_waits_at_its_new_place(judged: Workspace) -> None:
    land(judged, BAD)
    build(judged)
    land(judged, BAD | {"file_id": "f2", "source_row": "5"})
    build(judged)
    assert [(record.file_id, record.source_row) for record in held_records(judged, "a", Filter())] == [
        ("f2", 5)
    ]


def test_a_discarded_record_stays_out_and_closed(judged: Workspace, lake: Lake) -> None:
    land(judged, GOOD, BAD)
    build(judged)
    assert discard(judged, "a", Filter()) == 1
    land(judged, GOOD | {"visit_id": "V9"})
    build(judged)
    assert rows(lake, "silver.visit", "visit_id") == [("V1",), ("V9",)]
    assert [resolution for *_, resolution in _states(judged)] == ["discarded"]


def test_a_build_that_dies_before_it_enters_the_records_enters_them_next_time(
    judged: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    land(judged, BAD)

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(building, "record_held", die)
        with pytest.raises(KeyboardInterrupt):
            build(judged)
    assert held_records(judged, "a", Filter()) == []
    build(judged)
    assert len(held_records(judged, "a", Filter())) == 1


def test_records_of_another_tenant_are_its_own(judged: Workspace) -> None:
    (judged.path / "tenants" / "b.yml").write_text("org_id: b\nname: B Health\n")
    land(judged, GOOD, GOOD | {"org_id": "b"})
    build(judged)
    assert held_records(judged, "a", Filter()) == []
    assert len(held_records(judged, "b", Filter())) == 1


def test_a_stricter_severity_is_one_word_in_a_file_of_the_workspace(judged: Workspace, lake: Lake) -> None:
    land(judged, GOOD, GOOD | {"visit_id": "V8", "charge_amount": "900.00"})
    build(judged)
    assert rows(lake, "silver.visit", "visit_id") == [("V1",), ("V8",)]
    (judged.path / "quality").mkdir()
    (judged.path / "quality" / "visit.sql").write_text(QUALITY.replace("VIS-02 warn", "VIS-02 quarantine"))
    build(judged)
    assert rows(lake, "silver.visit", "visit_id") == [("V1",)]
    assert [rule for rule, *_ in _states(judged)] == ["VIS-02"]


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("-- key: sha256(visit_id)", "-- key: visit_id", "1 of its keys name no row of silver.visit"),
        ("-- key: sha256(visit_id)\n", "", "visit.sql:3: has no '-- key:' line"),
        ("-- of: silver.visit", "-- of: bronze.visit", "holds rows of a table that no silver model makes"),
        ("-- of: silver.visit", "-- of: gold.payer_total", "of a table that no silver model makes"),
    ],
)
def test_a_gate_that_cannot_name_its_rows_is_refused(
    judged: Workspace, content: Path, before: str, after: str, message: str
) -> None:
    file = content / "quality" / "visit.sql"
    file.write_text(QUALITY.replace(before, after))
    land(judged, BAD)
    with pytest.raises(ModelError, match=message):
        build(judged)


@pytest.mark.spark
@needs_sail
def test_both_engines_hold_the_same_rows(
    judged: Workspace, lake: Lake, tmp_path: Path, spark_engine: SparkEngine
) -> None:
    other = Workspace.create(tmp_path / "other")
    (other.path / "tenants" / "a.yml").write_bytes((judged.path / "tenants" / "a.yml").read_bytes())
    for workspace in (judged, other):
        land(workspace, GOOD, BAD, DEAR)
    build(judged)
    assert _held(build(other, engine=spark_engine)) == {"silver.visit": 2}
    for table in ("silver.visit", "quality.visit", "gold.payer_total"):
        names = ", ".join(sorted(dict(lake.schema(table))))
        assert rows(lake, table, names) == rows(Lake(other.lake_path), table, names)
    assert _states(judged) == _states(other)
