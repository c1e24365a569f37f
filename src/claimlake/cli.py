"""The `claimlake` command: one function a verb, each a thin layer over the function that does the work."""

import logging
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
import uvicorn

from claimlake import __version__, demo, doctor, pipeline
from claimlake.access import audit, user, visit
from claimlake.command import CommandGroup, show, tell
from claimlake.errors import ConfigurationError
from claimlake.lake import land
from claimlake.metrics import explain
from claimlake.metrics.catalog import load_catalog
from claimlake.serve.app import create_app
from claimlake.sources import ingest as source_ingest
from claimlake.sources.x12 import export as x12_export
from claimlake.synthetic import network
from claimlake.tenant import load_tenants
from claimlake.workspace import Workspace

FOLDER = click.Path(path_type=Path, file_okay=False)
in_workspace = click.option(
    "--dir", "folder", type=FOLDER, default=Path(), help="Workspace folder (default: here)."
)
as_data = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
on_host = click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
on_port = click.option("--port", default=8000, show_default=True, help="Port to listen on.")


@click.group(cls=CommandGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
def main() -> None:
    """A lakehouse for the healthcare revenue cycle: raw claims traffic in, trusted figures out."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")


@main.command("demo")
@click.option("--dir", "folder", type=FOLDER, default=Path("demo"), show_default=True, help="Folder to fill.")
@click.option("--scale", type=click.Choice(list(demo.SCALES)), default="small", show_default=True)
@click.option("--seed", default=42, show_default=True, help="The same seed gives the same data.")
@click.option("--serve/--no-serve", default=True, help="Open the web application at the end.")
@on_host
@on_port
def demo_command(folder: Path, scale: str, seed: int, serve: bool, host: str, port: int) -> None:
    """Generate two health systems, load them, and open the dashboards.

    Example: claimlake demo --scale small
    """
    shown = demo.demonstrate(folder, scale=scale, seed=seed, progress=tell)
    total = shown.report.ingested.total
    tell(f"{total.loaded:,} records loaded, {total.quarantined:,} in quarantine")
    for sign_in in shown.users:
        click.echo(f"Sign in to {sign_in.org_name} as {sign_in.name} with {sign_in.password}")
    if serve:
        click.echo(f"Open http://{host}:{port}/")
        listen(shown.workspace, host, port)


@main.command("x12")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--out", type=FOLDER, required=True, help="Folder for the tables.")
@click.option(
    "--format", "kind", type=click.Choice(["parquet", "csv", "json"]), default="parquet", show_default=True
)
@as_data
def x12_command(files: tuple[Path, ...], out: Path, kind: x12_export.Format, as_json: bool) -> None:
    """Read raw EDI files into one table a file, without a workspace; folders are searched.

    Example: claimlake x12 remits/*.835 --out tables
    """
    paths = [found for file in files for found in (sorted(file.rglob("*")) if file.is_dir() else [file])]
    summary = x12_export.export([path for path in paths if not path.is_dir()], out, kind)
    if as_json:
        show(x12_summary(summary))
    else:
        for table in summary.tables:
            click.echo(f"{table.rows:>12,}  {table.path}")
        for file, item in summary.transactions:
            if item.status != "accepted":
                click.echo(f"{file}: {item.status}: {item.reason}", err=True)
        for error in summary.unreadable:
            click.echo(f"Error: {error}", err=True)
    sys.exit(1 if summary.unreadable or summary.count("quarantined") else 0)


def x12_summary(summary: x12_export.Summary) -> dict[str, Any]:
    """The summary of an export as plain values."""
    return {
        "tables": [
            {"table": item.table, "rows": item.rows, "path": str(item.path)} for item in summary.tables
        ],
        "transactions": {
            status: summary.count(status) for status in ("accepted", "quarantined", "unsupported")
        },
        "not_accepted": [
            {"file": file, "status": item.status, "reason": item.reason}
            for file, item in summary.transactions
            if item.status != "accepted"
        ],
        "unreadable": [str(error) for error in summary.unreadable],
    }


@main.command("generate")
@click.option("--out", type=FOLDER, required=True, help="Folder to fill.")
@click.option("--claims", default=5000, show_default=True, help="How many claims, about.")
@click.option("--seed", default=42, show_default=True, help="The same seed gives the same bytes.")
@as_data
def generate_command(out: Path, claims: int, seed: int, as_json: bool) -> None:
    """Write a synthetic network: EMR databases, raw X12, flat files, tenants, and the truth behind them.

    Example: claimlake generate --out network --claims 20000 --seed 7
    """
    made = network.generate(out, claims=claims, seed=seed, progress=tell)
    if as_json:
        show({"out": str(made.out), "tenants": made.tenants, "counts": made.counts})
        return
    for name, count in made.counts.items():
        click.echo(f"{count:>12,}  {name}")


@main.command("init")
@click.argument("folder", type=FOLDER)
def init_command(folder: Path) -> None:
    """Create a workspace: settings, tenants/, sources/, landing/, lake/.

    Example: claimlake init acme
    """
    workspace = Workspace.create(folder)
    click.echo(f"Created {workspace.path}. Next: describe a tenant in {workspace.path / 'tenants'}.")


@main.command("ingest")
@in_workspace
@click.option("--org", "org_ids", multiple=True, help="Only this tenant; may be repeated.")
@as_data
def ingest_command(folder: Path, org_ids: tuple[str, ...], as_json: bool) -> None:
    """Load what has been delivered to landing/ and the tenants' databases, each record once.

    Example: claimlake ingest --dir acme --org acme_health
    """
    report = source_ingest.ingest(
        Workspace.open(folder), org_ids=list(org_ids) or None, progress=source_ingest.headlines(tell)
    )
    if as_json:
        show(report.as_dict())
    else:
        click.echo(str(report))
    sys.exit(report.exit_code)


@main.command("build")
@in_workspace
def build_command(folder: Path) -> None:
    """Bring every table up to date and publish them together.

    Example: claimlake build --dir acme
    """
    report = pipeline.build_models(Workspace.open(folder), tell)
    click.echo(f"Published snapshot {report.snapshot.id} in {report.seconds:.1f} s.")


@main.command("run")
@in_workspace
@as_data
def run_command(folder: Path, as_json: bool) -> None:
    """Ingest, build and calculate.

    Example: claimlake run --dir acme
    """
    report = pipeline.run(Workspace.open(folder), progress=tell)
    if as_json:
        snapshot = report.calculated.snapshot.id
        show({"ingested": report.ingested.as_dict(), "snapshot": snapshot})
    else:
        click.echo(str(report.ingested))
        click.echo(f"Published snapshot {report.calculated.snapshot.id}.")
    sys.exit(report.ingested.exit_code)


@main.command("watch")
@in_workspace
@click.option("--every", default=30.0, show_default=True, help="Seconds between looks.")
def watch_command(folder: Path, every: float) -> None:
    """Run whenever something new has arrived, until interrupted.

    Example: claimlake watch --dir acme --every 60
    """
    pipeline.watch(Workspace.open(folder), seconds=every, progress=tell)


@main.group("metrics")
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


@main.group("quarantine")
def quarantine_group() -> None:
    """Look at records that could not be loaded."""


@quarantine_group.command("list")
@in_workspace
@click.option("--org", "org_id", required=True, help="Tenant.")
@click.option("--limit", default=100, show_default=True)
@as_data
def quarantine_list_command(folder: Path, org_id: str, limit: int, as_json: bool) -> None:
    """List records in quarantine with reason and position, newest first; their content stays in the lake."""
    records = land.quarantine(Workspace.open(folder), org_id, limit=limit)
    if as_json:
        show([vars(record) for record in records])
        return
    for record in records:
        where = "" if record.source_row is None else f", row {record.source_row}, byte {record.byte_offset}"
        click.echo(f"{record.rule_id:<8} {record.source_file}{where}: {record.reason}")


@main.group("audit")
def audit_group() -> None:
    """The record of who saw what."""


@audit_group.command("verify")
@in_workspace
@click.option(
    "--expected-head", metavar="HASH", help="A head noted earlier, which the chain must still hold."
)
def audit_verify_command(folder: Path, expected_head: str | None) -> None:
    """Prove that no audit entry was changed, removed or inserted.

    Example: claimlake audit verify --dir acme --expected-head 5f3a...
    """
    verdict = audit.verify(Workspace.open(folder), expected_head=expected_head)
    if verdict.is_whole:
        click.echo(f"{verdict.entries:,} entries, unbroken. Head: {verdict.head}")
    else:
        place = f" at entry {verdict.broken_entry}" if verdict.broken_entry else ""
        click.echo(f"Broken{place}: {verdict.reason}.", err=True)
    sys.exit(0 if verdict.is_whole else 1)


@main.group("users")
def users_group() -> None:
    """Who may sign in."""


@users_group.command("add")
@click.argument("name")
@in_workspace
@click.option("--org", "org_id", required=True, help="Tenant whose data the user sees.")
@click.option("--role", required=True, help="viewer, analyst, biller, phi_reader, engineer or admin.")
@click.password_option(help="Asked for when not given.")
def users_add_command(name: str, folder: Path, org_id: str, role: str, password: str) -> None:
    """Add a user.

    Example: claimlake users add jo@acme.example --org acme_health --role analyst
    """
    workspace = Workspace.open(folder)
    known = [tenant.org_id for tenant in load_tenants(workspace.path / "tenants")]
    if org_id not in known:
        remedy = f"Tenants are: {', '.join(known) or 'none'}."
        raise ConfigurationError(
            f"no tenant '{org_id}'.", where=str(workspace.path / "tenants"), remedy=remedy
        )
    added = user.add_user(workspace, name, org_id=org_id, role=role, password=password)
    click.echo(f"Added {added.name}: {added.role} of {added.org_id}.")


@users_group.command("list")
@in_workspace
def users_list_command(folder: Path) -> None:
    """List users."""
    for found in user.list_users(Workspace.open(folder)):
        click.echo(
            f"{found.name:<40} {found.org_id:<28} {found.role}{'' if found.is_active else ' (disabled)'}"
        )


@users_group.command("password")
@click.argument("name")
@in_workspace
@click.password_option(help="Asked for when not given.")
def users_password_command(name: str, folder: Path, password: str) -> None:
    """Replace a user's password and end the user's sessions and tokens."""
    user.set_password(Workspace.open(folder), name, password)


@users_group.command("disable")
@click.argument("name")
@in_workspace
def users_disable_command(name: str, folder: Path) -> None:
    """Stop a user from signing in, at once."""
    user.disable_user(Workspace.open(folder), name)


@users_group.command("token")
@click.argument("name")
@in_workspace
@click.option("--label", required=True, help="What the token is for.")
def users_token_command(name: str, folder: Path, label: str) -> None:
    """Print a new API token of a user; it is shown this once."""
    click.echo(visit.create_token(Workspace.open(folder), name, label))


@main.command("serve")
@in_workspace
@on_host
@on_port
@click.option(
    "--trusted-proxy",
    "proxies",
    multiple=True,
    default=["127.0.0.1"],
    show_default=True,
    help="Address of the TLS proxy in front, whose X-Forwarded-* headers are believed; may be repeated.",
)
def serve_command(folder: Path, host: str, port: int, proxies: tuple[str, ...]) -> None:
    """Serve the dashboards and the API.

    Example: claimlake serve --dir acme --port 8080
    """
    listen(Workspace.open(folder), host, port, proxies)


@main.command("doctor")
@in_workspace
@as_data
def doctor_command(folder: Path, as_json: bool) -> None:
    """Say whether this installation can do its work."""
    findings = doctor.examine(folder)
    if as_json:
        show([vars(finding) for finding in findings])
    else:
        for finding in findings:
            click.echo(f"{'ok ' if finding.is_well else 'BAD'}  {finding.name:<16} {finding.detail}")
    sys.exit(0 if all(finding.is_well for finding in findings) else 1)


def listen(workspace: Workspace, host: str, port: int, proxies: Sequence[str] = ("127.0.0.1",)) -> None:
    """Serve a workspace until interrupted; the proxies say who is asking, and whether over TLS."""
    app, trusted = create_app(workspace), list(proxies)
    uvicorn.run(
        app, host=host, port=port, log_level="warning", server_header=False, forwarded_allow_ips=trusted
    )
