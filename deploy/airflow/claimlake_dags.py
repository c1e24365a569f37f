"""One Airflow DAG for each source of a claimlake workspace: ingest, build, metrics, on the source's schedule.

Put this file and the timetable into the DAG folder, and write the timetable again when a schedule changes:

    claimlake schedule list --dir /srv/claimlake/acme --json > claimlake_schedules.json

CLAIMLAKE_WORKSPACE   the workspace, as the workers see it (required)
CLAIMLAKE_SCHEDULES   the timetable; beside this file where it is not set
CLAIMLAKE_COMMAND     the claimlake of the workers; the one on their path where it is not set
CLAIMLAKE_POLL        cron expression of the sources without a schedule; every 15 minutes where it is not set

A DAG holds no secret: the claimlake of the worker resolves the references of the tenant files. Do not let
`claimlake watch` run on the same workspace.
"""

import json
import os
import shlex
from datetime import timedelta
from pathlib import Path

import pendulum

try:  # Airflow 3
    from airflow.sdk import DAG
except ImportError:  # Airflow 2
    from airflow import DAG

try:
    from airflow.providers.standard.operators.bash import BashOperator
    from airflow.providers.standard.operators.empty import EmptyOperator
except ImportError:  # Airflow 2 without the standard provider
    from airflow.operators.bash import BashOperator
    from airflow.operators.empty import EmptyOperator

WORKSPACE = os.environ["CLAIMLAKE_WORKSPACE"]
SCHEDULES = Path(os.environ.get("CLAIMLAKE_SCHEDULES", Path(__file__).with_name("claimlake_schedules.json")))
COMMAND = os.environ.get("CLAIMLAKE_COMMAND", "claimlake")
POLL = os.environ.get("CLAIMLAKE_POLL", "*/15 * * * *")
WAIT_SECONDS = 3600
"""How long a step waits for the same step of another source: they take turns in one workspace."""


def step(name: str, *arguments: str, trigger_rule: str = "all_success", retries: int = 0) -> BashOperator:
    """One call of the command line."""
    command = shlex.join([COMMAND, *arguments, "--dir", WORKSPACE])
    return BashOperator(
        task_id=name,
        bash_command=f"exec {command}",
        env={"CLAIMLAKE_WAIT_SECONDS": str(WAIT_SECONDS)},
        append_env=True,
        trigger_rule=trigger_rule,
        retries=retries,
        retry_delay=timedelta(minutes=5),
    )


def source_dag(source: dict[str, str | None]) -> DAG:
    """The DAG of one source. A missed time is caught up once; two runs of a source never overlap."""
    org_id, source_id = str(source["org_id"]), str(source["source_id"])
    with DAG(
        dag_id=f"claimlake.{org_id}.{source_id}",
        description=f"Load {source_id} of {org_id}",
        schedule=source["schedule"] or POLL,
        start_date=pendulum.datetime(2024, 1, 1, tz=str(source["time_zone"])),
        catchup=False,
        max_active_runs=1,
        tags=["claimlake", org_id],
    ) as dag:
        ingest = step("ingest", "ingest", "--org", org_id, "--source", source_id, retries=2)
        # What did arrive is built even if a part of the delivery was held; the run is then marked as failed.
        build = step("build", "build", trigger_rule="all_done")
        metrics = step("metrics", "metrics", "run")
        ingest >> build >> metrics
        [ingest, metrics] >> EmptyOperator(task_id="complete")
    return dag


for entry in json.loads(SCHEDULES.read_text(encoding="utf-8")):
    made = source_dag(entry)
    globals()[made.dag_id] = made
