"""Visits: what a sign-in starts, kept on the server; the browser holds only a random key."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from claimlake.access.register import now, register, stamp
from claimlake.access.user import User, check_password
from claimlake.errors import AccessError
from claimlake.workspace import Workspace

LONGEST = timedelta(hours=12)
IDLE = timedelta(minutes=30)
"""Automatic logoff, 45 CFR 164.312(a)(2)(iii)."""
SEEN_STEP = timedelta(minutes=1)
WINDOW = timedelta(minutes=15)
TRIES_PER_NAME, TRIES_PER_ADDRESS = 5, 25


@dataclass(frozen=True)
class Visit:
    """A signed-in user and the token that its forms must carry."""

    user: User
    csrf: str
    key: str
    """The visit's hash: names it without being able to open it."""


def sign_in(workspace: Workspace, name: str, password: str, address: str) -> str:
    """Start a visit and return its secret key; a name or address with many failures must wait."""
    name = name.strip().lower()
    subjects = ((f"name:{name}", TRIES_PER_NAME), (f"address:{address}", TRIES_PER_ADDRESS))
    _refuse_when_throttled(workspace, subjects)
    user = check_password(workspace, name, password)
    with register(workspace) as control:
        if user is None:
            moment = stamp(now())
            control.executemany(
                "insert into access_failure values (?, ?)", [(subject, moment) for subject, _ in subjects]
            )
        else:
            control.execute("delete from access_failure where subject = ?", (subjects[0][0],))
    if user is None:
        raise AccessError("the name or the password is not right.", remedy="Check both and try again.")
    return start_visit(workspace, user)


def start_visit(workspace: Workspace, user: User) -> str:
    """Record a visit of the user and return its secret key."""
    key, moment = secrets.token_urlsafe(32), now()
    with register(workspace) as control:
        control.execute("delete from access_visit where started_at < ?", (stamp(moment - LONGEST),))
        control.execute(
            "insert into access_visit values (?, ?, ?, ?, ?)",
            (digest(key), user.name, secrets.token_urlsafe(32), stamp(moment), stamp(moment)),
        )
    return key


def find_visit(workspace: Workspace, key: str) -> Visit | None:
    """The visit of a key, or None when there is none, it expired, or its user is disabled."""
    moment = now()
    with register(workspace) as control:
        row = control.execute(
            "select person.name, person.org_id, person.role, visit.csrf, visit.started_at, visit.seen_at"
            " from access_visit as visit join access_user as person on person.name = visit.user_name"
            " where visit.visit_hash = ? and person.is_active = 1",
            (digest(key),),
        ).fetchone()
        if row is None or _is_over(row[4], row[5], moment):
            return None
        if moment - datetime.fromisoformat(row[5]) > SEEN_STEP:
            control.execute(
                "update access_visit set seen_at = ? where visit_hash = ?", (stamp(moment), digest(key))
            )
    return Visit(User(row[0], row[1], row[2]), row[3], digest(key))


def end_visit(workspace: Workspace, visit: Visit) -> None:
    """End a visit; its key opens nothing any more."""
    with register(workspace) as control:
        control.execute("delete from access_visit where visit_hash = ?", (visit.key,))


def create_token(workspace: Workspace, user_name: str, label: str) -> str:
    """Create an API token of a user and return it; it is shown once and stored as a hash."""
    token = f"cl_{secrets.token_urlsafe(32)}"
    with register(workspace) as control:
        known = control.execute("select 1 from access_user where name = ? and is_active = 1", (user_name,))
        if known.fetchone() is None:
            raise AccessError(f"no active user '{user_name}'.", remedy="List them with: claimlake users list")
        control.execute(
            "insert into access_token values (?, ?, ?, ?, null)",
            (digest(token), user_name, label, stamp(now())),
        )
    return token


def revoke_tokens(workspace: Workspace, user_name: str) -> int:
    """Revoke all API tokens of a user and return how many there were."""
    with register(workspace) as control:
        return control.execute(
            "update access_token set revoked_at = ? where user_name = ? and revoked_at is null",
            (stamp(now()), user_name),
        ).rowcount


def user_of_token(workspace: Workspace, token: str) -> User | None:
    """The active user of an API token, or None."""
    with register(workspace) as control:
        row = control.execute(
            "select person.name, person.org_id, person.role from access_token as token"
            " join access_user as person on person.name = token.user_name"
            " where token.token_hash = ? and token.revoked_at is null and person.is_active = 1",
            (digest(token),),
        ).fetchone()
    return User(*row) if row else None


def digest(key: str) -> str:
    """The hash under which a secret key is stored; 256 random bits need no salt."""
    return hashlib.sha256(key.encode()).hexdigest()


def _refuse_when_throttled(workspace: Workspace, subjects: tuple[tuple[str, int], ...]) -> None:
    since = stamp(now() - WINDOW)
    with register(workspace) as control:
        control.execute("delete from access_failure where failed_at < ?", (since,))
        for subject, most in subjects:
            count = control.execute(
                "select count(*) from access_failure where subject = ?", (subject,)
            ).fetchone()[0]
            if count >= most:
                raise AccessError(
                    "too many failed sign-ins.",
                    remedy=f"Wait {WINDOW.seconds // 60} minutes.",
                    retryable=True,
                )


def _is_over(started_at: str, seen_at: str, moment: datetime) -> bool:
    started, seen = datetime.fromisoformat(started_at), datetime.fromisoformat(seen_at)
    return moment - started > LONGEST or moment - seen > IDLE
