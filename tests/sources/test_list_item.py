"""One file feeds a parent and its child tables: the elements of lists inside its records are rows."""

import json
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from claimlake.errors import ConfigurationError
from claimlake.sources.ingest import all_contracts
from claimlake.sources.list_item import IS_LIST, items_sql
from claimlake.sources.mapping import read_mapping
from claimlake.workspace import Workspace
from tests.sources.landing import deliver, make, only, rows, run

MAPPING = """
system: nested
feeds:
  - feed: claims
    from: {file: "**/claims*", format: json}
    omit: [memo]
    into:
      - table: claims_flat
        fields:
          claim_id: claim_id
          patient_id: mrn
          claim_date: sent_on
          charge_amount: billed
      - table: claims_flat
        rows: lines
        fields:
          claim_id: _parent.claim_id
          line_id: seq
          claim_date: _record.sent_on
          service_date: day
          procedure_code: cpt
          charge_amount: amount
          is_charge_on_lines: "false"
      - table: era_835_adjustment
        rows: lines.adjustments
        where: amount <> '0'
        fields:
          transaction_no: _row
          claim_no: _row
          service_no: _item
          level: "'line'"
          group_code: left(code, 2)
          carc: substr(code, 3)
          cas_ordinal: _parent.seq
          amount: amount
      - table: emr_diagnoses
        rows: diagnoses
        fields:
          encounter_id: _record.claim_id
          patient_id: coalesce(_record.mrn, 'unknown')
          code: _value
          sequence: _item
"""

CLAIMS = """{"sent": "2026-03-01", "claims": [
  {"claim_id": "C1", "mrn": "M1", "sent_on": "2026-03-01", "billed": 150.10,
   "diagnoses": ["I10", "E11.9"], "lines": [
    {"seq": 1, "day": "2026-02-01", "cpt": "99213", "amount": 100.10, "memo": "call her", "adjustments":
      [{"code": "CO45", "amount": 20.05}, {"code": "PR1", "amount": "0"}]},
    {"seq": 2, "day": "2026-02-02", "cpt": "85025", "amount": 50.00,
     "adjustments": {"code": "PR2", "amount": 5.01}}]},
  {"claim_id": "C2", "sent_on": "2026-03-01", "billed": 80.00, "lines": [
    {"seq": 1, "day": "2026-02-03", "cpt": "99214", "amount": 60.00},
    {"seq": 2, "day": "soon", "cpt": "36415", "amount": 20.00}]},
  {"claim_id": "C3", "sent_on": "2026-03-01", "billed": 40.00, "lines": "none", "diagnoses": null},
  {"claim_id": "C4", "sent_on": "2026-03-01", "billed": 30.00}
]}
"""


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    workspace = make(tmp_path)
    tenant = workspace.path / "tenants" / "north.yml"
    tenant.write_text(tenant.read_text() + "  - {id: hub, system: nested}\n")
    (workspace.path / "sources" / "nested.yml").write_text(MAPPING)
    return workspace


def test_one_file_feeds_a_parent_and_its_children_and_every_amount_is_accounted_for(
    workspace: Workspace,
) -> None:
    deliver(workspace, "hub/claims.json", CLAIMS)
    report = only(run(workspace))
    counts = report.counts
    assert (counts.delivered, counts.loaded, counts.quarantined, counts.duplicates) == (4, 2, 2, 0)
    assert dict(report.quarantined) == {
        ("ALL-10", "date service_date is invalid or out of range"): 1,
        ("ALL-13", "lines is not a list"): 1,
    }
    columns = "claim_id, line_id, procedure_code, charge_amount, claim_date::varchar"
    assert rows(workspace, "bronze.claims_flat", columns) == [
        ("C1", "1", "99213", Decimal("100.10"), "2026-03-01"),
        ("C1", "2", "85025", Decimal("50.00"), "2026-03-01"),
        ("C1", None, None, Decimal("150.10"), "2026-03-01"),
        ("C4", None, None, Decimal("30.00"), "2026-03-01"),
    ]
    columns = "claim_no, service_no, cas_ordinal, group_code, carc, amount"
    assert rows(workspace, "bronze.era_835_adjustment", columns) == [
        (1, 1, 1, "CO", "45", Decimal("20.05")),
        (1, 3, 2, "PR", "2", Decimal("5.01")),
    ]
    assert rows(workspace, "bronze.emr_diagnoses", "encounter_id, patient_id, code, sequence") == [
        ("C1", "M1", "E11.9", 2),
        ("C1", "M1", "I10", 1),
    ]
    held = rows(workspace, "platform.quarantine_record", "raw, table_name")
    assert [table for _, table in held] == ["bronze.claims_flat"] * 2
    loaded = sum(row[0] for row in rows(workspace, "bronze.claims_flat", "charge_amount"))
    waiting = [json.loads(raw, parse_float=Decimal) for raw, _ in held]
    in_quarantine = sum(
        claim["billed"] + sum(line["amount"] for line in claim["lines"] if isinstance(line, dict))
        for claim in waiting
    )
    delivered = json.loads(CLAIMS, parse_float=Decimal)["claims"]
    lines = [line for claim in delivered for line in claim.get("lines", []) if isinstance(line, dict)]
    assert loaded + in_quarantine == sum(claim["billed"] for claim in delivered) + sum(
        line["amount"] for line in lines
    )


