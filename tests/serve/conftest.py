from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI

from claimlake.access.session import Session, open_session
from claimlake.serve.app import create_app
from claimlake.workspace import Workspace
from tests.serve.browser import Browser
from tests.serve.invented import build_workspace


@pytest.fixture(scope="session")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """Two invented tenants, published; tests must not change its data."""
    return build_workspace(Path(tmp_path_factory.mktemp("lake")) / "workspace")


@pytest.fixture(scope="session")
def app(workspace: Workspace) -> FastAPI:
    return create_app(workspace)


@pytest.fixture
def stranger(app: FastAPI) -> Browser:
    return Browser(app)


@pytest.fixture(scope="session")
def signed_in(app: FastAPI) -> Callable[[str], Browser]:
    """A browser per user name, signed in once."""
    known: dict[str, Browser] = {}

    def browser(name: str) -> Browser:
        if name not in known:
            known[name] = Browser(app)
            assert known[name].sign_in(name).status_code == 303
        return known[name]

    return browser


@pytest.fixture(scope="session")
def sessions(workspace: Workspace) -> Iterator[Callable[[str, str], Session]]:
    """Open sessions by tenant and role."""
    opened: dict[tuple[str, str], Session] = {}

    def session(org_id: str, role: str) -> Session:
        if (org_id, role) not in opened:
            opened[org_id, role] = open_session(workspace, org_id=org_id, role=role)
        return opened[org_id, role]

    yield session
    for item in opened.values():
        item.close()
