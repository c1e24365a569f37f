from datetime import timedelta

import pytest

from claimlake.access import visit as visits
from claimlake.access.register import now, register, stamp
from claimlake.access.user import add_user, disable_user, set_password
from claimlake.errors import AccessError
from claimlake.workspace import Workspace

PASSWORD = "a long enough password"


@pytest.fixture
def workspace(empty: Workspace) -> Workspace:
    add_user(empty, "ana", org_id="north", role="analyst", password=PASSWORD)
    return empty


def test_a_visit_is_found_by_its_key_until_it_ends(workspace: Workspace) -> None:
    key = visits.sign_in(workspace, " Ana ", PASSWORD, "127.0.0.1")
    visit = visits.find_visit(workspace, key)
    assert visit
    assert visit.user.org_id == "north"
    visits.end_visit(workspace, visit)
    assert visits.find_visit(workspace, key) is None


def test_the_key_is_not_stored(workspace: Workspace) -> None:
    key = visits.sign_in(workspace, "ana", PASSWORD, "127.0.0.1")
    with register(workspace) as control:
        assert key not in str(control.execute("select * from access_visit").fetchall())


@pytest.mark.parametrize(("column", "age"), [("seen_at", visits.IDLE), ("started_at", visits.LONGEST)])
def test_a_visit_ends_by_itself(workspace: Workspace, column: str, age: timedelta) -> None:
    key = visits.sign_in(workspace, "ana", PASSWORD, "127.0.0.1")
    with register(workspace) as control:
        control.execute(f"update access_visit set {column} = ?", (stamp(now() - age - timedelta(seconds=1)),))
    assert visits.find_visit(workspace, key) is None


def test_disabling_a_user_ends_the_visit(workspace: Workspace) -> None:
    key = visits.sign_in(workspace, "ana", PASSWORD, "127.0.0.1")
    disable_user(workspace, "ana")
    assert visits.find_visit(workspace, key) is None


def test_after_five_failures_even_the_right_password_waits(workspace: Workspace) -> None:
    for _ in range(visits.TRIES_PER_NAME):
        with pytest.raises(AccessError, match="not right"):
            visits.sign_in(workspace, "ana", "wrong password", "127.0.0.1")
    with pytest.raises(AccessError, match="too many") as caught:
        visits.sign_in(workspace, "ana", PASSWORD, "127.0.0.2")
    assert caught.value.retryable
    with register(workspace) as control:
        control.execute("update access_failure set failed_at = ?", (stamp(now() - visits.WINDOW * 2),))
    assert visits.sign_in(workspace, "ana", PASSWORD, "127.0.0.1")


def test_one_address_cannot_try_many_names(workspace: Workspace) -> None:
    moment = stamp(now())
    with register(workspace) as control:
        rows = [("address:10.0.0.9", moment)] * visits.TRIES_PER_ADDRESS
        control.executemany("insert into access_failure values (?, ?)", rows)
    with pytest.raises(AccessError, match="too many"):
        visits.sign_in(workspace, "zoe", PASSWORD, "10.0.0.9")


def test_a_token_names_its_user_until_revoked(workspace: Workspace) -> None:
    token = visits.create_token(workspace, "ana", "nightly export")
    found = visits.user_of_token(workspace, token)
    assert found
    assert found.name == "ana"
    assert visits.user_of_token(workspace, token + "x") is None
    assert visits.revoke_tokens(workspace, "ana") == 1
    assert visits.user_of_token(workspace, token) is None


def test_a_new_password_ends_visits_and_tokens(workspace: Workspace) -> None:
    key = visits.sign_in(workspace, "ana", PASSWORD, "127.0.0.1")
    token = visits.create_token(workspace, "ana", "export")
    set_password(workspace, "ana", "another long password")
    assert visits.find_visit(workspace, key) is None
    assert visits.user_of_token(workspace, token) is None
