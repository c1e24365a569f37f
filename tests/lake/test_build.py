import os
import signal
import subprocess
import sys
import time
from decimal import Decimal
from pathlib import Path

import pytest

from claimlake.engines.spark import SparkEngine
from claimlake.errors import CheckError, ModelError, WorkspaceError
from claimlake.lake import build as building
from claimlake.lake.build import BuildReport, build
from claimlake.lake.snapshot import latest, pin
from claimlake.lake.table import Lake
from claimlake.workspace import Workspace

from ..spark import needs_sail
from .conftest import land, rows

V1 = {"visit_id": "V1", "payer_id": "p1", "charge_amount": "10.00"}
V2 = {"visit_id": "V2", "payer_id": "p1", "charge_amount": "0.05"}
V3 = {"visit_id": "V3", "payer_id": None, "charge_amount": "7.00"}


def _skipped(report: BuildReport) -> dict[str, bool]:
    return {model.table: model.is_skipped for model in report.models}


def test_models_are_built_in_order_and_published_together(workspace: Workspace, lake: Lake) -> None:
    land(workspace, V1, V2, V3)
    report = build(workspace)
    assert {model.table: model.rows for model in report.models} == {"silver.visit": 3, "gold.payer_total": 2}
    assert rows(lake, "gold.payer_total", "payer_id, charge_amount, visits") == [
        ("none", Decimal("7.00"), 1),
        ("p1", Decimal("10.05"), 2),
    ]
    assert latest(workspace) == report.snapshot
    assert report.snapshot.tables["gold.payer_total"] == lake.version("gold.payer_total")


def test_tables_without_landed_rows_are_built_empty(workspace: Workspace, lake: Lake) -> None:
    build(workspace)
    assert lake.schema("gold.payer_total") == [
        ("org_id", "text"),
        ("payer_id", "text"),
        ("charge_amount", "decimal(18,2)"),
        ("visits", "bigint"),
    ]


def test_unchanged_models_are_skipped(workspace: Workspace) -> None:
    land(workspace, V1)
    first = build(workspace)
    again = build(workspace)
    assert _skipped(again) == {"silver.visit": True, "gold.payer_total": True}
    assert again.snapshot == first.snapshot
    assert [model.rows for model in again.models] == [1, 1]


def test_new_rows_rebuild_what_reads_them(workspace: Workspace, lake: Lake) -> None:
    land(workspace, V1)
    first = build(workspace)
    land(workspace, V2)
    second = build(workspace)
    assert _skipped(second) == {"silver.visit": False, "gold.payer_total": False}
    before = pin(workspace, first.snapshot.id).tables["gold.payer_total"]
    assert rows(lake, "gold.payer_total", "charge_amount", version=before) == [(Decimal("10.00"),)]
    assert rows(lake, "gold.payer_total", "charge_amount") == [(Decimal("10.05"),)]


def test_changed_sql_rebuilds_only_that_model_and_what_reads_it(workspace: Workspace, content: Path) -> None:
    land(workspace, V1)
    build(workspace)
    model = content / "gold" / "payer_total.sql"
    model.write_text(model.read_text().replace("count(*)", "count(*) + 0"))
    assert _skipped(build(workspace)) == {"silver.visit": True, "gold.payer_total": False}


def test_broken_check_publishes_nothing(workspace: Workspace, lake: Lake) -> None:
    land(workspace, V1)
    published = build(workspace).snapshot
    land(workspace, {"visit_id": "V4", "payer_id": "p1", "charge_amount": "-1.00"})
    with pytest.raises(CheckError, match=r"silver/visit.sql:3: 'charge_amount >= 0' does not hold 1 times"):
        build(workspace)
    assert latest(workspace) == published
    assert lake.version("silver.visit") == published.tables["silver.visit"]


def test_repeated_grain_is_a_broken_check(workspace: Workspace) -> None:
    land(workspace, V1, V1)
    with pytest.raises(CheckError, match=r"silver/visit.sql:2: '\(org_id, visit_id\) unique'"):
        build(workspace)


def test_warning_is_reported_and_published(workspace: Workspace) -> None:
    land(workspace, V3)
    model = build(workspace).models[0]
    assert {result.check.text: result.violations for result in model.checks}["payer_id not null"] == 1


def test_unknown_reference_is_a_broken_check(workspace: Workspace) -> None:
    land(workspace, V1 | {"payer_id": "p9"})
    with pytest.raises(CheckError, match=r"payer_id in reference\.payer"):
        build(workspace)


