"""Results are published once, restated when they change, and never overwritten."""

import json
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from claimlake.engines.engine import values_sql
from claimlake.errors import QueryError
from claimlake.lake.snapshot import latest, publish
from claimlake.lake.table import Lake
from claimlake.metrics.calculate import MetricReport, calculate
from claimlake.metrics.store import COLUMNS, METRIC_LINEAGE, METRIC_VERSION, RESULT, STAGING_RESULT, read
from claimlake.workspace import Workspace

from .readers import table_columns

RATE = "phys_first_pass_denial_rate"
Rows = Sequence[Mapping[str, Any]]

CLAIMS = [
    {"org_id": "north", "entity_id": "clinic", "claim_key": "a", "is_initial_denied": True},
    {"org_id": "north", "entity_id": "clinic", "claim_key": "b", "is_initial_denied": False},
    {"org_id": "north", "entity_id": "surgery", "claim_key": "c", "is_initial_denied": False},
    {"org_id": "north", "entity_id": "surgery", "claim_key": "d", "is_initial_denied": False},
]
DAYS = [
    {"org_id": "north", "entity_id": "clinic", "date": "2025-04-01", "total_charges": "100.00"},
    {"org_id": "north", "entity_id": "clinic", "date": "2025-05-15", "total_charges": "100.00"},
]


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    made = Workspace.create(tmp_path / "work")
    publish_gold(made, CLAIMS)
    return made


def publish_gold(workspace: Workspace, claims: Rows, days: Rows = DAYS) -> None:
    """Replace the gold tables and publish them as the next snapshot."""
    adjudicated = [{"billing_type": "PB", "first_remit_date": "2025-04-10", **claim} for claim in claims]
    given: dict[str, Rows] = {
        "gold.fact_claim": adjudicated,
        "gold.daily_financials": [{"billing_type": "PB", **day} for day in days],
    }
    lake = Lake(workspace.lake_path)
    with duckdb.connect() as connection:
        for table, columns in table_columns().items():
            lake.replace(table, connection.sql(values_sql(list(columns.items()), given.get(table, []))))
    publish(workspace, {table: lake.version(table) or 0 for table in table_columns()})


def rows(workspace: Workspace, table: str) -> list[dict[str, Any]]:
    names = [name for name, _ in COLUMNS[table]]
    found = read(workspace, table, f"select {', '.join(names)} from {table}")
    return [dict(zip(names, row, strict=True)) for row in found]


def published(workspace: Workspace, key: str, **grain: str) -> list[dict[str, Any]]:
    wanted = {"org_id": "north", **grain}
    found = [
        row
        for row in rows(workspace, RESULT)
        if row["metric_version_key"].startswith(f"{key}:")
        and json.loads(row["grain_keys"]) == wanted
        and row["measurement_period_start_datetime"].date() == date(2025, 4, 1)
    ]
    return sorted(found, key=lambda row: row["calculated_at"])


def only(report: MetricReport) -> Any:
    assert len(report.orgs) == 1
    return report.orgs[0]


def test_every_month_and_grain_is_published_with_its_numerator_and_denominator(workspace: Workspace) -> None:
    report = only(calculate(workspace))
    assert (report.org_id, report.months, report.rejected) == ("north", 2, ())
    [whole] = published(workspace, RATE)
    [clinic] = published(workspace, RATE, entity_id="clinic")
    assert whole["result_value_numeric"] == Decimal("25.000000")
    assert clinic["result_value_numeric"] == Decimal("50.000000")
    metadata = json.loads(whole["result_metadata"])
    assert metadata["numerator"] == "1.000000"
    assert metadata["denominator"] == "4.000000"
    assert metadata["date_basis"] == "fact_claim.first_remit_date"
    assert whole["is_suppressed"], "a count of 1 to 10 may not leave the tenant"


