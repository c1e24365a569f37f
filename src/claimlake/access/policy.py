"""The access policy: what each role may do, which layers it sees, and how identifiers look to it."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from claimlake.errors import AccessError, ConfigurationError
from claimlake.workspace import Workspace

PERMISSIONS = ("dashboard", "rows", "raw", "export", "users", "audit")
LAYERS = ("gold", "silver", "bronze", "metrics", "reference", "quality")
PHI_VIEWS = ("clear", "masked", "hidden")
MASKS = ("token", "zip3", "hidden", "shown")


@dataclass(frozen=True)
class Role:
    """What holders of one role may do and see."""

    name: str
    about: str
    permissions: frozenset[str]
    layers: frozenset[str]
    phi: str
    """clear, masked (tokens where a kind allows them) or hidden (nothing)."""

    def may(self, permission: str) -> bool:
        """Whether the role holds a permission."""
        return permission in self.permissions


@dataclass(frozen=True)
class Policy:
    """Roles, masks by column name, and readable X12 elements."""

    roles: dict[str, Role]
    masks: dict[str, str]
    """Column name → token, zip3, hidden or shown."""
    segments: dict[str, frozenset[int]]

    def role(self, name: str) -> Role:
        """The named role; an unknown one is refused."""
        if name not in self.roles:
            raise AccessError(f"no role '{name}'.", remedy=f"Roles are: {', '.join(self.roles)}.")
        return self.roles[name]

    def mask(self, column: str, *, is_flagged: bool) -> str | None:
        """How a column is masked, or None; a flagged column of no known kind is hidden."""
        return self.masks.get(column) or ("hidden" if is_flagged else None)


def load_policy(workspace: Workspace) -> Policy:
    """The policy in force: the workspace's own access/policy.yml, else the built-in one."""
    file = next(iter(workspace.content("access", "policy.yml")), None)
    if file is None:
        raise ConfigurationError("the access policy is missing.", where="access/policy.yml")
    return _read(file, file.stat().st_mtime_ns)


@lru_cache(maxsize=16)
def _read(file: Path, _changed: int) -> Policy:
    document = yaml.safe_load(file.read_text(encoding="utf-8"))
    try:
        kinds = document["kinds"].values()
        return Policy(
            roles={name: _role(file, name, body) for name, body in document["roles"].items()},
            masks={
                column: _choice(file, kind["mask"], MASKS) for kind in kinds for column in kind["columns"]
            },
            segments={name: frozenset(places) for name, places in document["segments"].items()},
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ConfigurationError(
            f"not a policy: {error!r}.", where=str(file), remedy="Give roles, kinds and segments."
        ) from error


def _role(file: Path, name: str, body: dict[str, Any]) -> Role:
    return Role(
        name=name,
        about=body["about"],
        permissions=frozenset(_choice(file, item, PERMISSIONS) for item in body["permissions"]),
        layers=frozenset(_choice(file, item, LAYERS) for item in body["layers"]),
        phi=_choice(file, body["phi"], PHI_VIEWS),
    )


def _choice(file: Path, value: str, allowed: tuple[str, ...]) -> str:
    if value not in allowed:
        raise ConfigurationError(
            f"'{value}' is not known.", where=str(file), remedy=f"Choose one of: {', '.join(allowed)}."
        )
    return value
