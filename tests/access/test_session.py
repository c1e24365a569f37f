from collections.abc import Callable

import duckdb
import pytest

from claimlake.access.session import Session, open_session, table_names
from claimlake.errors import AccessError, QueryError
from claimlake.lake.snapshot import latest
from claimlake.lake.table import Lake
from claimlake.workspace import Workspace
from tests.serve.invented import ORGS, PATIENT

Sessions = Callable[[str, str], Session]
MINE, OTHER = "north_valley", "harbor_clinic"


def test_every_table_shows_only_the_tenants_rows(sessions: Sessions) -> None:
    session = sessions(MINE, "biller")
    for table in sorted(session.tables):
        if "org_id" in session.columns(table):
            assert {row["org_id"] for row in session.rows(f"select distinct org_id from {table}")} <= {
                MINE
            }, table


def test_tenants_see_different_claims(sessions: Sessions) -> None:
    keys = [
        {row["claim_key"] for row in sessions(org, "biller").rows("select claim_key from gold.fact_claim")}
        for org in ORGS
    ]
    assert keys[0]
    assert keys[1]
    assert not keys[0] & keys[1]


def test_an_unknown_tenant_sees_nothing(workspace: Workspace) -> None:
    session = open_session(workspace, org_id="nobody", role="biller")
    assert session.rows("select count(*) as n from gold.fact_claim") == [{"n": 0}]
    session.close()


def test_an_unknown_role_is_refused(workspace: Workspace) -> None:
    with pytest.raises(AccessError, match="no role 'owner'"):
        open_session(workspace, org_id=MINE, role="owner")


@pytest.mark.parametrize(
    "sql",
    [
        "select * from read_parquet('/etc/hosts')",
        "select * from 'secret.parquet'",
        "select * from glob('/*')",
        "select * from duckdb_views()",
        "select * from (select * from read_csv('/etc/passwd')) as inner_rows",
        "create table gold.mine as select 1",
        "copy gold.fact_claim to 'out.csv'",
        "attach 'control.db'",
        "set enable_external_access = true",
        "select 1; select 2",
        "pragma show_tables",
        "not sql at all (",
        "select * from information_schema.tables",
        "select * from silver.patient as a, platform.snapshot as b",
    ],
)
def test_anything_but_a_select_over_own_tables_is_refused(sessions: Sessions, sql: str) -> None:
    with pytest.raises((AccessError, QueryError)):
        sessions(MINE, "biller").rows(sql)


def test_files_of_another_tenant_are_out_of_reach_even_past_the_guard(
    workspace: Workspace, sessions: Sessions
) -> None:
    published = latest(workspace)
    assert published
    version = published.tables["gold.fact_claim"]
    theirs = Lake(workspace.lake_path).files("gold.fact_claim", version=version, org_id=OTHER)[0]
    connection = sessions(MINE, "biller")._connection.cursor()
    for sql in (f"select * from read_parquet('{theirs}')", f"attach '{workspace.control_path}'"):
        with pytest.raises(duckdb.PermissionException):
            connection.execute(sql)
    with pytest.raises(duckdb.InvalidInputException):
        connection.execute("set enable_external_access = true")


def test_common_table_expressions_and_grids_are_not_foreign() -> None:
    sql = "with mine as (select * from gold.fact_claim) select * from mine, range(3) as step"
    assert table_names(sql) == {"gold.fact_claim"}


def test_a_viewer_sees_figures_only(sessions: Sessions) -> None:
    session = sessions(MINE, "viewer")
    assert {table.partition(".")[0] for table in session.tables} == {"gold", "reference"}
    assert session.rows("select distinct claim_id from gold.fact_claim") == [{"claim_id": None}]


def test_a_masked_role_sees_tokens_that_are_stable_within_its_tenant(sessions: Sessions) -> None:
    patient = sessions(MINE, "analyst").rows("select * from silver.patient")[0]
    again = sessions(MINE, "engineer").rows("select * from silver.patient")[0]
    theirs = sessions(OTHER, "analyst").rows("select * from silver.patient")[0]
    assert patient["patient_id"].startswith("~")
    assert patient["patient_id"] == again["patient_id"] != theirs["patient_id"]
    assert (patient["first_name"], patient["last_name"], patient["birth_date"]) == (None, None, None)
    assert patient["zip"] == "606"


def test_a_biller_sees_the_patient(sessions: Sessions) -> None:
    patient = sessions(MINE, "biller").rows("select * from silver.patient")[0]
    assert (patient["last_name"], patient["first_name"], patient["zip"]) == (*PATIENT, "60614")


def test_free_text_is_hidden_from_masked_roles(sessions: Sessions) -> None:
    assert sessions(MINE, "analyst").rows("select raw from bronze.emr_patients") == [{"raw": None}]
    assert PATIENT[0] in sessions(MINE, "biller").rows("select raw from bronze.emr_patients")[0]["raw"]


def test_errors_do_not_quote_values(sessions: Sessions) -> None:
    with pytest.raises(QueryError) as caught:
        sessions(MINE, "biller").rows("select cast(last_name as int) from silver.patient")
    assert PATIENT[0] not in str(caught.value)


def test_a_session_before_the_first_snapshot_is_empty(empty: Workspace) -> None:
    session = open_session(empty, org_id=MINE, role="analyst")
    assert (session.snapshot_id, session.tables, session.columns("gold.fact_claim")) == (0, frozenset(), {})
