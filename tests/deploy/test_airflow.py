"""The DAG file, parsed by a real Airflow: `make airflow` makes one and says where its Python is."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from claimlake.cli import main

DAGS = Path(__file__).resolve().parents[2] / "deploy" / "airflow" / "claimlake_dags.py"
PYTHON = os.environ.get("CLAIMLAKE_AIRFLOW", "")
TENANT = """
org_id: acme
name: Acme
time_zone: America/Chicago
sources:
  - {id: edi, system: x12, schedule: 15 6 * * 1-5}
  - {id: "practice-1", system: x12}
  - {id: old, system: x12, is_active: false}
"""
PARSE = Path(__file__).with_name("airflow_parse.py")

pytestmark = pytest.mark.skipif(not PYTHON, reason="CLAIMLAKE_AIRFLOW names no Python with Airflow")


@pytest.fixture(scope="module")
def parsed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What Airflow finds in the DAG folder of a workspace in a folder with a space in its name."""
    folder = tmp_path_factory.mktemp("air flow")
    workspace = folder / "the lake"
    CliRunner().invoke(main, ["init", str(workspace)])
    (workspace / "tenants" / "acme.yml").write_text(TENANT, encoding="utf-8")
    listed = CliRunner().invoke(main, ["schedule", "list", "--dir", str(workspace), "--json"])
    dags = folder / "dags"
    dags.mkdir()
    (dags / "claimlake_schedules.json").write_text(listed.stdout, encoding="utf-8")
    (dags / DAGS.name).write_text(DAGS.read_text(encoding="utf-8"), encoding="utf-8")
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "AIRFLOW_HOME": str(folder / "home"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "CLAIMLAKE_WORKSPACE": str(workspace),
    }
    command = [PYTHON, str(PARSE), str(dags)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=300)
    lines = [line for line in done.stdout.splitlines() if line.startswith("RESULT ")]
    assert lines, done.stdout + done.stderr
    found: dict[str, Any] = json.loads(lines[-1].removeprefix("RESULT "))
    return found


def test_airflow_finds_one_dag_for_each_active_source(parsed: dict[str, Any]) -> None:
    assert parsed["errors"] == {}
    assert sorted(parsed["dags"]) == ["claimlake.acme.edi", "claimlake.acme.practice-1"]


def test_a_dag_runs_at_the_schedule_of_its_source_in_the_tenants_time_zone(parsed: dict[str, Any]) -> None:
    dag = parsed["dags"]["claimlake.acme.edi"]
    assert (dag["cron"], dag["zone"]) == ("15 6 * * 1-5", "America/Chicago")
    assert parsed["dags"]["claimlake.acme.practice-1"]["cron"] == "*/15 * * * *"
    assert (dag["catchup"], dag["active"]) == (False, 1)


def test_the_tasks_call_the_command_line_in_the_order_of_the_work(parsed: dict[str, Any]) -> None:
    tasks = parsed["dags"]["claimlake.acme.edi"]["tasks"]
    assert {name: task["after"] for name, task in tasks.items()} == {
        "ingest": [],
        "build": ["ingest"],
        "metrics": ["build"],
        "complete": ["ingest", "metrics"],
    }
    assert "exec claimlake ingest --org acme --source edi --dir '/" in tasks["ingest"]["command"]
    assert tasks["ingest"]["command"].endswith("the lake'")
    assert tasks["metrics"]["command"].startswith("exec claimlake metrics run --dir '/")
    assert (tasks["build"]["rule"], tasks["complete"]["rule"]) == ("all_done", "all_success")
    assert tasks["ingest"]["env"] == {"CLAIMLAKE_WAIT_SECONDS": "3600"}
