"""Live queries: hostile filters are values, what cannot be asked says why, figures are traceable."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import pytest

from claimlake.engines.duckdb import DuckDBEngine
from claimlake.errors import QueryError
from claimlake.metrics.catalog import Catalog, read_catalog
from claimlake.metrics.compare import compare, trailing
from claimlake.metrics.drill import Drill, query_rows
from claimlake.metrics.explain import explain, list_kpis, show_kpi
from claimlake.metrics.period import Period, parse_period
from claimlake.metrics.plan import Question
from claimlake.metrics.query import query
from claimlake.workspace import content_path

from .readers import EngineReader

APRIL = Period.month(2025, 4)
RATE = "phys_first_pass_denial_rate"
CLAIM = {"billing_type": "PB", "first_remit_date": "2025-04-10", "is_initial_denied": False}
HOSTILE = [
    "x' or '1'='1",
    "'; drop view gold.fact_claim; --",
    "\\' or 1=1 --",
    "$1",
    ":period_start",
    "*/ union select 1 /*",
    "é𝔘\u202e\n\t",
    "",
]


def reader_of(engine: DuckDBEngine, claims: Sequence[Mapping[str, Any]]) -> EngineReader:
    return EngineReader(engine, {"gold.fact_claim": [{**CLAIM, **claim} for claim in claims]})


@pytest.mark.parametrize("value", HOSTILE)
def test_hostile_filter_is_only_a_value(catalog: Catalog, duckdb_engine: DuckDBEngine, value: str) -> None:
    claims = [{"claim_key": "own", "entity_id": value, "is_initial_denied": True}, {"claim_key": "other"}]
    reader = reader_of(duckdb_engine, claims)
    [found] = query(reader, catalog, [RATE], Question([APRIL], filters={"entity": value}))
    assert (found.numerator, found.denominator, found.value) == (1, 1, 100)
    page = query_rows(reader, catalog, Drill(RATE, APRIL, filters={"entity": value}))
    assert page.total == 1


@pytest.mark.parametrize("value", HOSTILE)
def test_hostile_filter_that_matches_nothing_finds_nothing(
    catalog: Catalog, duckdb_engine: DuckDBEngine, value: str
) -> None:
    reader = reader_of(duckdb_engine, [{"claim_key": "a", "entity_id": "north"}])
    [found] = query(reader, catalog, [RATE], Question([APRIL], filters={"entity": value}))
    assert (found.value, found.reason) == (None, "no_denominator")


@pytest.mark.parametrize("value", ["a\0b", 7, ["x", 7]])
def test_filter_value_that_is_no_text_is_refused(
    catalog: Catalog, duckdb_engine: DuckDBEngine, value: Any
) -> None:
    with pytest.raises(QueryError, match="is not text"):
        query(reader_of(duckdb_engine, []), catalog, [RATE], Question([APRIL], filters={"entity": value}))


def test_filter_of_several_values_and_of_no_value(catalog: Catalog, duckdb_engine: DuckDBEngine) -> None:
    claims = [{"claim_key": "a", "payer_id": "x"}, {"claim_key": "b", "payer_id": "y"}, {"claim_key": "c"}]
    reader = reader_of(duckdb_engine, claims)

    def counted(values: Any) -> Decimal | None:
        [found] = query(reader, catalog, [RATE], Question([APRIL], filters={"payer": values}))
        return found.denominator

    assert counted(["x", "y"]) == 2
    assert counted([None]) == 1
    assert counted(None) == 1
    assert counted(["x", None]) == 2
    assert counted([]) == 0


def test_rows_without_a_dimension_are_a_group_of_their_own(
    catalog: Catalog, duckdb_engine: DuckDBEngine
) -> None:
    reader = reader_of(duckdb_engine, [{"claim_key": "a"}, {"claim_key": "b", "payer_id": "x"}])
    found = query(reader, catalog, [RATE], Question([APRIL], ["payer"]))
    assert [value.dims for value in found] == [{"payer": "x"}, {"payer": None}]


def test_unknown_names_are_refused_with_what_exists(catalog: Catalog, duckdb_engine: DuckDBEngine) -> None:
    reader = reader_of(duckdb_engine, [])
    with pytest.raises(QueryError, match="Did you mean 'payer'"):
        query(reader, catalog, [RATE], Question([APRIL], filters={"payr": "x"}))
    with pytest.raises(QueryError, match="no dimension"):
        query(reader, catalog, [RATE], Question([APRIL], ["1=1; --"]))
    with pytest.raises(QueryError, match="time grain"):
        query(reader, catalog, [RATE], Question([APRIL], ["month"]))
    with pytest.raises(QueryError, match="no KPI"):
        query(reader, catalog, ["denials"], Question([APRIL]))


def test_dimension_a_kpi_does_not_have_is_explained(catalog: Catalog, duckdb_engine: DuckDBEngine) -> None:
    reader = reader_of(duckdb_engine, [])
    for question in (Question([APRIL], ["facility"]), Question([APRIL], filters={"facility": "x"})):
        [found] = query(reader, catalog, ["hosp_dnsp_days"], question)
        assert (found.value, found.reason) == (None, "not_available_by:facility")


def test_filter_on_a_breakdown_keeps_the_denominator_whole(
    catalog: Catalog, duckdb_engine: DuckDBEngine
) -> None:
    claims = [
        {"claim_key": "a", "is_initial_denied": True, "initial_denial_category": "eligibility"},
        {"claim_key": "b", "is_initial_denied": True, "initial_denial_category": "authorization"},
        *({"claim_key": key} for key in "cd"),
    ]
    question = Question([APRIL], filters={"denial_category": "eligibility"})
    [found] = query(reader_of(duckdb_engine, claims), catalog, [RATE], question)
    assert (found.numerator, found.denominator, found.value) == (1, 4, 25)


def test_table_a_snapshot_does_not_have_is_explained(catalog: Catalog, duckdb_engine: DuckDBEngine) -> None:
    class Without(EngineReader):
        def columns(self, table: str) -> dict[str, str]:
            return {} if table == "gold.fact_provider_month" else super().columns(table)

    [found] = query(Without(duckdb_engine, {}), catalog, ["phys_ar_per_fte"], Question([APRIL]))
    assert (found.value, found.reason) == (None, "no_table:gold.fact_provider_month")


def test_terms_on_one_table_and_window_share_one_scan(catalog: Catalog, duckdb_engine: DuckDBEngine) -> None:
    reader = reader_of(duckdb_engine, [])
    keys = [RATE, "phys_credentialing_denial_rate", "phys_eligibility_denial_rate", "hosp_auth_denial_rate"]
    months = trailing(APRIL, 13)
    assert len(query(reader, catalog, keys, Question(months))) == 4 * 13
    assert len(reader.statements) == 1


def test_unique_column_is_counted_without_distinct(duckdb_engine: DuckDBEngine) -> None:
    unique = {"gold.fact_claim": frozenset({"claim_key"})}
    catalog = read_catalog([content_path() / "metrics"], unique_columns=unique)
    reader = reader_of(duckdb_engine, [{"claim_key": "a", "is_initial_denied": True}, {"claim_key": "b"}])
    [found] = query(reader, catalog, [RATE], Question([APRIL]))
    assert found.value == 50
    assert "distinct" not in reader.statements[0].lower()


def test_window_that_begins_before_the_data_is_marked(catalog: Catalog, duckdb_engine: DuckDBEngine) -> None:
    days = [
        {"date": day, "billing_type": "HB", "total_charges": "1.00", "dnfb_amount": "1.00"}
        for day in ("2025-02-03", "2025-03-31", "2025-04-30")
    ]
    reader = EngineReader(duckdb_engine, {"gold.daily_financials": days})
    march, april = query(reader, catalog, ["hosp_dnfb_days"], Question(trailing(APRIL, 2)))
    assert not march.is_window_covered
    assert april.is_window_covered, "data from the third of the first month covers the window"


def test_many_periods_give_what_each_gives_alone(catalog: Catalog, duckdb_engine: DuckDBEngine) -> None:
    claims = [
        {"claim_key": f"{month}{number}", "first_remit_date": f"2025-{month:02}-{number:02}",
         "is_initial_denied": number % month == 0}
        for month in range(1, 7)
        for number in range(1, 20)
    ]  # fmt: skip
    reader = reader_of(duckdb_engine, claims)
    periods = [*trailing(Period.month(2025, 6), 6), parse_period("2025-Q2"), parse_period("2025-W10")]
    together = query(reader, catalog, [RATE], Question(periods))
    alone = [query(reader, catalog, [RATE], Question([period]))[0] for period in periods]
    assert together == alone


def test_drill_gives_the_rows_a_term_counted(catalog: Catalog, duckdb_engine: DuckDBEngine) -> None:
    claims = [
        {"claim_key": "a", "is_initial_denied": True, "first_remit_date": "2025-04-01"},
        {"claim_key": "b", "is_initial_denied": True, "first_remit_date": "2025-04-30"},
        {"claim_key": "c", "first_remit_date": "2025-04-30"},
        {"claim_key": "d", "is_initial_denied": True, "first_remit_date": "2025-05-01"},
        {"claim_key": "e", "is_initial_denied": True, "billing_type": "HB"},
    ]
    reader = reader_of(duckdb_engine, claims)
    page = query_rows(reader, catalog, Drill(RATE, APRIL))
    key = page.columns.index("claim_key")
    assert (page.table, page.total, [row[key] for row in page.rows]) == ("gold.fact_claim", 2, ["b", "a"])
    assert query_rows(reader, catalog, Drill(RATE, APRIL, "denominator")).total == 3
    second = query_rows(reader, catalog, Drill(RATE, APRIL, "denominator"), limit=1, offset=1)
    assert [row[key] for row in second.rows] == ["c"]


def test_drill_writes_period_parameters_out(catalog: Catalog, duckdb_engine: DuckDBEngine) -> None:
    denials = [
        {"denial_key": "old", "opened_date": "2025-04-22", "billing_type": "PB", "is_initial": True},
        {"denial_key": "new", "opened_date": "2025-04-23", "billing_type": "PB", "is_initial": True},
    ]
    reader = EngineReader(duckdb_engine, {"gold.fact_denial": denials})
    page = query_rows(reader, catalog, Drill("phys_denial_first_action_5bd", APRIL, "denominator"))
    assert [row[page.columns.index("denial_key")] for row in page.rows] == ["old"]


def test_drill_into_what_does_not_exist_is_refused(catalog: Catalog, duckdb_engine: DuckDBEngine) -> None:
    reader = reader_of(duckdb_engine, [])
    for drill, message in [
        (Drill("hosp_dnsp_days", APRIL), "Ask for one of hosp_dnfb_days, hosp_fbns_days"),
        (Drill(RATE, APRIL, "numeratr"), "Did you mean 'numerator'"),
        (Drill(RATE, APRIL, term=1), "no numerator term 1"),
        (Drill(RATE, APRIL, filters={"queue": "x"}), "not available by:queue"),
    ]:
        with pytest.raises(QueryError, match=message):
            query_rows(reader, catalog, drill)
    with pytest.raises(QueryError, match="are not a page"):
        query_rows(reader, catalog, Drill(RATE, APRIL), limit=0)


def test_figures_stand_beside_their_past(catalog: Catalog, duckdb_engine: DuckDBEngine) -> None:
    claims = [
        {"claim_key": "a", "first_remit_date": "2025-04-01", "is_initial_denied": True},
        {"claim_key": "b", "first_remit_date": "2025-03-01", "is_initial_denied": True},
        {"claim_key": "c", "first_remit_date": "2025-03-31"},
        {"claim_key": "d", "first_remit_date": "2024-04-30"},
    ]
    [found] = compare(reader_of(duckdb_engine, claims), catalog, [RATE], Question([APRIL]))
    assert (found.value.value, found.change, found.change_in_year) == (100, 50, 100)
    assert found.is_better is False, "a denial rate is better when lower"


def test_trailing_periods_end_with_the_period() -> None:
    assert [str(period) for period in trailing(APRIL, 3)] == ["2025-02", "2025-03", "2025-04"]


def test_every_kpi_explains_itself(catalog: Catalog) -> None:
    for key, kpi in catalog.kpis.items():
        text = explain(catalog, key)
        for part in (kpi.name, key, kpi.steward, kpi.definition_source, kpi.origin, "Source: "):
            assert part in text
    text = explain(catalog, "hosp_initial_denial_rate_claims")
    assert "in the three full months before the period" in text
    assert "where fact_claim.is_initial_denied" in text


def test_kpis_are_listed_and_shown(catalog: Catalog) -> None:
    assert len(list_kpis(catalog)) == 40
    assert len(list_kpis(catalog, setting="hospital", dashboard="ar_aging")) == 10
    assert show_kpi(catalog, RATE)["numerator"]["where"] == "fact_claim.is_initial_denied"