def test_the_report_counts_the_rows_of_every_table(workspace: Workspace) -> None:
    deliver(workspace, "hub/claims.json", CLAIMS)
    tables = only(run(workspace)).as_dict()["tables"]
    assert {
        name: tuple(counts[kind] for kind in ("delivered", "loaded", "quarantined"))
        for name, counts in tables.items()
    } == {
        "bronze.claims_flat": (8, 4, 4),
        "bronze.era_835_adjustment": (2, 2, 0),
        "bronze.emr_diagnoses": (2, 2, 0),
    }
    deliver(workspace, "hub/claims_again.json", CLAIMS + " ")
    tables = only(run(workspace)).as_dict()["tables"]
    assert tables["bronze.claims_flat"]["duplicates"] == 4


def test_a_row_keeps_its_element_and_the_place_of_its_record_and_nothing_omitted(
    workspace: Workspace,
) -> None:
    claims = CLAIMS.replace('"seq": 1,', '"seq": 1, "said \\"yes\\"": true,')
    deliver(workspace, "hub/claims.json", claims)
    run(workspace)
    found = rows(workspace, "bronze.claims_flat", "raw, byte_offset, byte_length", "line_id")
    assert json.loads(found[0][0])["amount"] == "100.10"
    raws = "".join(raw for raw, *_ in rows(workspace, "bronze.claims_flat", "raw"))
    assert "85025" in raws
    assert "memo" not in raws and "call her" not in raws
    place, length = found[0][1:]
    assert json.loads(claims.encode()[place : place + length])["claim_id"] == "C1"


def test_a_record_that_is_delivered_well_closes_its_quarantine_row(workspace: Workspace) -> None:
    deliver(workspace, "hub/claims.json", CLAIMS)
    run(workspace)
    deliver(workspace, "hub/claims_2.json", CLAIMS.replace('"soon"', '"2026-02-04"').replace('"none"', "[]"))
    report = run(workspace)
    assert only(report).counts.loaded == 2
    assert dict(report.closed) == {"fixed_upstream": 2}
    assert len(rows(workspace, "bronze.claims_flat", "claim_id")) == 8


@pytest.mark.parametrize(
    ("record", "items"),
    [
        ('{"a": [{"b": [{"x": 1}, {"x": 2}]}, {"b": [{"x": 3}]}]}', [(1, "1"), (2, "2"), (3, "3")]),
        ('{"a": {"b": {"x": 1}}}', [(1, "1")]),
        ('{"a": [{"b": []}, {"c": 1}, null]}', []),
        ('{"a": null}', []),
        ("{}", []),
        ('{"a": [{"b": [{"x": "  "}, 7]}]}', [(1, None), (2, None)]),
    ],
    ids=["lists of lists", "objects for lists", "nothing inside", "null", "nothing", "blank"],
)
def test_every_list_on_the_path_is_taken(record: str, items: list[tuple[int, str | None]]) -> None:
    assert [(place, value) for place, value, is_list in _items(record) if is_list] == items


@pytest.mark.parametrize(
    "record",
    ['{"a": "x"}', '{"a": 5}', '{"a": ["x"]}', '{"a": [{"b": "x"}]}', '{"a": [{"b": true}, {"b": []}]}'],
)
def test_what_is_no_list_is_told(record: str) -> None:
    assert False in [is_list for _, _, is_list in _items(record)]


def _items(record: str) -> list[tuple[int, str | None, bool]]:
    connection = duckdb.connect()
    connection.execute(
        "create table found as select 1::bigint as _row, json_extract_string($record, '$.a') as a",
        {"record": record},
    )
    return connection.sql(
        f"select _item, x, {IS_LIST} from ({items_sql('found', ('a', 'b'), ['x'])}) order by _item"
    ).fetchall()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("rows: lines.adjustments", "rows: lines..adjustments", "says nothing usable of the list"),
        ("_parent.claim_id", "claim.claim_id", "'claim' is neither the parent nor the record"),
    ],
)
def test_a_mapping_that_means_nothing_is_refused(
    workspace: Workspace, old: str, new: str, message: str
) -> None:
    file = workspace.path / "sources" / "nested.yml"
    file.write_text(MAPPING.replace(old, new))
    with pytest.raises(ConfigurationError, match=message):
        read_mapping(file, all_contracts(workspace))
