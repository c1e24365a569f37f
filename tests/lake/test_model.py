from pathlib import Path

import pytest

from claimlake.errors import ModelError
from claimlake.lake.model import Model, read_model

SQL = """-- One row per visit.
-- Voided visits are left out.
-- grain: org_id, visit_id
-- load: full
-- checks: charge_amount >= 0, coalesce(a, b) in ('x', 'y')
-- checks: warn: payer_id in reference.payer
-- partition: org_id

with charged as (
    select visit.org_id, visit.visit_id from bronze.visit as visit
)

select charged.org_id, charged.visit_id
from charged
inner join silver.account as account on charged.visit_id = account.visit_id
"""


def _model(folder: Path, sql: str = SQL) -> Model:
    file = folder / "silver" / "visit.sql"
    file.parent.mkdir(exist_ok=True)
    file.write_text(sql)
    return read_model(file, "silver")


def test_header_says_what_a_row_is_and_what_must_hold(tmp_path: Path) -> None:
    model = _model(tmp_path)
    assert model.name == "silver.visit"
    assert model.about == "One row per visit. Voided visits are left out."
    assert model.grain == ("org_id", "visit_id")
    assert [(check.text, check.severity) for check in model.checks] == [
        ("(org_id, visit_id) unique", "fail"),
        ("charge_amount >= 0", "fail"),
        ("coalesce(a, b) in ('x', 'y')", "fail"),
        ("payer_id in reference.payer", "warn"),
    ]


def test_tables_are_those_read_and_those_checked_but_not_ctes(tmp_path: Path) -> None:
    tables = dict(_model(tmp_path).tables)
    assert tables == {"bronze.visit": 10, "silver.account": 15, "reference.payer": 5}


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("-- grain: org_id, visit_id\n", "", r"silver/visit\.sql:1: no '-- grain:' line"),
        ("-- load: full", "-- load: daily", r"visit\.sql:4: load is 'daily'"),
        ("-- partition:", "-- partitions:", r"visit\.sql:7: no header key 'partitions'.*'partition'"),
        ("-- One row per visit.\n-- Voided visits are left out.\n", "", "nothing says what one row is"),
        ("from charged\n", "from charges\n", r"visit\.sql:14: table 'charges' has no layer"),
        ("inner join", "inner inner join", r"visit\.sql:15"),
        (
            "select charged.org_id, charged.visit_id\nfrom charged",
            "delete from bronze.visit",
            r"visit\.sql:\d+",
        ),
    ],
)
def test_wrong_model_names_file_line_and_remedy(tmp_path: Path, old: str, new: str, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        _model(tmp_path, SQL.replace(old, new))
