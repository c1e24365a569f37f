"""Who may sign in: users add, list, password, disable and token."""

from pathlib import Path

import click
from click.core import ParameterSource

from claimlake.access import user, visit
from claimlake.commands.terminal import in_workspace, tell
from claimlake.errors import ConfigurationError
from claimlake.secret import is_reference, read_secret
from claimlake.tenant import load_tenants
from claimlake.workspace import Workspace


@click.group("users")
def users_group() -> None:
    """Who may sign in."""


@users_group.command("add")
@click.argument("name")
@in_workspace
@click.option("--org", "org_id", required=True, help="Tenant whose data the user sees.")
@click.option("--role", required=True, help="viewer, analyst, biller, phi_reader, engineer or admin.")
@click.password_option(help="env:NAME, file:PATH or vault:<provider>/<path>; asked for when not given.")
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
    added = user.add_user(workspace, name, org_id=org_id, role=role, password=_meant(workspace, password))
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
@click.password_option(help="env:NAME, file:PATH or vault:<provider>/<path>; asked for when not given.")
def users_password_command(name: str, folder: Path, password: str) -> None:
    """Replace a user's password and end the user's sessions and tokens."""
    workspace = Workspace.open(folder)
    user.set_password(workspace, name, _meant(workspace, password))


def _meant(workspace: Workspace, password: str) -> str:
    """The password typed at the prompt, or what the option refers to; others can read a command line."""
    if click.get_current_context().get_parameter_source("password") is not ParameterSource.COMMANDLINE:
        return password
    if is_reference(password):
        return read_secret(password, workspace.path, where="--password").reveal()
    tell("Warning: every user of this machine can see this password while the command runs. Use env:NAME.")
    return password


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
