from pathlib import Path

import pytest

from claimlake.errors import ConfigurationError
from claimlake.metrics.catalog import load_catalog
from claimlake.serve.dashboard import load_dashboards
from claimlake.workspace import Workspace

PAGE = "page: mine\ntitle: Mine\ntiles: {hospital: [hosp_net_days_ar]}\ncharts:\n  - "


@pytest.fixture
def empty(tmp_path: Path) -> Workspace:
    return Workspace.create(tmp_path / "workspace")


def test_every_kpi_of_a_dashboard_has_its_tile(empty: Workspace) -> None:
    kpis, pages = load_catalog(empty).kpis, load_dashboards(empty)
    assert next(iter(pages)) == "initial_denials"
    for page in pages.values():
        tiles = [key for keys in page.tiles.values() for key in keys]
        assert sorted(tiles) == sorted(key for key, kpi in kpis.items() if kpi.dashboard == page.page)
        for setting, keys in page.tiles.items():
            assert {kpis[key].setting for key in keys} == {setting}


def test_every_chart_names_kpis_that_know_its_dimension(empty: Workspace) -> None:
    kpis = load_catalog(empty).kpis
    for page in load_dashboards(empty).values():
        for chart in page.charts:
            for setting, key in chart.metric.items():
                assert kpis[key].setting == setting
                assert not chart.by or chart.by in kpis[key].grain


def test_a_workspace_adds_its_own_page(empty: Workspace) -> None:
    text = PAGE + "{id: a, kind: trend, title: A, metric: {hospital: hosp_net_days_ar}}\n"
    (empty.path / "dashboards" / "mine.yml").write_text(text)
    assert load_dashboards(empty)["mine"].chart("a").months == 13


@pytest.mark.parametrize(
    "chart",
    [
        "{id: a, kind: pie, title: A, metric: {hospital: x}}",
        "{id: a, kind: bars, title: A}",
        "{id: a, kind: bars, title: A, colour: red, metric: {hospital: x}}",
    ],
)
def test_a_chart_that_makes_no_sense_is_refused(empty: Workspace, chart: str) -> None:
    (empty.path / "dashboards" / "mine.yml").write_text(PAGE + chart + "\n")
    with pytest.raises(ConfigurationError, match=r"mine\.yml"):
        load_dashboards(empty)
