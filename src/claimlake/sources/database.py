"""Hospital databases: their addresses, a connection for reading, and what went wrong in plain words."""

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import quote

import sqlalchemy
from sqlalchemy.engine import URL, Connection, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from claimlake.errors import ConfigurationError, SourceError
from claimlake.secret import read_secret, resolved
from claimlake.sources.database_fault import unreadable
from claimlake.tenant import Source
from claimlake.workspace import Workspace

CONNECT_SECONDS = "15"
SESSION = {
    "postgresql": (
        "set timezone to 'UTC'",
        "set datestyle to 'ISO, YMD'",
        "set intervalstyle to 'postgres'",
        "set extra_float_digits to 1",
        "set default_transaction_read_only to on",
    )
}
"""What every session says first: a value is always written the same way, and nothing can be changed."""


def resolved_url(workspace: Workspace, source: Source) -> URL:
    """The address of a source's database, with env:NAME and file:PATH replaced by what they hold."""
    where = f"source {source.id}: url"
    text = resolved(source.url or "", workspace.path, where=where)
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):  # whose message quotes the address
        raise ConfigurationError(
            "is not a database address", where=where, remedy="Example: postgresql+psycopg://host/database."
        ) from None
    if source.password:
        password = read_secret(source.password, workspace.path, where=f"source {source.id}: password")
        url = url.set(password=password.reveal())
    if url.get_backend_name() == "postgresql" and "connect_timeout" not in url.query:
        return url.update_query_dict({"connect_timeout": CONNECT_SECONDS})
    if url.get_backend_name() != "sqlite" or not url.database:
        return url
    file = workspace.path / url.database
    if not file.is_file():
        raise SourceError(f"no database file '{url.database}'", where=f"source {source.id}")
    # Read only, so that a source is never changed and a missing file never made.
    return url.set(database=f"file:{quote(str(file))}", query={"mode": "ro", "uri": "true"})


@contextmanager
def connected(url: URL, source: Source, table: str = "") -> Iterator[Connection]:
    """A connection for reading; SourceError, without the address, when the database cannot be read."""
    where = f"source {source.id}: table {table}" if table else f"source {source.id}"
    try:
        engine = sqlalchemy.create_engine(url)
    except (NoSuchModuleError, ImportError) as error:
        raise ConfigurationError(
            f"no driver for '{url.drivername}'",
            where=f"source {source.id}",
            remedy="Install its package, for PostgreSQL: pip install 'claimlake[postgres]'.",
        ) from error
    try:
        with engine.connect() as connection:
            for statement in SESSION.get(connection.dialect.name, ()):
                connection.exec_driver_sql(statement)
            connection.commit()  # what a session says in a transaction ends with its rollback
            yield connection
    except SQLAlchemyError as error:
        raise unreadable(error, where) from None  # the driver's message can quote the address
    finally:
        engine.dispose()