def test_unknown_column_names_file_and_line(workspace: Workspace, content: Path) -> None:
    model = content / "silver" / "visit.sql"
    model.write_text(model.read_text().replace("visit.payer_id,", "visit.payr_id,"))
    with pytest.raises(ModelError, match=r"silver/visit.sql:8: .*payr_id"):
        build(workspace)


def test_missing_grain_column_is_refused(workspace: Workspace, content: Path) -> None:
    model = content / "silver" / "visit.sql"
    model.write_text(model.read_text().replace("grain: org_id, visit_id", "grain: org_id, stay_id"))
    with pytest.raises(ModelError, match="no column 'stay_id'"):
        build(workspace)


def test_only_one_build_runs_at_a_time(workspace: Workspace) -> None:
    with workspace.exclusive("build"), pytest.raises(WorkspaceError, match="another build is running"):
        build(workspace)


def test_build_that_dies_after_a_commit_gives_the_same_tables_next_time(
    workspace: Workspace, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    land(workspace, V1, V2, V3)

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(building, "remember", die)
        with pytest.raises(KeyboardInterrupt):
            build(workspace)
    assert latest(workspace) is None
    build(workspace)
    assert rows(lake, "silver.visit", "visit_id") == [("V1",), ("V2",), ("V3",)]


def test_killed_build_leaves_the_snapshot_and_the_next_completes(workspace: Workspace, lake: Lake) -> None:
    land(workspace, V1)
    published = build(workspace).snapshot
    land(workspace, V2)
    content = workspace.path.parent / "content"
    program = (
        "import time, claimlake.workspace as place; from pathlib import Path;"
        f"place.content_path = lambda: Path({str(content)!r});"
        "from claimlake.lake.build import build;"
        f"build(place.Workspace.open(Path({str(workspace.path)!r})),"
        " progress=lambda model: (print('built', flush=True), time.sleep(60)))"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"built\n"
        os.kill(process.pid, signal.SIGKILL)
    assert latest(workspace) == published
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and not _can_build(workspace):
        time.sleep(0.05)
    assert rows(lake, "gold.payer_total", "charge_amount") == [(Decimal("10.05"),)]


def _can_build(workspace: Workspace) -> bool:
    try:
        build(workspace)
    except WorkspaceError:
        return False
    return True


def test_rebuild_from_nothing_gives_the_same_tables(workspace: Workspace, lake: Lake, tmp_path: Path) -> None:
    land(workspace, V1)
    build(workspace)
    land(workspace, V2, V3)
    build(workspace)
    fresh = Workspace.create(tmp_path / "fresh")
    (fresh.path / "tenants" / "a.yml").write_bytes((workspace.path / "tenants" / "a.yml").read_bytes())
    land(fresh, V1, V2, V3)
    build(fresh)
    for table, columns in (("silver.visit", "*"), ("gold.payer_total", "*")):
        assert rows(lake, table, columns) == rows(Lake(fresh.lake_path), table, columns)


@pytest.mark.spark
@needs_sail
def test_both_engines_build_the_same_tables(
    workspace: Workspace, lake: Lake, tmp_path: Path, spark_engine: SparkEngine
) -> None:
    land(workspace, V1, V2, V3)
    build(workspace)
    other = Workspace.create(tmp_path / "other")
    (other.path / "tenants" / "a.yml").write_bytes((workspace.path / "tenants" / "a.yml").read_bytes())
    land(other, V1, V2, V3)
    report = build(other, engine=spark_engine)
    assert _skipped(report) == {"silver.visit": False, "gold.payer_total": False}
    for table in ("silver.visit", "gold.payer_total"):
        names = ", ".join(sorted(dict(lake.schema(table))))
        assert rows(lake, table, names) == rows(Lake(other.lake_path), table, names)
        assert dict(lake.schema(table)) == dict(Lake(other.lake_path).schema(table))


@pytest.mark.spark
@needs_sail
def test_broken_check_publishes_nothing_on_spark(workspace: Workspace, spark_engine: SparkEngine) -> None:
    land(workspace, {"visit_id": "V4", "payer_id": "p1", "charge_amount": "-1.00"})
    with pytest.raises(CheckError, match="charge_amount >= 0"):
        build(workspace, engine=spark_engine)
    assert latest(workspace) is None
