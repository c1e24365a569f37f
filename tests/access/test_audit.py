import sqlite3
from contextlib import closing

import pytest

from claimlake.access.audit import entries, record, verify
from claimlake.access.user import User
from claimlake.workspace import Workspace

ANA = User("ana", "north", "analyst")


@pytest.fixture
def chain(empty: Workspace) -> Workspace:
    for number in range(4):
        record(empty, ANA, "page", f"/dashboards/{number}", {"month": "2026-07"})
    return empty


def tamper(workspace: Workspace, *statements: str) -> None:
    with closing(sqlite3.connect(workspace.control_path)) as control, control:
        for trigger in ("access_audit_no_update", "access_audit_no_delete"):
            control.execute(f"drop trigger {trigger}")
        for statement in statements:
            control.execute(statement)


def test_an_untouched_chain_is_whole(chain: Workspace) -> None:
    verdict = verify(chain)
    assert (verdict.is_whole, verdict.entries) == (True, 4)
    assert verify(chain, expected_head=verdict.head).is_whole


def test_an_empty_chain_is_whole(empty: Workspace) -> None:
    assert verify(empty).is_whole


def test_the_database_itself_refuses_changes(chain: Workspace) -> None:
    for statement in ("update access_audit set user_name = 'eve'", "delete from access_audit"):
        with closing(sqlite3.connect(chain.control_path)) as control, pytest.raises(sqlite3.IntegrityError):
            control.execute(statement)


@pytest.mark.parametrize(
    ("statement", "broken"),
    [
        ("update access_audit set user_name = 'eve' where entry = 2", 2),
        ("update access_audit set at = '2020-01-01' where entry = 4", 4),
        ("update access_audit set detail = '{}' where entry = 1", 1),
        ("delete from access_audit where entry = 3", 4),
        ("delete from access_audit where entry = 4", 4),
    ],
)
def test_tampering_is_found_where_it_is(chain: Workspace, statement: str, broken: int) -> None:
    tamper(chain, statement)
    verdict = verify(chain)
    assert not verdict.is_whole
    assert verdict.broken_entry == broken


def test_cutting_the_chain_with_its_head_is_found_by_a_head_kept_elsewhere(chain: Workspace) -> None:
    head = verify(chain).head
    tamper(
        chain,
        "delete from access_audit where entry = 4",
        "update access_audit_head set entry = 3, hash = (select hash from access_audit where entry = 3)",
    )
    assert verify(chain).is_whole
    assert not verify(chain, expected_head=head).is_whole


def test_a_tenant_reads_its_own_entries(chain: Workspace) -> None:
    record(chain, User("hugo", "south", "admin"), "page", "/audit")
    assert {entry.org_id for entry in entries(chain, org_id="north")} == {"north"}
    assert [entry.object for entry in entries(chain, org_id="south")] == ["/audit"]
