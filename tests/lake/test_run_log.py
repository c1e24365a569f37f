from datetime import datetime
from pathlib import Path

import duckdb
import pytest

from claimlake.lake.land import scan_sql
from claimlake.lake.run_log import CONFIGS, LOGS, FeedConfig, FeedResult, RunLog, mirror, open_log
from claimlake.lake.table import Lake
from claimlake.workspace import Workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    made = Workspace.create(tmp_path / "lake")
    open_log(made)
    return made


def config(feed: str) -> FeedConfig:
    return FeedConfig(feed, "emr", feed, "full", None, "bronze.emr_patients", {}, ["ALL-07"], {})


def logged(workspace: Workspace, columns: str = "config_id, status") -> list[tuple[object, ...]]:
    scan = scan_sql(Lake(workspace.lake_path), LOGS, "north")
    return duckdb.sql(f"select {columns} from {scan} order by all").fetchall() if scan else []


@pytest.mark.parametrize(
    ("result", "status"),
    [
        (FeedResult(processed=2, success=2, loaded=2), "success"),
        (FeedResult(processed=2, success=1, loaded=1, error=1), "success"),
        (FeedResult(processed=2, success=1, loaded=1, error=1, is_partial=True), "partial"),
        (FeedResult(processed=2, success=2, loaded=2, errors=["gone"]), "partial"),
        (FeedResult(errors=["gone"]), "failed"),
        (FeedResult(errors=["gone"], is_part=True), "partial"),
    ],
)
def test_a_run_ends_with_what_became_of_it(workspace: Workspace, result: FeedResult, status: str) -> None:
    log = RunLog(workspace, "north", "emr")
    log.prepare([config("patients")])
    log.begin("patients")
    log.end("patients", result)
    mirror(workspace)
    assert logged(workspace) == [("north/emr/patients", status)]


def test_a_run_without_news_is_no_row_and_writes_no_table(workspace: Workspace) -> None:
    log = RunLog(workspace, "north", "emr")
    log.prepare([config("patients")])
    mirror(workspace)
    lake = Lake(workspace.lake_path)
    before = lake.version(CONFIGS)
    log.begin("patients")
    log.end("patients", FeedResult(processed=5, success=5))
    mirror(workspace)
    assert logged(workspace) == []
    assert lake.version(CONFIGS) == before
    with workspace.control() as control:
        (last,) = control.execute("select last_run_at from ingestion_configs").fetchone()
    assert datetime.fromisoformat(last)


def test_a_run_that_died_is_failed_whichever_tenant_comes_next_and_is_mirrored_once(
    workspace: Workspace,
) -> None:
    RunLog(workspace, "north", "emr").begin("patients")
    open_log(workspace)
    other = RunLog(workspace, "south", "emr")
    other.end("patients", FeedResult(processed=1, success=1, loaded=1))
    mirror(workspace)
    mirror(workspace)
    assert logged(workspace) == [("north/emr/patients", "failed")]


def test_a_feed_that_is_gone_is_no_configuration_any_more(workspace: Workspace) -> None:
    log = RunLog(workspace, "north", "emr")
    log.prepare([config("patients"), config("visits")])
    log.prepare([config("visits")])
    mirror(workspace)
    scan = scan_sql(Lake(workspace.lake_path), CONFIGS, "north")
    assert duckdb.sql(f"select feed, validation_rules from {scan}").fetchall() == [("visits", '["ALL-07"]')]


def test_freshness_is_the_hours_from_the_newest_row_to_the_end_of_the_run(workspace: Workspace) -> None:
    log = RunLog(workspace, "north", "emr")
    newest = datetime(2024, 3, 1)
    log.end("patients", FeedResult(processed=1, success=1, loaded=1, newest_at=newest))
    mirror(workspace)
    ((end, hours),) = logged(workspace, "run_end_time, cast(freshness_hours as double)")
    assert isinstance(end, datetime)
    assert hours == pytest.approx((end - newest).total_seconds() / 3600, abs=0.02)
