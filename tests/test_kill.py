"""A run killed at any moment and started again leaves the tables of an undisturbed run.

Two kills by default; `make kill` asks for a hundred.
"""

import os
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pytest

from claimlake.demo import deliver
from claimlake.lake.table import Lake
from claimlake.synthetic.network import generate
from claimlake.workspace import Workspace

pytestmark = pytest.mark.xdist_group("kill")

KILLS = int(os.environ.get("CLAIMLAKE_KILLS", "2"))
CLAIMS = 150
MOMENTS = {
    "load_id", "ingested_at", "loaded_at", "quarantined_at", "quarantined_date", "checked_at", "loaddate",
    "calculated_at", "as_of_datetime", "result_key", "result_metadata", "created_datetime",
    "updated_datetime", "valid_from_datetime", "published_at", "id", "last_run_at", "next_run_at",
    "resolved_at", "resolved_load_id", "row_id", "newest_row_id",
}  # fmt: skip
"""Columns that say when something was done, or are made of when."""
WITHOUT_CHANGE_TIME = {"silver.record_version", "silver.department_version"}
"""Tables with rows whose source states no change time, so that validity begins when they arrived."""
HISTORIES = {
    "metrics.staging_result",
    "metrics.metric_lineage",
    "platform.snapshot",
    "platform.ingestion_logs",
    "platform.quality_result",
    "silver.delivery_day",
}
"""Tables that keep every attempt, or count by the day of it."""


def start(workspace: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "claimlake", "run", "--dir", str(workspace)]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def finish(workspace: Path) -> None:
    run = start(workspace)
    _, errors = run.communicate(timeout=600)
    assert run.returncode == 0, errors.decode()


def digests(workspace: Path) -> dict[str, tuple[int, str]]:
    """Row count and content of every table, whatever the order of the rows."""
    lake = Lake(workspace / "lake")
    found = {}
    with duckdb.connect() as database:
        for layer in ("bronze", "silver", "gold", "quality", "metrics", "platform"):
            for table in lake.names(layer):
                if table in HISTORIES or not lake.files(table):
                    continue
                scan = f"read_parquet({lake.files(table)}, union_by_name = true)"
                database.execute(f"create or replace view rows as from {scan}")
                moments = MOMENTS | ({"valid_from"} if table in WITHOUT_CHANGE_TIME else set())
                columns = [
                    name for name, *_ in database.execute("describe rows").fetchall() if name not in moments
                ]
                row = ", ".join(f'"{name}"' for name in sorted(columns))
                found[table] = database.execute(
                    "select count(*), md5(string_agg(content, '' order by content)) "
                    f"from (select md5(cast(row({row}) as text)) as content from rows)"
                ).fetchall()[0]
    return found


def versions(workspace: Path) -> dict[str, int | None]:
    lake = Lake(workspace / "lake")
    layers = ("bronze", "silver", "gold", "quality", "metrics", "platform", "reference")
    return {table: lake.version(table) for layer in layers for table in lake.names(layer)}


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return generate(tmp_path_factory.mktemp("network"), claims=CLAIMS, seed=5).out


def prepared(network: Path, folder: Path, key: Path | None = None) -> Path:
    deliver(network, Workspace.create(folder))
    if key:
        shutil.copyfile(key, folder / key.name)
    return folder


@pytest.fixture(scope="module")
def calm(network: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, float]:
    """A workspace that ran undisturbed, and the seconds it took."""
    workspace = prepared(network, tmp_path_factory.mktemp("calm") / "lake")
    began = time.monotonic()
    finish(workspace)
    return workspace, time.monotonic() - began


def test_killed_runs_leave_the_tables_of_an_undisturbed_run(
    network: Path, calm: tuple[Path, float], tmp_path: Path
) -> None:
    undisturbed, seconds = calm
    killed = prepared(network, tmp_path / "killed", next(undisturbed.glob(".hash.key")))
    moments = random.Random(20260930)
    for _ in range(KILLS):
        run = start(killed)
        time.sleep(moments.uniform(0.1, 1.0) * seconds)
        run.kill()
        run.communicate()
    finish(killed)
    assert digests(killed) == digests(undisturbed)


def test_a_second_run_over_the_same_deliveries_changes_nothing(calm: tuple[Path, float]) -> None:
    undisturbed, _ = calm
    before = versions(undisturbed)
    finish(undisturbed)
    assert versions(undisturbed) == before
