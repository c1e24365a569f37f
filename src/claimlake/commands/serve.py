"""The web application: serve."""

from collections.abc import Sequence
from pathlib import Path

import click
import uvicorn

from claimlake.commands.terminal import in_workspace
from claimlake.serve.app import create_app
from claimlake.workspace import Workspace

on_host = click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
on_port = click.option("--port", default=8000, show_default=True, help="Port to listen on.")


@click.command("serve")
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


def listen(workspace: Workspace, host: str, port: int, proxies: Sequence[str] = ("127.0.0.1",)) -> None:
    """Serve a workspace until interrupted; the proxies say who is asking, and whether over TLS."""
    app, trusted = create_app(workspace), list(proxies)
    uvicorn.run(
        app, host=host, port=port, log_level="warning", server_header=False, forwarded_allow_ips=trusted
    )
