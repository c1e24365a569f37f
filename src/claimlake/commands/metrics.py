"""KPIs: metrics run, list, show and explain."""

from pathlib import Path

import click

from claimlake import pipeline
from claimlake.commands.terminal import as_data, in_workspace, show, tell
from claimlake.metrics import explain
from claimlake.metrics.catalog import load_catalog
from claimlake.workspace import Workspace


@click.group("metrics")
def metrics_group() -> None:
    """Calculate KPIs and say what they mean."""


@metrics_group.command("run")
@in_workspace
def metrics_run_command(folder: Path) -> None:
    """Calculate and promote every KPI of every tenant that is out of date."""
    report = pipeline.calculate_metrics(Workspace.open(folder), tell)
    click.echo(f"Published snapshot {report.snapshot.id} in {report.seconds:.1f} s.")


@metrics_group.command("list")
@in_workspace
@click.option(
    "--setting", type=click.Choice(["hospital", "physician", "both"]), help="Only KPIs of one setting."
)
@click.option("--dashboard", help="Only KPIs of one dashboard.")
@as_data
def metrics_list_command(folder: Path, setting: str | None, dashboard: str | None, as_json: bool) -> None:
    """List the KPIs.

    Example: claimlake metrics list --dashboard ar_aging
    """
    kpis = explain.list_kpis(load_catalog(Workspace.open(folder)), setting=setting, dashboard=dashboard)
    if as_json:
        show(kpis)
        return
    for kpi in kpis:
        click.echo(f"{kpi['key']:<40} {kpi['name']}")


@metrics_group.command("show")
@click.argument("key")
@in_workspace
def metrics_show_command(key: str, folder: Path) -> None:
    """Print a KPI's definition as JSON."""
    show(explain.show_kpi(load_catalog(Workspace.open(folder)), key))


@metrics_group.command("explain")
@click.argument("key")
@in_workspace
def metrics_explain_command(key: str, folder: Path) -> None:
    """Say in words what a KPI means and how it is calculated.

    Example: claimlake metrics explain hosp_initial_denial_rate_claims
    """
    click.echo(explain.explain(load_catalog(Workspace.open(folder)), key))
