import pytest

from claimlake.access.phi import Glass, column_sql
from claimlake.access.policy import load_policy
from claimlake.errors import ConfigurationError
from claimlake.lake.contract import load_contracts
from claimlake.sources import x12
from claimlake.workspace import Workspace


def test_every_flagged_column_of_every_contract_is_masked(empty: Workspace) -> None:
    policy = load_policy(empty)
    contracts = [*load_contracts(empty).values(), *x12.CONTRACTS]
    flagged = {column.name for contract in contracts for column in contract.columns if column.phi}
    assert sorted(flagged - policy.masks.keys()) == []


def test_a_flagged_column_of_no_known_kind_is_hidden(empty: Workspace) -> None:
    policy = load_policy(empty)
    glass = Glass(policy, policy.role("analyst"), b"key")
    assert column_sql(glass, ("shoe_size", "text"), is_flagged=True) == 'cast(null as text) as "shoe_size"'
    assert column_sql(glass, ("shoe_size", "text")) == '"shoe_size"'


def test_small_zip_areas_read_000(empty: Workspace) -> None:
    policy = load_policy(empty)
    glass = Glass(policy, policy.role("analyst"), b"key", ("036",))
    assert "in ('000', '036') then '000'" in column_sql(glass, ("zip", "text"))


def test_only_listed_roles_may_do_things(empty: Workspace) -> None:
    roles = load_policy(empty).roles
    assert {name for name, role in roles.items() if role.phi == "clear"} == {"biller", "phi_reader"}
    assert not roles["viewer"].may("rows")
    assert {name for name, role in roles.items() if role.may("audit")} == {"admin"}


def test_a_policy_with_an_unknown_permission_is_refused(empty: Workspace) -> None:
    folder = empty.path / "access"
    folder.mkdir()
    (folder / "policy.yml").write_text(
        "roles: {x: {about: x, permissions: [fly], layers: [gold], phi: clear}}\nkinds: {}\nsegments: {}\n"
    )
    with pytest.raises(ConfigurationError, match="'fly' is not known"):
        load_policy(empty)
