"""The shipped catalogue is whole, and a wrong entry is refused with the file, the key and what to do."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from claimlake.errors import ConfigurationError, QueryError
from claimlake.metrics.catalog import Catalog, check_schema, read_catalog
from claimlake.workspace import content_path

from .readers import table_columns

SHIPPED = content_path() / "metrics"


def _entry(key: str) -> dict[str, Any]:
    for path in SHIPPED.glob("*.yml"):
        for entry in yaml.safe_load(path.read_text(encoding="utf-8")).get("kpis", []):
            if entry["key"] == key:
                return dict(entry)
    raise AssertionError(key)


def _write(folder: Path, *entries: dict[str, Any]) -> Path:
    (folder / "own.yml").write_text(yaml.safe_dump({"kpis": list(entries)}), encoding="utf-8")
    return folder


def _changed(**changes: Any) -> dict[str, Any]:
    entry = _entry("phys_first_pass_denial_rate") | changes
    return {name: value for name, value in entry.items() if value != "absent"}


def _with_term(**changes: Any) -> dict[str, Any]:
    entry = _changed(key="own")
    return entry | {"numerator": entry["numerator"] | changes}


def test_dashboards_have_ten_hospital_and_ten_practice_kpis_each(catalog: Catalog) -> None:
    counted = [(kpi.dashboard, kpi.setting) for kpi in catalog.kpis.values()]
    for dashboard in ("initial_denials", "ar_aging"):
        assert counted.count((dashboard, "hospital")) == 10
        assert counted.count((dashboard, "physician")) == 10


def test_names_are_unique_and_no_two_kpis_are_the_same_measure(catalog: Catalog) -> None:
    assert len({kpi.name for kpi in catalog.kpis.values()}) == len(catalog.kpis)
    measures = {
        (kpi.setting, kpi.numerator.terms, kpi.denominator.terms, kpi.formula)
        for kpi in catalog.kpis.values()
    }
    assert len(measures) == len(catalog.kpis)


def test_kpis_stand_in_the_file_of_their_numerator_table(catalog: Catalog) -> None:
    for kpi in catalog.kpis.values():
        table = kpi.numerator.terms[0].table_name if kpi.numerator.terms else "derived"
        assert kpi.origin == f"{table}.yml"


def test_every_benchmark_has_its_source_and_confidence(catalog: Catalog) -> None:
    assert all(kpi.benchmark.source and kpi.benchmark.confidence for kpi in catalog.kpis.values())


def test_columns_of_the_cases_hold_every_kpi_with_every_dimension(catalog: Catalog) -> None:
    check_schema(catalog, table_columns())


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        (_changed(key="own", stewrd="x"), "field 'stewrd' is not known. Did you mean 'steward'?"),
        (_changed(key="own", steward="absent"), "field steward is missing"),
        (_changed(key="Own"), "key must be lower case"),
        (_changed(key="own", setting="clinic"), "Use hospital, physician, both"),
        (_changed(key="own", is_regulatory="no"), "must be true or false"),
        (_changed(key="own", scale="100"), "'100' is not a number"),
        (_changed(key="own", grain="org"), "grain must be a list"),
        (_changed(key="own", grain=["entity"]), "grain must contain org"),
        (
            _changed(key="own", grain=["org", "paier"]),
            "dimension 'paier' is not known. Did you mean 'payer'?",
        ),
        (_changed(key="own", kind="derived"), "only a derived KPI has one"),
        (_changed(key="own", kind="value"), "has no denominator"),
        (_changed(key="own", denominator={"text": "none"}), "a ratio needs"),
        (_changed(key="own", lineage=["nothing"]), "lineage child 'nothing' is not a KPI"),
        (_changed(key="own", benchmark={"text": "good"}), "text and source are required"),
        (_with_term(window="periods"), "Did you mean 'period'?"),
        (_with_term(table="silver.claim"), "Write gold.<table>"),
        (_with_term(date_column=None), "date_column is missing"),
        (_with_term(expr="sum("), "does not parse"),
        (_with_term(expr="fact_claim.claim_key"), "neither an aggregate nor"),
        (_with_term(expr="1"), "has no aggregate"),
        (_with_term(expr="sum(fact_claim.total_charge_amount) filter (where true)"), "cannot be used"),
        (_with_term(where="claim_key = 'x'"), "is not written as fact_claim.<column>"),
        (_with_term(where="fact_claim.claim_key = :today"), "parameter ':today' is not known"),
    ],
)
def test_wrong_entry_is_refused(tmp_path: Path, entry: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        read_catalog([SHIPPED, _write(tmp_path, entry)])
    assert message in str(caught.value)
    assert "own.yml" in str(caught.value)


def test_unknown_table_and_column_suggest_what_exists(tmp_path: Path) -> None:
    tables = dict(table_columns())
    own = _write(tmp_path, _with_term(where="fact_claim.is_initial_denid"))
    with pytest.raises(ConfigurationError, match="no column 'is_initial_denid'"):
        check_schema(read_catalog([SHIPPED, own]), tables)
    tables["gold.fact_claims"] = tables.pop("gold.fact_claim")
    with pytest.raises(ConfigurationError, match="Did you mean 'gold\\.fact_claims'"):
        check_schema(read_catalog([SHIPPED]), tables)


def test_dimension_without_column_is_refused(tmp_path: Path) -> None:
    own = _write(tmp_path, _changed(key="own", grain=["org", "queue"]))
    with pytest.raises(ConfigurationError, match="no column 'queue'"):
        check_schema(read_catalog([SHIPPED, own]), table_columns())


def test_lineage_in_a_circle_is_refused(tmp_path: Path) -> None:
    one = _changed(key="one", lineage=["two"])
    two = _changed(key="two", lineage=["one"])
    with pytest.raises(ConfigurationError, match="one → two → one"):
        read_catalog([SHIPPED, _write(tmp_path, one, two)])


def test_formula_uses_exactly_its_lineage(tmp_path: Path) -> None:
    entry = _entry("hosp_dnsp_days") | {"formula": "hosp_dnfb_days * 2"}
    with pytest.raises(ConfigurationError, match="but lineage names"):
        read_catalog([SHIPPED, _write(tmp_path, entry)])


def test_workspace_overrides_fields_of_a_kpi_and_adds_new_ones(tmp_path: Path, catalog: Catalog) -> None:
    override = {"key": "hosp_dnfb_days", "steward": "North revenue integrity"}
    added = _changed(key="own_first_pass", name="Our first pass denial rate")
    own = read_catalog([SHIPPED, _write(tmp_path, override, added)])
    assert own.kpi("hosp_dnfb_days").steward == "North revenue integrity"
    assert own.kpi("hosp_dnfb_days").numerator == catalog.kpi("hosp_dnfb_days").numerator
    assert own.kpi("hosp_dnfb_days").origin == "own.yml"
    assert own.kpi("hosp_dnfb_days").definition_hash != catalog.kpi("hosp_dnfb_days").definition_hash
    assert len(own.kpis) == len(catalog.kpis) + 1


def test_same_key_twice_in_one_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="defined twice"):
        read_catalog([SHIPPED, _write(tmp_path, _changed(), _changed())])


def test_file_that_is_no_catalogue_is_refused(tmp_path: Path) -> None:
    (tmp_path / "own.yml").write_text("kpi: []", encoding="utf-8")
    with pytest.raises(ConfigurationError, match="must hold kpis only"):
        read_catalog([tmp_path])
    (tmp_path / "own.yml").write_text("kpis: [", encoding="utf-8")
    with pytest.raises(ConfigurationError, match="not valid YAML"):
        read_catalog([tmp_path])


def test_unknown_kpi_and_dimension_suggest_what_exists(catalog: Catalog) -> None:
    with pytest.raises(QueryError, match="Did you mean 'hosp_dnfb_days'"):
        catalog.kpi("hosp_dnfb_day")
    with pytest.raises(QueryError, match="Did you mean 'payer'"):
        catalog.column("payr", "fact_claim")


def test_dimension_is_called_by_its_table(catalog: Catalog) -> None:
    assert catalog.column("denial_category", "fact_claim") == "initial_denial_category"
    assert catalog.column("denial_category", "fact_denial") == "denial_category"
