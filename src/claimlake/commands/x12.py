"""Raw EDI to tables: x12."""

import sys
from pathlib import Path
from typing import Any

import click

from claimlake.commands.terminal import FOLDER, as_data, show
from claimlake.sources.x12 import export as x12_export


@click.command("x12")
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
