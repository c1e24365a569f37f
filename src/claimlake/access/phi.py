"""How one column looks to one role: in clear, as a token, shortened, or not at all."""

import secrets
from dataclasses import dataclass

from claimlake.access.policy import Policy, Role
from claimlake.access.register import register
from claimlake.engines.sql import literal, quoted
from claimlake.workspace import Workspace


def tenant_key(workspace: Workspace, org_id: str) -> bytes:
    """The tenant's secret key for tokens, made on first use: plain hashes of record numbers are guessable."""
    with register(workspace) as control:
        control.execute(
            "insert or ignore into access_tenant_key values (?, ?)", (org_id, secrets.token_bytes(32))
        )
        row = control.execute("select key from access_tenant_key where org_id = ?", (org_id,)).fetchone()
    return bytes(row[0])


def small_areas(workspace: Workspace) -> tuple[str, ...]:
    """Three-digit ZIP areas of 20,000 people or fewer, shown as 000 (45 CFR 164.514(b)(2)(i)(B))."""
    files = workspace.content("reference", "restricted_zip3.csv")
    return tuple(line.strip() for file in files for line in file.read_text().splitlines()[1:] if line.strip())


@dataclass(frozen=True)
class Glass:
    """What one role of one tenant looks through."""

    policy: Policy
    role: Role
    key: bytes
    """The tenant's key for tokens."""
    small_areas: tuple[str, ...] = ()


def column_sql(glass: Glass, column: tuple[str, str], *, is_flagged: bool = False) -> str:
    """The SQL that shows a column (name, type) to a role; `is_flagged` hides a column of no known kind."""
    name, kind = column
    column_name = quoted(name)
    mask = glass.policy.mask(name, is_flagged=is_flagged)
    if mask in (None, "shown") or glass.role.phi == "clear":
        return column_name
    is_masked_text = glass.role.phi == "masked" and kind == "text"
    if is_masked_text and mask == "token":
        return f"{token_sql(column_name, glass.key)} as {column_name}"
    if is_masked_text and mask == "zip3":
        small = ", ".join(literal(area) for area in ("000", *glass.small_areas))
        area = f"substr({column_name}, 1, 3)"
        return f"case when {area} in ({small}) then '000' else {area} end as {column_name}"
    return f"cast(null as {kind}) as {column_name}"


def token_sql(expression: str, key: bytes) -> str:
    """SQL of the token of a text value: twelve characters of a nested keyed SHA-256; null stays null."""
    inner, outer = literal(key.hex()), literal(key[::-1].hex())
    return f"'~' || substr(sha256({outer} || sha256({inner} || {expression})), 1, 12)"
