"""Dashboards as written in YAML: tiles and charts that name KPIs and amounts, never SQL."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from claimlake.errors import ConfigurationError
from claimlake.serve.missing import NotFoundError
from claimlake.workspace import Workspace

KINDS = ("trend", "heatmap", "pareto", "bars", "grid")


@dataclass(frozen=True)
class Amount:
    """A sum of one money column of one gold table, split by one or two columns."""

    table: str
    column: str
    by: str
    date: str
    across: str = ""
    window: str = "period"
    """period, or as_of for stock tables read on the last day."""
    where: Mapping[str, str | bool] = field(default_factory=dict)


@dataclass(frozen=True)
class ChartPlan:
    """One chart of a dashboard; it shows either a KPI over months or an amount."""

    id: str
    kind: str
    title: str
    about: str = ""
    metric: Mapping[str, str] = field(default_factory=dict)
    """Setting → KPI key."""
    by: str = ""
    months: int = 13
    amount: Amount | None = None
    order: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    """Value → words, where the value itself does not read well."""
    top: int = 0
    """Rows shown; the rest is added up as one row. 0: all."""
    width: str = "half"


@dataclass(frozen=True)
class Dashboard:
    """One page of tiles and charts."""

    page: str
    title: str
    about: str
    tiles: Mapping[str, tuple[str, ...]]
    """Setting → KPI keys."""
    charts: tuple[ChartPlan, ...]

    def chart(self, chart_id: str) -> ChartPlan:
        """The chart of an id; NotFoundError when there is none."""
        for chart in self.charts:
            if chart.id == chart_id:
                return chart
        raise NotFoundError(f"no chart '{chart_id}' on {self.page}.", remedy="Go back to the dashboard.")


def load_dashboards(workspace: Workspace) -> dict[str, Dashboard]:
    """All dashboards by page name, built-in ones replaced by the workspace's own."""
    pages = [_read(file) for file in workspace.content("dashboards", "*.yml")]
    return {
        page.page: page
        for page in sorted(pages, key=lambda page: (page.page != "initial_denials", page.page))
    }


def _read(file: Path) -> Dashboard:
    document = yaml.safe_load(file.read_text(encoding="utf-8"))
    try:
        return Dashboard(
            page=document["page"],
            title=document["title"],
            about=document.get("about", ""),
            tiles={setting: tuple(keys) for setting, keys in document["tiles"].items()},
            charts=tuple(_chart(file, body) for body in document["charts"]),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ConfigurationError(
            f"not a dashboard: {error}.", where=str(file), remedy="Give page, title, tiles and charts."
        ) from error


def _chart(file: Path, body: dict[str, Any]) -> ChartPlan:
    plan = ChartPlan(
        **{
            **body,
            "amount": Amount(**body["amount"]) if "amount" in body else None,
            "order": tuple(str(item) for item in body.get("order", ())),
        }
    )
    if plan.kind not in KINDS or (plan.amount is None) == (not plan.metric):
        raise ConfigurationError(
            f"chart '{plan.id}' is not complete.",
            where=str(file),
            remedy=f"Give a kind ({', '.join(KINDS)}) and either a metric or an amount.",
        )
    return plan
