"""What every command does alike: how it prints, and how it fails without showing a value of the data."""

import json
import traceback
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import click

from claimlake.errors import ClaimlakeError

FOLDER = click.Path(path_type=Path, file_okay=False)
in_workspace = click.option(
    "--dir", "folder", type=FOLDER, default=Path(), help="Workspace folder (default: here)."
)
as_data = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")


class CommandGroup(click.Group):
    """A group of commands whose failures are one message on standard error and exit code 1."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the subcommand."""
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except ClaimlakeError as error:
            click.echo(f"Error: {error}", err=True)
        except Exception as error:  # noqa: BLE001 - the top: the message could quote a value, and so a patient
            frames = "".join(traceback.format_tb(error.__traceback__))
            what = f"Error: an unexpected {type(error).__name__}. Please report it with the lines above."
            click.echo(f"{frames}{what}", err=True)
        return ctx.exit(1)


def tell(message: str) -> None:
    """Show one step of long work on standard error."""
    click.echo(message, err=True)


def show(value: Any) -> None:
    """Print a value as JSON; money as text, so that no digit is lost."""
    click.echo(json.dumps(value, indent=2, default=_plain))


def _plain(value: Any) -> Any:
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Decimal | Path):
        return str(value)
    raise TypeError(f"no JSON form of {type(value).__name__}")
