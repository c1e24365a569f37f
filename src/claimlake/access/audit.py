"""The audit chain: who saw or did what, each entry sealed with the hash of the one before."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

from claimlake.access.register import now, register, stamp
from claimlake.access.user import User
from claimlake.workspace import Workspace

START = "0" * 64


@dataclass(frozen=True)
class Entry:
    """One line of the chain."""

    entry: int
    at: str
    org_id: str
    user_name: str
    action: str
    object: str
    detail: str
    previous_hash: str
    hash: str


@dataclass(frozen=True)
class Verdict:
    """Whether the chain is whole."""

    entries: int
    head: str
    """Hash of the last entry; keep it elsewhere to prove later that nothing was cut off."""
    broken_entry: int | None = None
    reason: str = ""
    """What is wrong; empty when the chain is whole."""

    @property
    def is_whole(self) -> bool:
        """Whether nothing was changed, added or removed."""
        return not self.reason


def record(
    workspace: Workspace,
    user: User,
    action: str,
    subject: str = "",
    detail: Mapping[str, str | int] | None = None,
) -> None:
    """Append one entry; subject and detail hold keys, pages and filters, never a patient."""
    at, body = stamp(now()), json.dumps(dict(detail or {}), sort_keys=True, ensure_ascii=False)
    with register(workspace) as control:
        control.execute("begin immediate")
        last = control.execute("select entry, hash from access_audit_head").fetchone()
        entry, previous = (last[0] + 1, last[1]) if last else (1, START)
        fields = (entry, at, user.org_id, user.name, action, subject, body, previous)
        seal = _seal(*fields)
        control.execute("insert into access_audit values (?, ?, ?, ?, ?, ?, ?, ?, ?)", (*fields, seal))
        control.execute("insert or replace into access_audit_head values (1, ?, ?)", (entry, seal))


def entries(workspace: Workspace, *, org_id: str, limit: int = 200) -> list[Entry]:
    """The newest entries of one tenant, newest first."""
    with register(workspace) as control:
        rows = control.execute(
            "select * from access_audit where org_id = ? order by entry desc limit ?", (org_id, limit)
        ).fetchall()
    return [Entry(*row) for row in rows]


def verify(workspace: Workspace, *, expected_head: str | None = None) -> Verdict:
    """Check every seal from the first entry on, and that a given `expected_head` is still in the chain."""
    previous, count, is_seen = START, 0, expected_head is None
    with register(workspace) as control:
        for row in control.execute("select * from access_audit order by entry"):
            entry = Entry(*row)
            count += 1
            problem = _problem(entry, count, previous)
            if problem:
                return Verdict(count, previous, entry.entry, problem)
            previous = entry.hash
            is_seen = is_seen or previous == expected_head
        head = control.execute("select entry, hash from access_audit_head").fetchone()
    if (head or (0, START)) != (count, previous):
        return Verdict(count, previous, count + 1, "entries are missing at the end")
    if not is_seen:
        return Verdict(count, previous, None, "the expected head is not in the chain")
    return Verdict(count, previous)


def _problem(entry: Entry, place: int, previous: str) -> str:
    if entry.entry != place:
        return "an entry is missing"
    if entry.previous_hash != previous:
        return "the entry does not follow the one before"
    fields = (entry.entry, entry.at, entry.org_id, entry.user_name, entry.action, entry.object, entry.detail)
    return "" if _seal(*fields, entry.previous_hash) == entry.hash else "the entry was changed"


def _seal(*fields: str | int) -> str:
    # JSON keeps the fields apart: ("ab", "c") and ("a", "bc") must not seal alike.
    return hashlib.sha256(json.dumps(fields, ensure_ascii=False).encode()).hexdigest()
