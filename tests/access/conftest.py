from pathlib import Path

import pytest

from claimlake.workspace import Workspace
from tests.serve.conftest import sessions, workspace

__all__ = ["sessions", "workspace"]


@pytest.fixture
def empty(tmp_path: Path) -> Workspace:
    """A workspace without data or users."""
    return Workspace.create(tmp_path / "workspace")
