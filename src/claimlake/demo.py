"""The demonstration: a synthetic network, loaded and calculated, with someone to sign in as."""

import secrets
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from claimlake.access.user import add_user, list_users, set_password
from claimlake.pipeline import RunReport, run
from claimlake.synthetic.network import generate
from claimlake.tenant import load_tenants
from claimlake.workspace import SETTINGS_FILE, Workspace

DELIVERED = "network/delivered"
SCALES = {"small": 5_000, "medium": 50_000, "large": 500_000}
"""Claims, about, by the name of the scale."""


@dataclass(frozen=True)
class SignIn:
    """A demonstration user; the password is made up anew for each workspace."""

    name: str
    password: str
    org_name: str


@dataclass(frozen=True)
class Demonstration:
    """A filled workspace and who may sign in to it."""

    workspace: Workspace
    report: RunReport
    users: tuple[SignIn, ...]


def demonstrate(folder: Path, *, scale: str, seed: int, progress: Callable[[str], None]) -> Demonstration:
    """Generate, load and calculate a network in a new workspace, or go on with the one that is there."""
    is_there = (folder / SETTINGS_FILE).exists()
    workspace = Workspace.open(folder) if is_there else Workspace.create(folder)
    if not (folder / DELIVERED).exists():
        _prepare(workspace, scale, seed, progress)
    report = run(workspace, progress=progress)
    return Demonstration(workspace, report, _users(workspace))


def _prepare(workspace: Workspace, scale: str, seed: int, progress: Callable[[str], None]) -> None:
    """Put a generated network where the workspace expects deliveries; the marker is written last."""
    network = workspace.path / "network"
    generate(network, claims=SCALES[scale], seed=seed, progress=progress)
    deliver(network, workspace)
    (workspace.path / DELIVERED).write_text(f"scale {scale}, seed {seed}\n", encoding="utf-8")


def deliver(network: Path, workspace: Workspace) -> None:
    """Copy a generated network to where a workspace expects it: tenants, landing files, EMR databases."""
    for name in ("tenants", "landing", "emr"):
        shutil.copytree(network / name, workspace.path / name, dirs_exist_ok=True)


def _users(workspace: Workspace) -> tuple[SignIn, ...]:
    known = {user.name for user in list_users(workspace)}
    signs = []
    for tenant in load_tenants(workspace.path / "tenants"):
        name, password = f"analyst@{tenant.org_id.replace('_', '-')}.example", secrets.token_urlsafe(12)
        if name in known:
            set_password(workspace, name, password)
        else:
            add_user(workspace, name, org_id=tenant.org_id, role="analyst", password=password)
        signs.append(SignIn(name, password, tenant.name))
    return tuple(signs)
