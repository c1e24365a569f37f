"""Users: one name, one tenant, one role, one scrypt password hash."""

import hashlib
import re
import secrets
from dataclasses import dataclass

from claimlake.access.policy import load_policy
from claimlake.access.register import now, register, stamp
from claimlake.errors import AccessError
from claimlake.workspace import Workspace

NAME = re.compile(r"[a-z0-9][a-z0-9._@-]{1,63}")
SHORTEST_PASSWORD = 12
_COST, _BLOCK, _LANES = 2**14, 8, 1
_DUMMY = "scrypt$00$00"


@dataclass(frozen=True)
class User:
    """Someone who may sign in."""

    name: str
    org_id: str
    role: str
    is_active: bool = True


def add_user(workspace: Workspace, name: str, *, org_id: str, role: str, password: str) -> User:
    """Add a user; names are lower case, passwords have at least 12 characters."""
    if not NAME.fullmatch(name):
        raise AccessError(
            f"'{name}' is not a user name.", remedy="Use 2-64 of a-z, 0-9, dot, dash, underscore and @."
        )
    load_policy(workspace).role(role)
    hashed = hash_password(password)
    with register(workspace) as control:
        if control.execute("select 1 from access_user where name = ?", (name,)).fetchone():
            raise AccessError(f"user '{name}' exists.", remedy="Choose another name or change the password.")
        control.execute(
            "insert into access_user values (?, ?, ?, ?, 1, ?)", (name, org_id, role, hashed, stamp(now()))
        )
    return User(name, org_id, role)


def set_password(workspace: Workspace, name: str, password: str) -> None:
    """Replace a password and end the user's visits and tokens."""
    hashed = hash_password(password)
    with register(workspace) as control:
        changed = control.execute("update access_user set password_hash = ? where name = ?", (hashed, name))
        if changed.rowcount == 0:
            raise AccessError(f"no user '{name}'.", remedy="List them with: claimlake users list")
        control.execute("delete from access_visit where user_name = ?", (name,))
        control.execute("delete from access_token where user_name = ?", (name,))


def disable_user(workspace: Workspace, name: str) -> None:
    """Stop a user from signing in and end the user's visits and tokens at once."""
    with register(workspace) as control:
        changed = control.execute("update access_user set is_active = 0 where name = ?", (name,))
        if changed.rowcount == 0:
            raise AccessError(f"no user '{name}'.", remedy="List them with: claimlake users list")
        control.execute("delete from access_visit where user_name = ?", (name,))
        control.execute("delete from access_token where user_name = ?", (name,))


def list_users(workspace: Workspace) -> list[User]:
    """All users by name."""
    with register(workspace) as control:
        rows = control.execute(
            "select name, org_id, role, is_active from access_user order by name"
        ).fetchall()
    return [User(name, org_id, role, bool(active)) for name, org_id, role, active in rows]


def check_password(workspace: Workspace, name: str, password: str) -> User | None:
    """The active user with this name and password, else None; an unknown name takes as long."""
    with register(workspace) as control:
        row = control.execute(
            "select name, org_id, role, is_active, password_hash from access_user where name = ?", (name,)
        ).fetchone()
    is_right = _matches(password, row[4] if row else _DUMMY)
    if row is None or not is_right or not row[3]:
        return None
    return User(row[0], row[1], row[2])


def hash_password(password: str) -> str:
    """The scrypt hash of a password with its own salt; a short password is refused."""
    if len(password) < SHORTEST_PASSWORD:
        raise AccessError(
            "the password is too short.", remedy=f"Use at least {SHORTEST_PASSWORD} characters."
        )
    salt = secrets.token_bytes(16)
    return f"scrypt${salt.hex()}${_scrypt(password, salt).hex()}"


def _matches(password: str, stored: str) -> bool:
    _, salt, digest = stored.split("$")
    return secrets.compare_digest(_scrypt(password, bytes.fromhex(salt)).hex(), digest)


def _scrypt(password: str, salt: bytes) -> bytes:
    return hashlib.scrypt(
        password.encode(), salt=salt, n=_COST, r=_BLOCK, p=_LANES, maxmem=64 * 2**20, dklen=32
    )
