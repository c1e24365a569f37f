import pytest

from claimlake.errors import QueryError
from claimlake.lake.build import build
from claimlake.lake.lineage import ColumnName, Edge, column_sources, table_sources, trace
from claimlake.lake.model import load_models
from claimlake.lake.table import Lake
from claimlake.workspace import Workspace


def test_figure_is_traced_to_the_landed_column(workspace: Workspace, lake: Lake) -> None:
    snapshot = build(workspace).snapshot
    schemas = {table: lake.schema(table, version=version) for table, version in snapshot.tables.items()}
    charged = ColumnName("gold.payer_total", "charge_amount")
    assert trace(load_models(workspace), schemas, [charged]) == [
        Edge(charged, ColumnName("silver.visit", "charge_amount")),
        Edge(ColumnName("silver.visit", "charge_amount"), ColumnName("bronze.visit", "charge_amount")),
    ]


def test_tables_of_a_model_are_listed(workspace: Workspace) -> None:
    assert table_sources(load_models(workspace)) == {
        "gold.payer_total": ["silver.visit"],
        "silver.visit": ["bronze.visit", "reference.payer"],
    }


def test_unknown_column_is_refused(workspace: Workspace, lake: Lake) -> None:
    build(workspace)
    model = load_models(workspace)["gold.payer_total"]
    with pytest.raises(QueryError, match="no column 'charges'"):
        column_sources(model, "charges", {"silver.visit": lake.schema("silver.visit")})
