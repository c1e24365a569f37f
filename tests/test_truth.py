"""Every published KPI equals the one worked out from the generator's hidden ledger, to the last digit."""

import json
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import duckdb
import pytest

from claimlake.demo import deliver
from claimlake.lake.table import Lake
from claimlake.metrics.catalog import load_catalog
from claimlake.pipeline import run
from claimlake.synthetic.network import generate
from claimlake.workspace import Workspace
from tests.oracle.kpi import Kpis, Sides
from tests.oracle.truth import read_truth

pytestmark = pytest.mark.xdist_group("truth")

CLAIMS = 1500
COLUMNS = {
    "entity": "entity_id",
    "payer": "payer_id",
    "payer_class": "payer_class",
    "department": "department_id",
}
DERIVED = {"hosp_dnsp_days": ("hosp_dnfb_days", "hosp_fbns_days")}
Result = tuple[str, date, dict[str, str], Decimal | None]


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return generate(tmp_path_factory.mktemp("network"), claims=CLAIMS, seed=11).out


@pytest.fixture(scope="module")
def workspace(network: Path, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    workspace = Workspace.create(tmp_path_factory.mktemp("workspace") / "lake")
    deliver(network, workspace)
    report = run(workspace, progress=lambda _: None)
    assert report.ingested.exit_code == 0, str(report.ingested)
    return workspace


@pytest.fixture(scope="module")
def oracles(network: Path) -> dict[str, Kpis]:
    return {truth.org_id: Kpis(truth) for truth in read_truth(network)}


def published(workspace: Workspace, org_id: str) -> Iterator[Result]:
    lake = Lake(workspace.lake_path)
    with duckdb.connect() as database:
        keys = dict(
            database.execute(
                "select metric_version_key, metric_key from read_parquet(?)",
                [lake.files("metrics.metric_version")],
            ).fetchall()
        )
        rows = database.execute(
            """
            select metric_version_key, cast(measurement_period_end_datetime as date),
                grain_keys, result_value_numeric
            from read_parquet(?)
            """,
            [lake.files("metrics.result", org_id=org_id)],
        ).fetchall()
    for version_key, month, grain, value in rows:
        yield keys[version_key], month, json.loads(grain), value


def expected(kpis: Kpis, key: str, month: date, grain: dict[str, str]) -> Fraction | None:
    where = {name: value for name, value in grain.items() if name != "org_id"}
    if key in DERIVED:
        parts = [quotient(kpis.sides(part, month, where)) for part in DERIVED[key]]
        return None if None in parts else sum(parts, Fraction(0))
    return quotient(kpis.sides(key, month, where))


def quotient(sides: Sides) -> Fraction | None:
    numerator, denominator = sides
    return None if numerator is None or not denominator or denominator < 0 else numerator / denominator


@pytest.mark.parametrize("org_id", ["peterson_health", "citizens_medical_center"])
def test_published_kpis_equal_the_hidden_ledger(
    workspace: Workspace, oracles: dict[str, Kpis], org_id: str
) -> None:
    catalog = load_catalog(workspace)
    wrong, seen = [], set()
    for key, month, grain, value in published(workspace, org_id):
        if month > oracles[org_id].last_day:
            continue
        true = expected(oracles[org_id], key, month, grain)
        scaled = None if true is None else true * Fraction(str(catalog.kpi(key).scale))
        seen.add((key, month))
        if not is_same(scaled, value):
            wrong.append(f"{key} {month} {grain}: published {value}, true {scaled and float(scaled)}")
    assert not wrong, f"{len(wrong)} differ:\n" + "\n".join(wrong[:40])
    assert {key for key, _ in seen} == set(catalog.kpis)
    assert len({month for _, month in seen}) == 18


def is_same(true: Fraction | None, value: Decimal | None) -> bool:
    if true is None or value is None:
        return true is None and value is None
    rounded = (
        Decimal(round(true * 10**6)) / 10**6
    )  # Python rounds a Fraction half to even, as the engine does
    return rounded == value


def test_further_feeds_are_loaded_to_the_last_row_and_amount(network: Path, workspace: Workspace) -> None:
    lake = Lake(workspace.lake_path)
    with duckdb.connect() as database:
        totals = database.execute(
            "select org_id, table_name, figure, row_count, total from read_parquet(?)",
            [str(network / "truth" / "feed_total.parquet")],
        ).fetchall()
        assert len(totals) == 24
        for org_id, table, figure, row_count, total in totals:
            loaded = database.execute(
                f"select count(*), cast(coalesce(sum({figure}), 0) as decimal(18,2)) from read_parquet(?)",
                [lake.files(f"bronze.{table}", org_id=org_id)],
            ).fetchone()
            assert row_count > 0, table
            assert loaded == (row_count, total), (org_id, table, figure)
