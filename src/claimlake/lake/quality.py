"""Quality results: of each published snapshot, how many rows a rule was judged on and how many break it."""

from collections import defaultdict
from collections.abc import Sequence

import duckdb

from claimlake.engines.engine import Engine, values_sql
from claimlake.errors import CheckError, ModelError
from claimlake.lake.fingerprint import fingerprint
from claimlake.lake.hold import holding_sql
from claimlake.lake.model import Model
from claimlake.lake.snapshot import Snapshot
from claimlake.lake.table import Lake

TABLE = "platform.quality_result"
COLUMNS = [
    ("org_id", "text"),
    ("snapshot_id", "bigint"),
    ("rule_id", "text"),
    ("table_name", "text"),
    ("severity", "text"),
    ("reason", "text"),
    ("rows_checked", "bigint"),
    ("rows_failed", "bigint"),
    ("sample_keys", "text[]"),
]
SAMPLES = 5
"""Keys kept of the rows that break a rule; they are hashes, the rows are in the quality table."""


def refuse_failures(engine: Engine, model: Model) -> None:
    """CheckError when a row of a staged quality model breaks a rule that must hold."""
    rules = {rule.id: rule for rule in model.rules}
    found = engine.rows(f"select rule_id, count(*) as broken from {model.name} group by rule_id")
    for rule_id, broken in sorted(found):
        place = f"{model.file.parent.name}/{model.file.name}"
        if rule_id not in rules:
            raise ModelError(
                f"rule '{rule_id}' of its rows has no line.",
                where=f"{place}:1",
                remedy=f"Add '-- rule: {rule_id} warn: what is wrong'.",
            )
        if rules[rule_id].severity == "fail":
            raise CheckError(
                f"{rule_id}: {rules[rule_id].reason}: {broken} rows of {model.of}.",
                where=f"{place}:{rules[rule_id].line}",
                remedy="Nothing was published; correct the data or the model and build again.",
            )


def record_results(lake: Lake, engine: Engine, models: Sequence[Model], snapshot: Snapshot) -> None:
    """Append the results of a snapshot, once for each state of the judged tables."""
    lake.create(TABLE, COLUMNS)
    judged = {name: snapshot.tables[name] for model in models for name in (model.name, model.of)}
    state = fingerprint(TABLE, judged)
    if not models or lake.transaction(TABLE, state):
        return
    rows = [row for model in models for row in _results(engine, model, snapshot)]
    with duckdb.connect() as connection:
        if rows:
            lake.append(TABLE, connection.sql(values_sql(COLUMNS, rows)), transaction=(state, 1))


def _results(engine: Engine, model: Model, snapshot: Snapshot) -> list[dict[str, object]]:
    checked = _checked(engine, model)
    failed: dict[tuple[str, str], int] = {}
    samples: dict[tuple[str, str], list[str]] = defaultdict(list)
    for org_id, rule_id, record_key, _, count in engine.rows(
        "select * from (select org_id, rule_id, record_key, "
        "row_number() over (partition by org_id, rule_id order by record_key) as place, "
        f"count(*) over (partition by org_id, rule_id) as broken from {model.name}) as numbered "
        f"where place <= {SAMPLES} order by org_id, rule_id, place"
    ):
        failed[org_id, rule_id] = count
        samples[org_id, rule_id].append(record_key)
    return [
        {
            "org_id": org_id,
            "snapshot_id": snapshot.id,
            "rule_id": rule.id,
            "table_name": model.of,
            "severity": rule.severity,
            "reason": rule.reason,
            "rows_checked": judged,
            "rows_failed": failed.get((org_id, rule.id), 0),
            "sample_keys": samples[org_id, rule.id],
        }
        for org_id, judged in sorted(checked.items())
        for rule in model.rules
    ]


def _checked(engine: Engine, model: Model) -> dict[str, int]:
    """How many rows of each tenant were judged: those in the table, and the records that are held."""
    checked = dict(engine.rows(f"select org_id, count(*) as judged from {model.of} group by org_id"))
    if model.holding:
        held = engine.rows(
            "select org_id, count(distinct record_key) as judged "
            f"from {model.name} where rule_id in ({holding_sql(model)}) group by org_id"
        )
        for org_id, count in held:
            checked[org_id] = checked.get(org_id, 0) + count
    return checked
