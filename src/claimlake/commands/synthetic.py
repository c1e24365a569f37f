"""Invented data: generate and demo."""

from pathlib import Path

import click

from claimlake import demo
from claimlake.commands.serve import listen, on_host, on_port
from claimlake.commands.terminal import FOLDER, as_data, show, tell
from claimlake.synthetic import network


@click.command("demo")
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


@click.command("generate")
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