def test_result_carries_period_and_snapshot_time(workspace: Workspace) -> None:
    snapshot = latest(workspace)
    calculate(workspace)
    [whole] = published(workspace, RATE)
    assert str(whole["measurement_period_start_datetime"]) == "2025-04-01 00:00:00"
    assert str(whole["measurement_period_end_datetime"]) == "2025-04-30 23:59:59"
    assert snapshot is not None and whole["as_of_datetime"] == snapshot.published_at


def test_month_in_progress_ends_with_the_data(workspace: Workspace) -> None:
    calculate(workspace)
    ends = {str(row["measurement_period_end_datetime"]) for row in rows(workspace, RESULT)}
    assert ends == {"2025-04-30 23:59:59", "2025-05-15 23:59:59"}


def test_empty_denominator_is_published_without_value_but_with_the_reason(workspace: Workspace) -> None:
    calculate(workspace)
    [whole] = published(workspace, "phys_eligibility_denial_rate")
    assert whole["result_value_numeric"] == 0
    [line] = published(workspace, "phys_line_denial_rate")
    assert line["result_value_numeric"] is None
    assert json.loads(line["result_metadata"])["reason"] == "no_denominator"


def test_negative_denominator_is_published_without_value_but_with_its_parts(workspace: Workspace) -> None:
    publish_gold(workspace, CLAIMS, [{**DAYS[0], "net_ar": "50.00", "net_patient_service_revenue": "-89.00"}])
    report = only(calculate(workspace))
    assert report.rejected == ()
    [days] = published(workspace, "phys_net_days_ar")
    assert days["result_value_numeric"] is None
    metadata = json.loads(days["result_metadata"])
    assert (metadata["reason"], metadata["numerator"]) == ("negative_denominator", "50.000000")
    assert Decimal(metadata["denominator"]) < 0


def test_second_run_adds_nothing(workspace: Workspace) -> None:
    calculate(workspace)
    before = {table: Lake(workspace.lake_path).version(table) for table in COLUMNS}
    snapshot = latest(workspace)
    again = calculate(workspace)
    assert only(again).is_skipped
    assert {table: Lake(workspace.lake_path).version(table) for table in COLUMNS} == before
    assert latest(workspace) == snapshot


def test_new_snapshot_with_the_same_figures_stages_but_publishes_nothing(workspace: Workspace) -> None:
    calculate(workspace)
    staged, kept = len(rows(workspace, STAGING_RESULT)), len(rows(workspace, RESULT))
    publish_gold(workspace, CLAIMS)
    report = only(calculate(workspace))
    assert (report.published, report.restated, report.unchanged) == (0, 0, kept)
    assert len(rows(workspace, STAGING_RESULT)) == 2 * staged
    assert len(rows(workspace, RESULT)) == kept


def test_changed_figure_is_a_restatement_beside_the_first_one(workspace: Workspace) -> None:
    calculate(workspace)
    publish_gold(workspace, [{**claim, "is_initial_denied": claim["claim_key"] in "ac"} for claim in CLAIMS])
    report = only(calculate(workspace))
    first, second = published(workspace, RATE)
    assert (first["result_value_numeric"], second["result_value_numeric"]) == (25, 50)
    metadata = json.loads(second["result_metadata"])
    assert metadata["restates"] == first["result_key"]
    assert metadata["previous_value"] == "25.000000"
    assert len(published(workspace, RATE, entity_id="clinic")) == 1, "unchanged figures stay as published"
    assert report.restated == report.published > 0


def test_figure_whose_rows_are_gone_is_withdrawn(workspace: Workspace) -> None:
    calculate(workspace)
    publish_gold(workspace, [claim for claim in CLAIMS if claim["entity_id"] == "clinic"])
    calculate(workspace)
    first, second = published(workspace, RATE, entity_id="surgery")
    assert first["result_value_numeric"] == 0
    assert second["result_value_numeric"] is None
    assert json.loads(second["result_metadata"])["reason"] == "no_denominator"
    publish_gold(workspace, [claim for claim in CLAIMS if claim["entity_id"] == "clinic"])
    assert only(calculate(workspace)).published == 0, "a withdrawn figure is withdrawn once"


