"""Raw EDI to tables: x12."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Any, get_args

import click

from claimlake.commands.terminal import FOLDER, as_data, show
from claimlake.sources.x12 import export as x12_export
from claimlake.sources.x12.acknowledge import acknowledgement
from claimlake.sources.x12.contract import Scope
from claimlake.sources.x12.envelope import TransactionSet
from claimlake.sources.x12.finding import Finding


@click.command("x12")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--out", type=FOLDER, required=True, help="Folder for the tables.")
@click.option(
    "--format", "kind", type=click.Choice(["parquet", "csv", "json"]), default="parquet", show_default=True
)
@click.option(
    "--scope",
    type=click.Choice(get_args(Scope)),
    default="lossless",
    show_default=True,
    help="The main tables, all in detail, or also every segment as it is, which gives back every byte.",
)
@click.option("--ack", is_flag=True, help="Also write the 999 that a receiver would answer each file with.")
@as_data
def x12_command(
    files: tuple[Path, ...], out: Path, kind: x12_export.Format, scope: Scope, ack: bool, as_json: bool
) -> None:
    """Read raw EDI files into one table a file, without a workspace; folders are searched.

    Example: claimlake x12 remits/*.835 --out tables
    """
    paths = [found for file in files for found in (sorted(file.rglob("*")) if file.is_dir() else [file])]
    answers = Answers(out)
    done = answers.write if ack else x12_export.ignored
    inputs = [path for path in paths if not path.is_dir()]
    summary = x12_export.export(inputs, out, kind, scope=scope, done=done)
    if as_json:
        show(x12_summary(summary) | ({"acknowledgements": answers.written} if ack else {}))
    else:
        for path in answers.written:
            click.echo(f"{'999':>12}  {path}")
        for table in summary.tables:
            click.echo(f"{table.rows:>12,}  {table.path}")
        for file, item in summary.transactions:
            if item.status != "accepted":
                click.echo(f"{file}: {item.status}: {item.reason}", err=True)
        for error in summary.unreadable:
            click.echo(f"Error: {error}", err=True)
    sys.exit(1 if summary.unreadable or summary.count("quarantined") else 0)


@dataclass
class Answers:
    """The 999 of every file that was read; interchanges are numbered from 1 on."""

    out: Path
    written: list[str] = field(default_factory=list)
    control_number: int = 1

    def write(self, path: Path, transactions: Sequence[TransactionSet], findings: Sequence[Finding]) -> None:
        """Write the answer to one file beside the tables; one that holds nothing to answer gets none."""
        answer = acknowledgement(
            transactions, findings, at=datetime.now(), control_number=self.control_number
        )
        if not answer:
            return
        target = self.out / f"{path.name}.999"
        for number in count(2):
            if str(target) not in self.written:
                break
            target = self.out / f"{path.name}.{number}.999"
        target.write_bytes(answer)
        self.written.append(str(target))
        self.control_number += len({item.interchange.interchange_no for item in transactions})


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
