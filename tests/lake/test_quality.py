"""Quality results: counted for every snapshot; a rule that must hold stops publication."""

from pathlib import Path

import pytest

from claimlake.errors import CheckError, ModelError
from claimlake.lake.build import build
from claimlake.lake.model import read_model
from claimlake.lake.snapshot import latest
from claimlake.lake.table import Lake
from claimlake.workspace import Workspace

from .conftest import land, rows

V1 = {"visit_id": "V1", "payer_id": "p1", "charge_amount": "10.00"}
V2 = {"visit_id": "V2", "payer_id": None, "charge_amount": "7.00"}
V3 = {"visit_id": "V3", "payer_id": None, "charge_amount": "900.00"}
QUALITY = """-- One row per visit that breaks a rule.
-- of: silver.visit
-- rule: VIS-01 warn: visit without payer, nobody to bill
-- rule: VIS-02 fail: visit charged beyond reason
-- grain: org_id, rule_id, record_key

select
    visit.org_id,
    'VIS-01' as rule_id,
    sha256(visit.visit_id) as record_key
from silver.visit as visit
where visit.payer_id is null

union all

select
    visit.org_id,
    'VIS-02' as rule_id,
    sha256(visit.visit_id) as record_key
from silver.visit as visit
where visit.charge_amount > 500
"""
COLUMNS = "snapshot_id, rule_id, severity, table_name, rows_checked, rows_failed, len(sample_keys)"


@pytest.fixture
def judged(workspace: Workspace, content: Path) -> Workspace:
    (content / "quality").mkdir()
    (content / "quality" / "visit.sql").write_text(QUALITY)
    return workspace


def test_each_snapshot_has_the_numbers_of_every_rule(judged: Workspace, lake: Lake) -> None:
    land(judged, V1, V2)
    first = build(judged).snapshot.id
    assert rows(lake, "platform.quality_result", COLUMNS) == [
        (first, "VIS-01", "warn", "silver.visit", 2, 1, 1),
        (first, "VIS-02", "fail", "silver.visit", 2, 0, 0),
    ]
    build(judged)
    assert len(rows(lake, "platform.quality_result", COLUMNS)) == 2
    land(judged, {**V1, "visit_id": "V4"})
    second = build(judged).snapshot.id
    assert rows(lake, "platform.quality_result", COLUMNS)[2:] == [
        (second, "VIS-01", "warn", "silver.visit", 3, 1, 1),
        (second, "VIS-02", "fail", "silver.visit", 3, 0, 0),
    ]


def test_a_rule_that_must_hold_stops_publication_and_names_the_rule(judged: Workspace) -> None:
    land(judged, V1)
    published = build(judged).snapshot
    land(judged, V3)
    with pytest.raises(CheckError) as error:
        build(judged)
    assert "VIS-02: visit charged beyond reason: 1 rows of silver.visit" in str(error.value)
    assert "quality/visit.sql:4" in str(error.value)
    assert latest(judged) == published


def test_a_row_of_a_rule_without_a_line_is_an_error(judged: Workspace, content: Path) -> None:
    file = content / "quality" / "visit.sql"
    file.write_text(QUALITY.replace("-- rule: VIS-01", "-- rule: VIS-03"))
    land(judged, V2)
    with pytest.raises(ModelError, match="rule 'VIS-01' of its rows has no line"):
        build(judged)


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("-- rule: VIS-01 warn: ", "-- rule: VIS-01 refuse: ", "visit.sql:3: not a rule"),
        ("-- of: silver.visit\n", "", "says not what it judges"),
    ],
)
def test_a_header_that_says_too_little_is_refused(
    tmp_path: Path, before: str, after: str, message: str
) -> None:
    file = tmp_path / "visit.sql"
    file.write_text(QUALITY.replace(before, after))
    with pytest.raises(ModelError, match=message):
        read_model(file, "quality")
