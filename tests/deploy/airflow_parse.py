"""Run by the Python of an Airflow: prints as JSON what it finds in the DAG folder it is given."""

import json
import sys
from typing import Any

try:
    from airflow.dag_processing.dagbag import DagBag
except ImportError:  # Airflow 2
    from airflow.models.dagbag import DagBag


def task(one: Any) -> dict[str, Any]:
    return {
        "command": getattr(one, "bash_command", None),
        "env": getattr(one, "env", None),
        "rule": str(getattr(one.trigger_rule, "value", one.trigger_rule)),
        "after": sorted(one.upstream_task_ids),
    }


def dag(one: Any) -> dict[str, Any]:
    return {
        "cron": getattr(one.timetable, "_expression", None) or one.timetable.expression,
        "zone": str(one.timezone),
        "catchup": one.catchup,
        "active": one.max_active_runs,
        "tasks": {each.task_id: task(each) for each in one.tasks},
    }


bag = DagBag(dag_folder=sys.argv[1])
dags = {name: dag(one) for name, one in bag.dags.items()}
print("RESULT " + json.dumps({"errors": bag.import_errors, "dags": dags}))
