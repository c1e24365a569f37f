"""The engine a workspace runs on."""

from claimlake.engines.duckdb import DuckDBEngine
from claimlake.engines.engine import Engine
from claimlake.engines.spark import SparkEngine
from claimlake.errors import ConfigurationError
from claimlake.workspace import Workspace


def open_engine(workspace: Workspace, *, name: str | None = None, remote: str | None = None) -> Engine:
    """The engine of the settings, or the one named ('duckdb' or 'spark', at a Spark Connect address)."""
    settings = workspace.settings
    if (name or settings.engine) == "duckdb":
        return DuckDBEngine(
            spill_path=workspace.spill_path, memory_limit=settings.memory_limit, threads=settings.threads
        )
    address = remote or settings.spark_remote
    if not address:
        raise ConfigurationError(
            "engine spark has no address.",
            where="settings: spark_remote",
            remedy="Give --remote sc://host:15002, or set spark_remote.",
        )
    return SparkEngine(address)
