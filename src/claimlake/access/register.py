"""The control database as access sees it: users, visits, tokens, failures, tenant keys, audit chain."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from claimlake.workspace import Workspace

TABLES = """
create table if not exists access_user (
    name text primary key, org_id text not null, role text not null, password_hash text not null,
    is_active integer not null default 1, created_at text not null
);
create table if not exists access_visit (
    visit_hash text primary key, user_name text not null references access_user(name) on delete cascade,
    csrf text not null, started_at text not null, seen_at text not null
);
create table if not exists access_token (
    token_hash text primary key, user_name text not null references access_user(name) on delete cascade,
    label text not null, created_at text not null, revoked_at text
);
create table if not exists access_failure (subject text not null, failed_at text not null);
create index if not exists access_failure_subject on access_failure (subject, failed_at);
create table if not exists access_tenant_key (org_id text primary key, key blob not null);
create table if not exists access_audit (
    entry integer primary key, at text not null, org_id text not null, user_name text not null,
    action text not null, object text not null, detail text not null,
    previous_hash text not null, hash text not null
);
create table if not exists access_audit_head (
    one integer primary key check (one = 1), entry integer not null, hash text not null
);
create trigger if not exists access_audit_no_update before update on access_audit
begin select raise(abort, 'the audit chain is append-only'); end;
create trigger if not exists access_audit_no_delete before delete on access_audit
begin select raise(abort, 'the audit chain is append-only'); end;
"""


@contextmanager
def register(workspace: Workspace) -> Iterator[sqlite3.Connection]:
    """One transaction on the control database, with the access tables in place."""
    with workspace.control() as control:
        known = control.execute(
            "select 1 from sqlite_master where name = 'access_audit_no_delete'"
        ).fetchone()
        if known is None:
            control.executescript(TABLES)
        yield control


def now() -> datetime:
    """The current time, UTC."""
    return datetime.now(UTC)


def stamp(moment: datetime) -> str:
    """A time as it is stored: ISO 8601, UTC, microseconds, so that text order is time order."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")
