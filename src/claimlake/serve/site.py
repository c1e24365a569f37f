"""What all requests share: workspace, open sessions, drawn pages, templates, catalogue and dashboards."""

import hashlib
import secrets
from functools import cached_property
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from claimlake import __version__
from claimlake.access.policy import Policy, load_policy
from claimlake.access.session import Session
from claimlake.metrics.catalog import Catalog, load_catalog
from claimlake.serve import number
from claimlake.serve.cache import PageCache
from claimlake.serve.dashboard import Dashboard, load_dashboards
from claimlake.serve.pool import SessionPool
from claimlake.serve.scope import Scope, load_scope
from claimlake.workspace import Workspace

FOLDER = Path(__file__).resolve().parent


class Site:
    """One running application over one workspace."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self.boot = secrets.token_hex(8)
        """Part of every ETag: a restart may have changed templates or definitions."""
        self.sessions = SessionPool(workspace)
        self.pages = PageCache()
        self.templates = _environment(self.asset_version)
        # Read at the start: a file that is wrong stops the server, not the first reader.
        self.catalog: Catalog = load_catalog(workspace)
        self.dashboards: dict[str, Dashboard] = load_dashboards(workspace)
        self._scopes: dict[tuple[str, str, int], Scope] = {}

    @property
    def policy(self) -> Policy:
        """The access policy in force."""
        return load_policy(self.workspace)

    @cached_property
    def asset_version(self) -> str:
        """A short hash of the static files; it is part of their address, so browsers may keep them."""
        content = b"".join(file.read_bytes() for file in sorted((FOLDER / "static").iterdir()))
        return hashlib.sha256(__version__.encode() + content).hexdigest()[:12]

    def scope(self, session: Session) -> Scope:
        """What a session's tenant has to choose from."""
        key = (session.org_id, session.role.name, session.snapshot_id)
        if key not in self._scopes:
            if len(self._scopes) > 64:
                self._scopes.clear()
            self._scopes[key] = load_scope(session)
        return self._scopes[key]

    def draw(self, template: str, **values: Any) -> Markup:
        """A template filled in; everything that is not markup is escaped."""
        return Markup(self.templates.get_template(template).render(**values))  # noqa: S704 - autoescaped


def _environment(asset_version: str) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(FOLDER / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["asset_version"] = asset_version
    environment.filters |= {
        "cents": number.cents,
        "dollars": number.dollars,
        "words": number.words,
        "sentence": number.sentence,
        "day": number.day_text,
        "month": number.month,
    }
    return environment
