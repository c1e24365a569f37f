import pytest

from claimlake.access.user import (
    add_user,
    check_password,
    disable_user,
    hash_password,
    list_users,
    set_password,
)
from claimlake.errors import AccessError
from claimlake.workspace import Workspace

PASSWORD = "a long enough password"


def test_the_right_password_finds_the_user(empty: Workspace) -> None:
    added = add_user(empty, "ana", org_id="north", role="analyst", password=PASSWORD)
    assert check_password(empty, "ana", PASSWORD) == added
    assert check_password(empty, "ana", PASSWORD + "x") is None
    assert check_password(empty, "bob", PASSWORD) is None


def test_passwords_are_kept_as_salted_scrypt() -> None:
    first, second = hash_password(PASSWORD), hash_password(PASSWORD)
    assert first.startswith("scrypt$")
    assert first != second
    assert PASSWORD not in first


@pytest.mark.parametrize(
    ("name", "role", "password", "message"),
    [
        ("A B", "analyst", PASSWORD, "not a user name"),
        ("ana", "owner", PASSWORD, "no role"),
        ("ana", "analyst", "short", "too short"),
    ],
)
def test_wrong_users_are_refused(empty: Workspace, name: str, role: str, password: str, message: str) -> None:
    with pytest.raises(AccessError, match=message):
        add_user(empty, name, org_id="north", role=role, password=password)
    assert list_users(empty) == []


def test_a_name_is_taken_once(empty: Workspace) -> None:
    add_user(empty, "ana", org_id="north", role="analyst", password=PASSWORD)
    with pytest.raises(AccessError, match="exists"):
        add_user(empty, "ana", org_id="south", role="biller", password=PASSWORD)


def test_a_disabled_user_cannot_sign_in(empty: Workspace) -> None:
    add_user(empty, "ana", org_id="north", role="analyst", password=PASSWORD)
    disable_user(empty, "ana")
    assert check_password(empty, "ana", PASSWORD) is None
    assert [user.is_active for user in list_users(empty)] == [False]


def test_a_new_password_replaces_the_old(empty: Workspace) -> None:
    add_user(empty, "ana", org_id="north", role="analyst", password=PASSWORD)
    set_password(empty, "ana", "another long password")
    assert check_password(empty, "ana", PASSWORD) is None
    assert check_password(empty, "ana", "another long password")
