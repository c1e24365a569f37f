"""Whether this installation can do its work: interpreter, libraries, X12 kernel, workspace."""

import platform
import shutil
import sqlite3
import sys
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from claimlake.errors import ClaimlakeError
from claimlake.sources.x12 import kernel
from claimlake.workspace import Workspace, content_path

CORE = ("deltalake", "duckdb", "fastapi", "nanoarrow", "numpy", "sqlalchemy", "sqlglot")
OPTIONAL = {"pysail": "sail", "pyspark": "spark", "psycopg": "postgres"}
FREE_BYTES = 1 << 30


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at: its name, what was seen or what to do, and whether it is well."""

    name: str
    detail: str
    is_well: bool = True


def examine(path: Path) -> list[Finding]:
    """Every finding about the installation and, where `path` is one, the workspace."""
    return [_python(), *_libraries(), _kernel(), _content(), _sqlite(), _disk(path), *_workspace(path)]


def _python() -> Finding:
    return Finding("Python", platform.python_version(), sys.version_info >= (3, 11))


def _libraries() -> list[Finding]:
    found = [Finding(name, version(name)) for name in CORE]
    for package, extra in OPTIONAL.items():
        try:
            found.append(Finding(package, version(_distribution(package))))
        except PackageNotFoundError:
            found.append(Finding(package, f"not installed; pip install 'claimlake[{extra}]' adds it"))
    return found


def _distribution(package: str) -> str:
    return {"pyspark": "pyspark-client"}.get(package, package)


def _kernel() -> Finding:
    if kernel.available():
        return Finding("X12 reader", "compiled kernel")
    return Finding("X12 reader", "NumPy, slower; a C compiler at install time gives the compiled kernel")


def _content() -> Finding:
    try:
        return Finding("Built-in content", str(content_path()))
    except ClaimlakeError as error:
        return Finding("Built-in content", str(error), is_well=False)


def _sqlite() -> Finding:
    return Finding("SQLite", sqlite3.sqlite_version, sqlite3.sqlite_version_info >= (3, 35))


def _disk(path: Path) -> Finding:
    existing = next(folder for folder in (path.resolve(), *path.resolve().parents) if folder.exists())
    free = shutil.disk_usage(existing).free
    return Finding("Disk", f"{free / 1e9:,.1f} GB free at {existing}", free > FREE_BYTES)


def _workspace(path: Path) -> list[Finding]:
    if not (path / "claimlake.yml").exists():
        return [Finding("Workspace", f"none at {path.resolve()}; claimlake init creates one")]
    try:
        workspace = Workspace.open(path)
        with workspace.control() as control:
            (answer,) = control.execute("pragma quick_check").fetchone()
    except (ClaimlakeError, sqlite3.Error) as error:
        return [Finding("Workspace", str(error), is_well=False)]
    return [Finding("Workspace", f"{workspace.path} (control database: {answer})", answer == "ok")]
