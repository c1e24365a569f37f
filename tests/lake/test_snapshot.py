import pytest

from claimlake.errors import QueryError
from claimlake.lake.snapshot import latest, pin, publish, snapshots
from claimlake.lake.table import Lake
from claimlake.workspace import Workspace

from .conftest import rows


def test_layers_that_are_not_named_stay_as_published(workspace: Workspace) -> None:
    publish(workspace, {"silver.a": 1, "silver.b": 1, "gold.a": 1})
    second = publish(workspace, {"silver.a": 2, "metrics.result": 0})
    assert dict(second.tables) == {"silver.a": 2, "gold.a": 1, "metrics.result": 0}


def test_same_versions_are_the_same_snapshot(workspace: Workspace) -> None:
    first = publish(workspace, {"silver.a": 1})
    assert publish(workspace, {"silver.a": 1}) == first
    assert len(snapshots(workspace)) == 1


def test_past_snapshot_can_be_pinned(workspace: Workspace) -> None:
    assert latest(workspace) is None
    first = publish(workspace, {"silver.a": 1})
    publish(workspace, {"silver.a": 2})
    assert pin(workspace, first.id) == first
    with pytest.raises(QueryError, match="no snapshot 9"):
        pin(workspace, 9)


def test_other_engines_read_the_snapshots_as_a_table(workspace: Workspace, lake: Lake) -> None:
    publish(workspace, {"silver.a": 1})
    publish(workspace, {"silver.a": 2})
    assert rows(lake, "platform.snapshot", "snapshot_id, table_name, table_version") == [
        (1, "silver.a", 1),
        (2, "silver.a", 2),
    ]


def test_a_publication_killed_before_its_copy_is_copied_by_the_next(
    workspace: Workspace, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(workspace, {"silver.a": 1})
    with monkeypatch.context() as killed:
        killed.setattr("claimlake.lake.snapshot._mirror", lambda _: None)
        publish(workspace, {"silver.a": 2})
    publish(workspace, {"silver.a": 3})
    assert rows(lake, "platform.snapshot", "snapshot_id, table_version") == [(1, 1), (2, 2), (3, 3)]
    assert lake.version("platform.snapshot") == 3, "one commit a snapshot, nothing written twice"