def test_run_killed_before_its_results_is_finished_by_the_next(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = Lake.append

    def killed(self: Lake, table: str, *args: Any, **kwargs: Any) -> int:
        if table == RESULT:
            raise KeyboardInterrupt
        return original(self, table, *args, **kwargs)

    monkeypatch.setattr(Lake, "append", killed)
    with pytest.raises(KeyboardInterrupt):
        calculate(workspace)
    staged = len(rows(workspace, STAGING_RESULT))
    lineage = len(rows(workspace, METRIC_LINEAGE))
    monkeypatch.setattr(Lake, "append", original)
    assert only(calculate(workspace)).published == staged == len(rows(workspace, RESULT))
    assert len(rows(workspace, STAGING_RESULT)) == staged
    assert len(rows(workspace, METRIC_LINEAGE)) == lineage


def test_tenants_are_calculated_apart(workspace: Workspace) -> None:
    publish_gold(workspace, [*CLAIMS, {**CLAIMS[0], "org_id": "south o'hara"}])
    report = calculate(workspace)
    assert [org.org_id for org in report.orgs] == ["north", "south o'hara"]
    [north] = published(workspace, RATE)
    assert north["result_value_numeric"] == 25


def test_changed_definition_is_a_new_version_valid_from_the_snapshot(workspace: Workspace) -> None:
    calculate(workspace)
    own = {"kpis": [{"key": RATE, "steward": "North revenue integrity"}]}
    (workspace.path / "metrics" / "own.yml").write_text(yaml.safe_dump(own), encoding="utf-8")
    calculate(workspace)
    versions = [row for row in rows(workspace, METRIC_VERSION) if row["metric_key"] == RATE]
    old, new = sorted(versions, key=lambda row: row["version_number"])
    assert (old["version_number"], old["is_active"]) == ("v1.0", False)
    assert (new["version_number"], new["is_active"]) == ("v2.0", True)
    assert old["valid_to_datetime"] == new["valid_from_datetime"]
    assert new["steward"] == "North revenue integrity"
    assert len(published(workspace, RATE)) == 2


def test_every_version_names_steward_developer_and_required_metadata(workspace: Workspace) -> None:
    calculate(workspace)
    for row in rows(workspace, METRIC_VERSION):
        assert row["steward"] and row["developer"]
        assert json.loads(row["required_metadata_fields"]) == ["numerator", "denominator", "date_basis"]
        assert json.loads(row["definition"])["key"] == row["metric_key"]
        assert json.loads(row["grain"])["org_id"] == "string"


def test_lineage_links_an_organisation_to_its_entities_by_weight(workspace: Workspace) -> None:
    calculate(workspace)
    [whole] = published(workspace, RATE)
    [clinic] = published(workspace, RATE, entity_id="clinic")
    lineage = rows(workspace, METRIC_LINEAGE)
    links = [row for row in lineage if row["parent_result_key"] == whole["result_key"]]
    weights = {row["child_result_key"]: row["contribution_weight"] for row in links}
    assert {row["relation"] for row in links} == {"rollup"}
    assert weights[clinic["result_key"]] == Decimal("0.5000")
    assert sum(row["contribution_weight"] for row in links) == 1


def test_result_keys_are_unique(workspace: Workspace) -> None:
    calculate(workspace)
    publish_gold(workspace, CLAIMS[:3])
    calculate(workspace)
    keys = [row["result_key"] for row in rows(workspace, RESULT)]
    assert len(keys) == len(set(keys))


def test_metric_tables_are_in_the_published_snapshot(workspace: Workspace) -> None:
    report = calculate(workspace)
    assert set(COLUMNS) <= set(report.snapshot.tables)
    assert report.snapshot == latest(workspace)


def test_nothing_published_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(QueryError, match="claimlake build"):
        calculate(Workspace.create(tmp_path / "empty"))
