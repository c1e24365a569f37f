"""Whether this installation can do its work: interpreter, libraries, workspace."""

import platform
import shutil
import sqlite3
import sys
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from claimlake.errors import ClaimlakeError
from claimlake.workspace import Workspace, content_path

CORE = ("deltalake", "duckdb", "fastapi", "nanoarrow", "numpy", "sqlalchemy", "sqlglot")
OPTIONAL = {"pysail": "sail", "pyspark": "spark", "psycopg": "postgres"}
FREE_BYTES = 1 << 30


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at: its name, whether it is well, and what was seen or what to do."""

    name: str
    is_well: bool
    detail: str


def examine(path: Path) -> list[Finding]:
    """Every finding about the installation and, where `path` is one, the workspace."""
    return [_python(), *_libraries(), _content(), _sqlite(), _disk(path), *_workspace(path)]


def _python() -> Finding:
    return Finding("Python", sys.version_info >= (3, 11), platform.python_version())


def _libraries() -> list[Finding]:
    found = [Finding(name, True, version(name)) for name in CORE]
    for package, extra in OPTIONAL.items():
        try:
            found.append(Finding(package, True, version(_distribution(package))))
        except PackageNotFoundError:
            found.append(Finding(package, True, f"not installed; pip install 'claimlake[{extra}]' adds it"))
    return found


def _distribution(package: str) -> str:
    return {"pyspark": "pyspark-client"}.get(package, package)


def _content() -> Finding:
    try:
        return Finding("Built-in content", True, str(content_path()))
    except ClaimlakeError as error:
        return Finding("Built-in content", False, str(error))


def _sqlite() -> Finding:
    return Finding("SQLite", sqlite3.sqlite_version_info >= (3, 35), sqlite3.sqlite_version)


def _disk(path: Path) -> Finding:
    existing = next(folder for folder in (path.resolve(), *path.resolve().parents) if folder.exists())
    free = shutil.disk_usage(existing).free
    return Finding("Disk", free > FREE_BYTES, f"{free / 1e9:,.1f} GB free at {existing}")


def _workspace(path: Path) -> list[Finding]:
    if not (path / "claimlake.yml").exists():
        return [Finding("Workspace", True, f"none at {path.resolve()}; claimlake init creates one")]
    try:
        workspace = Workspace.open(path)
        with workspace.control() as control:
            (answer,) = control.execute("pragma quick_check").fetchone()
    except (ClaimlakeError, sqlite3.Error) as error:
        return [Finding("Workspace", False, str(error))]
    return [Finding("Workspace", answer == "ok", f"{workspace.path} (control database: {answer})")]
