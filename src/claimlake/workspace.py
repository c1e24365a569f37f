"""A workspace: the folder of one installation's configuration, landed files, lake and control database."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, fields
from pathlib import Path

from claimlake.errors import WorkspaceError
from claimlake.settings import Settings, load_settings

SETTINGS_FILE = "claimlake.yml"
OWN_CONTENT = ("tenants", "sources", "metrics", "dashboards")
BUSY_SECONDS = 60.0


@dataclass(frozen=True)
class Workspace:
    """An opened workspace folder and its settings."""

    path: Path
    settings: Settings

    @classmethod
    def create(cls, path: Path) -> "Workspace":
        """A new workspace in an empty or missing folder."""
        if path.exists() and (not path.is_dir() or any(path.iterdir())):
            raise WorkspaceError("is not an empty folder.", where=str(path), remedy="Choose a new folder.")
        path.mkdir(mode=0o700, parents=True, exist_ok=True)  # patients' data: its owner's alone until shared
        for folder in (*OWN_CONTENT, "landing", "lake"):
            (path / folder).mkdir(parents=True, exist_ok=True)
        (path / SETTINGS_FILE).write_text(_settings_template(), encoding="utf-8")
        return cls.open(path)

    @classmethod
    def open(cls, path: Path) -> "Workspace":
        """The workspace in an existing folder."""
        file = path / SETTINGS_FILE
        if not file.is_file():
            raise WorkspaceError(
                f"no {SETTINGS_FILE} here, so this is not a workspace.",
                where=str(path),
                remedy=f"Create one with: claimlake init {path}",
            )
        return cls(path.resolve(), load_settings(file, os.environ))

    @property
    def landing(self) -> Path:
        """Folder of files as delivered: landing/<org_id>/<source_id>/**."""
        return self.path / "landing"

    @property
    def lake_path(self) -> Path:
        """Folder of the Delta tables, read and written by `lake.table.Lake`."""
        return self.path / "lake"

    @property
    def files_path(self) -> Path:
        """Folder of every landed file's bytes, files/<org_id>/<sha256>, for drill-down to the raw record."""
        return self.lake_path / "files"

    @property
    def spill_path(self) -> Path:
        """Folder an engine may spill to; in the workspace because it can hold patient data."""
        return self.path / ".spill"

    @property
    def control_path(self) -> Path:
        """The SQLite control database."""
        return self.path / "control.db"

    @contextmanager
    def control(self) -> Iterator[sqlite3.Connection]:
        """One transaction on the control database: committed at the end, rolled back on an error."""
        with closing(
            sqlite3.connect(self.control_path, timeout=BUSY_SECONDS, isolation_level="IMMEDIATE")
        ) as control:
            control.execute("pragma journal_mode = wal")
            control.execute("pragma synchronous = full")
            control.execute("pragma foreign_keys = on")
            with control:
                yield control

    @contextmanager
    def exclusive(self, job: str) -> Iterator[None]:
        """Keep every other process out of a job until the block ends; a killed process lets go at once."""
        wait = self.settings.wait_seconds
        with ExitStack() as held:
            try:
                file = self.path / f".{job}.lock"
                lock = held.enter_context(closing(sqlite3.connect(file, timeout=wait, isolation_level=None)))
                lock.execute("begin exclusive")
            except sqlite3.OperationalError as error:
                raise self._not_locked(job, error) from None
            yield

    def _not_locked(self, job: str, error: sqlite3.OperationalError) -> WorkspaceError:
        where = str(self.path)
        if error.sqlite_errorcode == sqlite3.SQLITE_BUSY:
            return WorkspaceError(
                f"another {job} is running.",
                where=where,
                remedy="Wait for it, or set wait_seconds.",
                retryable=True,
            )
        return WorkspaceError(f"no lock for {job}: {error}.", where=where, remedy="Make the folder writable.")

    def content(self, kind: str, pattern: str = "*") -> list[Path]:
        """Files of one kind ('silver', 'metrics') by name: built-in ones, replaced by the workspace's own."""
        found: dict[str, Path] = {}
        for folder in (content_path() / kind, self.path / kind):
            found |= {file.name: file for file in folder.glob(pattern) if file.is_file()}
        return [found[name] for name in sorted(found)]


def content_path() -> Path:
    """The built-in lakehouse folder: inside the installed package, else at the root of a checkout."""
    package = Path(__file__).resolve().parent
    candidates = (package / "lakehouse", package.parents[1] / "lakehouse")
    for candidate in candidates:
        if candidate.is_dir():
            return candidate
    raise WorkspaceError(
        "the built-in lakehouse content is missing.",
        where=" or ".join(str(candidate) for candidate in candidates),
        remedy="Reinstall claimlake.",
    )


def _settings_template() -> str:
    lines = ["# Settings of this workspace; CLAIMLAKE_<NAME> in the environment wins. Defaults are shown."]
    for setting in fields(Settings):
        lines += [f"# {setting.metadata['about']}", f"#{setting.name}: {setting.default!r}".replace("'", '"')]
    return "\n".join(lines) + "\n"
